# `make help` lists the targets. Each makes what it needs, the virtual environment included.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
INSTALL := -m pip install --quiet --disable-pip-version-check
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header

$(STAMP): requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(INSTALL) --require-hashes -r requirements/dev.txt
	$(BIN)/python $(INSTALL) --no-deps --no-build-isolation -e .
	touch $@

# Tools with large dependency trees: .venv-checks and .venv-sbom.
$(VENV)-%/.installed: requirements/%.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python $(INSTALL) --require-hashes -r $<
	touch $@

install: $(STAMP)  ## Make .venv with the locked dependencies

demo: $(STAMP)  ## Run real jobs on this machine, no cluster needed
	$(BIN)/python examples/demo/demo.py

test: $(STAMP)  ## Unit, property and local tests: Python only, under 3 minutes
	$(BIN)/python -m pytest -o faulthandler_timeout=120 -o faulthandler_exit_on_timeout=true

# Needs Go and a registry of Python packages, as the first `make install` does, and no cluster.
test-full: test-thorough test-docs test-mutants test-checks test-charts test-readme  ## All but the cluster: thorough properties, docs, mutants, checkers, supply chain, both Helms, README; under 30 minutes

test-thorough: $(STAMP)  ## make test with 2,000 examples for each property; new ones each time, or those of SEED=number
	$(BIN)/python -m pytest --hypothesis-profile=thorough $(if $(SEED),--hypothesis-seed=$(SEED)) --ignore=tests/chart

test-docs: $(STAMP)  ## Run every code block of README, docs and examples, and compare what it shows
	$(BIN)/python -m pytest tests/docs tests/examples

test-mutants: $(STAMP)  ## Seeded mutants that must be caught
	$(BIN)/python -m pytest tests/mutants -v

test-checks: $(STAMP) $(VENV)-checks/.installed $(VENV)-sbom/.installed tools  ## Chart checkers and the supply chain
	$(BIN)/python -m pytest tests/static_checks tests/supply_chain

test-readme: $(STAMP)  ## The commands of README.md in a fresh clone, as a newcomer runs them
	$(BIN)/python -m pytest tests/readme

# The chart's own tests with two Helms for three versions of Kubernetes: test-chart-helm3-1.30 and so on.
CHARTS := $(foreach helm,helm3 helm4,$(foreach kubernetes,1.30 1.33 1.36,test-chart-$(helm)-$(kubernetes)))
test-charts: $(CHARTS)  ## The chart's tests by Helm 3 and 4, for Kubernetes 1.30, 1.33 and 1.36
$(CHARTS): test-chart-%: $(STAMP)
	helm=$$($(BIN)/python -m tests.tools $(word 1,$(subst -, ,$*))) && \
	BACKGROUNDJOB_HELM=$$helm BACKGROUNDJOB_KUBE_VERSION=$(word 2,$(subst -, ,$*)) $(BIN)/python -m pytest tests/chart

e2e: $(STAMP) $(VENV)-sbom/.installed  ## The same on a real Kubernetes (BACKGROUNDJOB_CLUSTER=embedded|kind|current)
	$(BIN)/python -m pytest tests/e2e -v --durations=0

fmt: $(STAMP)  ## Format and fix what can be fixed
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

check: $(STAMP)  ## Formatting, lint, types and layers
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports

crds: $(STAMP)  ## Generate the CRD from the models
	$(BIN)/python -m backgroundjob.api.crd

chart: $(STAMP)  ## Generate the chart's schema and README and install.yaml; needs helm
	$(BIN)/python -m tests.chart_tool

reference: $(STAMP)  ## Generate docs/reference.md from the code
	$(BIN)/python -m tests.reference_tool

sbom: $(STAMP) $(VENV)-sbom/.installed  ## Write the wheel and the SBOM of what the operator's image installs to dist/
	$(BIN)/python -m tests.tools.dist sbom

dist: sbom  ## Write wheel, SBOM and chart package to dist/: the same bytes for the same commit
	$(BIN)/python -m tests.tools.dist chart

tools: $(STAMP)  ## Build helm 3, helm 4 and what else the checks need (Go), once
	$(BIN)/python -m tests.tools

cluster-up: $(STAMP)  ## Start (build once) the real test cluster
	$(BIN)/python -m tests.cluster up

cluster-down: $(STAMP)  ## Stop the test cluster
	$(BIN)/python -m tests.cluster down

lock: $(STAMP)  ## Resolve requirements/*.txt again
	$(BIN)/python -m pip install --quiet uv
	$(LOCK) --group dev --all-extras --no-emit-package backgroundjob pyproject.toml -o requirements/dev.txt
	$(LOCK) --extra operator --no-emit-package backgroundjob pyproject.toml -o requirements/operator.txt
	$(LOCK) --group build -o requirements/build.txt
	$(LOCK) --group checks -o requirements/checks.txt
	$(LOCK) --group sbom -o requirements/sbom.txt

help:
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):[^#]*## */\1\t/' | column -t -s "$$(printf '\t')"

.PHONY: install demo test test-full e2e fmt check crds chart reference sbom dist tools cluster-up cluster-down lock help test-thorough test-docs test-mutants test-checks test-charts test-readme $(CHARTS)
