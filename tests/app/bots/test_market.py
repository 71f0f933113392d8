"""Names that are made from a pair, and lengths of time."""

import pytest

from app.bots.market import Market, seconds
from app.domain.errors import UsageError


def test_a_market_names_its_release_its_label_and_its_channels():
    market = Market.of("BTC/USDT")

    assert (market.release, market.label) == ("crossbook-btc-usdt", "BTC-USDT")
    assert market.namespace("crossbook") == "crossbook-btc-usdt"


@pytest.mark.parametrize("text", ["BTC-USDT", "btc/usdt", "BTC", "", "A/B/C", "BTC/", "BTC/USDT:USDT", "B TC/USDT"])
def test_what_is_no_pair_is_wrong_usage(text):
    with pytest.raises(UsageError, match="write BASE/QUOTE"):
        Market.of(text)


def test_a_pair_too_long_for_the_names_of_a_chart_is_refused():
    with pytest.raises(UsageError, match="more than 40 letters"):
        Market.of("A" * 20 + "/" + "B" * 20)


@pytest.mark.parametrize(("text", "long"), [("90s", 90), ("30m", 1_800), ("2h", 7_200), ("1d", 86_400)])
def test_a_length_of_time(text, long):
    assert seconds(text, "--idle-after") == long


@pytest.mark.parametrize("text", ["", "30", "m", "0m", "-5m", "1.5h", "30 m", "٣m", "9" * 12 + "s"])
def test_what_is_no_length_of_time_is_wrong_usage(text):
    with pytest.raises(UsageError, match="--idle-after"):
        seconds(text, "--idle-after")
