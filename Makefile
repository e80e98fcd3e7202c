# make run       environment, the default scenario, and where its report is
# make test      environment and the tests
# make check     lint, format, types, import contracts
# make validate  the long comparisons with published results
# make bench     every headline figure
# make docs      the generated pages of docs/
# make env       the environment alone (in .venv), with the tests' and the gates' tools
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt
SCENARIO ?= gyeongju
OUT ?= runs/$(SCENARIO)
JOBS ?= 2
KERNEL_FILES := $(shell find kernels -type f -not -path '*/__pycache__/*' -not -path 'kernels/build/*' 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help env run test check validate bench docs kernels clean

help:
	@sed -n 's/^# //p' Makefile

env: .venv/stamp-dev kernels

run: .venv/stamp-run kernels
	@$(BIN)/silla run $(SCENARIO) -o $(OUT)
	@echo "The report: $(OUT)/report.html"

test: .venv/stamp-dev kernels
	@$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

check: .venv/stamp-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports

validate: .venv/stamp-dev kernels
	@$(BIN)/python -m pytest -n $(JOBS) -m "slow or not slow" validation $(ARGS)
	@$(BIN)/python -m pytest -n $(JOBS) -m slow tests $(ARGS) || [ $$? -eq 5 ]

bench: .venv/stamp-run kernels
	@$(BIN)/silla bench

docs: .venv/stamp-dev kernels
	@$(BIN)/python docs/build.py

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "silla needs Python 3.11 or newer; say which: make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "Making the environment in .venv"
	@$(PYTHON) -m venv .venv

.venv/stamp-run: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing silla (the first time takes a few minutes)"
	@$(PIP) -e .
	@touch $@

.venv/stamp-dev: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing silla with the tools of its tests and gates (the first time takes a few minutes)"
	@$(PIP) -e '.[test,gates]'
	@touch .venv/stamp-run $@

# The kernels are never needed: without a compiler, or where the build fails, their NumPy twins serve.
kernels: .venv/stamp-kernels

.venv/stamp-kernels: $(KERNEL_FILES) | .venv/bin/python
	@PIP="$(PIP)" PY=$(BIN)/python sh kernels/install.sh
	@touch $@

clean:
	rm -rf .venv build dist runs .pytest_cache .ruff_cache .import_linter_cache
