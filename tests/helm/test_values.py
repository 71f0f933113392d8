"""What the chart is told: every value described, every wrong one refused with its path, no secret among them."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.settings import Settings
from helm import derived as made
from tests.helm.chart import CHART, EXAMPLES, PROJECT, called, leaves, refused, rendered, template

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())


def at(path: tuple[str, ...]) -> Any:
    """The schema of one value; a map's entries share one."""
    found = SCHEMA
    for name in path:
        while "$ref" in found:
            found = SCHEMA["$defs"][found["$ref"].rpartition("/")[2]]
        found = found.get("properties", {}).get(name) or next(iter(found["patternProperties"].values()))
    return found


@pytest.mark.parametrize("path", list(leaves(VALUES)), ids=".".join)
def test_every_value_is_described(path: tuple[str, ...]) -> None:
    described = at(path)

    entry_of_a_map = path[:-1] in {("workers",), ("monitoring", "dashboards", "labels")}
    assert entry_of_a_map or "quantity" in str(described) or len(described["description"]) > 2


def test_what_is_not_described_is_refused_wherever_it_stands() -> None:
    def open_ended(schema: Any, path: str) -> list[str]:
        if not isinstance(schema, dict):
            return []
        found = [path] if "properties" in schema and schema.get("additionalProperties") is not False else []
        for name, child in schema.get("properties", {}).items():
            found += open_ended(child, f"{path}.{name}")
        for child in (
            schema.get("items"),
            schema.get("additionalProperties"),
            *schema.get("patternProperties", {}).values(),
        ):
            found += open_ended(child, f"{path}[]")
        return found

    roots = {"values": SCHEMA, **SCHEMA["$defs"]}

    assert [path for name, schema in roots.items() for path in open_ended(schema, name)] == []


def test_the_schema_of_settings_is_the_programs_own() -> None:
    assert made.SCHEMA.read_text() == made.schema(), "run `make chart`"


def test_every_setting_has_one_place_in_the_values() -> None:
    in_settings = set(SCHEMA["properties"]["settings"]["properties"])
    secret = {"ledger", "broker_password"}

    assert in_settings | made.FROM_OTHER_VALUES | made.NOT_A_PODS | secret == set(Settings.model_fields)
    assert not in_settings & (made.FROM_OTHER_VALUES | made.NOT_A_PODS | secret)


def test_alert_rules_and_dashboards_in_the_chart_are_those_of_the_dashboards() -> None:
    copies = made.copies()
    there = {file for kind in ("alerts", "dashboards") for file in (CHART / "files" / kind).glob("*.*")}

    assert there == set(copies), "run `make chart`"
    assert [str(copy) for copy, source in copies.items() if copy.read_bytes() != source.read_bytes()] == []


def test_chart_and_program_have_one_version() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert chart["appVersion"] == project
    assert f'image.version="{project}"' in (PROJECT / "Dockerfile").read_text()


WRONG = [
    # value, its path as the refusal names it
    ("image.pulPolicy=Always", "/image"),
    ("image.digest=sha256:12", "/image/digest"),
    ("settings.partitions=0", "/settings/partitions"),
    ("settings.partitions=four", "/settings/partitions"),
    ("settings.namespace=Cross Book", "/settings/namespace"),
    ("settings.max_edge_pbs=5", "/settings"),
    ("settings.join=sometimes", "/settings/join"),
    ("settings.tap=1.5", "/settings/tap"),
    ("settings.broker_password=hunter2", "/settings"),
    ("settings.ledger=postgresql://u:p@h/d", "/settings"),
    ("venues=no table", "/venues"),
    ("kafka.url=kafka.svc:9092", "/kafka/url"),
    ("kafka.url=kafka://user:hunter2@kafka:9092", "/kafka/url"),
    ("kafka.securityProtocol=TLS", "/kafka/securityProtocol"),
    ("kafka.password=hunter2", "/kafka"),
    ("secrets.kind=plain", "/secrets/kind"),
    ("secrets.ledger=postgresql://u:hunter2@h/d", "/secrets"),
    ("secrets.keys.ledger=postgresql://u:hunter2@h/d", "/secrets/keys/ledger"),
    ("secrets.sealed.encryptedData.ledger=hunter2", "/secrets/sealed/encryptedData/ledger"),
    ("secrets.external.store.kind=Vault", "/secrets/external/store/kind"),
    ("workers.decide.replicas=-1", "/workers/decide/replicas"),
    ("workers.decide.replicas=two", "/workers/decide/replicas"),
    ("workers.decide.stages[0]=decides", "/workers/decide/stages/0"),
    ("workers.decide.resources.limits.memory=lots", "/workers/decide/resources/limits/memory"),
    ("workers.decide.env[0].name=VENUE_PASSWORD,workers.decide.env[0].value=hunter2", "/workers/decide/env/0"),
    ("workers.decide.env[0].name=DSN,workers.decide.env[0].value=https://u:hunter2@h", "/workers/decide/env/0/value"),
    ("workers.Decide.stages[0]=decide", "/workers"),
    ("terminationGracePeriodSeconds=20", "/terminationGracePeriodSeconds"),
    ("metrics.port=80", "/metrics/port"),
    ("probes.liveness.failureThreshold=0", "/probes/liveness/failureThreshold"),
    ("topologySpread.whenUnsatisfiable=Maybe", "/topologySpread/whenUnsatisfiable"),
    ("podDisruptionBudget.maxUnavailable=0", "/podDisruptionBudget/maxUnavailable"),
    ("autoscaling.kind=vpa", "/autoscaling/kind"),
    ("autoscaling.keda.lagThreshold=0", "/autoscaling/keda/lagThreshold"),
    ("report.schedule=daily", "/report/schedule"),
    ("securityContext.runAsUser=0", "/securityContext/runAsUser"),
    ("securityContext.privileged=true", "/securityContext"),
    ("networkPolicy.venues.cidrs[0]=binance.com", "/networkPolicy/venues/cidrs/0"),
    ("monitoring.serviceMonitor.interval=often", "/monitoring/serviceMonitor/interval"),
    ("unheardOf=1", "at ''"),
]


