"""What a bot's release is told: by the settings of whoever deploys it, and of its market."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from app.bots import deploy
from app.bots.deploy import values_of
from app.bots.market import Market
from app.domain.errors import ConfigurationError
from app.settings import Settings


def values(scaler="keda", **settings):
    return values_of(Settings(**settings), Market("BTC/USDT"), ["a", "b"], 1_800, scaler)


def test_a_bot_has_channels_of_its_own_and_one_pod_with_all_stages():
    found = values(namespace="prod")

    assert found["settings"]["namespace"] == "prod-btc-usdt"
    assert (found["settings"]["pairs"], found["settings"]["venue_names"]) == (["BTC/USDT"], ["a", "b"])
    enabled = {name: worker for name, worker in found["workers"].items() if worker["enabled"]}
    assert [worker["stages"] for worker in enabled.values()] == [["decide", "execute", "account"]]


@pytest.mark.parametrize(("scaler", "kind", "reaps"), [("keda", "keda", False), ("reap", "none", True)])
def test_a_bot_is_put_to_sleep_by_one_and_not_by_both(scaler, kind, reaps):
    found = values(scaler)

    assert (found["autoscaling"]["kind"], found["reap"]["enabled"]) == (kind, reaps)
    assert found["commonLabels"]["crossbook.io/idle-after"] == "1800"


def test_broker_and_profiles_go_along_and_a_password_never_does(tmp_path: Path):
    file = tmp_path / "venues.toml"
    file.write_text("[venues.a]\nfee_bps = 1\n")

    found = values(
        broker="kafka://k:9093",
        broker_security_protocol="SASL_SSL",
        broker_sasl_mechanism="SCRAM-SHA-256",
        broker_username="me",
        broker_password=SecretStr("hunter2"),
        ledger=SecretStr("postgresql://me:hunter2@db/crossbook"),
        venues=file,
    )

    assert found["venues"] == file.read_text()
    assert found["kafka"] == {
        "url": "kafka://k:9093",
        "securityProtocol": "SASL_SSL",
        "saslMechanism": "SCRAM-SHA-256",
        "username": "me",
    }
    assert "hunter2" not in str(found)


def test_what_the_settings_do_not_say_is_left_to_the_operators_own_values():
    assert not {"kafka", "venues"} & set(values())
    assert values(broker="kafka://k:9092")["kafka"] == {"url": "kafka://k:9092"}


class Serving:
    """A cluster that serves KEDA's resources, or does not."""

    namespace = "trading"

    def __init__(self, keda: bool) -> None:
        self._keda = keda

    def look(self, path, timeout_s=0):
        return "{}" if self._keda else None

    def change(self, deployment, patch):
        raise AssertionError


@pytest.mark.parametrize(
    ("wanted", "keda", "found"),
    [("auto", True, "keda"), ("auto", False, "reap"), ("keda", True, "keda"), ("reap", True, "reap")],
)
def test_keda_is_asked_where_it_is_unless_somebody_wants_otherwise(wanted, keda, found):
    assert deploy._scaler(Serving(keda), wanted) == found


def test_a_keda_that_is_not_there_cannot_be_wanted():
    with pytest.raises(ConfigurationError, match="KEDA is not on this cluster"):
        deploy._scaler(Serving(keda=False), "keda")


def test_a_chart_that_is_not_there_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(deploy, "CHART", tmp_path)

    with pytest.raises(ConfigurationError, match="--chart"):
        deploy._chart()
