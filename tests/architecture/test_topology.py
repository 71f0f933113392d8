"""One topology: demo, replay, bench, tests and live differ in settings and surroundings, never in the graph."""

from typing import Any

from app.assembly import stages_of
from app.engine.stage import Stage
from app.settings import Settings, load

BASE: dict[str, Any] = {"venue_names": ("a", "b"), "pairs": ("BTC/USDT",), "fee_bps": "1"}
DEMO = load(**BASE, unlimited_funds=False, virtual_time=True, depletion=True, latency_ms="20", partitions=1, tap=0.01)
REPLAY = load(**BASE, unlimited_funds=True, virtual_time=True, trade="every", namespace="replay-1", latency_ms="0")
BENCH = load(**BASE, unlimited_funds=True, namespace="bench", partitions=8, send_timeout_ms=5_000)
TEST = load(**BASE, namespace="t1", stages="decide", max_exposure="1000", funds="a:USDT=1000", runs_kept=3)
LIVE = load(**BASE, broker="kafka://elsewhere:9092", replication=3, ledger="postgresql+asyncpg://ledger/crossbook")


def graph(settings: Settings) -> list[Any]:
    """Stages, routes in their order with their patterns, and the channels between them."""
    return [_shape(stage) for stage in stages_of(settings)]


def _shape(stage: Stage) -> tuple[Any, ...]:
    steps = [(step.name, step.pattern, step.state, step.scope, step.shares) for step in stage.steps]
    consumed, published = ([channel.name for channel in found] for found in (stage.consumes, stage.publishes))
    return stage.name, stage.kind, steps, consumed, published, stage.marks


def test_demo_replay_bench_tests_and_live_have_one_graph() -> None:
    expected = graph(REPLAY)

    assert [stage[0] for stage in expected] == ["decide", "execute", "account"]
    for settings in (DEMO, BENCH, TEST, LIVE):
        assert graph(settings) == expected


def test_an_aligned_join_is_another_pattern_in_the_same_place() -> None:
    aligned = load(**BASE, join="aligned", expected_venues=("a", "b"))

    names = [[step[0] for step in stage[2]] for stage in graph(aligned)]

    assert names == [[step[0] for step in stage[2]] for stage in graph(REPLAY)]
    assert ("join", "Aggregator") in [step[:2] for step in graph(aligned)[0][2]]


def test_what_a_stage_consumes_another_publishes_or_a_feed_does() -> None:
    published = {channel.name for stage in stages_of(REPLAY) for channel in stage.publishes}

    for stage in stages_of(REPLAY):
        assert {channel.name for channel in stage.consumes} <= published | {"market_data"}


def test_nothing_lies_between_a_tick_and_an_order() -> None:
    decide = stages_of(REPLAY)[0]

    assert [channel.name for channel in decide.consumes] == ["market_data"]
    assert "trade_orders" in [channel.name for channel in decide.publishes]
    wanted = ["message_filter", "content_based_router", "join", "detector", "sizing"]
    assert [step.name for step in decide.steps if step.name in wanted] == wanted
