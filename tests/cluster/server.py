"""A real Kubernetes cluster on loopback, without Docker: what runs on its one node is made up, all the rest is not.

etcd, kube-apiserver, kube-controller-manager and kube-scheduler are Kubernetes' own; kwok stands for the node and says
of each pod that it runs (nothing runs in it). Ports are free ones, credentials are made anew, and every process ends
with the one that started it, however that dies (app/broker/launch.py says how).
"""

import json
import os
import random
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from app.broker import launch
from app.broker.ports import FIRST, LAST, is_free
from app.broker.process import BrokerProcess
from tests.cluster import credentials
from tests.cluster.tools import BIN, CRDS

PATIENCE_S = 60.0
NODE = "made-up"
SAID = ("[worker] recovered", "[worker] ready")
"""What every pod says."""
_ENV = "/usr/bin/env"
_DEFAULT_ACCOUNT = "/api/v1/namespaces/default/serviceaccounts/default"


class Cluster:
    """`with Cluster(folder) as cluster`: up once the node is ready and the custom resources are served."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.kubeconfig = folder / "kubeconfig"
        self.seconds: dict[str, float] = {}
        """How long each part took to be ready."""
        self._stack = ExitStack()
        self._running: dict[str, BrokerProcess] = {}
        self._ports = _free_ports()
        self._secret = credentials.make(folder / "credentials")
        self.url = f"https://127.0.0.1:{next(self._ports)}"
        self._tls = ssl.create_default_context(cafile=self._secret.authority)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._stack = stack
            self.log.mkdir(parents=True, exist_ok=True)
            self._write_kubeconfig()
            self._apiserver(self._etcd())
            self._controllers()
            self._node()
            self._custom_resources()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    @property
    def authority(self) -> Path:
        """Certificate of whoever signed the server's."""
        return self._secret.authority

    def environment(self, **more: str) -> dict[str, str]:
        """What a program needs to find this cluster, and Helm to leave the user's own folders alone."""
        helm = {f"HELM_{name}_HOME": str(self.folder / "helm" / name.lower()) for name in ("CACHE", "CONFIG", "DATA")}
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, **helm, "KUBECONFIG": str(self.kubeconfig), "PATH": path, **more}

    def kubectl(self, *arguments: str, given: str | None = None) -> str:
        return self._program("kubectl", *arguments, given=given)

    def helm(self, *arguments: str) -> str:
        return self._program("helm", *arguments)

    def get(self, path: str) -> Any:
        """The object or list at this path of the API; None where there is none."""
        return self.request("GET", path)

    def request(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Any:
        asked = urllib.request.Request(  # noqa: S310 - loopback
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._secret.token}", "Content-Type": kind},
        )
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                with urllib.request.urlopen(asked, context=self._tls, timeout=10) as answer:  # noqa: S310 - loopback
                    return json.loads(answer.read())
            except urllib.error.HTTPError as error:
                if error.code == 404:
                    return None
                if error.code != 429 or time.monotonic() > deadline:
                    raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()}") from None
            time.sleep(0.2)  # 429: the server wants a moment, as for the store of a new custom resource

    def namespace(self, name: str) -> str:
        """Makes a namespace of that name."""
        self.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        return name

    def keda(self) -> None:
        """Starts KEDA's operator; it watches every namespace, and ends with the cluster."""
        began = time.monotonic()
        self.namespace("keda")
        health, metrics, service = (next(self._ports) for _ in range(3))
        self._start(
            "keda",
            "--leader-elect=false",
            "--enable-cert-rotation=false",
            f"--cert-dir={self._secret.folder}",
            f"--ca-dir={self._secret.folder}",
            f"--kubeconfig={self.kubeconfig}",
            f"--metrics-bind-address=127.0.0.1:{metrics}",
            f"--health-probe-bind-address=127.0.0.1:{health}",
            f"--metrics-service-bind-address=127.0.0.1:{service}",
            KEDA_CLUSTER_OBJECT_NAMESPACE="keda",
            POD_NAMESPACE="keda",
            POD_NAME="keda-operator",
            WATCH_NAMESPACE="",
            KUBERNETES_CLUSTER_DOMAIN="cluster.local",
        )
        self._until("KEDA's operator", lambda: _answers(f"http://127.0.0.1:{health}/readyz"))
        self.seconds["keda"] = time.monotonic() - began

    def _etcd(self) -> str:
        began = time.monotonic()
        client, peer = (f"http://127.0.0.1:{next(self._ports)}" for _ in range(2))
        self._start(
            "etcd",
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",  # it lives as long as the tests
        )
        self._until("etcd", lambda: _answers(f"{client}/health"))
        self.seconds["etcd"] = time.monotonic() - began
        return client

    def _apiserver(self, etcd: str) -> None:
        began = time.monotonic()
        secret = self._secret
        self._start(
            "kube-apiserver",
            f"--etcd-servers={etcd}",
            f"--secure-port={self.url.rpartition(':')[2]}",
            "--bind-address=127.0.0.1",
            "--advertise-address=10.0.0.1",  # told to pods, of which none runs; loopback is refused here
            "--endpoint-reconciler-type=none",
            f"--tls-cert-file={secret.certificate}",
            f"--tls-private-key-file={secret.key}",
            f"--client-ca-file={secret.authority}",
            f"--service-account-key-file={secret.key}",
            f"--service-account-signing-key-file={secret.key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--authorization-mode=RBAC",
            f"--token-auth-file={secret.tokens}",
            "--kubelet-preferred-address-types=InternalIP",
        )
        self._until("kube-apiserver", lambda: _answers(f"{self.url}/readyz", self._tls, secret.token))
        self.seconds["kube-apiserver"] = time.monotonic() - began

    def _controllers(self) -> None:
        for name, more in (
            (
                "kube-controller-manager",
                (
                    f"--service-account-private-key-file={self._secret.key}",
                    f"--root-ca-file={self._secret.authority}",
                ),
            ),
            ("kube-scheduler", ()),
        ):
            self._start(
                name,
                f"--kubeconfig={self.kubeconfig}",
                f"--authentication-kubeconfig={self.kubeconfig}",
                f"--authorization-kubeconfig={self.kubeconfig}",
                "--leader-elect=false",
                "--bind-address=127.0.0.1",
                f"--secure-port={next(self._ports)}",
                f"--cert-dir={self.folder / name}",
                *more,
            )

    def _node(self) -> None:
        """One node, which kwok keeps ready; scheduling and `helm install --wait` then work as anywhere."""
        began = time.monotonic()
        self.request(
            "POST",
            "/api/v1/nodes",
            {
                "metadata": {
                    "name": NODE,
                    "annotations": {"kwok.x-k8s.io/node": "fake"},
                    "labels": {"kubernetes.io/hostname": NODE, "topology.kubernetes.io/zone": "here"},
                },
                "status": {
                    "capacity": {"cpu": "64", "memory": "256Gi", "pods": "110"},
                    "allocatable": {"cpu": "64", "memory": "256Gi", "pods": "110"},
                },
            },
        )
        said = self.folder / "said"
        said.write_text("".join(f"2026-11-20T12:00:00.000000000Z stdout F {line}\n" for line in SAID))
        config = self.folder / "said.json"
        config.write_text(
            json.dumps(
                {
                    "apiVersion": "kwok.x-k8s.io/v1alpha1",
                    "kind": "ClusterLogs",
                    "metadata": {"name": "all"},
                    "spec": {"logs": [{"logsFile": str(said)}]},
                }
            )
        )
        port = next(self._ports)
        self._start(
            "kwok",
            f"--config={config}",
            f"--kubeconfig={self.kubeconfig}",
            "--manage-all-nodes=true",
            "--node-ip=127.0.0.1",  # where the API server asks for logs
            f"--node-port={port}",
            f"--server-address=127.0.0.1:{port}",
            f"--tls-cert-file={self._secret.certificate}",
            f"--tls-private-key-file={self._secret.key}",
        )
        self._until("the node", self._is_ready)
        self._until("the default service account", lambda: self.get(_DEFAULT_ACCOUNT) is not None)
        self.seconds["node"] = time.monotonic() - began

    def _is_ready(self) -> bool:
        node = self.get(f"/api/v1/nodes/{NODE}") or {}
        said = node.get("status", {}).get("conditions", [])
        return any(each["type"] == "Ready" and each["status"] == "True" for each in said) and not node["spec"].get(
            "taints"
        )

    def _custom_resources(self) -> None:
        began = time.monotonic()
        folders = [f"--filename={folder}" for folder in sorted(CRDS.iterdir())]
        self.kubectl("apply", "--server-side", *folders)
        self.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
        self.seconds["custom resources"] = time.monotonic() - began

    def _write_kubeconfig(self) -> None:
        self.kubeconfig.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "test",
                    "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
                    "users": [{"name": "admin", "user": {"token": self._secret.token}}],
                    "clusters": [
                        {
                            "name": "test",
                            "cluster": {"server": self.url, "certificate-authority": str(self._secret.authority)},
                        }
                    ],
                }
            )
        )
        self.kubeconfig.chmod(0o600)

    def _start(self, name: str, *arguments: str, **environment: str) -> None:
        facts = {"keeper": os.getpid(), "keeper_born": launch.birth(os.getpid())}
        process = BrokerProcess(
            [_ENV, *(f"{variable}={value}" for variable, value in environment.items()), str(BIN / name), *arguments],
            state_file=self.folder / f"{name}.json",
            facts=json.dumps(facts),
            console=self.log / name,
            guarded=True,
        )
        self._running[name] = process
        self._stack.callback(process.end, 3.0)

    def _until(self, what: str, ready: Callable[[], bool]) -> None:
        until(
            ready,
            PATIENCE_S,
            lambda: f"{what} is not ready; {self._last_words()}",
            every=0.05,
            unless=lambda: any(process.ended() for process in self._running.values()),
        )

    def _last_words(self) -> str:
        ended = [name for name, process in self._running.items() if process.ended()] or list(self._running)
        return "\n".join(f"{name} said:\n{(self.log / name).read_text(errors='replace')[-2_000:]}" for name in ended)

    def _program(self, name: str, *arguments: str, given: str | None = None) -> str:
        done = subprocess.run(  # noqa: S603 our own list
            [str(BIN / name), *arguments],
            env=self.environment(),
            input=given,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{name} {' '.join(arguments)}: {done.stderr or done.stdout}"
        return done.stdout


def until(
    true: Callable[[], Any],
    patience_s: float,
    why: Callable[[], str],
    *,
    every: float = 0.2,
    unless: Callable[[], bool] = lambda: False,
) -> Any:
    """The first answer of `true` that is; fails with `why` after `patience_s` seconds, or as soon as `unless` is."""
    deadline = time.monotonic() + patience_s
    while not (found := true()):
        if time.monotonic() > deadline or unless():
            raise AssertionError(why())
        time.sleep(every)
    return found


def stays(true: Callable[[], Any], seconds: float) -> None:
    """Fails as soon as `true` is not, within so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert true()
        time.sleep(0.2)


def _answers(url: str, tls: ssl.SSLContext | None = None, token: str = "") -> bool:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    asked = urllib.request.Request(url, headers=headers)  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(asked, context=tls, timeout=2) as answer:  # noqa: S310 - loopback
            return int(answer.status) == 200
    except (OSError, urllib.error.URLError):
        return False


def _free_ports() -> Iterator[int]:
    tried: Sequence[int] = random.sample(range(FIRST, LAST), LAST - FIRST)
    yield from (port for port in tried if is_free(port))
