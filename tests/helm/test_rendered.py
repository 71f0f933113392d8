"""What the chart makes: accepted by the schemas of its kinds, confined, probed, and true to the program it runs."""

import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from app import cli
from app.assembly import stages_of
from app.engine.worker import group
from app.settings import Settings, load
from app.venues.profiles import load_profiles
from app.venues.routing_table import load_rules
from tests.helm.chart import (
    EXAMPLES,
    PRODUCTION,
    containers,
    definitions,
    environment,
    faults,
    named,
    of_kind,
    pods,
    rendered,
)

STRIMZI = PRODUCTION.with_name("strimzi.yaml")
ONE_WORKER = PRODUCTION.with_name("one-worker.yaml")
SECRETS = {"ledger": "postgresql://u:p@db/crossbook", "broker-password": "p", "password": "p"}
EVERYTHING = [
    "--set",
    "report.enabled=true,report.size=1Gi,exporter.enabled=true,reap.enabled=true,reap.market=BTC/USDT",
]


@pytest.mark.parametrize("values", EXAMPLES, ids=lambda file: file.name)
def test_everything_that_is_rendered_fits_the_schema_of_its_kind(values: Path) -> None:
    resources = rendered(*EVERYTHING, values=values)

    said = {f"{each['kind']}/{each['metadata']['name']}": faults(each) for each in resources}

    assert {name: wrong for name, wrong in said.items() if wrong} == {}
    unknown = {each["apiVersion"].partition("/")[0] for each in resources if faults(each) is None}
    assert unknown <= {
        "keda.sh",
        "monitoring.coreos.com",
        "external-secrets.io",
        "bitnami.com",
        "kafka.strimzi.io",
    }


@pytest.mark.parametrize(
    ("kind", "example"),
    [
        ("ScaledObject", PRODUCTION),
        ("TriggerAuthentication", PRODUCTION),
        ("ServiceMonitor", PRODUCTION),
        ("PrometheusRule", PRODUCTION),
        ("ExternalSecret", PRODUCTION),
        ("SealedSecret", STRIMZI),
    ],
    ids=lambda value: value if isinstance(value, str) else value.stem,
)
def test_what_operators_define_is_held_against_their_definitions(kind: str, example: Path) -> None:
    if kind not in {known for _, known in definitions()}:
        pytest.skip(f"no definition of {kind} here: `make cluster-tools` brings it")
    found = of_kind(rendered(values=example), kind)

    assert found
    assert [faults(each) for each in found] == [""] * len(found)
    assert faults({**found[0], "spec": {**found[0]["spec"], "unheardOf": 1}})


def test_each_stage_is_a_deployment_of_its_own() -> None:
    resources = rendered("--set", "workers.execute.replicas=3")

    stages = {
        each["metadata"]["name"]: (
            environment(resources, each["spec"]["template"]["spec"]["containers"][0], SECRETS)["CROSSBOOK_STAGES"],
            each["spec"]["replicas"],
        )
        for each in of_kind(resources, "Deployment")
    }

    assert stages == {
        "it-crossbook-decide": ("decide", 1),
        "it-crossbook-execute": ("execute", 3),
        "it-crossbook-account": ("account", 1),
    }


def test_stages_may_share_one_worker() -> None:
    resources = rendered(values=ONE_WORKER)

    (worker,) = of_kind(resources, "Deployment")
    container = worker["spec"]["template"]["spec"]["containers"][0]
    assert environment(resources, container, SECRETS)["CROSSBOOK_STAGES"] == "decide,execute,account"
    assert "replicas" not in worker["spec"], "KEDA's to say: an upgrade must not wake what sleeps"


# ---- confined


@pytest.mark.parametrize("values", EXAMPLES, ids=lambda file: file.name)
def test_no_pod_has_more_than_it_needs(values: Path) -> None:
    found = pods(rendered(*EVERYTHING, values=values))

    assert len(found) >= 6
    for name, pod in found.items():
        security = pod["securityContext"]
        assert security["runAsNonRoot"] is True, name
        assert min(security["runAsUser"], security["runAsGroup"], security["fsGroup"]) >= 1_000, name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is name.endswith("-reap"), "the one that scales Deployments"
        assert pod["enableServiceLinks"] is False, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod), name
        assert not [volume for volume in pod.get("volumes", []) if "hostPath" in volume], name


