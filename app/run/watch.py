"""How a run goes, while it goes: offsets from Kafka, the rest from the ledger."""

from collections.abc import Sequence
from decimal import Decimal
from time import monotonic

from msgspec import Struct

from app.broker.offsets import Offsets
from app.domain.errors import CrossbookError
from app.engine.stage import Stage
from app.engine.worker import group
from app.run.drain import lag
from app.settings import Settings
from app.storage.ledger import Ledger
from app.storage.queries import tallies
from app.storage.totals import Counts, counts, profit


class Glance(Struct, frozen=True):
    """One look. None: not known (yet)."""

    seconds: float
    messages: int
    """Of market_data, marks and trades among them, that decide has committed."""
    messages_per_s: float | None
    """Since the look before; on the last look since the first."""
    updates: int | None
    """Books, as the message filter has told the ledger: every ten seconds of event time, and at the end."""
    updates_per_s: float | None
    """`updates` since the first look: told in steps, they have no rate from look to look."""
    lag: dict[str, int | None]
    """Messages behind, by stage."""
    counts: Counts | None
    profit: dict[str, Decimal] | None


class Watch:
    """Looks at a run as often as it is asked; what cannot be reached is None, never 0."""

    def __init__(self, offsets: Offsets, stages: Sequence[Stage], settings: Settings) -> None:
        self._offsets = offsets
        self._stages = stages
        self._settings = settings
        self._ledger: Ledger | None = None
        self._started = monotonic()
        self._before: tuple[float, int] | None = None

    async def look(self, *, last: bool = False) -> Glance:
        now = monotonic()
        messages = await self._messages()
        began, before = (self._started, 0) if last or self._before is None else self._before
        rate = None if self._before is None else _rate(messages - before, now - began)
        self._before = (now, messages)
        lags: dict[str, int | None] = {}
        for stage in self._stages:
            try:
                lags[stage.name] = sum((await lag(self._offsets, stage, self._settings)).values())
            except CrossbookError:
                lags[stage.name] = None
        updates, counted, earned = await self._kept()
        mean = None if updates is None else _rate(updates, now - self._started)
        return Glance(now - self._started, messages, rate, updates, mean, lags, counted, earned)

    async def close(self) -> None:
        if self._ledger is not None:
            await self._ledger.close()

    async def _messages(self) -> int:
        try:
            done = await self._offsets.committed_offsets(group(self._stages[0], self._settings))
        except CrossbookError:
            return self._before[1] if self._before else 0
        source = self._stages[0].consumes[0].topic(self._settings)
        return sum(offset for (topic, _), offset in done.items() if topic == source)

    async def _kept(self) -> tuple[int | None, Counts | None, dict[str, Decimal] | None]:
        try:
            if self._ledger is None:
                self._ledger = await Ledger.open(self._settings.ledger_url, migrate=False, timeout_s=0.5)
            told = await tallies(self._ledger, route="message_filter")
            updates = sum(row.count for row in told if row.name != "trades") if told else None
            return updates, await counts(self._ledger), await profit(self._ledger)
        except CrossbookError:
            return None, None, None


def _rate(count: int, seconds: float) -> float | None:
    return count / seconds if seconds > 0 else None
