"""What a trade becomes in the ledger: its order, its outcome, its fills, the balances after it.

Order and result commute: the result brings the whole order, and the order adds what only its own message knows.
"""

from typing import Any

from app.domain.execution import LegResult, TradeResult
from app.domain.message import Origin
from app.domain.order import FeedEnded, TradeOrder
from app.storage.tables import BalanceRow, FillRow, TradeOrderRow
from app.storage.upsert import Upsert

_ORDERED = ("message_id", "wall_tick", "wall_decided")
_OUTCOME = (
    "status",
    "code",
    "detail",
    "settled_at",
    "sequence",
    "profit",
    "repair_cost",
    "exposure_base",
    "wall_legs_sent",
    "wall_legs_gap",
    "wall_settled",
)


def order(body: TradeOrder, origin: Origin) -> list[Upsert]:
    """The order's own message is the one source of its id and of the clocks before the decision."""
    values = {
        **_order(body),
        "message_id": origin.message_id,
        "wall_tick": origin.wall_cause_sent or None,
        "wall_decided": origin.wall_sent or None,
    }
    return [Upsert(TradeOrderRow, values, update=_ORDERED)]


def feed_ended(body: FeedEnded, origin: Origin) -> list[Upsert]:
    return []


def result(body: TradeResult, origin: Origin) -> list[Upsert]:
    """The whole order with its outcome, its fills and the balances after it: no other message is needed."""
    sent = [leg.wall_sent for leg in body.legs if leg.wall_sent]
    values = {
        **_order(body.order),
        "message_id": origin.causation_id,
        "wall_tick": origin.wall_cause_sent or None,
        "status": body.status,
        "code": body.code,
        "detail": body.detail,
        "settled_at": body.settled_at,
        "sequence": body.sequence,
        "profit": body.profit,
        "repair_cost": body.repair_cost,
        "exposure_base": body.exposure,
        "wall_legs_sent": min(sent, default=None),
        "wall_legs_gap": max(sent) - min(sent) if len(sent) == len(body.legs) > 1 else None,
        "wall_settled": origin.wall_sent or None,
    }
    rows = [Upsert(TradeOrderRow, values, update=_OUTCOME)]
    for leg in (*body.legs, *body.repairs):
        rows += _fills(body.order, leg)
    for balance in body.balances:
        holding = {
            "account": body.order.account,
            "venue": balance.venue,
            "asset": balance.asset,
            "opening": balance.opening,
            "closing": balance.closing,
            "sequence": body.sequence,
        }
        rows.append(Upsert(BalanceRow, holding, update=("opening", "closing", "sequence"), newer=("sequence",)))
    return rows


def _order(body: TradeOrder) -> dict[str, Any]:
    return {
        "trade_id": body.trade_id,
        "attempt": body.attempt,
        "opportunity_id": body.opportunity_id,
        "account": body.account,
        "pair": body.pair,
        "buy_venue": body.buy.venue,
        "sell_venue": body.sell.venue,
        "decided_at": body.decided_at,
        "expires_at": body.expires_at,
        "buy_amount": body.buy.amount,
        "sell_amount": body.sell.amount,
        "buy_limit": body.buy.limit_price,
        "sell_limit": body.sell.limit_price,
        "buy_notional": body.buy.notional,
        "sell_notional": body.sell.notional,
        "expected_profit": body.expected_profit,
        "gross_edge": body.gross_edge,
        "market_data_partition": body.position.partition,
        "market_data_offset": body.position.offset,
        "code": "",
        "detail": "",
    }


def _fills(order: TradeOrder, leg: LegResult) -> list[Upsert]:
    return [
        Upsert(
            FillRow,
            {
                "client_order_id": leg.client_order_id,
                "number": number,
                "trade_id": order.trade_id,
                "attempt": order.attempt,
                "role": leg.role,
                "venue": leg.venue,
                "pair": order.pair,
                "side": leg.side,
                "price": fill.price,
                "amount": fill.amount,
                "fee": fill.fee,
                "fee_asset": fill.fee_asset,
                "at": fill.at,
            },
        )
        for number, fill in enumerate(leg.report.fills)
    ]
