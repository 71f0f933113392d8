"""One trade under way: both legs sent, what they became, the repair of what does not match, and the result.

The cases are {filled, partial, none} x {filled, partial, none}; `filled` decides, never the venue's status word.
"""

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from app.domain.account import changes
from app.domain.approval import Refused
from app.domain.execution import Command, LegResult, TradeStatus, VenueOrder
from app.domain.failure import Attempt
from app.domain.market_data import Level
from app.domain.message import Origin
from app.domain.money import FINEST_LOT, ONE, ZERO, divide_up, exact, round_down
from app.domain.order import Side, TradeOrder, client_order_id
from app.domain.venue import VenueProfile, assets


class Saga(Struct):
    order: TradeOrder
    origin: Origin
    outcomes: dict[str, LegResult] = {}
    """By role."""
    open: dict[str, Command] = {}
    """By role: sent, not yet answered."""
    attempts: tuple[Attempt, ...] = ()
    """Failed tries at a venue."""
    refused: Refused | None = None
    """Its legs are asked for, never placed: it may have been begun before it was refused."""

    def legs(self, profiles: Mapping[str, VenueProfile]) -> list[Command]:
        """Both legs' commands, to be sent at once."""
        for leg in self.order.legs:
            profile = profiles[leg.venue]
            self.open[leg.side] = self._command(
                leg.side,
                profile,
                leg.side,
                leg.amount,
                leg.limit_price,
                self.order.decided_at + profile.latency_ms * 1_000_000,
                leg.levels if profile.latency_ms == 0 else None,
                self.refused,
            )
        return [self.open["buy"], self.open["sell"]]

    def repair(self, profiles: Mapping[str, VenueProfile]) -> Command | None:
        """The order that closes what the legs left unmatched, on the venue that has too much of it; once."""
        if any(role.startswith("repair") for role in self.outcomes):
            return None
        left = self.unmatched()
        leg = self.order.buy if left > 0 else self.order.sell
        profile = profiles[leg.venue]
        market = profile.market(self.order.pair)
        amount = abs(left)
        with exact():
            if left < 0 and profile.fee_in == "base":
                amount = divide_up(amount, ONE - profile.fee, market.lot)
            amount = round_down(amount, market.lot)
            price = leg.limit_price
            if amount == 0 or (market.minimum_notional is not None and amount * price < market.minimum_notional):
                return None
            if left > 0 and left <= self._dust():
                return None
        side: Side = "sell" if left > 0 else "buy"
        due = self.ended_at() + profile.latency_ms * 1_000_000
        self.open["repair-1"] = self._command("repair-1", profile, side, amount, None, due, None)
        return self.open["repair-1"]

    def _command(
        self,
        role: str,
        profile: VenueProfile,
        side: Side,
        amount: Decimal,
        limit: Decimal | None,
        due: int,
        levels: tuple[Level, ...] | None,
        refused: Refused | None = None,
    ) -> Command:
        order = self.order
        return Command(
            self.origin,
            order.trade_id,
            role,
            due,
            VenueOrder(
                client_order_id(order.trade_id, order.attempt, role, profile.name),
                profile.name,
                order.pair,
                side,
                amount,
                limit,
                due,
                order.position,
                levels,
            ),
            refused,
        )

    def _dust(self) -> Decimal:
        """What grossing up and rounding up to the lot leaves over even when everything fills."""
        fee = self.order.buy.fee if self.order.buy.fee_asset == assets(self.order.pair)[0] else ZERO
        with exact():
            return self.order.buy.amount - fee - self.order.sell.amount

    def unmatched(self) -> Decimal:
        """Base bought, less fees taken in base, less base sold."""
        base = assets(self.order.pair)[0]
        with exact():
            return sum((changes(result, self.order.pair)[base] for result in self.outcomes.values()), ZERO)

    def ended_at(self) -> int:
        """Event time of the last answer, ns."""
        return max(result.report.at for result in self.outcomes.values())

    def profit(self) -> Decimal:
        """Change of the quote balances, everything included."""
        quote = assets(self.order.pair)[1]
        with exact():
            return sum((changes(result, self.order.pair)[quote] for result in self.outcomes.values()), ZERO)

    def repair_cost(self) -> Decimal:
        """What the repairs lost (> 0) or won against the worst-priced fills that they undid, before fees."""
        cost = ZERO
        with exact():
            for repair in self.repairs():
                undone = self.outcomes["sell" if repair.side == "buy" else "buy"]
                left = repair.report.filled
                worst_first = sorted(undone.report.fills, key=lambda fill: fill.price, reverse=undone.side == "buy")
                basis = ZERO
                for fill in worst_first:
                    part = min(left, fill.amount)
                    basis += part * fill.price
                    left -= part
                paid = sum((fill.amount * fill.price for fill in repair.report.fills), ZERO)
                cost += basis - paid if repair.side == "sell" else paid - basis
        return cost

    def repairs(self) -> tuple[LegResult, ...]:
        return tuple(self.outcomes[role] for role in sorted(self.outcomes) if role.startswith("repair"))

    def verdict(self, profiles: Mapping[str, VenueProfile]) -> tuple[TradeStatus, str, str]:
        """(status, code, detail) once nothing is open any more. Less than a lot is no exposure: it cannot be traded."""
        legs = [self.outcomes[role] for role in ("buy", "sell")]
        culprit = next((leg for leg in legs if leg.report.status in ("refused", "failed")), None)
        code, detail = (culprit.report.code, culprit.report.detail) if culprit else ("", "")
        left = self.unmatched()
        if not any(leg.report.fills for leg in legs):
            return "failed", code or "NOT_FILLED", detail or "neither leg found its price"
        # too much is sold where it was bought and bought back where it was sold: the lot of that venue counts
        buy_lot, sell_lot = (profiles[leg.venue].market(self.order.pair).lot or FINEST_LOT for leg in legs)
        with exact():
            dust = self._dust() + FINEST_LOT
        alone = not all(leg.report.fills for leg in legs) and not any(one.report.fills for one in self.repairs())
        if alone or not -sell_lot < left < max(buy_lot, dust):  # a leg by itself is no rest, however small
            return "exposed", code or "UNMATCHED", detail or "the legs do not match and the rest could not be closed"
        if self.repairs():
            return "repaired", code or "UNMATCHED", detail or "the legs did not match; the rest was closed"
        if all(leg.report.filled == leg.amount for leg in legs):
            return "filled", "", ""
        return "filled", "PARTIAL", "both legs filled in part, alike"
