# Two commands: `make demo` and `make test`. Both set up .venv first; nothing is installed outside this folder.

PYTHON ?= python3.11
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet install
PYTEST := $(BIN)/python -m pytest

.PHONY: demo setup test lint types imports unit bench dashboards chart sbom cluster-tools report-demo clean

demo: .venv/runtime ## a generated market, traded on paper, from books to report
	@$(BIN)/crossbook demo

setup: .venv/runtime ## .venv with the crossbook command in it

test: .venv/dev .venv/dashboards lint types imports ## everything, unit to real Kafka
	$(PYTEST)

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev
	$(BIN)/mypy

imports: .venv/dev
	$(BIN)/lint-imports

unit: .venv/dev ## the fast part of the tests, without Kafka
	$(PYTEST) -m "not broker" tests/app/domain tests/routes

bench: .venv/bench ## speed and memory on the embedded Kafka
	@$(BIN)/python -m tests.benchmarks

dashboards: .venv/dashboards ## dashboards/built from the YAML in dashboards
	@$(BIN)/python -m dashboards.build
	@$(BIN)/python -m helm.derived

chart: .venv/runtime ## what of helm/ follows from elsewhere: the schema of settings, alert rules, dashboards
	@$(BIN)/python -m helm.derived

sbom: .venv/runtime .venv/sbom ## dist/crossbook.cdx.json: the bill of materials of .venv, CycloneDX
	@mkdir -p dist
	@.venv/sbom-tools/bin/cyclonedx-py environment $(BIN)/python --pyproject pyproject.toml --of JSON -o dist/crossbook.cdx.json

cluster-tools: .venv/runtime ## for tests, once: a Kubernetes API server, its controllers, Helm and KEDA from their sources
	@$(BIN)/python -m tests.cluster.tools

# The broker first: without its folder and the command, nobody could stop it by name. A broken environment is cleaned too.
clean: ## forget runs and the environment, and stop the embedded broker; Kafka's jars stay
	@[ ! -x $(BIN)/crossbook ] || CROSSBOOK_CONFIG= CROSSBOOK_HOME=.crossbook CROSSBOOK_BROKER= $(BIN)/crossbook broker stop || true
	rm -rf .venv .crossbook/runs .crossbook/broker

.venv/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "crossbook: $(PYTHON) is missing; on Debian: apt install python3.11 python3.11-venv, or say which: make PYTHON=python3"; exit 4; }
	@$(PYTHON) -m venv .venv || { echo "crossbook: $(PYTHON) cannot make a virtual environment; on Debian: apt install python3.11-venv"; exit 4; }

.venv/runtime: .venv/bin/python requirements/runtime.txt pyproject.toml
	@echo "Setting up .venv ..."
	@$(PIP) --require-hashes -r requirements/runtime.txt
	@$(PIP) --no-deps --no-build-isolation --no-index --editable .
	@touch $@

.venv/dev: .venv/runtime requirements/dev.txt
	@echo "Setting up the tools for tests ..."
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

# Without dependencies: the list is complete, and pip would ask for the Kerberos that it leaves out.
.venv/dashboards: .venv/dev requirements/dashboards.txt
	@$(PIP) --no-deps --require-hashes -r requirements/dashboards.txt
	@touch $@

.venv/sbom: .venv/bin/python requirements/sbom.txt
	@$(PYTHON) -m venv .venv/sbom-tools
	@.venv/sbom-tools/bin/pip --disable-pip-version-check --quiet install --require-hashes -r requirements/sbom.txt
	@touch $@

.venv/bench: .venv/dev requirements/bench.txt
	@$(PYTHON) -m venv .venv/quixstreams
	@.venv/quixstreams/bin/pip --disable-pip-version-check --quiet install --require-hashes -r requirements/bench.txt
	@touch $@
