"""Command-line flags over venue profiles: --fee-bps, --latency-ms, --funds.

A venue of which neither a profile nor a flag states the fee is an error: a silent zero would lie about money.
"""

from collections.abc import Iterable
from decimal import Decimal
from difflib import get_close_matches

from msgspec.structs import replace

from app.domain.errors import ConfigurationError
from app.domain.venue import VenueProfile
from app.venues.profile_tables import MOST_FEE_BPS

_MOST_LATENCY_MS = 600_000


def apply_flags(
    profiles: dict[str, VenueProfile],
    venues: Iterable[str],
    *,
    fee_bps: str = "",
    latency_ms: str = "",
    funds: str = "",
    unlimited: bool = False,
) -> dict[str, VenueProfile]:
    """A profile for each of `venues`, by that name: found by name or alias, bare where there is none, flags applied.

    `fee_bps` and `latency_ms` are one number for all or venue=number,...; `funds` is venue:ASSET=amount,... and adds to
    or replaces profiled balances; `unlimited` drops them. Raises ConfigurationError naming flag, value and what is
    allowed, and a venue without a fee.
    """
    names = sorted(venues)
    if unlimited and funds:
        raise ConfigurationError(f"--funds {funds} contradicts unlimited funds; give one of them")
    fees = _per_venue("--fee-bps", fee_bps, names, MOST_FEE_BPS)
    latencies = _per_venue("--latency-ms", latency_ms, names, _MOST_LATENCY_MS)
    for name, latency in latencies.items():
        if latency != int(latency):
            raise ConfigurationError(f"--latency-ms {name}={latency}: whole milliseconds are allowed")
    balances = _balances(funds, names)
    found = {}
    for name in names:
        profile = _profile_of(profiles, name)
        if profile is None and name not in fees:
            raise ConfigurationError(
                f"venue {name} has no fee: give --fee-bps (0 is allowed) or a profile [venues.{name}] with fee_bps, "
                "by --venues FILE"
            )
        profile = replace(profile or VenueProfile(name=name), name=name)
        found[name] = replace(
            profile,
            fee_bps=fees.get(name, profile.fee_bps),
            latency_ms=int(latencies.get(name, profile.latency_ms)),
            funds={} if unlimited else profile.funds | balances.get(name, {}),
        )
    return found


def _profile_of(profiles: dict[str, VenueProfile], name: str) -> VenueProfile | None:
    if name in profiles:
        return profiles[name]
    return next((profile for profile in profiles.values() if name in profile.aliases), None)


def _per_venue(flag: str, text: str, venues: list[str], most: int) -> dict[str, Decimal]:
    """venue -> number, as the flag says it for all or by name."""
    if not text.strip():
        return {}
    if "=" not in text:
        return dict.fromkeys(venues, _number(flag, text, most))
    found: dict[str, Decimal] = {}
    for part in text.split(","):
        venue, divider, number = (word.strip() for word in part.partition("="))
        if not divider:
            raise ConfigurationError(f"{flag} {part!r}: one number for all venues, or venue=number,... is allowed")
        _check_venue(flag, venue, venues)
        if venue in found:
            raise ConfigurationError(f"{flag} {text}: {venue} is given twice")
        found[venue] = _number(flag, number, most)
    return found


def _balances(text: str, venues: list[str]) -> dict[str, dict[str, Decimal]]:
    found: dict[str, dict[str, Decimal]] = {}
    for part in text.split(",") if text.strip() else ():
        place, divider, amount = (word.strip() for word in part.partition("="))
        venue, colon, asset = place.partition(":")
        if not (divider and colon and asset.isalnum() and asset.isupper()):
            raise ConfigurationError(f"--funds {part!r}: venue:ASSET=amount,... is allowed, as in binance:USDT=10000")
        _check_venue("--funds", venue, venues)
        if asset in found.setdefault(venue, {}):
            raise ConfigurationError(f"--funds {text}: {place} is given twice")
        found[venue][asset] = _number("--funds", amount, 10**15)
    return found


def _check_venue(flag: str, venue: str, venues: list[str]) -> None:
    if venue not in venues:
        near = get_close_matches(venue, venues, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(venues)}"
        raise ConfigurationError(f"{flag}: no venue {venue!r} here; {hint}")


def _number(flag: str, text: str, most: int) -> Decimal:
    try:
        number = Decimal(text)
    except ArithmeticError:
        number = Decimal("NaN")
    if not (number.is_finite() and 0 <= number <= most):
        raise ConfigurationError(f"{flag} {text!r}: a number from 0 to {most:,} is allowed")
    return number
