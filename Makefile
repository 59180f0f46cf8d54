# Two commands set this up: `make bench` to use it, `make test` to change it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help bench publish preview baseline retold regress versions test lint check prove clean

# The newest interpreter that really runs: a version manager may leave names that don't.
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11; do \
	$$name -c 'import venv' >/dev/null 2>&1 && { echo $$name; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
BENCH := results/runs/bench
# BASELINE=1 builds the pages of what is committed instead of what was measured here.
ifdef BASELINE
RUNS ?= results/baseline/runs/*.json.gz
ASV_CONF := asv.baseline.conf.json
HISTORY := results/baseline/asv
RETOLD ?= results/baseline/retold/run.json
else
RUNS ?= $(BENCH)/*.json
ASV_CONF := asv.conf.json
HISTORY := results/asv
endif
HISTORIES ?= $(wildcard results/baseline/versions/*.json)
RETOLD ?= $(firstword $(wildcard results/runs/retold/run.json results/baseline/retold/run.json))
# What a site shows beside the runs and asv's records: what others would have told, releases.
BESIDE = $(addprefix --versions ,$(HISTORIES)) $(if $(RETOLD),--retold '$(RETOLD)')

help:
	@echo "make bench   measure a quick profile of every exchange: table, asv results, pages"
	@echo "make publish asv's pages and ours, in results/html; RUNS='FILE…' for other results"
	@echo "             BASELINE=1 for the committed baseline; make baseline records one (an hour)"
	@echo "make preview serve asv's pages on loopback, and print where"
	@echo "make retold  one run with stops, for publish: how others would have told it"
	@echo "make regress BASE=main   is this commit worse than that one? (abec regress --help)"
	@echo "make versions LIB=websockets VERSIONS=\"15.0.1 16.0\"   where did a release change a figure?"
	@echo "make test    all tests, real servers included; make check: lint, types, unit tests"
	@echo "make prove   every figure that the issues promise, measured; N=1.4 for one point"

ifneq ($(shell uname -s),Linux)
bench publish preview baseline retold test lint check prove regress versions:
	@echo "abec: $$(uname -s): only Linux is measured (timerfd, TCP_INFO, /proc); use a Linux machine or VM" >&2; exit 2
else
$(VENV)/.python:
	@test -n "$(PYTHON)" || { echo "abec: no python3.11, 3.12 or 3.13 runs here; install one, or give PYTHON=/path" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.bench: $(VENV)/.python pyproject.toml
	@echo "installing into $(VENV) …" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[asv]'
	@touch $@

$(VENV)/.dev: $(VENV)/.bench pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

bench: $(VENV)/.bench
	@$(BIN)/abec bench || [ $$? -eq 3 ]
	@$(BIN)/asv machine --yes >/dev/null 2>&1
	@echo "recording for asv and building pages …" >&2
	@ABEC_SERIES=$(BENCH)/jobs.json:$(BENCH)/ticker.json:$(BENCH)/rpc.json \
		$(BIN)/asv run --environment existing:same --set-commit-hash $$(git rev-parse HEAD) \
		--launch-method forkserver --bench "'(ticker|jobs|rpc)', '[a-z_]+(@no-loop)?'" > results/runs/bench/asv.log 2>&1 \
		|| { tail -20 results/runs/bench/asv.log >&2; exit 3; }
	@$(BIN)/asv publish --no-pull >> results/runs/bench/asv.log 2>&1 \
		|| { tail -20 results/runs/bench/asv.log >&2; exit 3; }
	@$(BIN)/abec report $(BENCH)/*.json --site results/html --history results/asv $(BESIDE) >> results/runs/bench/asv.log
	@echo "your own numbers:     .venv/bin/abec run sse websocket --rate 500 --subscribers 20 --payload 1KiB --runs 8"
	@echo "one pattern in depth: .venv/bin/abec compare websocket --scenario chat"
	@echo "open the pages:       results/html/patterns.html; make preview for asv's"

publish: $(VENV)/.bench
	@ls $(RUNS) >/dev/null 2>&1 || { echo "abec: RUNS $(RUNS): no such results; make bench first, or name some" >&2; exit 2; }
	@if [ -d $(HISTORY) ]; then $(BIN)/asv --config $(ASV_CONF) publish --no-pull >&2 || exit 3; fi
	@$(BIN)/abec report $(RUNS) --site results/html --history $(HISTORY) $(BESIDE)

preview: $(VENV)/.bench
	@test -f results/html/index.html || { echo "abec: results/html: no pages yet; make bench or make publish first" >&2; exit 2; }
	@$(BIN)/python -m http.server 0 --bind 127.0.0.1 --directory results/html

baseline: export ABEC_PROFILE ?= full
baseline: $(VENV)/.bench
	@$(BIN)/python -m benchmarks.baseline measure
	@$(BIN)/asv machine --yes >/dev/null 2>&1
	@rm -rf results/baseline/asv
	@ABEC_SERIES=$$(ls results/runs/baseline/*.json | paste -sd:) \
		$(BIN)/asv --config asv.baseline.conf.json run --environment existing:same \
		--set-commit-hash $$(git rev-parse HEAD) --launch-method forkserver --record-samples \
		--bench '^(?!gate)' > results/runs/baseline/asv.log 2>&1 \
		|| { tail -20 results/runs/baseline/asv.log >&2; exit 3; }
	@$(BIN)/python -m benchmarks.baseline pack
	@du -sh results/baseline >&2

retold: $(VENV)/.bench
	@$(BIN)/abec retell --save results/runs/retold/run.json -o results/html/retold.html

regress: $(VENV)/.bench
	@$(BIN)/abec regress $(if $(BASE),--base '$(BASE)') $(if $(HEAD),--head '$(HEAD)')

versions: $(VENV)/.bench
	@$(BIN)/abec versions $(if $(LIB),--lib '$(LIB)') $(if $(LIB_PATH),--checkout '$(LIB_PATH)') -- $(VERSIONS)

test: $(VENV)/.dev
	@$(BIN)/python -m pytest -m 'not alone' --numprocesses 3 --dist loadgroup --no-loadscope-reorder
	@$(BIN)/python -m pytest -m alone

lint: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache | tail -4
	@$(BIN)/codespell

check: lint
	@$(BIN)/python -m pytest tests/unit -q

prove: $(VENV)/.dev
	@$(BIN)/python -m tests.prove $(N)
endif

clean:
	rm -rf $(VENV) .asv build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
