"""Venue profiles: what each venue charges and accepts, from a TOML file (docs/venues.md) and from flags over it."""

import tomllib
from decimal import Decimal
from pathlib import Path

from app.domain.errors import ConfigurationError
from app.domain.venue import VenueProfile
from app.venues.flags import apply_flags
from app.venues.profile_tables import ProfileTables, VenuesTable

__all__ = ["DEMO", "apply_flags", "load_profiles"]

DEMO = Path(__file__).with_name("demo.toml")
"""Profiles of the generated venues."""


def load_profiles(path: Path | None) -> dict[str, VenueProfile]:
    """The profiles in the file, by venue; none where there is no file to read.

    Raises ConfigurationError naming file, key path, value and what is allowed; of broken TOML, line and column.
    """
    if path is None:
        return {}
    try:
        tables = tomllib.loads(path.read_bytes().decode(), parse_float=Decimal)
    except OSError as error:
        raise ConfigurationError(f"cannot read venue profiles {path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: not UTF-8 at byte {error.start + 1}; save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: not TOML: {error}") from None
    reader = ProfileTables(path)
    profiles = {name: reader.venue(name, table) for name, table in reader.table(VenuesTable, tables, "").venues.items()}
    reader.check_names(profiles)
    return profiles
