"""Opening: which format, which files, and what is said of a path that is no recording."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from app.domain.errors import UsageError
from app.domain.market_data import Book
from app.feeds.recording import Recording, open_recording
from app.feeds.source import source_id
from tests.app.feeds.samples import Write, l2_row

LINK = "linkusdt-binance-huobi-l2-1s"
KRW = "ethkrw-bithumb-korbit-bidask-6s"


def books_of(recording: Recording) -> list[Book]:
    items = list(recording)
    assert all(isinstance(item, Book) for item in items)
    return [item for item in items if isinstance(item, Book)]


@pytest.mark.recordings
def test_the_recording_of_binance_and_huobi_has_all_its_books_in_order(recordings: Path) -> None:
    recording = open_recording(recordings / LINK)

    books = books_of(recording)

    assert Counter(book.venue for book in books) == {"binance": 7_200, "huobi": 7_200}
    assert (recording.join, recording.venues, recording.pairs) == ("aligned", ("binance", "huobi"), ("LINK/USDT",))
    assert recording.resolution_ns == 10**9
    assert [(book.received_time, book.venue) for book in books] == sorted(
        (book.received_time, book.venue) for book in books
    )
    assert len({book.identity for book in books}) == 14_400
    assert all(len(book.bids) == len(book.asks) == 10 for book in books)


@pytest.mark.recordings
def test_the_recording_of_binance_and_huobi_crosses_as_often_as_is_known(recordings: Path) -> None:
    books = books_of(open_recording(recordings / LINK))

    crossed: Counter[str] = Counter()
    for binance, huobi in zip(books[::2], books[1::2], strict=True):
        assert binance.received_time == huobi.received_time
        crossed["binance>huobi"] += Decimal(huobi.bids[0][0]) > Decimal(binance.asks[0][0])
        crossed["huobi>binance"] += Decimal(binance.bids[0][0]) > Decimal(huobi.asks[0][0])

    assert crossed == {"binance>huobi": 669, "huobi>binance": 670}


@pytest.mark.recordings
def test_the_recording_of_bithumb_and_korbit_has_all_its_books_and_its_dirt(recordings: Path) -> None:
    recording = open_recording(recordings / KRW, size="0.5")

    books = books_of(recording)

    assert Counter(book.venue for book in books) == {"bithumb": 4_975, "korbit": 4_975}
    assert recording.notes == ("Coinone quotes no book: its 4,975 rows are named, not counted",)
    assert (recording.join, recording.pairs, recording.resolution_ns) == ("aligned", ("ETH/KRW",), 6 * 10**9)
    zero = [book for book in books if book.bids == (("0", "0"),) and book.asks == (("0", "0"),)]
    assert [book.venue for book in zero] == ["bithumb"] * 17
    assert all(book.exchange_time is None for book in zero)  # the clock of a failed request is none
    rest = [book for book in books if book not in zero]
    assert all(book.bids[0][1] == book.asks[0][1] == "0.5" for book in rest)
    order = Counter((Decimal(book.bids[0][0]) - Decimal(book.asks[0][0])).compare(Decimal(0)) for book in rest)
    assert (order[Decimal(0)], order[Decimal(1)]) == (8, 1)


def test_a_recording_can_be_read_twice(write_l2: Write) -> None:
    recording = open_recording(write_l2(l2_row(0), l2_row(1)))

    assert list(recording) == list(recording)


def test_venues_that_report_at_one_instant_come_by_name(write_l2: Write) -> None:
    write_l2(l2_row(0, "LINKUSDT.HB"), l2_row(1, "LINKUSDT.HB"), name="a_first.csv")
    folder = write_l2(l2_row(0), l2_row(1), name="z_last.csv").parent

    books = books_of(open_recording(folder))

    assert [(book.venue, book.sequence) for book in books] == [
        ("binance", 1),
        ("huobi", 1),
        ("binance", 2),
        ("huobi", 2),
    ]


def test_quotes_without_sizes_ask_for_one(tmp_path: Path) -> None:
    (tmp_path / "kb_dt_eth_krw.csv").write_text("timestamp,bid,ask,requestTime\n1520523550706,10,11,1520523758\n")

    with pytest.raises(UsageError, match="--size 1"):
        open_recording(tmp_path)
    with pytest.raises(UsageError, match="--size '-1'"):
        open_recording(tmp_path, size="-1")


def test_a_file_beside_the_recording_is_named_as_left_out(write_l2: Write) -> None:
    path = write_l2(l2_row(0))
    (path.parent / "other.csv").write_text("a,b\n1,2\n")

    assert open_recording(path.parent).notes == ("left out, not of format two-venue-l2: other.csv",)


def test_what_is_no_recording_is_refused_with_the_known_formats(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello\n")

    with pytest.raises(UsageError, match=r"(?s)no known format.*two-venue-l2.*polled-quotes.*crossbook"):
        open_recording(tmp_path)


def test_a_path_that_does_not_exist_an_empty_folder_and_an_empty_file_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    file = tmp_path / "empty.csv"
    file.touch()

    for path, reason in ((tmp_path / "absent", "does not exist"), (folder, "empty folder"), (file, "is empty")):
        with pytest.raises(UsageError, match=reason) as caught:
            open_recording(path)
        assert str(path) in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "locked.csv"
    path.write_text("timestamp")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)

    with pytest.raises(UsageError, match=r"cannot read .*locked\.csv: Permission denied"):
        open_recording(path)


def test_a_source_id_is_short_and_still_its_own() -> None:
    long = [source_id("a" * 60, stem) for stem in ("one", "two")]

    assert source_id("LINK 2021", "order_book") == "link-2021-order-book"
    assert all(len(each) <= 48 for each in long)
    assert len(set(long)) == 2
