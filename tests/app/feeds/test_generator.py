"""The generated market: the same for a seed, on its venues' ticks and lots, and dislocated exactly as it says."""

import hashlib
from collections import defaultdict
from decimal import Decimal

import msgspec
import pytest

from app.domain.errors import UsageError
from app.domain.market_data import Book
from app.feeds.crossbook_jsonl import write_recording
from app.feeds.generator import generate, generated, header_of
from app.feeds.recording import open_recording
from app.feeds.synthetic import NOISE_BPS, Market, truth_of
from app.venues.profiles import DEMO, load_profiles

SHORT = Market(seed=7, seconds=20, updates_per_second=400)
BPS = Decimal("0.0001")


def test_a_seed_gives_the_same_market_to_the_last_digit() -> None:
    digest = hashlib.blake2b(digest_size=8)
    for book in generate(Market(seed=3, seconds=5)):
        digest.update(msgspec.json.encode(book))

    assert digest.hexdigest() == "ebe546e2f70904f2"  # of every machine and version of Python
    assert list(generate(SHORT)) == list(generate(SHORT))
    assert truth_of(SHORT) != truth_of(msgspec.structs.replace(SHORT, seed=8))


def test_the_market_is_as_long_and_as_busy_as_asked() -> None:
    books = list(generate(SHORT))

    assert len(books) == pytest.approx(20 * 400, rel=0.05)
    assert [book.received_time for book in books] == sorted(book.received_time for book in books)
    assert books[-1].received_time < SHORT.start + 20 * 10**9
    assert len({book.identity for book in books}) == len(books)
    assert {(book.venue, book.pair) for book in books} == {(v, p) for v in SHORT.venues for p in SHORT.pairs}


def test_every_price_is_on_the_demo_profiles_tick_and_every_size_on_its_lot() -> None:
    profiles = load_profiles(DEMO)

    for book in generate(Market(seconds=4)):
        market = profiles[book.venue].market(book.pair)
        assert market.tick is not None
        assert market.lot is not None
        assert len(book.bids) == len(book.asks) == 10
        for price, size in book.bids + book.asks:
            assert Decimal(price) % market.tick == 0
            assert Decimal(size) % market.lot == 0
            assert Decimal(size) > 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_exactly_the_dislocations_that_are_known_pay_after_the_demo_fees(seed: int) -> None:
    market = Market(seed=seed, seconds=30)
    fees = {name: profile.fee for name, profile in load_profiles(DEMO).items()}
    latest: dict[str, dict[str, Book]] = defaultdict(dict)
    opened: dict[tuple[str, str, str], int] = {}
    found = []

    for book in generate(market):
        latest[book.pair][book.venue] = book
        for other in latest[book.pair].values():
            for buy, sell in ((book, other), (other, book)):
                if buy is sell:
                    continue
                bid, ask = Decimal(sell.bids[0][0]), Decimal(buy.asks[0][0])
                way = (book.pair, buy.venue, sell.venue)
                if bid * (1 - fees[sell.venue]) > ask * (1 + fees[buy.venue]):
                    opened.setdefault(way, book.received_time)
                elif way in opened:
                    found.append((*way, opened.pop(way), book.received_time))

    truth = truth_of(market)
    assert len(truth) > 30
    assert not opened
    assert sorted(found) == sorted((d.pair, d.buy_venue, d.sell_venue, d.start, d.end) for d in truth)


def test_a_dislocation_is_as_large_as_it_says() -> None:
    truth = {(d.pair, d.buy_venue, d.sell_venue, d.start): d for d in truth_of(SHORT)}
    latest: dict[tuple[str, str], Book] = {}
    edges = {}

    for book in generate(SHORT):
        latest[book.pair, book.venue] = book
        for key in truth:
            pair, buy, sell, start = key
            if start == book.received_time and pair == book.pair:
                bid, ask = Decimal(latest[pair, sell].bids[0][0]), Decimal(latest[pair, buy].asks[0][0])
                edges[key] = (bid / ask - 1) / BPS

    assert edges.keys() == truth.keys()
    assert all(abs(edge - truth[key].size_bps) < NOISE_BPS for key, edge in edges.items())


def test_a_written_market_is_the_one_that_is_played(tmp_path_factory: pytest.TempPathFactory) -> None:
    market = Market(seconds=3, venues=("east", "west"), pairs=("BTC/USDT",))
    path = tmp_path_factory.mktemp("made") / "market.jsonl.zst"

    write_recording(path, header_of(market), generate(market))

    written, played = open_recording(path), generated(market)
    assert list(written) == list(played)
    assert (written.name, written.join, written.venues, written.notes, written.resolution_ns) == (
        played.name,
        played.join,
        played.venues,
        played.notes,
        played.resolution_ns,
    )


@pytest.mark.parametrize(
    "wrong", [{"pairs": ("XRP/USDT",)}, {"venues": ("one",)}, {"seconds": 0}, {"updates_per_second": 10**7}]
)
def test_what_cannot_be_generated_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Market(**wrong)  # type: ignore[arg-type]
