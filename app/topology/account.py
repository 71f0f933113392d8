"""The account stage: all that the others say, into the ledger."""

from app.engine.stage import Stage
from app.engine.step import Step
from channels import (
    DEAD_LETTERS,
    INVALID_MESSAGES,
    OPPORTUNITIES,
    ORDER_BOOKS,
    TRADE_ORDERS,
    TRADE_RESULTS,
)
from routes.channel_adapter import channel_adapter
from routes.dead_letter_channel import dead_letter_channel
from routes.invalid_message_channel import invalid_message_channel
from routes.message_store import message_store


def account() -> Stage:
    """Everything that the others publish, into the ledger."""
    return Stage(
        name="account",
        kind="sink",
        consumes=(TRADE_RESULTS, TRADE_ORDERS, OPPORTUNITIES, ORDER_BOOKS, DEAD_LETTERS, INVALID_MESSAGES),
        publishes=(INVALID_MESSAGES, DEAD_LETTERS),
        steps=(
            Step("channel_adapter", "Channel Adapter", channel_adapter()),
            Step("message_store", "Message Store", message_store()),
        ),
        invalid=invalid_message_channel(),
        dead=dead_letter_channel(),
    )
