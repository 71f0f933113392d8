"""`make cluster-tools`: the programs of a Kubernetes cluster, built from their sources once, kept outside git.

Versions and checksums stand in tests/cluster/go/*/go.mod and go.sum; a program is built again when its own change.
Every program lands by one rename and is written down after that, so that what is written down is whole. Without Docker
or a package of them, this is how a real API server, its controllers, Helm and KEDA come to a machine that has Go.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.broker.locks import exclusive

PROJECT = Path(__file__).parents[2]
SOURCES = Path(__file__).parent / "go"
HOME = PROJECT / ".crossbook" / "tools"
BIN = HOME / "bin"
CRDS = HOME / "crds"
_WRITTEN_DOWN = HOME / "built.json"
_OLDEST_GO = (1, 25)
_BUILD_TIMEOUT_S = 3_600.0
_VERSION = "k8s.io/component-base/version"


@dataclass(frozen=True)
class Program:
    """One executable: built in the folder of `module` under tests/cluster/go."""

    name: str
    module: str
    package: str
    link: str = ""
    """More for the linker: Kubernetes' version, without which Helm and kubectl cannot parse what the server says."""

    def digest(self) -> str:
        """Of everything that it is made of."""
        return _digest(self.module, self.package, self.link)


@dataclass(frozen=True)
class Definitions:
    """Custom resource definitions that lie in a Go module, copied as they are."""

    name: str
    module: str
    source: str
    """The Go module's path."""
    patterns: tuple[str, ...]

    def digest(self) -> str:
        return _digest(self.module, self.source, *self.patterns)


_HELM = (  # as its own Makefile links it: without, it takes itself for one of Kubernetes 1.20
    "-X helm.sh/helm/v3/internal/version.version=v3.18.6 "
    + " ".join(
        f"-X helm.sh/helm/v3/pkg/{package}.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/{package}.k8sVersionMinor=33"
        for package in ("lint/rules", "chartutil")
    )
)
_KUBERNETES = f"-X {_VERSION}.gitVersion=v1.35.4 -X {_VERSION}.gitMajor=1 -X {_VERSION}.gitMinor=35"

PROGRAMS = (
    Program("etcd", "etcd", "go.etcd.io/etcd/server/v3"),
    Program("kube-apiserver", "kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver", _KUBERNETES),
    Program("kube-controller-manager", "kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager", _KUBERNETES),
    Program("kube-scheduler", "kubernetes", "k8s.io/kubernetes/cmd/kube-scheduler", _KUBERNETES),
    Program("kubectl", "kubernetes", "k8s.io/kubernetes/cmd/kubectl", _KUBERNETES),
    Program("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok"),
    Program("helm", "helm", "helm.sh/helm/v3/cmd/helm", _HELM),
    Program("kubeconform", "kubeconform", "github.com/yannh/kubeconform/cmd/kubeconform"),
    Program("keda", "keda", "github.com/kedacore/keda/v2/cmd/operator"),
)
DEFINITIONS = (
    Definitions("keda", "keda", "github.com/kedacore/keda/v2", ("config/crd/bases/*.yaml",)),
    Definitions(
        "prometheus-operator",
        "prometheus-operator",
        "github.com/prometheus-operator/prometheus-operator",
        tuple(
            f"example/prometheus-operator-crd/monitoring.coreos.com_{kind}.yaml"
            for kind in ("servicemonitors", "podmonitors", "prometheusrules")
        ),
    ),
    Definitions(
        "external-secrets",
        "secrets",
        "github.com/external-secrets/external-secrets",
        ("config/crds/bases/external-secrets.io_externalsecrets.yaml",),
    ),
    Definitions(
        "sealed-secrets",
        "secrets",
        "github.com/bitnami-labs/sealed-secrets",
        ("helm/sealed-secrets/crds/bitnami.com_sealedsecrets.yaml",),
    ),
)


class CannotBuild(Exception):
    """Why, in one line and what to do."""


def missing() -> list[str]:
    """Names of what is not there as the sources say; empty when a cluster can be started."""
    known = _written_down()
    return [each.name for each in (*PROGRAMS, *DEFINITIONS) if not _is_there(each, known)]