@pytest.mark.parametrize("values", EXAMPLES, ids=lambda file: file.name)
def test_no_container_can_write_but_where_it_must(values: Path) -> None:
    resources = rendered(*EVERYTHING, values=values)
    for name, container in containers(resources).items():
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        }, name
        writable = {mount["mountPath"] for mount in container.get("volumeMounts", []) if not mount.get("readOnly")}
        assert writable <= {"/var/lib/crossbook", "/tmp", "/reports"}, name  # noqa: S108 the pod's own
        assert set(container["resources"]) == {"requests", "limits"}, name


def test_only_who_needs_the_database_or_venues_may_reach_them() -> None:
    resources = rendered("--set", "report.enabled=true,report.size=1Gi", values=PRODUCTION)

    def reached(policy: dict[str, Any]) -> set[int]:
        return {port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]}

    found = {
        policy["metadata"]["name"].removeprefix("it-crossbook-"): reached(policy)
        for policy in of_kind(resources, "NetworkPolicy")
    }

    otlp, dns, kafka, database, https, metrics = 4318, 53, 9093, 5432, 443, 9464
    assert found == {
        "decide": {dns, kafka, otlp},
        "decide-majors": {dns, kafka, otlp},
        "execute": {dns, kafka, https, otlp},
        "account": {dns, kafka, database, otlp},
        "exporter": {dns, kafka, otlp},
        "report": {dns, database},
        "migrations": {dns, database},
        "test": {dns, kafka, database, metrics},
    }


def test_on_paper_nobody_speaks_to_a_venue() -> None:
    policies = of_kind(rendered(), "NetworkPolicy")

    assert 443 not in {
        port["port"] for policy in policies for rule in policy["spec"]["egress"] for port in rule["ports"]
    }


