"""What the composition is put into: all that it takes from outside."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.execution import OrdersClosed
from app.domain.market_data import Rule
from app.domain.venue import VenueProfile
from app.settings import Settings
from app.venues.port import VenuePort


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What differs between a demo, a replay, a test and live trading."""

    settings: Settings
    profiles: Mapping[str, VenueProfile]
    rules: tuple[Rule, ...]
    venue: Callable[[str, Any], VenuePort]
    """(name, the service activator's state) -> the venue."""
    venue_state: type[Any]
    """Type of that state; made empty with the account's name."""
    forget: Callable[[Any, OrdersClosed], None]
    """Lets the venues' states forget the orders of a closed trade."""
    clock: Callable[[], int]
    """The wall's, ns."""
