"""What we took is withheld until that level changes: a recording does not know that we were there."""

from decimal import Decimal

from msgspec import Struct, field

from app.domain.market_data import Book, Level
from app.domain.money import exact, plain


class Taken(Struct):
    """What we took of one level: its size as displayed then, and how much of it is ours."""

    displayed: str
    amount: Decimal


class Side(Struct):
    """One book side of one venue: price text -> what we took there."""

    levels: dict[str, Taken] = {}

    def see(self, levels: tuple[Level, ...]) -> None:
        """A new book: a level that is gone or shows another size is whole again."""
        if self.levels:
            shown = dict(levels)
            self.levels = {price: taken for price, taken in self.levels.items() if shown.get(price) == taken.displayed}

    def less(self, levels: tuple[Level, ...]) -> tuple[Level, ...]:
        """The levels without what we took of them."""
        if not self.levels:
            return levels
        left: list[Level] = []
        with exact():
            for price, size in levels:
                taken = self.levels.get(price)
                if taken is None or taken.displayed != size:
                    left.append((price, size))
                elif Decimal(size) > taken.amount:
                    left.append((price, plain(Decimal(size) - taken.amount)))
        return tuple(left)

    def take(self, levels: tuple[Level, ...], amount: Decimal) -> None:
        """Takes `amount` from `levels` (what is left of them), best first."""
        with exact():
            left = amount
            for price, size in levels:
                if left <= 0:
                    return
                before = self.levels.get(price)
                taken = min(left, Decimal(size))
                if before is None:
                    self.levels[price] = Taken(size, taken)
                else:
                    before.amount += taken
                left -= taken


class Withheld(Struct):
    """What we took of one venue's book."""

    bids: Side = field(default_factory=Side)
    asks: Side = field(default_factory=Side)

    def see(self, book: Book) -> bool:
        """A new book; whether anything of it is withheld still."""
        self.bids.see(book.bids)
        self.asks.see(book.asks)
        return bool(self.bids.levels or self.asks.levels)
