# Every command of the project; `make help` lists them. Each installs what it needs into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
T ?= tests
STAGE ?= prod
HERE := $(subst aarch64,arm64,$(subst x86_64,x86-64,$(shell uname -m)))
ARCH ?= arm64
# The version that runs in Lambda is the one that packages: 3.13 when it is installed, else the one at hand.
PYTHON_DEPLOY ?= $(or $(shell python3.13 -c 'import sys; print(sys.executable)' 2>/dev/null),$(lastword $(sort $(wildcard $(HOME)/.pyenv/versions/3.13.*/bin/python))),$(PYTHON))

.DEFAULT_GOAL := help
.PHONY: help setup run test test-real attack fuzz mutations chaos soak check format demo bench figures routes lock audit package verify-package verify-deploy deploy cold clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

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
	$(BIN)/pytest $(T) --ignore=tests/real --ignore=tests/attack --ignore=tests/chaos -n 2 --dist=worksteal

test-real: $(VENV)/.dev ## run the tests against published webhooks, a validating mock and schemathesis (needs Node)
	$(BIN)/pytest tests/real

attack: $(VENV)/.dev ## attack a running platform: MILLRACE_ATTACK=short make attack takes under two minutes
	$(BIN)/pytest tests/attack -s

fuzz: $(VENV)/.dev ## ask every operation what its description allows and forbids (schemathesis, 5 minutes)
	$(BIN)/pytest tests/real/test_schemathesis.py -s

mutations: $(VENV)/.dev ## break every guard, one place at a time, and see whether a test notices (an hour or more)
	$(PY) -m tests.attack.mutations

chaos: $(VENV)/.dev ## kill it under load in bad weather and audit what is left: MILLRACE_CHAOS=short takes under 100 s
	$(BIN)/pytest tests/chaos -s

soak: $(VENV)/.dev ## bounded load for an hour, and whether anything grows: make soak MINUTES=1
	$(PY) -m tests.chaos.soak --minutes $(or $(MINUTES),60)

check: $(VENV)/.dev ## formatting, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.dev ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

demo: $(VENV)/.run ## see the main job in under a minute, a SIGKILL in the middle included
	@$(PY) -m infra.demo

bench: $(VENV)/.run ## measure it on this machine, half an hour: make bench BENCH="--quick", BENCH="throughput peers"
	$(PY) -m benchmarks $(BENCH)

figures: $(VENV)/.dev ## measure what the acceptance figures ask for, all or some: make figures N="13 15"
	$(PY) -m benchmarks.figures $(N)

routes: $(VENV)/.run ## print every operation
	@$(PY) -m infra.routes

.venv-package/.done: requirements.txt requirements-package.txt
	@test -x .venv-package/bin/python || $(PYTHON_DEPLOY) -m venv .venv-package
	.venv-package/bin/pip install --quiet --disable-pip-version-check -r requirements-package.txt
	@touch $@

.venv-verify/.done: infra/verify/requirements.txt
	@test -x .venv-verify/bin/python || $(PYTHON_DEPLOY) -m venv .venv-verify
	.venv-verify/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

.venv-ministack/.done: infra/verify/requirements-ministack.txt
	@test -x .venv-ministack/bin/python || $(PYTHON_DEPLOY) -m venv .venv-ministack
	.venv-ministack/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

.venv-audit/.done: Makefile
	@test -x .venv-audit/bin/python || $(PYTHON_DEPLOY) -m venv .venv-audit
	.venv-audit/bin/pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	@touch $@

lock: .venv-package/.done ## write requirements.lock anew from requirements.txt
	@.venv-package/bin/python -m infra.lock

audit: .venv-audit/.done ## ask the index for known vulnerabilities of what is packaged (needs pypi.org)
	.venv-audit/bin/pip-audit --strict --require-hashes --disable-pip --requirement requirements.lock

package: .venv-package/.done ## build template and zip: make package STAGE=prod ARCH=arm64
	@.venv-package/bin/python -m infra.package --stage $(STAGE) --arch $(ARCH)

verify-package: $(VENV)/.run .venv-package/.done .venv-verify/.done ## build a package and verify it without an account
	@.venv-package/bin/python -m infra.package --stage $(STAGE) --arch $(HERE) --out out/verify
	@$(PY) -m infra.verify.package --stage $(STAGE) --out out/verify --python .venv-package/bin/python

verify-deploy: $(VENV)/.run .venv-package/.done .venv-ministack/.done ## deploy to an emulator of AWS and do the main job there
	@.venv-package/bin/python -m infra.package --stage dev --arch $(HERE) --out out/verify
	@$(PY) -m infra.verify.deploy --out out/verify

deploy: $(VENV)/.run ## put what make package built into your account: make deploy STAGE=prod BUCKET=my-bucket
	@$(PY) -m infra.deploy --stage $(STAGE) --bucket $(BUCKET)

cold: $(VENV)/.run .venv-package/.done ## package, and print what starting each function costs
	@.venv-package/bin/python -m infra.package --stage dev --arch $(HERE) --out out/verify
	@$(PY) -m infra.cold --package out/verify/dev/tree --python .venv-package/bin/python

clean: ## remove what the commands made, the data folder excepted
	rm -rf $(VENV) .venv-package .venv-verify .venv-ministack .venv-audit out .real .mypy_cache .ruff_cache .pytest_cache
