# Everything a fresh machine with Python 3.11 or later and make needs: `make demo`, `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
NATIVE := setup.py $(wildcard src/samepic/*.c src/samepic/*.h)

.PHONY: help demo test lint types unit readme clean

help:
	@echo "make demo    set up, make copies of the example photographs and say what each is"
	@echo "make test    set up, then ruff, mypy and pytest"
	@echo "make readme  bring the outputs shown in README.md up to date"
	@echo "make clean   remove what these made, the environment apart"

demo: $(VENV)/.installed
	@$(BIN)/python examples/demo.py

test: lint types unit

lint: $(VENV)/.tested
	@echo "ruff: style and format"
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

types: $(VENV)/.tested
	@echo "mypy: strict types"
	@$(BIN)/mypy

unit: $(VENV)/.tested
	@echo "pytest: every promise"
	@$(BIN)/python -m pytest

$(BIN)/python:
	@echo "setting up $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "samepic wants Python 3.11 or later")'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.installed: pyproject.toml $(NATIVE) | $(BIN)/python
	@echo "installing samepic (about 85 MB to fetch, a minute or so)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.tested: pyproject.toml $(NATIVE) | $(BIN)/python
	@echo "installing samepic with its test tools (about 190 MB to fetch, a minute or two)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@ $(VENV)/.installed

readme: $(VENV)/.tested
	@echo "README.md: writing down what its commands print today"
	@$(BIN)/python -m tests.test_readme

clean:
	rm -rf demo-out build .pytest_cache .mypy_cache .ruff_cache .hypothesis