def build() -> None:
    """Builds what is missing, one after the other, and says what it does. Raises CannotBuild."""
    HOME.mkdir(parents=True, exist_ok=True)
    with exclusive(HOME / "build.lock", _BUILD_TIMEOUT_S):
        known = _written_down()
        wanted = [each for each in (*PROGRAMS, *DEFINITIONS) if not _is_there(each, known)]
        if not wanted:
            print(f"cluster tools: all {len(PROGRAMS)} programs are in {BIN}", flush=True)
            return
        go = _go()
        BIN.mkdir(exist_ok=True)
        for number, each in enumerate(wanted, 1):
            print(f"cluster tools: [{number}/{len(wanted)}] {each.name} ...", end=" ", flush=True)
            began = time.monotonic()
            size = _compile(go, each) if isinstance(each, Program) else _copy(go, each)
            known[_key(each)] = each.digest()
            fresh = _WRITTEN_DOWN.with_suffix(".new")
            fresh.write_text(json.dumps(known, indent=1))
            fresh.replace(_WRITTEN_DOWN)
            print(f"{time.monotonic() - began:.0f} s, {size / 1e6:.1f} MB", flush=True)


def _compile(go: str, program: Program) -> int:
    target = BIN / program.name
    fresh = target.with_suffix(".new")
    link = f"-s -w {program.link}".strip()
    flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", f"-ldflags={link}", "-o", str(fresh)]
    _run([go, "build", *flags, program.package], program.module)
    fresh.replace(target)
    return target.stat().st_size


def _copy(go: str, definitions: Definitions) -> int:
    _run([go, "mod", "download", definitions.source], definitions.module)
    folder = Path(_run([go, "list", "-m", "-f", "{{.Dir}}", definitions.source], definitions.module).strip())
    found = {pattern: sorted(folder.glob(pattern)) for pattern in definitions.patterns}
    for pattern, files in found.items():
        if not files:
            raise CannotBuild(f"{definitions.source} has no {pattern}: has the module been rearranged?")
    target, fresh = CRDS / definitions.name, CRDS / f"{definitions.name}.new"
    for stale in (fresh, target):
        shutil.rmtree(stale, ignore_errors=True)
    fresh.mkdir(parents=True)
    for files in found.values():
        for file in files:
            (fresh / file.name).write_bytes(file.read_bytes())  # the module cache is read-only, a copy should not be
    fresh.rename(target)
    return sum(file.stat().st_size for file in target.iterdir())


def _run(command: list[str], module: str) -> str:
    done = subprocess.run(  # noqa: S603 our own list
        command,
        cwd=SOURCES / module,
        env={**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"},
        capture_output=True,
        text=True,
        timeout=_BUILD_TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        print("failed", flush=True)
        raise CannotBuild(f"`{' '.join(command)}` in {SOURCES / module} failed:\n{done.stderr.strip()[-2_000:]}")
    return done.stdout


def _go() -> str:
    found = shutil.which("go")
    wanted = ".".join(str(part) for part in _OLDEST_GO)
    if found is None:
        raise CannotBuild(
            f"Go is missing: install {wanted} or newer. Without these programs the tests on a real API server skip"
        )
    said = subprocess.run(  # noqa: S603 our own list
        [found, "env", "GOVERSION"], capture_output=True, text=True, check=False
    ).stdout.strip()
    version = tuple(int(part) for part in said.removeprefix("go").split(".")[:2] if part.isdecimal())
    if version < _OLDEST_GO:
        raise CannotBuild(f"{found} is {said or 'of no version'}: install Go {wanted} or newer")
    return found


def _is_there(each: Program | Definitions, known: dict[str, str]) -> bool:
    place = BIN / each.name if isinstance(each, Program) else CRDS / each.name
    return place.exists() and known.get(_key(each)) == each.digest()


def _key(each: Program | Definitions) -> str:
    return f"{'bin' if isinstance(each, Program) else 'crds'}/{each.name}"


def _written_down() -> dict[str, str]:
    try:
        found = json.loads(_WRITTEN_DOWN.read_text())
        return {str(name): str(digest) for name, digest in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _digest(module: str, *words: str) -> str:
    return hashlib.sha256(b"\0".join([*_sources(module), *(word.encode() for word in words)])).hexdigest()


def _sources(module: str) -> Iterator[bytes]:
    for name in ("go.mod", "go.sum"):
        file = SOURCES / module / name
        yield file.read_bytes() if file.is_file() else b""


def main() -> int:
    try:
        build()
    except CannotBuild as error:
        print(f"cluster tools: {error}", file=sys.stderr)
        return 4
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
