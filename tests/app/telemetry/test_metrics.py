"""What is counted is what Prometheus reads: its own parser says so."""

from decimal import Decimal as D
from typing import Any

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import CollectorRegistry

from app.domain.counting import Counts
from app.domain.execution import TradeResult
from app.domain.lag import Depth, PartitionLag
from app.domain.opportunity import OpportunityClosed
from app.telemetry.books import BookCollector
from app.telemetry.collector import RouteCollector, TradingCollector
from app.telemetry.histogram import Histogram
from app.telemetry.lag_watch import LagCollector, LagWatch
from app.telemetry.meter import StageMeter
from app.telemetry.trading import TradingMeter
from routes.join import State as JoinState
from tests.builders import PAIR, SECOND, START, fill, leg_result, order, origin, quote


def scraped(*collectors: Any) -> dict[str, float]:
    """name{label=value,...} -> value, as a scrape finds it."""
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {
        f"{sample.name}{{{','.join(f'{name}={value}' for name, value in sorted(sample.labels.items()))}}}": sample.value
        for family in families
        for sample in family.samples
    }


def test_routes_and_channels_tell_what_passed() -> None:
    meter = StageMeter("decide", ("filter", "join"))
    meter.into[0], meter.sent[1], meter.failed[1] = 7, 2, 1
    meter.produced["orders"] += 3
    meter.dead["X"] += 1
    meter.batch("market_data", 7, 123.0)
    meter.seconds[0].observe(2e-5)
    meter.paused = lambda: True

    found = scraped(RouteCollector([meter]))

    assert found["crossbook_route_in_total{route=filter,stage=decide}"] == 7
    assert found["crossbook_route_out_total{route=join,stage=decide}"] == 2
    assert found["crossbook_route_failed_total{route=join,stage=decide}"] == 1
    assert found["crossbook_channel_consumed_total{channel=market_data,stage=decide}"] == 7
    assert found["crossbook_channel_produced_total{channel=orders,stage=decide}"] == 3
    assert found["crossbook_dead_letters_total{code=X,stage=decide}"] == 1
    assert found["crossbook_stage_paused{stage=decide}"] == 1
    assert found["crossbook_route_seconds_bucket{le=2.5e-05,route=filter,stage=decide}"] == 1
    assert found["crossbook_route_seconds_bucket{le=1e-05,route=filter,stage=decide}"] == 0


def test_a_route_that_saw_nothing_yet_has_no_time_of_progress() -> None:
    meter = StageMeter("decide", ("filter", "join"))
    meter.into[0] = 1
    meter.batch("market_data", 1, 123.0)

    found = scraped(RouteCollector([meter]))

    assert found["crossbook_route_last_progress_timestamp_seconds{route=filter,stage=decide}"] == 123
    assert "crossbook_route_last_progress_timestamp_seconds{route=join,stage=decide}" not in found


def test_what_did_not_pass_is_counted_by_reason_over_all_keys() -> None:
    class State:
        def __init__(self, **counts: int) -> None:
            self.counts = Counts(counts)

    meter = StageMeter("decide", ("detector",))
    meter.states = lambda: [
        ("A/B", "detector", State(**{"near_miss:EDGE_BELOW_FEES": 2, "paying:a>b": 9, "stale": 1})),
        ("C/D", "detector", State(**{"near_miss:EDGE_BELOW_FEES": 3, "passed": 4})),
    ]

    found = {name: value for name, value in scraped(RouteCollector([meter])).items() if "refused" in name}

    assert found == {
        "crossbook_route_refused_total{code=EDGE_BELOW_FEES,route=detector,stage=decide}": 5,
        "crossbook_route_refused_total{code=stale,route=detector,stage=decide}": 1,
    }


def test_trading_is_read_off_the_messages() -> None:
    meter = TradingMeter(clock=lambda: START + 3_000_000)
    closed = OpportunityClosed("o", PAIR, "a", "b", START, START + SECOND, 2, D(5))
    legs = leg_result("buy", fill(), venue="a"), leg_result("sell", fill(), venue="b")
    result = TradeResult(order(), "filled", "", "", START, 1, legs, profit=D("9.5"))
    meter.saw(order(), origin(wall_cause_sent=START))
    meter.saw(closed, origin())
    meter.saw(result, origin())

    found = scraped(TradingCollector([meter], market=PAIR))

    assert found["crossbook_tick_to_order_seconds_sum{}"] == pytest.approx(0.003)
    assert found["crossbook_opportunity_life_seconds_sum{}"] == 1
    assert found["crossbook_trades_total{code=,status=filled}"] == 1
    assert found["crossbook_profit{currency=USDT}"] == 9.5
    assert found["crossbook_fills_total{side=buy,venue=a}"] == 1
    assert found[f"crossbook_bot_latency_seconds{{market={PAIR}}}"] == pytest.approx(0.003)
    assert found[f"crossbook_bot_last_trade_timestamp_seconds{{market={PAIR}}}"] == pytest.approx(START / 1e9 + 0.003)


def test_what_nothing_is_known_of_has_no_sample() -> None:
    lag, books = LagCollector(LagWatch([], "dead_letters")), BookCollector([], (), virtual_time=True)

    assert scraped(TradingCollector([TradingMeter()], "X/Y"), lag, books) == {}


def test_lag_that_could_not_be_read_in_seconds_is_not_nought() -> None:
    watch = LagWatch([], "dead_letters")
    watch.latest = [PartitionLag("decide", "market_data", 0, 5, 9, 4, None, "STALL")]
    watch.depth = Depth(2, None)

    found = scraped(LagCollector(watch))

    place = "channel=market_data,partition=0,stage=decide"
    assert found[f"crossbook_channel_lag_messages{{{place}}}"] == 4
    assert f"crossbook_channel_lag_seconds{{{place}}}" not in found
    assert [found[f"crossbook_channel_status{{{place},status={word}}}"] for word in ("OK", "STALL")] == [0, 1]
    assert found["crossbook_dead_letters_depth{}"] == 2
    assert "crossbook_dead_letters_oldest_age_seconds{}" not in found


def test_a_book_s_age_is_counted_from_the_pair_s_newest_in_a_replay() -> None:
    state = JoinState(PAIR, {"a": quote()}, {"a": START, "b": START - 2 * SECOND})
    meter = StageMeter("decide", ("join",))
    meter.states = lambda: [(PAIR, "join", state)]

    found = scraped(BookCollector([meter], (PAIR,), virtual_time=True))

    assert found[f"crossbook_book_age_seconds{{pair={PAIR},venue=b}}"] == 2
    assert [found[f"crossbook_book_fit{{pair={PAIR},venue={venue}}}"] for venue in "ab"] == [1, 0]


def test_a_pair_that_is_not_configured_is_no_label() -> None:
    meter = StageMeter("decide", ("join",))
    meter.states = lambda: [(pair, "join", JoinState(pair, {}, {"a": START})) for pair in ("A/B", "C/D")]

    names = scraped(BookCollector([meter], (), virtual_time=True))

    assert "crossbook_book_age_seconds{pair=,venue=a}" in names
    assert not [name for name in names if "A/B" in name]


def test_a_histogram_puts_a_value_on_a_bound_below_it() -> None:
    histogram = Histogram((1.0, 2.0))
    for value in (1.0, 1.5, 9.0):
        histogram.observe(value)

    assert histogram.cumulative() == [("1.0", 1), ("2.0", 2), ("+Inf", 3)]
    assert histogram.total == 11.5
