"""The money of one account at its venues: balances, and what open trades have reserved of them."""

from decimal import Decimal

from msgspec import Struct

from app.domain.approval import Refused
from app.domain.execution import Balance, LegResult
from app.domain.money import ZERO, exact, plain
from app.domain.order import TradeOrder
from app.domain.venue import VenueProfile, assets


class Purse(Struct):
    """One asset at one venue."""

    opening: Decimal
    balance: Decimal
    reserved: Decimal = ZERO
    unlimited: bool = False


class Account(Struct):
    """Purses by `venue asset`; `exposure` is the quote currency that open trades may spend, by currency."""

    purses: dict[str, Purse] = {}
    exposure: dict[str, Decimal] = {}

    def purse(self, profile: VenueProfile, asset: str) -> Purse:
        """The purse, opened with the profile's funds when it is first asked for."""
        key = f"{profile.name} {asset}"
        purse = self.purses.get(key)
        if purse is None:
            opening = profile.funds.get(asset, ZERO)
            purse = self.purses[key] = Purse(opening, opening, unlimited=not profile.funds)
        return purse

    def reserve(
        self, order: TradeOrder, buy: VenueProfile, sell: VenueProfile, max_exposure: Decimal | None
    ) -> Refused | None:
        """Sets aside what both legs may spend at most, or says why it cannot: nothing is reserved then.

        Codes: INSUFFICIENT_FUNDS, EXPOSURE_ABOVE_LIMIT.
        """
        base, quote = assets(order.pair)
        with exact():
            spend = _most_spent(order, buy)
            for profile, asset, need in ((buy, quote, spend), (sell, base, order.sell.amount)):
                purse = self.purse(profile, asset)
                free = purse.balance - purse.reserved
                if not purse.unlimited and free < need:
                    return Refused(
                        "INSUFFICIENT_FUNDS",
                        f"{plain(need)} {asset} needed at {profile.name}, {plain(free)} free",
                    )
            exposed = self.exposure.get(quote, ZERO) + spend
            if max_exposure is not None and exposed > max_exposure:
                return Refused(
                    "EXPOSURE_ABOVE_LIMIT", f"{plain(exposed)} {quote} in open trades, allowed {plain(max_exposure)}"
                )
        self.hold(order, buy, sell)
        return None

    def hold(self, order: TradeOrder, buy: VenueProfile, sell: VenueProfile) -> None:
        """Sets aside what both legs may spend at most, whether it is there or not."""
        base, quote = assets(order.pair)
        with exact():
            spend = _most_spent(order, buy)
            self.exposure[quote] = self.exposure.get(quote, ZERO) + spend
            self.purse(buy, quote).reserved += spend
            self.purse(sell, base).reserved += order.sell.amount

    def release(self, order: TradeOrder, buy: VenueProfile, sell: VenueProfile) -> None:
        """Gives back what `reserve` or `hold` set aside."""
        base, quote = assets(order.pair)
        with exact():
            spend = _most_spent(order, buy)
            self.exposure[quote] -= spend
            self.purse(buy, quote).reserved -= spend
            self.purse(sell, base).reserved -= order.sell.amount

    def apply(self, result: LegResult, pair: str, profile: VenueProfile) -> None:
        """Moves the balances by the fills of one leg or repair."""
        for asset, change in changes(result, pair).items():
            with exact():
                self.purse(profile, asset).balance += change

    def balances(self, keys: set[tuple[str, str]]) -> tuple[Balance, ...]:
        """What stands in the purses of these (venue, asset), by name."""
        return tuple(
            Balance(venue, asset, self.purses[f"{venue} {asset}"].opening, self.purses[f"{venue} {asset}"].balance)
            for venue, asset in sorted(keys)
        )


def changes(result: LegResult, pair: str) -> dict[str, Decimal]:
    """Asset -> change of its balance by the fills of one leg, fees included."""
    base, quote = assets(pair)
    found = {base: ZERO, quote: ZERO}
    sign = 1 if result.side == "buy" else -1
    with exact():
        for fill in result.report.fills:
            found[base] += sign * fill.amount
            found[quote] -= sign * fill.amount * fill.price
            found[fill.fee_asset] = found.get(fill.fee_asset, ZERO) - fill.fee
    return found


def _most_spent(order: TradeOrder, buy: VenueProfile) -> Decimal:
    """Quote currency the buy leg can cost: its whole amount at its limit, and the fee on it where it is in quote."""
    cost = order.buy.amount * order.buy.limit_price
    return cost if buy.fee_in == "base" else cost + cost * buy.fee
