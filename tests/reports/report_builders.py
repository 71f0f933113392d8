"""Ledger rows with defaults, so that only the number that matters shows; and a week of a whole desk."""

from decimal import Decimal
from random import Random
from typing import Any

from app.domain.money import ratio_bps
from app.storage.tables import (
    BalanceRow,
    DeadLetterRow,
    FillRow,
    MarketDataRow,
    NearMissRow,
    OpportunityRow,
    RunRow,
    TallyRow,
    TradeOrderRow,
)
from reports.view import LedgerView

SECOND = 1_000_000_000
NOON = 1_795_176_000 * SECOND  # 2026-11-20 12:00 UTC
D = Decimal


def run(**given: Any) -> RunRow:
    row = {
        "run": "demo-1",
        "mode": "demo",
        "source": "generated, seed 7",
        "trade": "opened",
        "join": "each",
        "fees": "alpha 10 bps, beta 10 bps",
        "latency": "none",
        "funds": "as profiled",
        "depletion": True,
        "resolution_ns": SECOND,
        "wall_started": NOON,
    }
    return RunRow(**{**row, **given})


def fill(trade: str, role: str, venue: str, price: str | Decimal, amount: str | Decimal, **given: Any) -> FillRow:
    """Side after the role, no fee."""
    row = {
        "client_order_id": f"{trade}-{given.get('attempt', 1)}-{role}",
        "number": 0,
        "trade_id": trade,
        "attempt": 1,
        "role": role,
        "venue": venue,
        "pair": "BTC/USDT",
        "side": role,
        "price": D(price),
        "amount": D(amount),
        "fee": D(0),
        "fee_asset": "USDT",
        "at": NOON,
    }
    return FillRow(**{**row, **given})


def order(trade: str = "t1", **given: Any) -> TradeOrderRow:
    """1 BTC bought on alpha at 100, sold on beta at 102, settled at noon with a profit of 2."""
    row = {
        "trade_id": trade,
        "attempt": 1,
        "opportunity_id": f"o-{trade}",
        "account": "paper",
        "pair": "BTC/USDT",
        "buy_venue": "alpha",
        "sell_venue": "beta",
        "decided_at": NOON,
        "expires_at": NOON + 60 * SECOND,
        "buy_amount": D(1),
        "sell_amount": D(1),
        "buy_limit": D(100),
        "sell_limit": D(102),
        "buy_notional": D(100),
        "sell_notional": D(102),
        "expected_profit": D(2),
        "gross_edge": D(2),
        "message_id": f"m-{trade}",
        "market_data_partition": 0,
        "market_data_offset": 0,
        "status": "filled",
        "settled_at": NOON,
        "sequence": 1,
        "profit": D(2),
        "repair_cost": D(0),
        "exposure_base": D(0),
    }
    return TradeOrderRow(**{**row, **given})


def opportunity(name: str = "o1", **given: Any) -> OpportunityRow:
    row = {
        "opportunity_id": name,
        "pair": "BTC/USDT",
        "buy_venue": "alpha",
        "sell_venue": "beta",
        "opened_at": NOON,
        "closed_at": NOON + 4 * SECOND,
        "ended": True,
        "paying_instants": 4,
        "ask": D(100),
        "bid": D(102),
        "gross_edge_bps": D(200),
        "net_edge_bps": D(180),
        "best_net_edge_bps": D(190),
        "amount": D(1),
        "expected_profit": D(2),
    }
    return OpportunityRow(**{**row, **given})


def near_miss(name: str = "n1", code: str = "EDGE_BELOW_FEES", **given: Any) -> NearMissRow:
    row = {
        "near_miss_id": name,
        "pair": "BTC/USDT",
        "buy_venue": "alpha",
        "sell_venue": "beta",
        "code": code,
        "first_at": NOON,
        "last_at": NOON,
        "instants": 1,
        "best_gross_edge_bps": D(4),
    }
    return NearMissRow(**{**row, **given})


