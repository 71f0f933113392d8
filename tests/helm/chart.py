"""The chart as Helm renders it, and what a cluster would say of the result."""

import copy
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

PROJECT = Path(__file__).parents[2]
CHART = PROJECT / "helm"
TOOLS = PROJECT / ".crossbook" / "tools"
EXAMPLES = sorted((CHART / "examples").glob("*.yaml"))
MINIMAL = CHART / "examples" / "minimal.yaml"
PRODUCTION = CHART / "examples" / "production.yaml"
KUBERNETES = "1.35"

Resource = dict[str, Any]


@cache
def helm() -> str:
    """Helm's program. Skips where there is none."""
    built = TOOLS / "bin" / "helm"
    found = str(built) if built.is_file() else shutil.which("helm")
    if found is None:
        pytest.skip("no Helm here: `make cluster-tools` builds it")
    return found


def called(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 a list, and no shell
        [helm(), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={"HOME": "/nowhere", "PATH": "/usr/bin:/bin"},  # no kubeconfig and no plug-in of whoever runs this
    )


def template(*arguments: str | Path, values: Path = MINIMAL) -> subprocess.CompletedProcess[str]:
    return called("template", "it", CHART, "--kube-version", KUBERNETES, "--values", values, *arguments)


def rendered(*arguments: str | Path, values: Path = MINIMAL) -> list[Resource]:
    """What `helm install` would apply, hooks and tests included."""
    done = template(*arguments, values=values)
    assert done.returncode == 0, done.stderr
    return [resource for resource in yaml.safe_load_all(done.stdout) if resource]


def refused(*arguments: str | Path, values: Path = MINIMAL) -> str:
    """Why Helm renders nothing."""
    done = template(*arguments, values=values)
    assert done.returncode != 0, "it was rendered"
    return done.stderr


def of_kind(resources: Iterable[Resource], *kinds: str) -> list[Resource]:
    return [resource for resource in resources if resource["kind"] in kinds]


def named(resources: Iterable[Resource], kind: str, name: str) -> Resource:
    (found,) = [each for each in of_kind(resources, kind) if each["metadata"]["name"] == name]
    return found


def pods(resources: Iterable[Resource]) -> dict[str, Resource]:
    """The spec of every pod that would come of them, by kind and name of what makes it."""
    found = {}
    for each in resources:
        spec = each.get("spec", {})
        match each["kind"]:
            case "Pod":
                made = spec
            case "Deployment" | "Job":
                made = spec["template"]["spec"]
            case "CronJob":
                made = spec["jobTemplate"]["spec"]["template"]["spec"]
            case _:
                continue
        found[f"{each['kind']}/{each['metadata']['name']}"] = made
    return found


def containers(resources: Iterable[Resource]) -> dict[str, Resource]:
    return {
        f"{name}/{container['name']}": container
        for name, pod in pods(resources).items()
        for container in [*pod.get("initContainers", []), *pod["containers"]]
    }


def environment(resources: list[Resource], container: Resource, secrets: dict[str, str]) -> dict[str, str]:
    """The variables that the container would see; `secrets` by key."""
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        found |= named(resources, "ConfigMap", source["configMapRef"]["name"])["data"]
    for each in container.get("env", []):
        reference = each.get("valueFrom", {}).get("secretKeyRef")
        found[each["name"]] = secrets[reference["key"]] if reference else each.get("value", "")
    return found


def faults(resource: Resource) -> str | None:
    """What the API server would say of it: "" where it takes it, None where nobody here knows its kind."""
    group = resource["apiVersion"].partition("/")[0]
    if "." not in group or group.endswith(".k8s.io"):
        try:
            kubernetes_validate.validate(resource, KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError as error:
            return f"{'.'.join(map(str, error.path))}: {error.message}"
        return ""
    schema = definitions().get((resource["apiVersion"], resource["kind"]))
    if schema is None:
        return None
    wrong = jsonschema.Draft202012Validator(schema).iter_errors(resource)
    return "; ".join(f"{'.'.join(map(str, error.path))}: {error.message}" for error in wrong)


@cache
def definitions() -> dict[tuple[str, str], Any]:
    """apiVersion and kind -> schema, of every custom resource definition that `make cluster-tools` brought."""
    found = {}
    for file in sorted((TOOLS / "crds").rglob("*.yaml")):
        for definition in yaml.safe_load_all(file.read_text()):
            spec = definition["spec"]
            for version in spec["versions"]:
                schema = version["schema"]["openAPIV3Schema"]
                kind = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
                found[kind] = strict(copy.deepcopy(schema), top=True)
    return found


def strict(schema: Any, *, top: bool = False) -> Any:
    """Refuses fields that the definition does not have, as `kubectl apply` does."""
    if schema.pop("x-kubernetes-int-or-string", False):
        return {"type": ["integer", "string"]}
    for name, child in schema.get("properties", {}).items():
        if not (top and name == "metadata"):  # the API server's own
            schema["properties"][name] = strict(child)
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            schema[name] = strict(schema[name])
    if "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
        schema.setdefault("additionalProperties", False)
    return schema


def leaves(values: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of all values, groups included."""
    if path:
        yield path
    if isinstance(values, dict):
        for name, value in values.items():
            yield from leaves(value, (*path, name))
