# Two commands are all you need: `make serve` and `make test`. `make` alone lists the rest.
.DEFAULT_GOAL := help
PYTHON ?= python3
MODEL ?= smollm2-135m
ARGS ?=
MINUTES ?= 5
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin

# uv is used where it is there (it is quick), else the standard library's venv and pip.
ifneq ($(shell command -v uv 2>/dev/null),)
export UV_PYTHON_DOWNLOADS := never
make-venv = uv venv --quiet --seed --allow-existing --python $(PYTHON) $(VENV)
pip-install = uv pip install --quiet --python $(BIN)/python
else
make-venv = $(PYTHON) -m venv $(VENV)
pip-install = $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.server ## install the server with all its extras into .venv
	@echo "Installed: $(BIN)/fondaco"

serve: $(VENV)/.server ## run the server on http://127.0.0.1:8000 (ARGS="--port 9000")
	@$(BIN)/fondaco serve $(ARGS)

test: $(VENV)/.dev $(VENV)/.npm models ## run every test, in two processes (ARGS="-k stream", WORKERS=1)
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile $(ARGS)

fuzz: $(VENV)/.dev model ## try chat with whatever its description permits and forbids (MINUTES=5)
	PYTHONPATH=server/tests $(BIN)/python -m fuzz.chat $(MINUTES)

coverage: $(VENV)/.dev $(VENV)/.npm models ## run every test and report what they don't reach
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered

check: $(VENV)/.dev ## format, lint, types and import layers, without changing a file
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(VENV)/.dev ## format, and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/.dev ## write the pages of docs/reference that are generated
	$(BIN)/python docs/reference/generate.py

bench: $(VENV)/.dev model ## measure CPU per call against a plain proxy (needs nginx and gcc)
	$(BIN)/python bench/run.py $(ARGS)

model: $(VENV)/.server
	@$(BIN)/fondaco models pull $(MODEL)

# The larger one is for tests of functions (491 MB, once); without it they say so and skip.
models: model
	@$(BIN)/fondaco models pull qwen2.5-coder-0.5b || \
	  echo "qwen2.5-coder-0.5b could not be fetched; its tests will skip." >&2

# Each stamp says that what it depends on is installed; a changed file installs again.
$(VENV)/.server: server/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Fondaco needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)." \
	    "Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || command -v uv >/dev/null || { \
	  echo "Python's venv module is missing. Try: sudo apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing Fondaco into $(VENV): about a minute, the first time only."
	@$(make-venv)
	@$(pip-install) --editable './server[embedded,web,web3,ddgs]'
	@touch $@

$(VENV)/.dev: $(VENV)/.server requirements-dev.txt sdk/pyproject.toml
	@echo "Installing the tools of development into $(VENV)."
	@$(pip-install) --requirement requirements-dev.txt
	@touch $@

# OpenAI's npm client, for one test; where Node is missing, that test says so and skips.
NODE := server/tests/compat/node
$(VENV)/.npm: $(VENV)/.server $(NODE)/package-lock.json
	@if command -v npm >/dev/null; then \
	  npm ci --prefix $(NODE) --silent --no-audit --no-fund --ignore-scripts || \
	    echo "OpenAI's npm client could not be installed; its test will skip." >&2; fi
	@touch $@

.PHONY: help install serve test fuzz coverage check fix docs bench model
