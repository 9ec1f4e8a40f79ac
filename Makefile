# make run    sets up and opens the app on http://127.0.0.1:8501 with the demo collection
# make test   sets up and runs every test: fast, real models and workers, real browser
# make check  formatting, lint, types, import rules
# make fast   the tests that take seconds
# make wheel  builds dist/: the app as a package

PYTHON ?= python3
BIN := .venv/bin
SETUP := .venv/.setup
SETUP_DEV := .venv/.setup-dev

.DEFAULT_GOAL := run
.PHONY: setup setup-dev run test check fast format wheel chromium clean

setup: $(SETUP)

setup-dev: $(SETUP_DEV)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "synthcur needs Python 3.11 or newer; try: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv

$(SETUP): requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(SETUP_DEV): requirements-dev.txt $(SETUP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

run: setup
	$(BIN)/python -m synthcur serve

chromium:
	@.ci/chromium

# More at a time than there are cores: tests wait for processes and browsers half of their time.
test: setup-dev chromium
	$(BIN)/python -m pytest -n 4 --durations=25

fast: setup-dev
	$(BIN)/python -m pytest -q -m "not real and not browser"

check: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/python -m pytest -q tests/test_architecture.py

format: setup-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

wheel: setup-dev
	$(BIN)/python -m hatchling build

clean:
	rm -rf .venv dist .pytest_cache .ruff_cache .hypothesis
