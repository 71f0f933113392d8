"""crossbook bots where something is wrong: before a cluster is asked, and where there is none."""

import shutil
import sys

import pytest

PROFILES = "[venues.binance]\nfee_bps = 10\n\n[venues.kraken]\nfee_bps = 16\naliases = ['KRK']\n"
DEPLOY = ("bots", "deploy", "BTC/USDT", "--venues", "binance,kraken")


@pytest.fixture
def programs(tmp_path):
    """Settings that name a Helm and a kubectl which cannot reach a cluster: as both say it, where there is none."""
    file = tmp_path / "program"
    file.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('connect: connection refused')\n")
    file.chmod(0o755)
    return {"helm": str(file), "kubectl": str(file)}


@pytest.fixture
def venues(tmp_path):
    file = tmp_path / "venues.toml"
    file.write_text(PROFILES)
    return str(file)


@pytest.mark.parametrize("command", [("list",), ("logs", "BTC/USDT"), ("reap",), ("reap", "BTC/USDT")])
def test_without_a_cluster_a_command_ends_with_3(crossbook, programs, command):
    answer = crossbook("bots", *command, **programs)

    assert answer.code == 3
    assert "no cluster answers" in answer.err
    assert "KUBECONFIG" in answer.err


def test_deploy_and_stop_without_a_cluster_end_with_3(crossbook, programs, venues):
    assert crossbook(*DEPLOY, venues=venues, **programs).code == 3
    assert crossbook("bots", "stop", "BTC/USDT", **programs).code == 3


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl here to say it itself")
def test_kubectl_itself_says_that_nobody_is_there(crossbook, tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))

    assert crossbook("bots", "list").code in (3, 4)


@pytest.mark.parametrize("pair", ["BTC-USDT", "btc/usdt", "BTC"])
def test_what_is_no_pair_ends_with_2(crossbook, pair):
    for command in (("deploy", pair, "--venues", "a,b"), ("logs", pair), ("stop", pair), ("reap", pair)):
        answer = crossbook("bots", *command)

        assert (answer.code, "BASE/QUOTE" in answer.err) == (2, True)


@pytest.mark.parametrize(
    ("more", "word"),
    [(("--idle-after", "soon"), "--idle-after"), (("--scaler", "magic"), "magic"), (("--timeout", "0"), "timeout")],
)
def test_a_flag_that_makes_no_sense_ends_with_2(crossbook, programs, venues, more, word):
    answer = crossbook(*DEPLOY, *more, venues=venues, **programs)

    assert (answer.code, word in answer.err) == (2, True)


def test_an_unknown_venue_ends_with_4_and_the_one_that_was_meant(crossbook, programs, venues):
    answer = crossbook("bots", "deploy", "BTC/USDT", "--venues", "binance,krakn", venues=venues, **programs)

    assert answer.code == 4
    assert "did you mean kraken?" in answer.err


def test_one_venue_is_no_arbitrage(crossbook, programs, venues):
    for named in ("binance", "binance,binance"):
        assert crossbook("bots", "deploy", "BTC/USDT", "--venues", named, venues=venues, **programs).code == 2


def test_venues_without_profiles_end_with_4(crossbook, programs):
    answer = crossbook(*DEPLOY, **programs)

    assert answer.code == 4
    assert "CROSSBOOK_VENUES" in answer.err


def test_a_program_that_is_missing_ends_with_4_and_where_to_name_it(crossbook, programs, venues):
    no_helm = crossbook(*DEPLOY, venues=venues, **{**programs, "helm": "/nowhere/helm"})
    no_kubectl = crossbook("bots", "list", kubectl="/nowhere/kubectl")

    assert (no_helm.code, "CROSSBOOK_HELM" in no_helm.err) == (4, True)
    assert (no_kubectl.code, "CROSSBOOK_KUBECTL" in no_kubectl.err) == (4, True)


def test_a_values_file_or_a_chart_that_is_not_there_ends_with_4(crossbook, programs, venues, tmp_path):
    absent = str(tmp_path / "absent.yaml")

    assert absent in crossbook(*DEPLOY, "--values", absent, venues=venues, **programs).err


def test_following_has_no_end_and_so_no_json(crossbook, programs):
    assert crossbook("bots", "logs", "BTC/USDT", "--follow", "--json", **programs).code == 2
