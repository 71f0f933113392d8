"""Handmade rows and books, with only what matters to a test spelled out."""

from collections.abc import Callable
from pathlib import Path

from app.domain.market_data import Book
from app.feeds.two_venue_l2 import COLUMNS

Write = Callable[..., Path]


def l2_row(
    second: int = 0, symbol: str = "LINKUSDT.BNC", *, bid: str = "27.0", ask: str = "27.1", **cells: str
) -> list[str]:
    """One row of the ten-level format; `cells` replaces single columns."""
    row = {"timestamp": f"2021-08-20 00:00:{second:02d}", "symbol": symbol}
    for level in range(1, 11):
        row |= {f"b{level}": f"{float(bid) - level / 100 + 0.01:.2f}", f"bv{level}": "1.5"}
        row |= {f"a{level}": f"{float(ask) + level / 100 - 0.01:.2f}", f"av{level}": "2"}
    row |= cells
    return [row[column] for column in COLUMNS]


def a_book(
    sequence: int = 1,
    *,
    venue: str = "binance",
    pair: str = "LINK/USDT",
    at: int = 1_000_000_000,
    bids: tuple[tuple[str, str], ...] = (("27.0", "1"),),
    asks: tuple[tuple[str, str], ...] = (("27.1", "1"),),
) -> Book:
    return Book(venue, pair, "test", sequence, at, None, bids, asks)
