"""The JSON is what Grafana says it takes: checked by its own types, which are TypeScript's."""

import re
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from tests.conftest import HOME

HERE = Path(__file__).parent / "grafana"
BUILT = Path(__file__).parents[2] / "dashboards" / "built"


@pytest.fixture(scope="module")
def grafana() -> Path:
    """A folder with Grafana's types and the compiler, fetched once. Skips where npm is not, or cannot fetch them."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm here: install Node 20")
    lock = HERE / "package-lock.json"
    folder = HOME / "tools" / f"grafana-schema-{sha256(lock.read_bytes()).hexdigest()[:12]}"
    done = folder / "done"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder)
        fetch = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        fetched = subprocess.run(fetch, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
        if fetched.returncode:
            pytest.skip(f"npm could not fetch Grafana's schema: {fetched.stderr.strip().splitlines()[-1:]}")
        done.touch()
    return folder


def faults(grafana: Path, folder: Path, dashboards: dict[str, str]) -> list[str]:
    """What the compiler finds wrong with the JSON of these dashboards, a line each."""
    for name in ("checked.ts", "tsconfig.json"):
        shutil.copy(HERE / name, folder)
    (folder / "node_modules").symlink_to(grafana / "node_modules")
    for name, content in dashboards.items():
        typed = f"import type {{ Checked }} from './checked';\nexport const dashboard: Checked =\n{content};\n"
        (folder / f"{name}.ts").write_text(typed)
    compiler = folder / "node_modules" / ".bin" / "tsc"
    done = subprocess.run([compiler, "-p", "."], cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    return [line for line in done.stdout.splitlines() if re.match(r"\S", line)]


def test_grafana_takes_every_dashboard_and_would_not_take_a_slip(grafana: Path, tmp_path: Path) -> None:
    built = {file.stem: file.read_text() for file in BUILT.glob("*.json")}
    flow = built["flow"]
    slips = {
        "wrong_name": flow.replace('"noValue"', '"noVale"', 1),
        "wrong_word": flow.replace('"displayMode": "table"', '"displayMode": "tabel"', 1),
        "wrong_type": flow.replace('"lineWidth": 1', '"lineWidth": "1"', 1),
    }

    found = faults(grafana, tmp_path, built | slips)

    assert [line for line in found if not line.startswith(tuple(slips))] == []
    assert sorted({line.partition(".ts")[0] for line in found}) == sorted(slips)
