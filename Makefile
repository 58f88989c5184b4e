# Every command a developer needs. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV_VERSION := 0.13.9
BIN := .venv/bin
# What writes the tables is held to more than the rest.
WRITERS := 'services/*,*/services.py,*/services/*'
ONCE ?=
ARGS ?=
# Our many short programs would compile everything anew each time: twice the CPU of a `bdc --help`.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help up cluster test lint types imports generated audit unit site screenshots bench chaos soak format lock clean

help: ## list these targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

up: .venv/.runtime ## run everything here: PostgreSQL, Prefect, a worker, a first collection (ONCE=1: then exit)
	@$(BIN)/bdc up $(if $(ONCE),--once) $(ARGS)

cluster: .venv/.dev ## what production runs, here: two Prefect servers, Redis, two workers; who dies is started again
	@$(BIN)/bdc cluster $(ARGS)

test: lint types imports generated audit unit ## everything: format, lint, types, import rules, generated files, advisories, tests with coverage

lint: .venv/.dev ## formatting and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/.dev ## static types
	$(BIN)/mypy

imports: .venv/.dev ## the import rules of the architecture
	$(BIN)/lint-imports

generated: .venv/.dev ## generated files agree with their sources
	UV="$(BIN)/uv" bash requirements/lock.sh --check
	$(BIN)/bdc schedule render --check
	$(BIN)/bdc reference render --check

audit: .venv/.dev ## known holes: in locked packages (where the advisory service answers), and in the CI workflows
	@BIN="$(BIN)" bash requirements/audit.sh
	@$(BIN)/zizmor --offline --quiet --no-progress .github

unit: .venv/.dev ## tests with coverage; ARGS="tests/services -k upsert" for a part, without the gate
	$(BIN)/pytest -n 3 --dist loadgroup --durations 50 --durations-min 5 $(if $(ARGS),$(ARGS),--cov --cov-report=term --cov-fail-under=95)
	$(if $(ARGS),,$(BIN)/coverage report --include=$(WRITERS) --precision=1 --fail-under=99.9)

site: .venv/.dev ## the documents as a site, in .bdc/site
	$(BIN)/properdocs build

screenshots: .venv/.dev ## the pictures of the README, of a real run; needs Chromium
	$(BIN)/python -m tests.support.screenshots docs/assets

bench: .venv/.dev ## benchmarks: ratios measured in one run
	$(BIN)/python -m benchmarks $(ARGS)

chaos: .venv/.dev ## the fault matrix: kills, restarts, lies, a full disk; ARGS="--trials 200 --seed 0"
	$(BIN)/python -m chaos $(ARGS)

soak: .venv/.dev ## an hour of dense schedules: memory stays flat; ARGS="--minutes 60"
	$(BIN)/python -m chaos.soak $(ARGS)

format: .venv/.dev ## format and mend what lint can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: .venv/.uv ## make the lock files from pyproject.toml again
	UV="$(BIN)/uv" bash requirements/lock.sh

clean: ## remove what the commands above made, the embedded data included
	rm -rf .venv .bdc .mypy_cache .ruff_cache .pytest_cache .coverage* .import_linter_cache

.venv/.uv: Makefile
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or name it with 'make PYTHON=/path/to/python3'" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' || { echo "$(PYTHON) is not Python 3.11 to 3.14: name one with 'make PYTHON=/path/to/python3.11'" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

.venv/.runtime: .venv/.uv requirements/runtime.lock pyproject.toml
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/runtime.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: .venv/.runtime requirements/dev.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.lock
	@touch $@
