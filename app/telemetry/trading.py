"""What trading is about, read off the messages that leave a stage."""

from collections import Counter, defaultdict
from collections.abc import Callable
from decimal import Decimal
from time import time_ns
from typing import Any

from app.domain.execution import TradeResult
from app.domain.message import Origin
from app.domain.opportunity import OpportunityClosed, OpportunityOpened
from app.domain.order import TradeOrder
from app.domain.venue import assets
from app.telemetry.histogram import Histogram

_LATENCY = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_EDGE_BPS = (0.0, 1.0, 2.5, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
_LIFE_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
_PROFIT = (-100.0, -10.0, -1.0, 0.0, 0.1, 1.0, 10.0, 100.0, 1000.0)
_SLIPPAGE_BPS = (-10.0, -1.0, 0.0, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0)


class TradingMeter:
    """Counted at the stage that says it. Money is summed exactly and becomes a float when it is scraped."""

    def __init__(self, clock: Callable[[], int] = time_ns) -> None:
        self._clock = clock
        self.opened: Counter[tuple[str, str]] = Counter()
        """(buy venue, sell venue) -> opportunities."""
        self.edge_bps = Histogram(_EDGE_BPS)
        self.life_s = Histogram(_LIFE_S)
        self.tick_to_order_s = Histogram(_LATENCY)
        self.leg_to_leg_s = Histogram(_LATENCY)
        self.orders: Counter[tuple[str, str]] = Counter()
        """(status, code) -> attempts that have their result."""
        self.fills: Counter[tuple[str, str]] = Counter()
        """(venue, side) -> fills."""
        self.profit: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.exposure: defaultdict[str, Decimal] = defaultdict(Decimal)
        """By currency: profit in quote, what was left unmatched in base."""
        self.trade_profit: defaultdict[str, Histogram] = defaultdict(lambda: Histogram(_PROFIT))
        """By quote currency."""
        self.slippage_bps = Histogram(_SLIPPAGE_BPS)
        self.last_trade: dict[str, float] = {}
        """Pair -> when its last result was told, wall clock, s."""
        self.last_latency_s: dict[str, float] = {}
        """Pair -> tick to order of its last order."""
        self._of: dict[type, Callable[[Any, Origin], None]] = {
            OpportunityOpened: self._opened,
            OpportunityClosed: self._closed,
            TradeOrder: self._order,
            TradeResult: self._result,
        }

    def saw(self, body: Any, origin: Origin) -> None:
        """A message is about to be sent."""
        read = self._of.get(type(body))
        if read is not None:
            read(body, origin)

    def _opened(self, body: OpportunityOpened, _: Origin) -> None:
        self.opened[body.buy_venue, body.sell_venue] += 1
        self.edge_bps.observe(float(body.net_edge_bps))

    def _closed(self, body: OpportunityClosed, _: Origin) -> None:
        if body.ended:
            self.life_s.observe((body.closed_at - body.opened_at) / 1e9)

    def _order(self, body: TradeOrder, origin: Origin) -> None:
        if origin.wall_cause_sent and body.attempt == 1:
            took = (self._clock() - origin.wall_cause_sent) / 1e9
            self.tick_to_order_s.observe(took)
            self.last_latency_s[body.pair] = took

    def _result(self, body: TradeResult, _: Origin) -> None:
        order = body.order
        base, quote = assets(order.pair)
        self.orders[body.status, body.code] += 1
        if body.status == "refused":
            return
        self.last_trade[order.pair] = self._clock() / 1e9
        self.profit[quote] += body.profit
        self.exposure[base] += body.exposure
        self.trade_profit[quote].observe(float(body.profit))
        for leg in (*body.legs, *body.repairs):
            self.fills[leg.venue, leg.side] += len(leg.report.fills)
        if body.legs:
            sent = [leg.wall_sent for leg in body.legs]
            self.leg_to_leg_s.observe((max(sent) - min(sent)) / 1e9)
        if body.status == "filled" and order.buy.notional:
            lost = float(order.expected_profit - body.profit) / float(order.buy.notional)
            self.slippage_bps.observe(lost * 10_000)