@pytest.mark.parametrize(("value", "path"), WRONG, ids=[value for value, _ in WRONG])
def test_a_wrong_value_is_refused_with_its_path(value: str, path: str) -> None:
    said = refused("--set", value)

    assert path in said
    assert "hunter2" not in said, "a password in the wrong place would be in the log of a deployment"


MISSING = [
    # flags that take away what must be there, and what is said of it
    (("--set", "kafka.url="), "kafka.url: say where Kafka is"),
    (("--set", "venues="), "venues: no venue profiles"),
    (("--set", "secrets.name="), "secrets.name: name the Secret whose key ledger holds the ledger's URL"),
    (("--set", "secrets.kind=external"), "secrets.external.store.name: name the SecretStore"),
    (("--set", "secrets.kind=sealed"), "secrets.sealed.encryptedData: has no key ledger"),
    (("--set", "kafka.securityProtocol=SASL_SSL"), "kafka.username: is empty"),
    (("--set", "workers.execute.replicas=5"), "workers.execute: 5 replicas, and its channels have settings.partitions"),
    (
        ("--set", "autoscaling.kind=keda", "--set", "settings.partitions=2"),
        "workers.execute: 4 replicas, and its channels have settings.partitions = 2",
    ),
    (("--set", "autoscaling.kind=hpa,workerDefaults.minReplicas=0"), "minReplicas: 0 needs autoscaling.kind = keda"),
    (("--set", "workers.more.stages[0]=decide"), "workers.more.stages: another worker runs decide from market_data"),
    (("--set", "workers.execute.decideSource=x"), "workers.execute.decideSource: it does not run decide"),
    (("--set", "workers.report.stages[0]=decide"), "workers.report: the name is taken"),
    (("--set", "report.enabled=true"), "report: set report.existingClaim, or report.size"),
    (("--set", "kafka.strimzi.enabled=true"), "kafka.url: Strimzi's resources are made too"),
    (("--set", "workerDefaults.enabled=false"), "workers: none is enabled"),
]


@pytest.mark.parametrize(("flags", "words"), MISSING, ids=[words for _, words in MISSING])
def test_what_no_schema_can_say_is_said_in_one_line(flags: tuple[str, ...], words: str) -> None:
    said = refused(*flags)

    assert [line for line in said.splitlines() if words in line]
    assert "nil pointer" not in said


def test_all_that_is_missing_is_said_at_once() -> None:
    done = called("template", "it", CHART, "--kube-version", "1.35")

    assert done.returncode != 0
    assert [word in done.stderr for word in ("kafka.url:", "venues:", "secrets.name:")] == [True] * 3


@pytest.mark.parametrize("values", EXAMPLES, ids=lambda file: file.name)
def test_every_values_file_lints_and_none_holds_a_secret(values: Path) -> None:
    done = called("lint", "--strict", CHART, "--values", values)

    assert done.returncode == 0, done.stdout
    assert "password:" not in values.read_text().replace("broker-password:", "")


def test_the_chart_lints_without_any_values() -> None:
    done = called("lint", CHART)

    assert done.returncode == 0, done.stdout


def test_a_number_of_millions_stays_a_number() -> None:
    settings = rendered("--set", "settings.retention_ms=604800000")

    (found,) = [each for each in settings if each["metadata"]["name"] == "it-crossbook-settings"]
    assert found["data"]["CROSSBOOK_RETENTION_MS"] == "604800000"


def test_no_file_of_ours_is_packed_with_the_chart(tmp_path: Path) -> None:
    done = called("package", CHART, "--destination", tmp_path)
    assert done.returncode == 0, done.stderr

    shown = called("show", "values", next(tmp_path.glob("*.tgz")))
    names = called("template", "it", next(tmp_path.glob("*.tgz")), "--kube-version", "1.35", "--values", EXAMPLES[0])

    assert shown.returncode == names.returncode == 0
    assert not [name for name in packed(next(tmp_path.glob("*.tgz"))) if name.endswith(("derived.py", ".sh"))]


def packed(archive: Path) -> list[str]:
    import tarfile

    with tarfile.open(archive) as files:
        return files.getnames()


def test_an_unknown_example_would_be_noticed() -> None:
    """The list that other tests go through is not empty."""
    assert {file.name for file in EXAMPLES} >= {"minimal.yaml", "production.yaml", "strimzi.yaml", "one-worker.yaml"}
    assert template().returncode == 0