def dead_letter(name: str = "d1", **given: Any) -> DeadLetterRow:
    row = {
        "dead_letter_id": name,
        "trade_id": "t1",
        "channel": "trade_orders",
        "route": "service_activator",
        "venue": "delta",
        "code": "VENUE_REFUSED",
        "detail": "order would exceed the account's position limit",
        "redeliveries": 0,
        "failed_at": NOON,
        "correlation_id": "c1",
        "wall_partition": 0,
        "wall_offset": 0,
    }
    return DeadLetterRow(**{**row, **given})


def tally(route: str, name: str, number: int, pair: str = "BTC/USDT") -> TallyRow:
    return TallyRow(route=route, pair=pair, name=name, count=number, event_time=NOON)


def quote(venue: str, pair: str, bid: str, ask: str, at: int = NOON) -> MarketDataRow:
    sizes = {"bid_size": D(1), "ask_size": D(1), "exchange_time": None}
    return MarketDataRow(venue=venue, pair=pair, received_time=at, bid=D(bid), ask=D(ask), **sizes)


def one_trade(**given: Any) -> LedgerView:
    """One order, filled as expected."""
    fills = [fill("t1", "buy", "alpha", "100", "1"), fill("t1", "sell", "beta", "102", "1")]
    return LedgerView(**{"run": run(), "orders": [order()], "fills": fills, **given})


_VENUES = {"alpha": D(10), "beta": D(10), "gamma": D(8), "delta": D(12)}
_PAIRS = {
    "BTC/USDT": (D(64_000), D("0.0001")),
    "ETH/USDT": (D(3_100), D("0.001")),
    "ETH/KRW": (D(4_250_000), D("0.001")),
}
_CODES = ("EDGE_BELOW_FEES", "STALE_BOOK", "NOTIONAL_BELOW_MINIMUM", "EDGE_UNBELIEVABLE", "INSUFFICIENT_FUNDS")


def desk(trades: int = 400, days: float = 6.5, seed: int = 7, **given: Any) -> LedgerView:
    """Several days of four venues and three pairs: slippage, repairs, exposure, refusals, dead letters."""
    draw = Random(seed)  # noqa: S311 - a market, not a secret
    start, span = NOON - int(days * 86_400) * SECOND, int(days * 86_400)
    orders, fills, opportunities, letters = [], [], [], []
    for number, at in enumerate(sorted(start + draw.randrange(span) * SECOND for _ in range(trades)), 1):
        pair = draw.choice(list(_PAIRS))
        buy, sell = draw.sample(list(_VENUES), 2)
        row, own = _trade(f"gen7:{buy}:{pair}:{number * 37}/detector.0/sizing.0", number, at, pair, (buy, sell), draw)
        orders.append(row)
        fills += own
        if row.status == "failed":
            letters.append(dead_letter(f"d{number}", trade_id=row.trade_id, venue=sell, code=row.code, failed_at=at))
        lived = 1 + int(draw.expovariate(0.25))
        net = ratio_bps(row.expected_profit, row.buy_notional)
        edges = {"gross_edge_bps": net + 20, "net_edge_bps": net, "best_net_edge_bps": net + draw.randrange(3)}
        ends = {"opened_at": at, "closed_at": at + lived * SECOND, "ended": draw.random() > 0.02}
        venues = {"pair": pair, "buy_venue": buy, "sell_venue": sell}
        opportunities.append(opportunity(f"o{number}", **venues, **edges, **ends))
        if draw.random() < 0.3:
            code = draw.choice(_CODES[1:])
            refused = {"refused": code, "amount": None, "expected_profit": None}
            opportunities.append(opportunity(f"r{number}", **venues, **edges, **ends, **refused))
    misses = [
        near_miss(
            f"n{i}",
            draw.choice(_CODES),
            instants=1 + draw.randrange(9),
            best_gross_edge_bps=D(draw.randrange(1, 900)) / 20,
        )
        for i in range(trades * 2)
    ]
    rows = {
        "run": run(),
        "orders": orders,
        "fills": fills,
        "opportunities": opportunities,
        "near_misses": misses,
        "dead_letters": letters,
        "tallies": _tallies(trades, len(opportunities)),
        "balances": [
            BalanceRow(account="paper", venue=v, asset=a, opening=D(10), closing=D("10.5"), sequence=1)
            for v in _VENUES
            for a in ("BTC", "ETH", "USDT", "KRW")
        ],
        "quotes": [quote(v, p, str(mid), str(mid + 1)) for v in _VENUES for p, (mid, _) in _PAIRS.items()],
    }
    return LedgerView(**{**rows, **given})


