"""The chart on a real API server, by Helm: installed, upgraded, tested and uninstalled; what is wrong is refused."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.conftest import PROFILES, PROJECT
from tests.cluster.server import Cluster, until
from tests.cluster.tools import BIN

pytestmark = [pytest.mark.cluster]
CHART = str(PROJECT / "helm")
RELEASE = "crossbook"
OURS = f"labelSelector=app.kubernetes.io%2Finstance%3D{RELEASE}"
KINDS = (
    "/apis/apps/v1/namespaces/{}/deployments",
    "/api/v1/namespaces/{}/configmaps",
    "/api/v1/namespaces/{}/services",
    "/api/v1/namespaces/{}/serviceaccounts",
    "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
    "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
    "/apis/batch/v1/namespaces/{}/cronjobs",
    "/apis/batch/v1/namespaces/{}/jobs",
    "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
    "/apis/keda.sh/v1alpha1/namespaces/{}/scaledobjects",
    "/apis/monitoring.coreos.com/v1/namespaces/{}/servicemonitors",
    "/apis/monitoring.coreos.com/v1/namespaces/{}/prometheusrules",
)


def some(**more: Any) -> dict[str, Any]:
    """The least that the chart wants."""
    return {"venues": PROFILES, "kafka": {"url": "kafka://kafka:9092"}, "secrets": {"name": "ledger"}, **more}


def everything() -> dict[str, Any]:
    """All that is switched off by default and that this cluster knows."""
    return some(
        autoscaling={"kind": "keda"},
        report={"enabled": True, "size": "1Gi"},
        reap={"enabled": True, "market": "BTC/USDT"},
        monitoring={
            "serviceMonitor": {"enabled": True},
            "rules": {"enabled": True},
            "dashboards": {"enabled": True},
        },
        networkPolicy={"venues": {"cidrs": ["0.0.0.0/0"]}},
    )


@pytest.fixture
def helm(cluster: Cluster, place: str, tmp_path: Path) -> Any:
    """`helm("upgrade", values)`: the release in the test's namespace."""

    def run(*arguments: str, values: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "values.json"
        file.write_text(json.dumps(values or {}))
        with_values = ["--values", str(file)] if values is not None else []
        return subprocess.run(  # noqa: S603 our own list
            [str(BIN / "helm"), *arguments, "--namespace", place, *with_values],
            env=cluster.environment(),
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    return run


def left(cluster: Cluster, place: str) -> list[str]:
    """Every object of the release, by kind and name."""
    return [
        f"{kind.rpartition('/')[2]}/{row['metadata']['name']}"
        for kind in KINDS
        for row in cluster.get(f"{kind.format(place)}?{OURS}")["items"]
    ]


def deployments(cluster: Cluster, place: str) -> dict[str, Any]:
    return {row["metadata"]["name"]: row for row in cluster.get(f"{KINDS[0].format(place)}?{OURS}")["items"]}


def ready(cluster: Cluster, place: str) -> list[int]:
    return [row["status"].get("readyReplicas", 0) for row in deployments(cluster, place).values()]


def test_the_chart_is_installed_upgraded_and_uninstalled(cluster: Cluster, place: str, helm, capsys) -> None:
    began = time.monotonic()
    done = helm("install", RELEASE, CHART, "--wait", "--timeout", "90s", values=some())

    assert done.returncode == 0, done.stderr
    assert set(deployments(cluster, place)) == {"crossbook-decide", "crossbook-execute", "crossbook-account"}
    until(lambda: ready(cluster, place) == [1, 1, 1], 60, lambda: f"ready: {ready(cluster, place)}")
    took = time.monotonic() - began

    done = helm("upgrade", RELEASE, CHART, "--wait", "--timeout", "90s", values=some(settings={"min_edge_bps": "5"}))

    assert done.returncode == 0, done.stderr
    changed = {row["metadata"]["name"]: row for row in cluster.get(f"{KINDS[0].format(place)}?{OURS}")["items"]}
    assert all(
        row["metadata"]["generation"] == 2 for row in changed.values()
    )  # settings are read at the start of a pod
    (settings,) = [
        row for row in cluster.get(f"{KINDS[1].format(place)}?{OURS}")["items"] if "CROSSBOOK_NAMESPACE" in row["data"]
    ]
    assert settings["data"]["CROSSBOOK_MIN_EDGE_BPS"] == "5"

    assert helm("uninstall", RELEASE, "--wait").returncode == 0
    assert left(cluster, place) == []
    with capsys.disabled():
        print(f"\nhelm install to three workers ready: {took:.1f} s")


def test_everything_that_can_be_switched_on_is_accepted_and_goes_again(cluster: Cluster, place: str, helm) -> None:
    done = helm("install", RELEASE, CHART, values=everything())

    assert done.returncode == 0, done.stderr
    kinds = {each.partition("/")[0] for each in left(cluster, place)}
    assert kinds >= {"deployments", "cronjobs", "scaledobjects", "servicemonitors", "networkpolicies", "roles"}
    assert helm("uninstall", RELEASE, "--wait").returncode == 0
    assert left(cluster, place) == []


def test_no_field_of_the_chart_is_unknown_to_the_server(cluster: Cluster, place: str, helm) -> None:
    """Helm lets an unknown field pass; asked to be strict, the server refuses it and names it."""
    rendered = helm("template", RELEASE, CHART, values=everything())
    assert rendered.returncode == 0, rendered.stderr

    cluster.kubectl(
        *("apply", "--dry-run=server", "--validate=strict", "--namespace", place, "--filename=-"), given=rendered.stdout
    )


@pytest.mark.parametrize(("phase", "code"), [("Succeeded", 0), ("Failed", 1)])
def test_helm_test_ends_as_its_pods_do(cluster: Cluster, place: str, helm, phase: str, code: int, capsys) -> None:
    """Nothing runs in a pod of a made-up node: how it ended is said in the kubelet's place. What those pods would run
    is tested where it can run, in tests/helm."""
    assert helm("install", RELEASE, CHART, "--wait", "--timeout", "90s", values=some()).returncode == 0
    running = subprocess.Popen(  # noqa: S603 our own list
        [str(BIN / "helm"), "test", RELEASE, "--namespace", place, "--timeout", "60s"],
        env=cluster.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    asked = set()
    pods = f"/api/v1/namespaces/{place}/pods"
    try:
        while running.poll() is None:
            for pod in cluster.get(f"{pods}?{OURS}%2Capp.kubernetes.io%2Fcomponent%3Dtest")["items"]:
                name = pod["metadata"]["name"]
                if "-test-" in name and pod["status"].get("phase") == "Running":
                    asked.add(name)
                    said = {"status": {"phase": phase}}
                    cluster.request("PATCH", f"{pods}/{name}/status", said, "application/merge-patch+json")
            time.sleep(0.2)
    finally:
        running.kill()
        running.wait()

    assert running.returncode == code
    assert asked >= {"crossbook-test-doctor"}
    with capsys.disabled():
        print(f"\nhelm test: {', '.join(sorted(asked))} said to have {phase.lower()}; nothing ran in them")


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"settings": {"partitions": 0}}, "/settings/partitions"),
        ({"settings": {"partitons": 4}}, "partitons"),
        ({"image": {"pullPolicy": "Sometimes"}}, "/image/pullPolicy"),
        ({"workers": {"decide": {"stages": ["decode"]}}}, "/workers/decide/stages"),
        ({"autoscaling": {"kind": "magic"}}, "/autoscaling/kind"),
    ],
)
def test_a_wrong_value_is_refused_with_its_path_and_nothing_is_installed(
    cluster: Cluster, place: str, helm, wrong: dict[str, Any], where: str
) -> None:
    done = helm("install", RELEASE, CHART, values=some(**wrong))

    assert done.returncode != 0
    assert where in done.stderr.replace(".", "/")
    assert left(cluster, place) == []
