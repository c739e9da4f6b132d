# `make demo` runs everything at demo scale, `make test` runs the tests; each sets up what it needs in
# .venv/ first, from the locks in requirements/.
# A Python for which all packages have wheels: `immutables`, of Snakemake, has none for 3.14.
PYTHONS = python3 python3.13 python3.12 python3.11
FITS = import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(firstword $(foreach each,$(PYTHONS),$(shell $(each) -c '$(FITS)' 2> /dev/null && echo $(each))))
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help install quick demo test slow nightly check docs schema format coverage dist lock clean

help:  ## what there is to make
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/:/' | column -t -s:

.venv/bin/python:
	@"$(PYTHON)" -c '$(FITS)' 2> /dev/null || { echo "error: expected Python 3.11, 3.12 or 3.13 with venv; install one, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	"$(PYTHON)" -m venv .venv

.venv/installed: .venv/bin/python $(addprefix requirements/,install.sh build.lock run.lock torch.txt) pyproject.toml
	requirements/install.sh run
	@mkdir -p .dvc/tmp && cp .venv/lib/python3*/site-packages/snakemake/assets/data/vega*/vega*.js .dvc/tmp/
	@touch $@

.venv/developing: .venv/installed requirements/dev.lock
	requirements/install.sh dev
	@touch $@

install: .venv/developing  ## the tools alone, in .venv/

demo: .venv/installed  ## every table and figure at demo scale, on synthetic scenes
	snakemake all
	@echo "The report: $(CURDIR)/results/demo/index.html"

# As `make demo` has them, which trains them no more.
quick: .venv/installed  ## Table 3's FCN-32s, 16s and 8s of the demo, and their page, in minutes
	snakemake all --config tables=skips rows=voc-fcn32s,voc-fcn16s,voc-fcn8s
	@echo "The report: $(CURDIR)/results/demo/index.html"

test: .venv/developing  ## the tests (a few minutes)
	pytest -n 2 --durations 10 -m "not slow"

# With a third worker, as the tests of a cluster mostly wait.
slow: .venv/developing  ## the tests that run the workflow (a quarter of an hour)
	pytest -n 3 --dist loadfile --no-loadscope-reorder --durations 20 -m "slow and not nightly"

nightly: .venv/developing  ## more of what CI tests once, and what takes minutes
	pytest -n 2 --dist loadfile --no-loadscope-reorder -m nightly

coverage: .venv/developing  ## which lines the tests run, in htmlcov/index.html
	pytest -n 2 -m "not slow" --cov --cov-report=html --cov-report=term:skip-covered

check: .venv/developing docs  ## style, types, imports, workflow and manual
	ruff check
	ruff format --check
	mypy
	lint-imports --no-logo
	snakefmt --check Snakefile workflow
	snakemake --lint
	codespell

docs: .venv/developing  ## the manual, in docs/_build/index.html
	sphinx-build -W --keep-going -q -b html docs docs/_build

schema: .venv/developing  ## config.schema.json, by which editors check YAML
	python -m fcnlib.config.json_schema config.schema.json

format: .venv/developing  ## format code and rules
	ruff check --fix
	ruff format
	snakefmt Snakefile workflow

dist: .venv/developing  ## wheel and sdist, in dist/
	rm -rf dist
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) \
	  pyproject-build --no-isolation > /dev/null
	@ls dist

UV = .venv/bin/uv pip --quiet --config-file requirements/uv.toml
LOCK = $(UV) compile $(UPGRADE) --constraint requirements/torch.txt --output-file requirements
lock: .venv/bin/uv  ## the locks, from pyproject.toml; UPGRADE=--upgrade takes newer versions
	$(LOCK)/dev.lock pyproject.toml --all-extras
	$(LOCK)/run.lock pyproject.toml --extra workflow --constraint requirements/dev.lock
	$(LOCK)/build.lock --group build --constraint requirements/dev.lock
	@for python in 3.11 3.12 3.13; do \
	  $(UV) install --dry-run --no-deps --target .venv/none --python-version $$python \
	    --python-platform x86_64-manylinux_2_28 -r requirements/dev.lock || exit 1; \
	done

# Not by the lock, which may be what is to be mended.
.venv/bin/uv: | .venv/bin/python
	.venv/bin/python -m pip install --quiet --disable-pip-version-check uv

clean:  ## remove all that was made but data/ and results/
	rm -rf .venv build dist docs/_build htmlcov