def _trade(
    trade: str, number: int, at: int, pair: str, venues: tuple[str, str], draw: Random
) -> tuple[TradeOrderRow, list[FillRow]]:
    middle, lot = _PAIRS[pair]
    currency = pair.split("/")[1]
    tick = D("0.01") if currency == "USDT" else D(1)
    ask = (middle * (1 + D(draw.randrange(-200, 200)) / 10_000)).quantize(tick)
    bid = (ask * (1 + D(draw.randrange(23, 60)) / 10_000)).quantize(tick)
    amount = lot * draw.randrange(20, 900)
    fee = {venue: _VENUES[venue] * D("0.0001") for venue in venues}
    buy, sell = venues
    gross = amount * (bid - ask)
    expected = gross - amount * ask * fee[buy] - amount * bid * fee[sell]
    row = order(
        trade,
        pair=pair,
        buy_venue=buy,
        sell_venue=sell,
        decided_at=at,
        settled_at=at + draw.randrange(3) * SECOND,
        sequence=number,
        buy_amount=amount,
        sell_amount=amount,
        buy_notional=amount * ask,
        sell_notional=amount * bid,
        gross_edge=gross,
        expected_profit=expected,
        wall_tick=NOON,
        wall_decided=NOON + int(draw.lognormvariate(14.2, 0.5)),
        wall_legs_gap=int(draw.lognormvariate(10.5, 0.6)),
    )
    fate = draw.random()
    if fate < 0.05:
        row.status, row.profit = "failed", D(0)
        row.code = draw.choice(["VENUE_REFUSED", "VENUE_TIME_OUT", "EXPIRED"])
        return row, []
    slip = D(draw.randrange(0, 4)) / 10_000
    sold = amount if fate > 0.15 else lot * int(amount / lot * D("0.6"))
    paid, again = (ask * (1 + slip)).quantize(tick), (ask * D("0.9985")).quantize(tick)
    legs = [
        ("buy", buy, "buy", paid, amount),
        ("sell", sell, "sell", (bid * (1 - slip)).quantize(tick), sold),
    ]
    left = amount - sold
    if left and fate > 0.06:
        legs.append(("repair-1", buy, "sell", again, left))
        row.status, row.repair_cost = "repaired", left * (paid - again)
    elif left:
        row.status, row.exposure_base = "exposed", left
    own = [
        fill(
            trade,
            role,
            venue,
            price,
            size,
            side=side,
            pair=pair,
            fee=price * size * fee[venue],
            fee_asset=currency,
            at=row.settled_at,
        )
        for role, venue, side, price, size in legs
    ]
    row.profit = sum(((f.price * f.amount * (1 if f.side == "sell" else -1)) - f.fee for f in own), D(0))
    return row, own


def _tallies(trades: int, opened: int) -> list[TallyRow]:
    numbers = {
        "message_filter": {
            "passed": trades * 1_210,
            "all_zero": trades // 9,
            "empty_side": 0,
            "locked": trades // 5,
            "crossed": trades // 11,
            "stale": trades * 2,
            "future": 0,
            "duplicate": trades // 3,
        },
        "join": {"joined": trades * 1_100, "incomplete": 0, "late": 0},
        "detector": {"paying:alpha>beta": trades * 4, "paying:beta>alpha": trades, "opened:alpha>beta": opened},
    }
    return [tally(route, name, number) for route, counts in numbers.items() for name, number in counts.items()]
