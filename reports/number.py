"""Numbers as a reader wants them: thousands separators, a unit, no more digits than mean something; the exact value
goes along as a title."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import takewhile

from app.domain.money import plain
from app.domain.statistics import Unsaid
from reports.section import Tone, Value

NOT_AVAILABLE = "N/A"
SECOND_NS = 1_000_000_000
_DURATIONS = ((86_400 * SECOND_NS, "d"), (3_600 * SECOND_NS, "h"), (60 * SECOND_NS, "min"), (SECOND_NS, "s"))
_SHORT_DURATIONS = ((1_000_000, "ms"), (1_000, "µs"), (1, "ns"))


def places(amounts: Iterable[Decimal]) -> int:
    """Decimals that show the largest of `amounts` with four significant digits: 0 to 12, and 2 for everyday money."""
    largest = max((abs(amount) for amount in amounts), default=Decimal(0))
    if largest == 0 or 1 <= largest < 100_000:
        return 2
    return 0 if largest >= 100_000 else min(3 - largest.adjusted(), 12)


def grouped(amount: Decimal, decimals: int) -> str:
    """`1,234.50`, with a minus sign proper."""
    text = f"{amount:,.{decimals}f}"
    return text.replace("-", "−") if text.strip("-0.,") else text.replace("-", "")


def money(amount: Decimal, currency: str = "", *, decimals: int | None = None, toned: bool = False) -> Value:
    """An amount of `currency`; `toned` colours gains and losses and writes the plus."""
    text = grouped(amount, places([amount]) if decimals is None else decimals)
    tone: Tone = ""
    if toned and amount != 0:
        tone = "gain" if amount > 0 else "loss"
        text = f"+{text}" if amount > 0 else text
    unit = f" {currency}" if currency else ""
    return Value(text + unit, f"{plain(amount)}{unit}", tone)


def count(number: int | None) -> Value:
    return Value(NOT_AVAILABLE if number is None else f"{number:,}")


def bps(edge: Decimal) -> Value:
    """Basis points, to a tenth; to a hundredth under ten."""
    return Value(grouped(edge, 2 if abs(edge) < 1 else 1) + " bps", f"{plain(edge)} bps")


def percent(fraction: Decimal | Unsaid) -> Value:
    if isinstance(fraction, Unsaid):
        return unsaid(fraction)
    hundredfold = fraction * 100
    return Value(grouped(hundredfold, max(places([hundredfold]), 2)) + " %", f"{hundredfold:f} %")


def share(part: int, whole: int) -> Value:
    """`part` of `whole` in percent, to a tenth; N/A where there is no whole."""
    return Value(f"{100 * part / whole:,.1f} %", f"{part:,} of {whole:,}") if whole else Value(NOT_AVAILABLE)


def ratio(number: Decimal | Unsaid) -> Value:
    return unsaid(number) if isinstance(number, Unsaid) else Value(grouped(number, 2), f"{number:f}")


def unsaid(answer: Unsaid) -> Value:
    """`too short` or `N/A`, with the whole reason as title."""
    head, _, _ = answer.reason.partition(":")
    return Value(head if head == "too short" else NOT_AVAILABLE, answer.reason, "warn")


def duration(ns: int) -> str:
    """Three significant digits in the unit that suits: `850 µs`, `1.2 s`, `3 min`."""
    if ns == 0:
        return "0 s"
    sign, ns = ("−" if ns < 0 else ""), abs(ns)
    for size, unit in (*_DURATIONS, *_SHORT_DURATIONS):
        if ns >= size:
            return f"{sign}{significant(ns / size)} {unit}"
    return f"{ns} ns"


def significant(number: float) -> str:
    """Three significant digits without exponent or trailing zeros."""
    if number >= 100:
        return f"{number:,.0f}"
    text = f"{number:.2f}" if number < 10 else f"{number:.1f}"
    return text.rstrip("0").rstrip(".")


def time(ns: int, *, seconds: bool = True) -> str:
    """UTC, to the second."""
    return utc(ns).strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def utc(ns: int) -> datetime:
    return datetime.fromtimestamp(ns // SECOND_NS, UTC)


def distinct(identities: Sequence[str], length: int = 16) -> dict[str, Value]:
    """Long ids by the part in which they differ, the whole as title."""
    several = len(set(identities)) > 1
    head = _alike(identities) if several else 0
    tail = _alike([identity[:head:-1] for identity in identities]) if several else 0
    shown = {identity: identity[head : len(identity) - tail] for identity in identities}
    return {
        identity: Value(part if len(part) <= length else "…" + part[1 - length :], identity)
        for identity, part in shown.items()
    }


def _alike(texts: Sequence[str]) -> int:
    """How many characters all of them begin with."""
    return sum(1 for _ in takewhile(lambda letters: len(set(letters)) == 1, zip(*texts, strict=False)))
