# Every command of the project; `make help` lists them. Each installs what it needs into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
T ?= tests

.DEFAULT_GOAL := help
.PHONY: help setup run test test-real check format demo bench routes cold clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

$(VENV)/.run: requirements.txt requirements-run.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Millrace needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-run.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.run
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

setup: $(VENV)/.dev ## install everything that development needs

run: $(VENV)/.run ## serve the whole platform on port 1290, its data in .millrace
	@exec $(PY) -m infra.local

test: $(VENV)/.dev ## run the tests: make test T=tests/unit
	$(BIN)/pytest $(T) --ignore=tests/real -n 2 --dist=worksteal

test-real: $(VENV)/.dev ## run the tests against published webhooks and a validating mock (needs Node)
	$(BIN)/pytest tests/real

check: $(VENV)/.dev ## formatting, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.dev ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

demo: $(VENV)/.run ## see the main job in under a minute, a SIGKILL in the middle included
	@$(PY) -m infra.demo

bench: $(VENV)/.run ## measure it on this machine
	$(PY) -m benchmarks

routes: $(VENV)/.run ## print every operation
	@$(PY) -m infra.routes

cold: $(VENV)/.run ## print what starting each function costs
	@$(PY) -m infra.cold

clean: ## remove what the commands made, the data folder excepted
	rm -rf $(VENV) .real .mypy_cache .ruff_cache .pytest_cache
