"""Messages with defaults: a test names only the number that matters."""

from decimal import Decimal as D
from typing import Any

from app.domain.execution import Balance, Fill, LegResult, OrderReport, TradeResult
from app.domain.message import Origin
from app.domain.order import Leg, Position, TradeOrder

START = 1_700_000_000_000_000_000
"""2023-11-14T22:13:20Z, ns."""


def origin(message_id: str = "m1", **changes: Any) -> Origin:
    values: dict[str, Any] = {
        "correlation_id": "c1",
        "causation_id": "",
        "channel": "trade_results",
        "partition": 0,
        "offset": 7,
        "event_time": START,
        "history": ("scan", "size"),
        "wall_sent": 2_000,
        "wall_cause_sent": 1_000,
    }
    return Origin(message_id, **{**values, **changes})


def leg(side: str, venue: str, price: str, amount: str = "1") -> Leg:
    notional = D(price) * D(amount)
    return Leg(venue, side, D(amount), D(price), notional, D(0), "USDT", ((price, amount),), START)  # type: ignore[arg-type]


def order(trade_id: str = "t1", *, attempt: int = 1, at: int = START, account: str = "paper") -> TradeOrder:
    legs = (leg("buy", "a", "100"), leg("sell", "b", "110"))
    position = Position("market_data", 3, 41)
    return TradeOrder(
        trade_id, f"o-{trade_id}", account, "BTC/USDT", attempt, at, at + 10**9, legs, D(10), D(10), position
    )


def worked(role: str, side: str, venue: str, *fills: Fill, identity: str = "t1", sent: int = 0) -> LegResult:
    report = OrderReport(f"cb-{identity}-{role}", "filled", fills)
    total = sum((fill.amount for fill in fills), D(0))
    return LegResult(role, venue, side, report.client_order_id, total, None, report, wall_sent=sent)  # type: ignore[arg-type]


def fill(price: str, amount: str = "1", fee: str = "0", fee_asset: str = "USDT") -> Fill:
    return Fill(D(price), D(amount), D(fee), fee_asset, START + 5)


def result(trade_id: str = "t1", *, sequence: int = 1, **changes: Any) -> TradeResult:
    """Bought 1 BTC at a for 100 + 0.1, sold it at b for 110 - 0.2: 9.7 USDT earned, and the same each time before."""
    values: dict[str, Any] = {
        "status": "filled",
        "code": "",
        "detail": "",
        "settled_at": START + 9,
        "sequence": sequence,
        "legs": (
            worked("buy", "buy", "a", fill("100", fee="0.1"), identity=trade_id, sent=3_000),
            worked("sell", "sell", "b", fill("110", fee="0.2"), identity=trade_id, sent=3_500),
        ),
        "profit": D("9.7"),
        "balances": (
            Balance("a", "USDT", D(1000), D(1000) - D("100.1") * sequence),
            Balance("a", "BTC", D(0), D(sequence)),
            Balance("b", "USDT", D(0), D("109.8") * sequence),
            Balance("b", "BTC", D(5), D(5) - sequence),
        ),
    }
    return TradeResult(order(trade_id), **{**values, **changes})
