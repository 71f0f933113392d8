"""The cluster as bots need it: a look at a path of its API, and a change of one Deployment.

Two ways there: kubectl where an operator sits, the pod's service account where `bots reap` runs as a CronJob.
"""

import json
import os
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Protocol

from app.bots import programs
from app.domain.errors import ConfigurationError, CrossbookError, NotFound, NotRunning
from app.settings import Settings

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_PATIENCE_S = 15.0


class Cluster(Protocol):
    @property
    def namespace(self) -> str:
        """Kubernetes' own, in which the bots are."""
        ...

    def look(self, path: str, timeout_s: float = _PATIENCE_S) -> str | None:
        """What the API answers at `path`; None where there is nothing. Raises NotRunning without a cluster."""
        ...

    def change(self, deployment: str, patch: dict[str, Any]) -> None:
        """A merge patch of a Deployment in `namespace`."""
        ...


def items(cluster: Cluster, path: str) -> list[dict[str, Any]]:
    """The objects of a list; none where the cluster does not know their kind."""
    said = cluster.look(path)
    rows: list[dict[str, Any]] = json.loads(said).get("items") or [] if said else []
    return rows


def reached(settings: Settings, namespace: str = "") -> Cluster:
    """The cluster of the kubeconfig; in a pod that has a service account and no kubeconfig, its own."""
    host = os.environ.get("KUBERNETES_SERVICE_HOST")
    if host and not os.environ.get("KUBECONFIG") and (_ACCOUNT / "token").is_file():
        port = os.environ.get("KUBERNETES_SERVICE_PORT", "443")
        return FromInside(f"https://{f'[{host}]' if ':' in host else host}:{port}", _ACCOUNT, namespace)
    return ByKubectl(settings.kubectl, namespace)


class ByKubectl:
    def __init__(self, program: str, namespace: str = "") -> None:
        self._kubectl = programs.found(program, "kubectl")
        self._namespace = namespace

    @property
    def namespace(self) -> str:
        if not self._namespace:
            view = [self._kubectl, "config", "view", "--minify", "-o", "jsonpath={..namespace}"]
            try:
                self._namespace = programs.run(view).strip() or "default"
            except CrossbookError:  # no kubeconfig at all: what is asked next says so better
                self._namespace = "default"
        return self._namespace

    def look(self, path: str, timeout_s: float = _PATIENCE_S) -> str | None:
        command = [self._kubectl, "get", "--raw", path, f"--request-timeout={timeout_s:g}s"]
        try:
            return programs.run(command, patience_s=timeout_s + 10)
        except NotFound:
            return None

    def change(self, deployment: str, patch: dict[str, Any]) -> None:
        what = ["patch", "deployment", deployment, "--namespace", self.namespace, "--type=merge"]
        programs.run([self._kubectl, *what, "--patch", json.dumps(patch)])


class FromInside:
    """By HTTP with the token that the cluster gave the pod; read anew each time, for it is changed while we run."""

    def __init__(self, url: str, account: Path, namespace: str = "") -> None:
        self._url = url
        self._account = account
        try:
            self._tls = ssl.create_default_context(cafile=account / "ca.crt")
            self._namespace = namespace or (account / "namespace").read_text().strip()
        except OSError as error:
            raise ConfigurationError(f"service account in {account}: {error}") from None

    @property
    def namespace(self) -> str:
        return self._namespace

    def look(self, path: str, timeout_s: float = _PATIENCE_S) -> str | None:
        return self._asked(urllib.request.Request(self._url + path), timeout_s)  # noqa: S310 - https

    def change(self, deployment: str, patch: dict[str, Any]) -> None:
        place = f"/apis/apps/v1/namespaces/{self.namespace}/deployments/{deployment}"
        kind = {"Content-Type": "application/merge-patch+json"}
        asked = urllib.request.Request(  # noqa: S310 - https
            self._url + place, method="PATCH", data=json.dumps(patch).encode(), headers=kind
        )
        if self._asked(asked, _PATIENCE_S) is None:
            raise NotFound(f"deployment {deployment} is not in {self.namespace}")

    def _asked(self, request: urllib.request.Request, timeout_s: float) -> str | None:
        try:
            request.add_header("Authorization", f"Bearer {(self._account / 'token').read_text().strip()}")
            with urllib.request.urlopen(request, context=self._tls, timeout=timeout_s) as answer:  # noqa: S310 - https
                text: str = answer.read().decode()
                return text
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise programs.failure(
                "the cluster's API", f"{error.code} {error.read().decode(errors='replace')}"
            ) from None
        except OSError as error:
            raise NotRunning(f"the cluster's API at {self._url} does not answer: {error}") from None
