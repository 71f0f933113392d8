"""What a replay should earn, from the raw files alone: none of the program's own code, and another way to the amount.

The net profit of an amount is concave and piecewise linear, so its greatest value stands where some level ends: all
those places are tried.
"""

import csv
from collections.abc import Iterator
from decimal import Decimal, localcontext
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

Levels = list[tuple[Decimal, Decimal]]


class Answer(NamedTuple):
    paying: dict[str, int]
    opened: dict[str, int]
    profit: Decimal


def link(folder: Path, fee_bps: str) -> Answer:
    """Ten levels a side at two venues, second by second; the profit is that of the opening instants."""
    files = {"binance": "orderbook_bnc.csv", "huobi": "orderbook_hb.csv"}
    books = {venue: dict(_books(folder / name)) for venue, name in files.items()}
    fee = Decimal(fee_bps) / 10_000
    found = Answer({}, {}, Decimal(0))
    with localcontext() as context:
        context.prec = 80
        for buy, sell in (("binance", "huobi"), ("huobi", "binance")):
            before = False
            for instant in sorted(books[buy].keys() & books[sell].keys()):
                asks, bids = books[buy][instant][1], books[sell][instant][0]
                pays = bids[0][0] * (1 - fee) > asks[0][0] * (1 + fee)
                if pays:
                    _count(found.paying, f"{buy}>{sell}")
                if pays and not before:
                    _count(found.opened, f"{buy}>{sell}")
                    found = found._replace(profit=found.profit + _greatest(asks, bids, fee))
                before = pays
    return found


def ethkrw(folder: Path, fee_bps: str) -> Answer:
    """Best prices of two venues, one coin on each; the profit is that of every paying poll."""
    bithumb = _quotes(folder / "bt_dt_eth_krw.csv", "buy_price", "sell_price")
    korbit = _quotes(folder / "kb_dt_eth_krw.csv", "bid", "ask")
    fee = Decimal(fee_bps) / 10_000
    paying, profit = {}, Decimal(0)
    for instant in bithumb.keys() & korbit.keys():
        for name, buy, sell in (
            ("bithumb>korbit", bithumb[instant], korbit[instant]),
            ("korbit>bithumb", korbit[instant], bithumb[instant]),
        ):
            net = sell[0] * (1 - fee) - buy[1] * (1 + fee)
            if net > 0:
                _count(paying, name)
                profit += net
    return Answer(paying, {}, profit)


def _greatest(asks: Levels, bids: Levels, fee: Decimal) -> Decimal:
    ends = {*accumulate(size for _, size in asks), *accumulate(size for _, size in bids)}
    most = min(sum(size for _, size in asks), sum(size for _, size in bids))
    return max(_turnover(bids, end) * (1 - fee) - _turnover(asks, end) * (1 + fee) for end in ends if end <= most)


def _turnover(levels: Levels, amount: Decimal) -> Decimal:
    above = accumulate((size for _, size in levels), initial=Decimal(0))
    return sum(
        (
            price * max(Decimal(0), min(size, amount - start))
            for (price, size), start in zip(levels, above, strict=False)
        ),
        Decimal(0),
    )


def _books(file: Path) -> Iterator[tuple[str, tuple[Levels, Levels]]]:
    with file.open(newline="") as rows:
        for row in csv.DictReader(rows):
            sides = [
                [(Decimal(row[f"{side}{level}"]), Decimal(row[f"{side}v{level}"])) for level in range(1, 11)]
                for side in "ba"
            ]
            yield row["timestamp"], (sides[0], sides[1])


def _quotes(file: Path, bid: str, ask: str) -> dict[str, tuple[Decimal, Decimal]]:
    """Clean quotes alone, by the time of the poll."""
    with file.open(newline="") as rows:
        found = {row["requestTime"]: (Decimal(row[bid]), Decimal(row[ask])) for row in csv.DictReader(rows)}
    return {at: quote for at, quote in found.items() if 0 < quote[0] < quote[1]}


def _count(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1