def test_every_pod_has_a_policy_and_nothing_comes_in_but_scrapes() -> None:
    resources = rendered(*EVERYTHING)
    policies = of_kind(resources, "NetworkPolicy")

    covered = {each["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for each in policies}
    assert covered == {"decide", "execute", "account", "exporter", "report", "migrations", "reap", "test"}
    for policy in policies:
        assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
        for rule in policy["spec"].get("ingress", []):
            assert rule["ports"] == [{"port": "metrics", "protocol": "TCP"}]
            assert rule["from"]


# ---- secrets


def test_secrets_come_by_reference_and_must_be_there() -> None:
    found = containers(rendered(*EVERYTHING, values=PRODUCTION))

    for name, container in found.items():
        variables = {each["name"]: each for each in container.get("env", [])}
        if name.endswith("/ready"):  # it asks workers how they are, and knows no secret
            assert not variables
            continue
        reference = variables["CROSSBOOK_LEDGER"]["valueFrom"]["secretKeyRef"]
        assert (reference["key"], reference.get("optional", False)) == ("ledger", False), name
        assert "value" not in variables.get("CROSSBOOK_BROKER_PASSWORD", {}), name


@pytest.mark.parametrize("value", ["", None])
def test_a_secret_that_holds_nothing_stops_the_pod_with_one_line(value: str | None) -> None:
    container = containers(rendered())["Deployment/it-crossbook-account/worker"]

    done = subprocess.run(  # noqa: S603 what the container runs
        [*container["command"], "echo", "it ran"],
        env={} if value is None else {"CROSSBOOK_LEDGER": value},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert done.stdout == ""
    assert "key ledger of Secret crossbook holds nothing" in done.stderr
    assert done.stderr.count("\n") == 1


def test_with_its_secret_the_command_runs_in_place_of_the_shell() -> None:
    container = containers(rendered())["Deployment/it-crossbook-account/worker"]

    done = subprocess.run(  # noqa: S603
        [*container["command"], "sh", "-c", "ps -o comm= -p $$ 2>/dev/null || echo sh"],
        env={"CROSSBOOK_LEDGER": "x", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "sh"


def test_external_secrets_are_asked_for_by_key() -> None:
    (secret,) = of_kind(rendered(values=PRODUCTION), "ExternalSecret")

    assert secret["spec"]["target"]["name"] == "it-crossbook"
    assert [row["secretKey"] for row in secret["spec"]["data"]] == ["broker-password", "ledger"]


@pytest.mark.parametrize(
    ("values", "hook"),
    [
        (PRODUCTION.with_name("minimal.yaml"), "pre-install,pre-upgrade"),
        (PRODUCTION, "post-install,pre-upgrade"),  # before it, the operator that makes the Secret has nothing to make
        (STRIMZI, "post-install,pre-upgrade"),
    ],
    ids=["existing", "external", "sealed"],
)
def test_migrations_run_once_their_secret_can_be_there(values: Path, hook: str) -> None:
    resources = rendered(values=values)
    job = named(resources, "Job", "it-crossbook-migrations")
    policy = named(resources, "NetworkPolicy", "it-crossbook-migrations")

    assert job["metadata"]["annotations"]["helm.sh/hook"] == policy["metadata"]["annotations"]["helm.sh/hook"] == hook
    pod = job["spec"]["template"]["spec"]
    assert "serviceAccountName" not in pod, "it would not be there yet"
    assert "envFrom" not in pod["containers"][0], "nor would the settings"


# ---- looked at


def test_workers_are_probed_by_their_own_health() -> None:
    found = {name: each for name, each in containers(rendered(*EVERYTHING)).items() if name.startswith("Deployment/")}

    assert len(found) == 4
    for name, container in found.items():
        asked = {
            kind: (container[f"{kind}Probe"]["httpGet"]["path"], container[f"{kind}Probe"]["httpGet"]["port"])
            for kind in ("startup", "liveness", "readiness")
        }
        assert asked == {
            "startup": ("/healthz", "metrics"),
            "liveness": ("/healthz", "metrics"),
            "readiness": ("/readyz", "metrics"),
        }, name
        assert container["ports"] == [{"name": "metrics", "containerPort": 9464}], name
        patience = container["startupProbe"]["periodSeconds"] * container["startupProbe"]["failureThreshold"]
        assert patience >= 300, "recovery may take minutes"


def test_a_worker_has_time_to_come_to_rest_and_one_leaves_before_one_comes() -> None:
    for worker in of_kind(rendered(), "Deployment"):
        assert worker["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] >= 30
        assert worker["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}


def test_a_change_of_settings_restarts_workers_and_a_change_of_labels_does_not() -> None:
    def template_of(*flags: str) -> Any:
        return named(rendered(*flags), "Deployment", "it-crossbook-decide")["spec"]["template"]

    assert template_of() != template_of("--set", "settings.max_age_ms=2000")
    assert template_of() != template_of("--set", "venues=[venues.other]")
    assert template_of() == template_of("--set", "monitoring.serviceMonitor.enabled=true")


def test_every_worker_is_spread_budgeted_and_selected_by_its_own_labels() -> None:
    resources = rendered(values=PRODUCTION)
    workers = [each for each in of_kind(resources, "Deployment") if "exporter" not in each["metadata"]["name"]]
    assert len(workers) == 4

    for worker in workers:
        name, labels = worker["metadata"]["name"], worker["spec"]["template"]["metadata"]["labels"]
        selected = worker["spec"]["selector"]["matchLabels"]
        assert selected.items() <= labels.items()
        assert named(resources, "PodDisruptionBudget", name)["spec"]["selector"]["matchLabels"] == selected
        assert named(resources, "Service", name)["spec"]["selector"] == selected
        spread = worker["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert [each["topologyKey"] for each in spread] == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
        assert all(each["labelSelector"]["matchLabels"] == selected for each in spread)
    selectors = [str(worker["spec"]["selector"]) for worker in workers]
    assert len(set(selectors)) == len(selectors)


def test_names_stay_within_what_kubernetes_takes() -> None:
    long = "a-release-with-a-name-that-is-fifty-three-letters-long"[:53]
    resources = rendered("--set", f"fullnameOverride={long[:40]}", *EVERYTHING, values=PRODUCTION)

    for each in resources:
        assert len(each["metadata"]["name"]) <= (52 if each["kind"] == "CronJob" else 63)
        assert each["metadata"]["labels"]["app.kubernetes.io/name"] == "crossbook"


def test_what_the_service_monitor_selects_has_the_port_it_names() -> None:
    resources = rendered(values=PRODUCTION)
    (monitor,) = of_kind(resources, "ServiceMonitor")

    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    services = [each for each in of_kind(resources, "Service") if wanted <= each["metadata"]["labels"].items()]

    assert len(services) == 5
    assert {port["name"] for each in services for port in each["spec"]["ports"]} == {"metrics"}
    assert [endpoint["port"] for endpoint in monitor["spec"]["endpoints"]] == ["metrics"]


def test_dashboards_are_found_by_the_sidecar() -> None:
    boards = [each for each in of_kind(rendered(values=PRODUCTION), "ConfigMap") if "grafana" in str(each["metadata"])]

    assert all(each["metadata"]["labels"]["grafana_dashboard"] == "1" for each in boards)
    assert all(len(str(each["data"])) < 1_000_000 for each in boards), "a ConfigMap holds a MiB"


# ---- scaled


def topology(**changes: str) -> dict[str, tuple[str, list[str]]]:
    """Stage -> its group, and the topics it consumes, by the program itself."""
    settings = load(venue_names=("a", "b"), fee_bps="0", unlimited_funds=True, **changes)
    return {
        stage.name: (group(stage, settings), sorted(channel.topic(settings) for channel in stage.consumes))
        for stage in stages_of(settings)
    }


def test_keda_looks_at_the_topics_and_groups_of_the_topology() -> None:
    scaled = {
        each["metadata"]["name"].removeprefix("it-crossbook-"): each["spec"]["triggers"]
        for each in of_kind(rendered(values=PRODUCTION), "ScaledObject")
    }

    looked_at = {
        name: (
            {each["metadata"]["consumerGroup"] for each in triggers},
            [each["metadata"]["topic"] for each in triggers],
        )
        for name, triggers in scaled.items()
    }

    for name, (consumers, topics) in looked_at.items():
        changes = {"decide_source": "order_books.majors"} if name == "decide-majors" else {}
        wanted_group, wanted_topics = topology(**changes)[name.partition("-")[0]]
        assert (consumers, sorted(topics)) == ({wanted_group}, wanted_topics), name


def test_a_bot_of_one_worker_wakes_by_the_market_and_sleeps_when_all_is_done() -> None:
    (scaled,) = of_kind(rendered(values=ONE_WORKER), "ScaledObject")

    spec = scaled["spec"]
    assert (spec["minReplicaCount"], spec["maxReplicaCount"], spec["cooldownPeriod"]) == (0, 1, 900)
    assert {each["metadata"]["topic"] for each in spec["triggers"]} >= {"btc-usdt.market_data", "btc-usdt.trade_orders"}
    assert len({each["name"] for each in spec["triggers"]}) == len(spec["triggers"]) == 8


def test_keda_asks_kafka_as_workers_do() -> None:
    resources = rendered(values=PRODUCTION)
    metadata = of_kind(resources, "ScaledObject")[0]["spec"]["triggers"][0]["metadata"]
    (credentials,) = of_kind(resources, "TriggerAuthentication")

    settings = named(resources, "ConfigMap", "it-crossbook-settings")["data"]
    assert f"kafka://{metadata['bootstrapServers']}" == settings["CROSSBOOK_BROKER"]
    assert (metadata["sasl"], metadata["tls"]) == ("scram_sha512", "enable")
    assert credentials["spec"]["configMapTargetRef"][0]["key"] in settings
    assert [each["parameter"] for each in credentials["spec"]["secretTargetRef"]] == ["password", "ca"]
    plain = of_kind(rendered(values=ONE_WORKER), "ScaledObject")[0]["spec"]["triggers"][0]
    assert "sasl" not in plain["metadata"]  # KEDA refuses its own default where it is written out
    assert plain["metadata"]["tls"] == "disable"
    assert "authenticationRef" not in plain


def test_a_broker_of_a_public_authority_needs_no_credentials_of_kedas() -> None:
    resources = rendered("--set", "kafka.securityProtocol=SSL", values=ONE_WORKER)

    triggers = of_kind(resources, "ScaledObject")[0]["spec"]["triggers"]
    assert {each["metadata"]["tls"] for each in triggers} == {"enable"}
    assert not [each for each in triggers if "authenticationRef" in each]
    assert not of_kind(resources, "TriggerAuthentication")


def test_replicas_by_processor_leave_the_deployment_without_a_number() -> None:
    resources = rendered(values=STRIMZI)

    assert len(of_kind(resources, "HorizontalPodAutoscaler")) == 3
    assert not [each for each in of_kind(resources, "Deployment") if "replicas" in each["spec"]]


def test_replicas_by_lag_ask_for_the_stages_own() -> None:
    resources = rendered("--set", "autoscaling.hpa.lag.metric=crossbook_channel_lag_messages", values=STRIMZI)

    metrics = named(resources, "HorizontalPodAutoscaler", "it-crossbook-execute")["spec"]["metrics"]
    assert [each["type"] for each in metrics] == ["Resource", "External"]
    assert metrics[1]["external"]["metric"]["selector"] == {"matchLabels": {"stage": "execute"}}


def test_strimzis_user_may_touch_the_channels_of_its_namespace_alone() -> None:
    resources = rendered(values=STRIMZI)
    (user,) = of_kind(resources, "KafkaUser")

    names = [acl["resource"]["name"] for acl in user["spec"]["authorization"]["acls"]]
    patterns = {acl["resource"]["patternType"] for acl in user["spec"]["authorization"]["acls"]}
    assert (names, patterns) == (["crossbook.", "crossbook."], {"prefix"})
    for consumers, topics in topology().values():
        assert all(name.startswith("crossbook.") for name in (consumers, *topics))
    worker = containers(resources)["Deployment/it-crossbook-decide/worker"]
    password = next(each for each in worker["env"] if each["name"] == "CROSSBOOK_BROKER_PASSWORD")
    assert password["valueFrom"]["secretKeyRef"] == {"name": user["metadata"]["name"], "key": "password"}


@pytest.mark.parametrize(
    ("served", "version"), [(["v1"], "v1"), (["v1", "v1beta2"], "v1"), (["v1beta2"], "v1beta2"), ([], "v1")]
)
def test_strimzis_resources_are_of_a_version_that_the_cluster_serves(served: list[str], version: str) -> None:
    flags = [f"--api-versions=kafka.strimzi.io/{each}" for each in served]

    made = [each for each in rendered(*flags, values=STRIMZI) if each["kind"].startswith("Kafka")]

    assert {each["apiVersion"] for each in made} == {f"kafka.strimzi.io/{version}"}
    assert {each["kind"] for each in made} == {"Kafka", "KafkaNodePool", "KafkaUser"}


# ---- true to the program


@pytest.mark.parametrize("values", EXAMPLES, ids=lambda file: file.name)
def test_the_program_can_read_the_settings_that_a_worker_gets(
    values: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resources = rendered(*EVERYTHING, values=values)
    files = named(resources, "ConfigMap", "it-crossbook-files")["data"]
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    for name, container in containers(resources).items():
        if name.endswith("/ready"):
            continue
        for variable, value in environment(resources, container, SECRETS).items():
            monkeypatch.setenv(variable, value)
            assert not variable.startswith("CROSSBOOK_") or variable == "CROSSBOOK_CONFIG" or known(variable), variable

        settings = load()

        assert settings.ledger_url == SECRETS["ledger"]
    assert (settings.metrics_host, settings.metrics_port) == ("0.0.0.0", 9464)  # noqa: S104 as it should be, in a pod
    assert load_profiles(tmp_path / "venues.toml")
    assert load_rules(tmp_path / "routing.toml" if "routing.toml" in files else None)


def known(variable: str) -> bool:
    return variable.removeprefix("CROSSBOOK_").lower() in Settings.model_fields


def test_every_command_that_a_pod_runs_is_one() -> None:
    if not cli.app.registered_commands:
        cli._load()
    calls = []
    for container in containers(rendered(*EVERYTHING)).values():
        words = [str(word) for word in [*container["command"], *container.get("args", [])]]
        words = words[4:] if words[0] == "/bin/sh" else words
        if words[:2] == ["sh", "-ec"]:
            words = shlex.split(words[2].removeprefix("exec ").replace('"$(date -u -d yesterday +%F)"', "2026-11-20"))
        calls += [words[1:]] if words[:1] == ["crossbook"] else []

    assert {words[0] for words in calls} == {"report", "exporter", "doctor", "bots", "ledger"}
    for words in calls:
        command: Any = get_command(cli.app)
        while isinstance(command, TyperGroup):
            command = command.commands[words.pop(0)]
        command.make_context("crossbook", words)


def test_a_worker_is_started_as_everywhere() -> None:
    container = containers(rendered())["Deployment/it-crossbook-decide/worker"]

    assert " ".join(container["args"]) == "faust -A app.main -L uvloop worker -l info"
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    assert " ".join(container["args"]) in readme


def test_yesterday_is_a_utc_day() -> None:
    """The report's container has Debian's date."""
    done = subprocess.run(["date", "-u", "-d", "yesterday", "+%F"], capture_output=True, text=True, check=True)  # noqa: S607

    assert len(done.stdout.strip()) == len("2026-11-20")
