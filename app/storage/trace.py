"""Where a message came from and what came of it."""

from typing import NamedTuple

from sqlmodel import col, select

from app.storage.ledger import Ledger
from app.storage.tables import MessageRow


class Step(NamedTuple):
    """A message of a trace; `depth` counts the messages between it and the first one known."""

    depth: int
    message: MessageRow


async def message(ledger: Ledger, message_id: str) -> MessageRow | None:
    return await ledger.first(select(MessageRow).where(MessageRow.message_id == message_id))


async def trace(ledger: Ledger, identity: str) -> list[Step]:
    """All messages of a correlation id, or of the message with this id, each behind the one that caused it.

    Empty where neither is known. Raises Retry where the database is away.
    """
    found = await message(ledger, identity)
    correlation = found.correlation_id if found else identity
    query = select(MessageRow).where(MessageRow.correlation_id == correlation)
    return in_causal_order(await ledger.all(query.order_by(col(MessageRow.event_time), col(MessageRow.message_id))))


def in_causal_order(messages: list[MessageRow]) -> list[Step]:
    """Depth first, effects of one cause in the order given; a message whose cause is missing stands at depth 0."""
    effects: dict[str, list[MessageRow]] = {}
    known = {row.message_id for row in messages}
    for row in messages:
        cause = row.causation_id if row.causation_id in known and row.causation_id != row.message_id else ""
        effects.setdefault(cause, []).append(row)
    steps: list[Step] = []
    waiting = [Step(0, row) for row in reversed(effects.get("", []))]
    while waiting:
        step = waiting.pop()
        steps.append(step)
        waiting += [Step(step.depth + 1, row) for row in reversed(effects.get(step.message.message_id, []))]
    return steps
