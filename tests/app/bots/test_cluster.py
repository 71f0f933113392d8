"""The two ways to a cluster, where nobody is at the other end. tests/cluster has those where somebody is."""

from pathlib import Path

import pytest

from app.bots import cluster
from app.bots.cluster import ByKubectl, FromInside, items, reached
from app.domain.errors import ConfigurationError, NotFound, NotRunning
from app.settings import Settings
from tests.cluster import credentials


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a pod finds of its service account."""
    folder = tmp_path / "account"
    made = credentials.make(folder)
    (folder / "token").write_text(made.token)
    (folder / "namespace").write_text("trading\n")
    monkeypatch.setattr(cluster, "_ACCOUNT", folder)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    return folder


def program(tmp_path: Path, script: str) -> str:
    file = tmp_path / "kubectl"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(file)


def test_in_a_pod_its_own_account_leads_to_the_cluster(account, monkeypatch):
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "9")

    found = reached(Settings(kubectl="/nowhere/kubectl"))

    assert isinstance(found, FromInside)
    assert found.namespace == "trading"
    with pytest.raises(NotRunning, match=r"https://127\.0\.0\.1:9 does not answer"):
        found.look("/api")


def test_a_kubeconfig_comes_before_the_account_of_a_pod(account, monkeypatch, tmp_path):
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBECONFIG", "/somewhere")

    assert isinstance(reached(Settings(kubectl=program(tmp_path, "exit 1"))), ByKubectl)


def test_an_account_without_its_files_is_told(tmp_path):
    with pytest.raises(ConfigurationError, match="service account"):
        FromInside("https://127.0.0.1:9", tmp_path)


def test_the_namespace_is_that_of_the_kubeconfig_unless_it_is_given(tmp_path):
    assert ByKubectl(program(tmp_path, "echo trading")).namespace == "trading"
    assert ByKubectl(program(tmp_path, "echo trading"), "other").namespace == "other"
    assert ByKubectl(program(tmp_path, "exit 1")).namespace == "default"


def test_a_kind_that_the_cluster_does_not_know_has_no_objects(tmp_path):
    said = "echo 'Error from server (NotFound): the server could not find the requested resource' >&2; exit 1"

    assert items(ByKubectl(program(tmp_path, said), "x"), "/apis/keda.sh/v1alpha1/namespaces/x/scaledobjects") == []


def test_a_change_of_what_is_not_there_is_no_silent_success(tmp_path):
    said = "echo 'Error from server (NotFound): deployments.apps \"x\" not found' >&2; exit 1"

    with pytest.raises(NotFound):
        ByKubectl(program(tmp_path, said), "x").change("x", {})
