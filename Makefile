# Needs Python 3.11, 3.12 or 3.13 and make. Everything else goes into .venv, from the lock file.

# Name a Python if the first good one on the PATH is not the one you want: make install PYTHON=python3.12
PYTHON ?=
VENV   := .venv
PY     := $(VENV)/bin/python
STAMP  := $(VENV)/.installed
UV     := $(VENV)-uv
FLOORS := $(VENV)-bench

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
# Prefect and its client would otherwise try to report from a developer's machine.
export DO_NOT_TRACK := 1

.DEFAULT_GOAL := help
.PHONY: help install demo test test-long test-compat bench bench-full check fix generate lock clean

help: ## Show what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{ printf "  make %-12s %s\n", $$1, $$2 }'

install: $(STAMP) ## Create .venv from the lock file
	@:

# -qq: pip's warnings are about the machine's own settings; its errors still show.
$(STAMP): requirements-dev.lock pyproject.toml .ci/find-python
	@.ci/find-python $(PYTHON) > /dev/null
	@echo "Installing the locked dependencies into $(VENV) (a minute or two the first time)."
	@.ci/find-python $(PY) > /dev/null 2>&1 || "$$(.ci/find-python $(PYTHON))" -m venv --clear $(VENV)
	@$(PY) -m pip install -qq --no-deps --require-hashes -r requirements-dev.lock
	@$(PY) -m pip install -qq --no-deps --no-build-isolation -e .
	@touch $@

demo: install ## See it work: simulated API, nightly load, report; no key, no network
	@$(VENV)/bin/flowledger demo

test: install ## Set up, then run the tests
	@$(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not compat and not heavy" $(ARGS)

test-long: install ## Draw many sequences of events and pairs of faults; takes hours
	@TEST_SEQUENCES=100 TEST_PAIRS=150 TEST_SEED=$${TEST_SEED:-1000} $(PY) -m pytest tests/property/test_sequences.py \
		tests/contract/test_fault_pairs.py -s --timeout 0 $(ARGS)

test-compat: install ## Run the tests against other versions and real servers, and the heavy ones
	@$(PY) -m pytest -n 2 --dist loadfile -m "compat or heavy" $(ARGS)

bench: install $(FLOORS)/.installed ## Measure 20 thousand logs beside the floors; a few minutes, on a quiet machine
	@$(PY) -m bench.run --part short --part arrow $(ARGS)
	@$(PY) -m bench.report

bench-full: install $(FLOORS)/.installed ## Measure everything, other tools too; over an hour, tens of GB of disk
	@for part in short arrow ids again latency large peers growth; do $(PY) -m bench.run --part $$part $(ARGS) || exit 1; done
	@$(PY) -m bench.report

$(FLOORS)/.installed: bench/requirements.txt .ci/find-python
	@"$$(.ci/find-python $(PYTHON))" -m venv --clear $(FLOORS)
	@$(FLOORS)/bin/python -m pip install -qq --no-deps --require-hashes -r bench/requirements.txt
	@touch $@

check: install ## Lint, types, import contracts, generated files
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --quiet --check .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports --no-logo
	@[ ! -e pipeline/schema.py ] || $(PY) -m pipeline.schema --check
	@[ ! -e pipeline/dictionary.py ] || $(PY) -m pipeline.dictionary --check

fix: install ## Let ruff format and repair what it can
	@$(PY) -m ruff check --quiet --fix-only .
	@$(PY) -m ruff format --quiet .

generate: install ## Write the generated files: sql/schema.sql, sql/DICTIONARY.md, sql/views
	@$(PY) -m pipeline.schema
	@$(PY) -m pipeline.dictionary

COMPILE := pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

lock: install ## Resolve the dependencies again and write the lock files
	@[ -x $(UV)/bin/uv ] || { $(PY) -m venv $(UV) && $(UV)/bin/python -m pip install -qq uv; }
	@$(UV)/bin/uv $(COMPILE) pyproject.toml --group dev -o requirements-dev.lock
	@$(UV)/bin/uv $(COMPILE) pyproject.toml -c requirements-dev.lock -o requirements.lock
	@$(UV)/bin/uv $(COMPILE) --group build -c requirements-dev.lock -o requirements-build.lock
	@for each in bench bench/peers/*; do [ ! -e $$each/requirements.in ] \
		|| $(UV)/bin/uv $(COMPILE) $$each/requirements.in -o $$each/requirements.txt; done

clean: ## Remove everything that make and the demo created; never flowledger-data
	@rm -rf $(VENV) $(UV) $(FLOORS) bench/.data/answers bench/.data/results bench/.venvs flowledger-demo dist .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache
	@find pipeline flows tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
