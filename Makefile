# Two commands: `make demo` runs everything at demo scale, `make test` runs the tests.
# Each sets up its own environment in .venv/ from requirements.lock first.
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help demo test slow nightly check docs format clean

help:  ## what there is to make
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/:/' | column -t -s:

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: $(PYTHON) is older than Python 3.11; set PYTHON=python3.x")'
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@mkdir -p .dvc/tmp && cp .venv/lib/python3*/site-packages/snakemake/assets/data/vega*/vega*.js .dvc/tmp/
	@touch $@

demo: .venv/installed  ## every table and figure at demo scale, on synthetic scenes
	snakemake all
	@echo "The report: $(CURDIR)/results/demo/index.html"

test: .venv/installed  ## the tests (a few minutes)
	pytest -n 2 -m "not slow"

slow: .venv/installed  ## the tests that run the workflow (a quarter of an hour)
	pytest -n 2 --dist loadfile --no-loadscope-reorder -m "slow and not nightly"

nightly: .venv/installed  ## the tests that take over five minutes each
	pytest -n 2 --dist loadfile --no-loadscope-reorder -m nightly

check: .venv/installed docs  ## style, types, imports, workflow and manual
	ruff check
	ruff format --check
	mypy
	lint-imports --no-logo
	snakefmt --check Snakefile workflow
	snakemake --lint

docs: .venv/installed  ## the manual, in docs/_build/index.html
	sphinx-build -W --keep-going -q -b html docs docs/_build

format: .venv/installed  ## format code and rules
	ruff check --fix
	ruff format
	snakefmt Snakefile workflow

clean:  ## remove the environment and the manual; data/ and results/ stay
	rm -rf .venv docs/_build
