"""The word for how a partition goes, after Burrow's rules."""

from itertools import pairwise

import pytest

from app.domain.lag import Look, judged


def looks(*pairs: tuple[int, int], every: float = 5.0) -> list[Look]:
    """(committed, end) at fixed intervals."""
    return [Look(number * every, committed, end) for number, (committed, end) in enumerate(pairs)]


def word(*pairs: tuple[int, int], changed_at: float | None = None, stop_after_s: float = 30.0) -> str:
    found = looks(*pairs)
    moved = [after.at for before, after in pairwise(found) if after.committed != before.committed]
    return judged(found, max(moved, default=0.0) if changed_at is None else changed_at, stop_after_s)


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        pytest.param([(5, 5), (5, 5)], "OK", id="nothing waits"),
        pytest.param([(0, 9), (5, 9), (9, 9)], "OK", id="it has caught up"),
        pytest.param([(0, 9), (9, 9), (9, 12)], "OK", id="nothing waited at one look"),
        pytest.param([(0, 9), (4, 10), (8, 11)], "OK", id="it catches up"),
        pytest.param([(0, 9), (2, 12), (4, 15)], "WARN", id="it moves and falls behind"),
        pytest.param([(0, 9), (0, 9), (0, 12)], "STALL", id="it does not move"),
        pytest.param([(7, 9), (3, 9), (5, 12)], "REWIND", id="it went back"),
        pytest.param([(0, 9)], "OK", id="one look says nothing"),
    ],
)
def test_a_partition_has_the_word_that_fits(pairs: list[tuple[int, int]], expected: str) -> None:
    assert word(*pairs) == expected


def test_a_group_that_commits_nothing_for_long_has_stopped_though_it_had_caught_up_before() -> None:
    pairs = [(9, 9), *[(9, 12)] * 9]

    assert word(*pairs, changed_at=0.0, stop_after_s=30) == "OK"
    assert word(*pairs, changed_at=-20.0, stop_after_s=30) == "STOP"
    assert word(*pairs, changed_at=-20.0, stop_after_s=90) == "OK"


def test_what_has_nothing_to_do_never_stops() -> None:
    assert word((9, 9), (9, 9), changed_at=-1e6) == "OK"
