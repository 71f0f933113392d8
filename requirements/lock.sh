#!/usr/bin/env bash
# Pins every dependency with its hashes, and no download address: run after changing pyproject.toml (needs uv).
set -euo pipefail
cd "$(dirname "$0")/.."
lock() { uv pip compile --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 --quiet "$@"; }
lock --extra build pyproject.toml -o requirements/runtime.txt
lock --extra build --extra dev -c requirements/runtime.txt pyproject.toml -o requirements/dev.txt
# complete but for what [tool.uv] leaves out of it, so that it is installed with --no-deps
lock --extra dashboards -c requirements/dev.txt pyproject.toml -o requirements/dashboards.txt
# what the benchmark measures beside us lives in an environment of its own: its pins contradict ours
lock requirements/bench.in -o requirements/bench.txt
# what reads the environment for its bill of materials is no part of it
lock requirements/sbom.in -o requirements/sbom.txt
