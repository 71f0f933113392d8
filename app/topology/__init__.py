"""THE composition, one value: who says what to whom, in order. Demo, replay, bench, tests and live share it; they
differ in feed, venue port, clock and run namespace alone.

    market_data --decide--> opportunities, trade_orders (order_books beside)
    trade_orders --execute--> trade_results, dead_letters
    all of these --account--> the ledger

Each stage is a file: its routes in the order in which data flows.
"""

from app.engine.stage import Stage
from app.topology.account import account
from app.topology.decide import decide
from app.topology.execute import execute
from app.topology.surroundings import Surroundings

__all__ = ["Surroundings", "account", "decide", "execute", "topology"]


def topology(around: Surroundings) -> tuple[Stage, ...]:
    """The three stages. Raises ConfigurationError where settings do not go together."""
    return decide(around), execute(around), account()
