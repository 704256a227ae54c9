# Needs python3 (3.11 or newer, with its venv module) and make. Everything else is set up in $(VENV) when it is missing
# or when what it is made from has changed.

PYTHON ?= python3
VENV ?= .venv
AIRFLOW ?= 3.3.2
WORKERS ?= 2
PYTEST_ARGS ?=
MINUTES ?= 60
SEED ?= 1

# most of what is run here are short processes, and without kept bytecode each compiles everything it imports
unexport PYTHONDONTWRITEBYTECODE

bin := $(VENV)/bin
ready := $(VENV)/.set-up

.PHONY: help setup lint test demo browser system matrix pins bench dist mutants constraints

help: ## show what there is
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

setup: $(ready) ## make the virtual environment

$(ready): pyproject.toml constraints.txt scripts/setup.sh
	@PYTHON="$(PYTHON)" sh scripts/setup.sh "$(VENV)"
	@touch $@

lint: $(ready) ## check style, formatting and types
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/mypy

test: $(ready) ## run the tests with coverage, WORKERS=2 at a time (0: in one process), PYTEST_ARGS go to pytest
	$(bin)/python -m pytest --cov -n $(WORKERS) $(PYTEST_ARGS)

demo: $(ready) ## run the maintenance window on a real Airflow against the emulator; KEEP=1 leaves the UI up
	$(bin)/python -m scripts.demo $(if $(filter-out 0,$(KEEP)),--keep)

browser: $(ready) ## fill in both connection forms and press Test in a real browser; PICTURES=docs/pictures keeps what it sees
	@sh scripts/live/program.sh Chromium chromium chromium chromium-browser
	$(bin)/python -m pip --disable-pip-version-check -qq install --constraint constraints.txt --editable '.[browser]'
	$(bin)/python -m scripts.browser $(if $(PICTURES),--pictures '$(PICTURES)')

system: $(ready) ## kill and freeze a real Airflow on PostgreSQL, for MINUTES=60 at most; goes on when run again, FRESH=1 begins anew
	@sh scripts/live/program.sh 'PostgreSQL server' postgresql initdb '/usr/lib/postgresql/*/bin/initdb'
	$(bin)/python -m pip --disable-pip-version-check -qq install --constraint constraints.txt --editable '.[system]'
	$(bin)/python -m scripts.system --minutes $(MINUTES) --seed $(SEED) $(if $(ONLY),--only '$(ONLY)') \
		$(if $(filter-out 0,$(FRESH)),--fresh)

matrix: $(ready) ## see the package on every Airflow that it supports, or ONLY=3.0.6; goes on when run again, FRESH=1 begins anew
	$(bin)/python -m scripts.matrix $(if $(ONLY),--only $(ONLY)) $(if $(filter-out 0,$(FRESH)),--fresh)

pins: $(ready) ## write the pins of each Airflow's release day anew
	$(bin)/python -m scripts.matrix.pins

bench: $(ready) ## measure beside released peers; the ratios count, and only on a quiet machine
	$(bin)/python -m pip --disable-pip-version-check -qq install --constraint constraints.txt --editable '.[bench]'
	$(bin)/python -m scripts.bench

dist: $(ready) ## build wheel and sdist into dist/, and look at them as somebody does who gets them
	$(bin)/python -m scripts.package

mutants: $(ready) ## see whether the tests notice small changes of the code, for MINUTES=60 at most; goes on when run again
	$(bin)/python -m pip --disable-pip-version-check -qq install --constraint constraints.txt --editable '.[mutants]'
	$(bin)/python -m scripts.mutants --minutes $(MINUTES) --workers $(WORKERS)

constraints: $(ready) ## pin the newest versions that go with AIRFLOW
	echo 'apache-airflow==$(AIRFLOW)' | $(bin)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
		--extra dev --extra bench --extra browser --extra mutants --extra system --no-header --no-annotate --output-file constraints.txt pyproject.toml -
