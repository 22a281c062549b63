# A convenience for developers: README gives the pip lines that this runs. PYTHON chooses the interpreter (3.11 or newer).
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
VENV := .venv
BIN := $(VENV)/bin
# docs and its scripts are looked at from the day they exist.
SOURCES := graphlab tests $(wildcard scenarios) $(wildcard docs/*.py)
# Two workers suit the two cores of a small machine; `make test WORKERS=8` for more, `WORKERS=0` for a debugger.
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test pytest test-slow lint format bench pictures translations clean $(VENV)

help:  ## Show this list
	@sed -n 's/^\([a-z.-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

.venv: $(VENV)/installed  ## Make the virtual environment with the pinned versions

# The build backend first: the project itself is then built without isolation, by the pinned backend.
$(VENV)/installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; PYTHON=/path/to/python chooses it" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt hatchling setuptools
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-build-isolation -e '.[dev]'
	@touch $@

demo: $(VENV)/installed  ## Open the explorer on the RNN cell
	$(BIN)/graphlab explore rnn_cell

# `make -j2 test` looks at the sources beside the tests.
test: lint pytest  ## Lint, types, import contracts, and every test that is quick

pytest: $(VENV)/installed
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

# pytest's code 5: there are none.
test-slow: $(VENV)/installed  ## The tests marked slow
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m slow || test $$? -eq 5

lint: $(VENV)/installed  ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports

format: $(VENV)/installed  ## Format and repair what ruff can repair
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

bench: $(VENV)/installed  ## The benchmarks
	$(BIN)/python -m pytest tests/benchmarks --benchmark-only -m ''

pictures: $(VENV)/installed  ## Draw the pictures of README and docs again
	$(BIN)/python docs/make_pictures.py

translations: $(VENV)/installed  ## Bring the catalogs of translations up to date, and say what they lack
	$(BIN)/python docs/translations.py

clean:  ## Remove what builds, tests and tools left (not .venv, not outputs)
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks .import_linter_cache
	find graphlab tests scenarios docs -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
