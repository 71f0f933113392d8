"""From a worker's meters to what Prometheus reads. Nothing is computed before somebody asks.

Names and units after Prometheus's conventions: base units, `_total` for what only grows. Labels are bounded: stage,
route, channel, venue, code, currency; `pair` only for pairs that are configured. Nothing known is no sample, never 0.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from time import time
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from app.telemetry.histogram import Histogram
from app.telemetry.meter import StageMeter
from app.telemetry.refusals import Refused, refusals
from app.telemetry.tracing import Tracing
from app.telemetry.trading import TradingMeter


class RouteCollector(Collector):
    """Routes and channels of the stages in this process."""

    def __init__(self, meters: Sequence[StageMeter]) -> None:
        self._meters = meters

    def collect(self) -> Iterator[Metric]:
        yield from self._routes()
        yield from self._channels()
        yield _refused(refusals(self._meters))

    def _routes(self) -> Iterator[Metric]:
        labels = ["stage", "route"]
        into = CounterMetricFamily("crossbook_route_in", "Bodies that came to a route.", labels=labels)
        sent = CounterMetricFamily("crossbook_route_out", "Messages that a route sent.", labels=labels)
        failed = CounterMetricFamily("crossbook_route_failed", "Bodies that a route could not handle.", labels=labels)
        seconds = HistogramMetricFamily(
            "crossbook_route_seconds", "Time in a route, of one message in 64.", labels=labels
        )
        progress = GaugeMetricFamily(
            "crossbook_route_last_progress_timestamp_seconds", "When a route last got something.", labels=labels
        )
        under_way = GaugeMetricFamily(
            "crossbook_stage_in_flight", "Commands that venues have not answered yet.", labels=["stage"]
        )
        paused = GaugeMetricFamily("crossbook_stage_paused", "1: the control bus has stopped it.", labels=["stage"])
        for meter in self._meters:
            under_way.add_metric([meter.stage], meter.under_way())
            paused.add_metric([meter.stage], float(meter.paused()))
            for index, route in enumerate(meter.routes):
                of = [meter.stage, route]
                into.add_metric(of, meter.into[index])
                sent.add_metric(of, meter.sent[index])
                failed.add_metric(of, meter.failed[index])
                _add(seconds, of, meter.seconds[index])
                if meter.progress[index]:
                    progress.add_metric(of, meter.progress[index])
        yield from (into, sent, failed, seconds, progress, under_way, paused)

    def _channels(self) -> Iterator[Metric]:
        labels = ["stage", "channel"]
        consumed = CounterMetricFamily("crossbook_channel_consumed", "Messages read from a channel.", labels=labels)
        produced = CounterMetricFamily("crossbook_channel_produced", "Messages sent to a channel.", labels=labels)
        invalid = CounterMetricFamily(
            "crossbook_channel_invalid", "Messages of a channel that were none, set aside.", labels=labels
        )
        dead = CounterMetricFamily("crossbook_dead_letters", "Dead letters sent.", labels=["stage", "code"])
        for meter in self._meters:
            for family, counts in ((consumed, meter.consumed), (produced, meter.produced), (invalid, meter.invalid)):
                for channel, count in list(counts.items()):
                    family.add_metric([meter.stage, channel], count)
            for code, count in list(meter.dead.items()):
                dead.add_metric([meter.stage, code], count)
        yield from (consumed, produced, invalid, dead)


class TradingCollector(Collector):
    """What the messages that left these stages say about trading."""

    def __init__(self, meters: Sequence[TradingMeter], market: str = "") -> None:
        self._meters = meters
        self._market = market

    def collect(self) -> Iterator[Metric]:
        yield from self._counters()
        yield from self._money()
        yield from self._histograms()
        yield from self._bot()

    def _counters(self) -> Iterator[Metric]:
        for name, help_, labels, of in (
            ("opportunities", "Opportunities that opened.", ["buy_venue", "sell_venue"], "opened"),
            ("trades", "Attempts at a trade that have their result.", ["status", "code"], "orders"),
            ("fills", "Fills.", ["venue", "side"], "fills"),
        ):
            family = CounterMetricFamily(f"crossbook_{name}", help_, labels=labels)
            total: Counter[tuple[str, str]] = Counter()
            for meter in self._meters:
                total.update(dict(getattr(meter, of)))
            for values, count in total.items():
                family.add_metric(list(values), count)
            yield family

    def _money(self) -> Iterator[Metric]:
        for name, help_, of in (
            ("profit", "Profit since the worker's start, in quote currency, repairs and fees included.", "profit"),
            ("exposure", "Base left unmatched since the worker's start; below 0: sold too much.", "exposure"),
        ):
            family = GaugeMetricFamily(f"crossbook_{name}", help_, labels=["currency"])
            for meter in self._meters:
                for currency, amount in list(getattr(meter, of).items()):
                    family.add_metric([currency], float(amount))
            yield family

    def _histograms(self) -> Iterator[Metric]:
        for name, help_, of in (
            ("opportunity_edge_bps", "Net edge of opportunities as they open, basis points.", "edge_bps"),
            ("opportunity_life_seconds", "How long opportunities pay, event time.", "life_s"),
            ("tick_to_order_seconds", "From the sending of the tick to the order.", "tick_to_order_s"),
            ("leg_to_leg_seconds", "Between the sending of a trade's two legs.", "leg_to_leg_s"),
            ("slippage_bps", "Expected less realised profit, basis points of what was bought.", "slippage_bps"),
        ):
            family = HistogramMetricFamily(f"crossbook_{name}", help_)
            for meter in self._meters:
                histogram: Histogram = getattr(meter, of)
                if any(histogram.counts):
                    _add(family, [], histogram)
            yield family
        family = HistogramMetricFamily(
            "crossbook_trade_profit", "Profit of a trade, quote currency.", labels=["currency"]
        )
        for meter in self._meters:
            for currency, histogram in list(meter.trade_profit.items()):
                _add(family, [currency], histogram)
        yield family

    def _bot(self) -> Iterator[Metric]:
        """A worker that trades one market says so of itself."""
        if not self._market:
            return
        for name, help_, of in (
            ("last_trade_timestamp_seconds", "When the market last traded.", self._last_trade),
            ("idle_seconds", "Since the market last traded.", lambda meter: time() - self._last_trade(meter)),
            ("latency_seconds", "Tick to order of the market's last order.", self._last_latency),
        ):
            family = GaugeMetricFamily(f"crossbook_bot_{name}", help_, labels=["market"])
            for meter in self._meters:
                with suppress(KeyError):  # it has done neither yet
                    family.add_metric([self._market], of(meter))
            yield family

    def _last_trade(self, meter: TradingMeter) -> float:
        return meter.last_trade[self._market]

    def _last_latency(self, meter: TradingMeter) -> float:
        return meter.last_latency_s[self._market]


class SpanCollector(Collector):
    """What became of the spans."""

    def __init__(self, tracing: Tracing) -> None:
        self._tracing = tracing

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily("crossbook_telemetry_spans", "Spans by what became of them.", labels=["outcome"])
        for outcome in ("sent", "dropped"):
            family.add_metric([outcome], getattr(self._tracing.exporter, outcome))
        yield family


def _refused(found: Iterable[Refused]) -> Metric:
    family = CounterMetricFamily(
        "crossbook_route_refused", "What a route did not let pass, by reason.", labels=["stage", "route", "code"]
    )
    for each in found:
        family.add_metric([each.stage, each.route, each.code], each.count)
    return family


def _add(family: HistogramMetricFamily, labels: list[Any], histogram: Histogram) -> None:
    family.add_metric(labels, buckets=histogram.cumulative(), sum_value=histogram.total)
