"""Venue profiles and the flags over them: what they say, and what is said of a broken one."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from app.domain.errors import ConfigurationError
from app.domain.venue import Faults, Market, VenueProfile
from app.feeds.synthetic import Market as SyntheticMarket
from app.venues.profiles import DEMO, apply_flags, load_profiles

DOCUMENT = Path(__file__).parents[3] / "docs" / "venues.md"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "venues.toml"
    path.write_text(text)
    return path


def test_the_documented_example_is_read_to_the_last_digit(tmp_path: Path) -> None:
    example = DOCUMENT.read_text().split("```toml\n")[1].partition("\n```")[0]

    profiles = load_profiles(written(tmp_path, example))

    assert profiles["huobi"] == VenueProfile(name="huobi", fee_bps=Decimal(20))
    assert profiles["binance"] == VenueProfile(
        name="binance",
        fee_bps=Decimal("7.5"),
        latency_ms=40,
        aliases=("bnc", "binance-spot"),
        pairs={"LINK/USDT": Market(Decimal("0.001"), Decimal("0.001"), Decimal(10))},
        default_market=Market(minimum_notional=Decimal(10)),
        pair_aliases={"LINKUSDT": "LINK/USDT"},
        funds={"USDT": Decimal(10_000), "LINK": Decimal(500)},
        faults=Faults(Decimal("0.10"), Decimal("0.03")),
    )


def test_the_demo_has_a_profile_for_each_generated_venue_and_one_that_fails_some_orders() -> None:
    profiles = load_profiles(DEMO)

    assert set(profiles) == set(SyntheticMarket().venues)
    assert all(set(profile.pairs) == set(SyntheticMarket().pairs) for profile in profiles.values())
    assert all(5 <= profile.fee_bps <= 10 for profile in profiles.values())
    assert [name for name, profile in profiles.items() if profile.faults.refuse] == ["draco"]


def test_there_are_no_profiles_without_a_file() -> None:
    assert load_profiles(None) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[venues.a]\nfee_bsp = 1", "venues.a.fee_bsp = 1: unknown key; did you mean fee_bps?"),
        ("[venue.a]\nfee_bps = 1", "venue = {'a': {'fee_bps': 1}}: unknown key; did you mean venues?"),
        ("[venues.a]\nlatency_ms = 1", "venues.a.fee_bps is missing"),
        ("[venues.a]\nfee_bps = true", "venues.a.fee_bps = True: Expected a number"),
        ("[venues.a]\nfee_bps = 'ten'", "venues.a.fee_bps = 'ten': Invalid decimal string; a number is needed"),
        ("[venues.a]\nfee_bps = -1", "venues.a.fee_bps = -1: 0 to 1,000 is allowed"),
        ("[venues.a]\nfee_bps = nan", "venues.a.fee_bps = NaN: 0 to 1,000 is allowed"),
        ("[venues.a]\nfee_bps = 1\nfee_in = 'bse'", "venues.a.fee_in = 'bse': Invalid enum value 'bse'; 'quote' or"),
        ("[venues.a]\nfee_bps = 1\nlatency_ms = 1.5", "venues.a.latency_ms = 1.5: "),
        ("[venues.a]\nfee_bps = 1\naliases = 'x'", "venues.a.aliases = 'x': "),
        ("[venues.A]\nfee_bps = 1", "venues.A = 'A': a venue's name has lower-case letters"),
        ("[venues.a]\nfee_bps = 1\n[venues.a.pairs.btc]", "venues.a.pairs.btc = 'btc': a pair is written BASE/QUOTE"),
        ("[venues.a]\nfee_bps = 1\n[venues.a.pairs.'A/B']\nlot = 0", 'venues.a.pairs."A/B".lot = 0: a number above'),
        (
            "[venues.a]\nfee_bps = 1\n[venues.a.market]\ntik = 1",
            "venues.a.market.tik = 1: unknown key; did you mean tick",
        ),
        ("[venues.a]\nfee_bps = 1\n[venues.a.funds]\nUSDT = -1", "venues.a.funds.USDT = -1: a number, zero or above"),
        (
            "[venues.a]\nfee_bps = 1\n[venues.a.funds]\nusdt = 1",
            "venues.a.funds.usdt = 'usdt': an asset has upper-case",
        ),
        ("[venues.a]\nfee_bps = 1\n[venues.a.faults]\nrefuse = 2", "venues.a.faults.refuse = 2: 0 to 1 is allowed"),
        (
            "[venues.a]\nfee_bps = 1\n[venues.a.faults]\nrefuse = 0.9\ntime_out = 0.2",
            "venues.a.faults = 1.1: refuse and",
        ),
        ("[venues.a]\nfee_bps = 1\naliases = ['b']\n[venues.b]\nfee_bps = 1", "venues.a.aliases = 'b': it already"),
        ("[venues.a]\nfee_bps = = 1", "not TOML: Invalid value (at line 2, column 11)"),
        ("", "venues is missing"),
    ],
)
def test_a_broken_profile_is_named_by_file_key_and_value(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)

    with pytest.raises(ConfigurationError, match=re.escape(message)) as caught:
        load_profiles(path)

    assert str(caught.value).startswith(f"{path}: ")


def test_a_file_that_is_absent_or_no_text_is_named(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff")

    with pytest.raises(ConfigurationError, match=r"cannot read venue profiles .*absent\.toml: No such file"):
        load_profiles(tmp_path / "absent.toml")
    with pytest.raises(ConfigurationError, match="not UTF-8 at byte 1"):
        load_profiles(binary)


def test_a_flag_speaks_for_all_venues_or_for_one() -> None:
    profiles = {"binance": VenueProfile(name="binance", fee_bps=Decimal(7), latency_ms=5)}

    for_all = apply_flags(profiles, ["huobi", "binance"], fee_bps="0", latency_ms="30")
    by_name = apply_flags(profiles, ["huobi", "binance"], fee_bps="huobi=2.5", latency_ms="huobi=80")

    assert {name: (profile.fee_bps, profile.latency_ms) for name, profile in for_all.items()} == {
        "binance": (Decimal(0), 30),
        "huobi": (Decimal(0), 30),
    }
    assert {name: (profile.fee_bps, profile.latency_ms) for name, profile in by_name.items()} == {
        "binance": (Decimal(7), 5),
        "huobi": (Decimal("2.5"), 80),
    }
    assert by_name["huobi"].market("LINK/USDT") == Market()


def test_a_venue_whose_fee_nobody_states_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"venue huobi has no fee: give --fee-bps \(0 is allowed\)"):
        apply_flags({}, ["binance", "huobi"], fee_bps="binance=10")


def test_a_profile_is_found_by_its_alias() -> None:
    profiles = {"binance": VenueProfile(name="binance", fee_bps=Decimal(7), aliases=("bnc",))}

    assert apply_flags(profiles, ["bnc"])["bnc"] == VenueProfile(name="bnc", fee_bps=Decimal(7), aliases=("bnc",))


def test_funds_are_added_to_the_profiles_or_dropped() -> None:
    profiles = {"a": VenueProfile(name="a", funds={"USDT": Decimal(5), "BTC": Decimal(1)})}

    funded = apply_flags(profiles, ["a"], funds="a:USDT=10000,a:LINK=0.5")
    unlimited = apply_flags(profiles, ["a"], unlimited=True)

    assert funded["a"].funds == {"USDT": Decimal(10_000), "BTC": Decimal(1), "LINK": Decimal("0.5")}
    assert unlimited["a"].funds == {}


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"fee_bps": "ten"}, "--fee-bps 'ten': a number from 0 to 1,000 is allowed"),
        ({"fee_bps": "-1"}, "--fee-bps '-1'"),
        ({"fee_bps": "huobbi=1"}, "--fee-bps: no venue 'huobbi' here; did you mean huobi?"),
        ({"fee_bps": "kraken=1"}, "there are binance, huobi"),
        ({"fee_bps": "huobi=1,huobi=2"}, "huobi is given twice"),
        ({"fee_bps": "huobi=1,2"}, "--fee-bps '2': one number for all venues, or venue=number"),
        ({"fee_bps": "0", "latency_ms": "1.5"}, "whole milliseconds"),
        ({"fee_bps": "0", "funds": "huobi=1"}, "--funds 'huobi=1': venue:ASSET=amount"),
        ({"fee_bps": "0", "funds": "huobi:USDT=-1"}, "--funds '-1'"),
        ({"fee_bps": "0", "funds": "huobi:USDT=1,huobi:USDT=2"}, "huobi:USDT is given twice"),
        ({"fee_bps": "0", "funds": "huobi:USDT=1", "unlimited": True}, "contradicts unlimited funds"),
    ],
)
def test_a_broken_flag_is_named_with_what_is_allowed(flags: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        apply_flags({}, ["binance", "huobi"], **flags)  # type: ignore[arg-type]
