"""trade_results: the one outcome of each trade order: fills, fees, repairs, balances; or the code of its refusal.

Producer: execute. Consumer: account. Ordering: by account, as settled.
"""

from app.domain.execution import TradeResult
from channels.channel import Channel

NAME = "trade_results"

TRADE_RESULTS = Channel(
    name=NAME, message=TradeResult, key="the account: its balances move in one order", spread="partitions"
)
