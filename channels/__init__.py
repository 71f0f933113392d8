"""The nouns: what is said, and where. One file a channel."""

from channels.channel import Channel
from channels.control import CONTROL
from channels.dead_letters import DEAD_LETTERS
from channels.invalid_messages import INVALID_MESSAGES
from channels.market_data import MARKET_DATA
from channels.opportunities import OPPORTUNITIES
from channels.order_books import ORDER_BOOKS
from channels.trade_orders import TRADE_ORDERS
from channels.trade_results import TRADE_RESULTS
from channels.wire_tap import WIRE_TAP

ALL: tuple[Channel, ...] = (
    MARKET_DATA,
    ORDER_BOOKS,
    OPPORTUNITIES,
    TRADE_ORDERS,
    TRADE_RESULTS,
    DEAD_LETTERS,
    INVALID_MESSAGES,
    CONTROL,
    WIRE_TAP,
)
"""In the order of the data."""

__all__ = [
    "ALL",
    "CONTROL",
    "DEAD_LETTERS",
    "INVALID_MESSAGES",
    "MARKET_DATA",
    "OPPORTUNITIES",
    "ORDER_BOOKS",
    "TRADE_ORDERS",
    "TRADE_RESULTS",
    "WIRE_TAP",
    "Channel",
]
