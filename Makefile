PYTHON ?= python

.DEFAULT_GOAL := help
.PHONY: help coverage fuzz soak test lint format types docs docs-update bench sample-data check-all ci

help:  ## list these verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

test:  ## run the tests
	$(PYTHON) -m pytest

lint:  ## check style and formatting
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

format:  ## put style and formatting right
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

types:  ## check types
	$(PYTHON) -m mypy

docs:  ## check the generated parts and build docs/_build/html
	$(PYTHON) -m cogapp --check -P -I docs docs/cli.md docs/problems.md docs/methods/*.md
	$(PYTHON) -m sphinx -W -q -b html docs docs/_build/html

docs-update:  ## write the generated parts of the docs again
	$(PYTHON) -m cogapp -r -P -I docs docs/cli.md docs/problems.md docs/methods/*.md

fuzz:  ## 20,000 mutated files of each kind through the reader; failures are kept in tests/data/corpus
	$(PYTHON) tests/data/fuzz.py --count 20000 --seed $${SEED:-0}

coverage:  ## branches that the tests take
	$(PYTHON) -m coverage run -m pytest
	$(PYTHON) -m coverage combine -q
	$(PYTHON) -m coverage report --skip-covered --show-missing

soak:  ## repeated fits for an hour (SECONDS=3600): memory and file handles stay flat
	$(PYTHON) tests/soak.py $${SECONDS:-3600}

bench:  ## run the benchmarks
	set -e; for script in $(filter-out benchmarks/common.py,$(wildcard benchmarks/*.py)); do $(PYTHON) $$script; done

sample-data:  ## write sample_data/ again (needs scikit-learn)
	$(PYTHON) sample_data/make.py

check-all: lint types docs  ## everything, slow tests too
	$(PYTHON) -m pytest -m ''

ci:  ## what continuous integration runs, in a fresh environment
	.ci/run
