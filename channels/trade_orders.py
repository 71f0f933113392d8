"""trade_orders: one message a trade, with both legs; and the feed's end marks, passed on.

Producer: decide, and `dlq replay`. Consumers: execute, account. Ordering: by account, as the money is spent.
"""

from app.domain.order import TradeOrders
from channels.channel import Channel

NAME = "trade_orders"

TRADE_ORDERS = Channel(
    name=NAME,
    message=TradeOrders,
    key="the account: its money has one owner, who sees its orders one after the other",
    spread="partitions",
)
