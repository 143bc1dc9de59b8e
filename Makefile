# The four things to do with a checkout. The environment is made once, in .venv, and again when pyproject changes.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
OUT ?= demo
SOURCES := src tests docs $(wildcard bench)

# Threads that wait must not spin: there may be two cores and several libraries.
export OMP_WAIT_POLICY := passive

.PHONY: demo test check bench clean

demo: $(VENV)/.installed
	$(BIN)/bodyverb demo --out $(OUT)

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.installed-dev
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy

bench: $(VENV)/.installed-dev
	@if [ -f bench/main.py ]; then $(BIN)/python bench/main.py $(ARGS); else echo "no bench/main.py here"; fi

clean:
	rm -rf $(VENV) build dist demo

# Also made again where the interpreter it was built with has gone.
$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[train,dev]'
	touch $(VENV)/.installed $@
