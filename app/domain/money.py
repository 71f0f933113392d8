"""Money: exact decimals from the venue's own text, rounded only by name.

Everything from sizing on runs inside `exact()`: 60 significant digits with `Inexact` trapped, so that a result which
would have to be rounded silently raises instead.
"""

from contextlib import AbstractContextManager
from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    localcontext,
)
from math import lcm

from app.domain.errors import Reject

ZERO = Decimal(0)
ONE = Decimal(1)
BPS = Decimal("0.0001")
"""One basis point as a fraction."""

FINEST_LOT = Decimal("1e-18")
"""Step of a grossed-up amount where a venue states no lot: no venue quotes more than 18 decimals."""

_EXACT = Context(prec=60, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
_ROUNDED = Context(prec=60, traps=[InvalidOperation, DivisionByZero, Overflow])


def exact() -> AbstractContextManager[Context]:
    """Arithmetic that raises `decimal.Inexact` rather than lose a digit (60 are kept)."""
    return localcontext(_EXACT)


def decimal(value: str, *, field: str) -> Decimal:
    """The finite number that `value` spells. Raises Reject naming `field`."""
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise Reject("not a decimal number", field=field, value=value) from None
    if not number.is_finite():
        raise Reject("not a finite number", field=field, value=value)
    return number


def plain(number: Decimal) -> str:
    """Decimal text without exponent or trailing zeros: `0`, `1.5`, `1000`."""
    if number == 0:
        return "0"
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def round_down(value: Decimal, step: Decimal | None) -> Decimal:
    """The largest multiple of `step` not above `value` (>= 0); `value` itself where there is no step."""
    return value if step is None else _multiple(value, step, ROUND_FLOOR)


def round_up(value: Decimal, step: Decimal | None) -> Decimal:
    """The smallest multiple of `step` not below `value`; `value` itself where there is no step."""
    return value if step is None else _multiple(value, step, ROUND_CEILING)


def divide_up(dividend: Decimal, divisor: Decimal, step: Decimal | None) -> Decimal:
    """dividend / divisor, rounded up to `step` (to FINEST_LOT where there is none)."""
    return round_up(_ROUNDED.divide(dividend, divisor), step or FINEST_LOT)


def ratio_bps(part: Decimal, whole: Decimal) -> Decimal:
    """part / whole in basis points, rounded to a millionth of one: for display and comparison, never for money."""
    return _ROUNDED.divide(part, whole * BPS).quantize(Decimal("1e-6"), context=_ROUNDED)


def common_step(first: Decimal | None, second: Decimal | None) -> Decimal | None:
    """The least step that is a multiple of both, for an amount that two venues must accept."""
    if first is None or second is None:
        return first or second
    scale = min(int(first.as_tuple().exponent), int(second.as_tuple().exponent), 0)
    units = [int(step.scaleb(-scale)) for step in (first, second)]
    return Decimal(lcm(*units)).scaleb(scale)


def _multiple(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    count = _ROUNDED.divide(value, step).to_integral_value(rounding=rounding)
    return count * step
