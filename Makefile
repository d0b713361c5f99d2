# Two commands are all you need: `make serve` and `make test`. `make` alone lists the rest.
.DEFAULT_GOAL := help
# The interpreter of a new venv; empty: the fastest that is there, see scripts/fastest_python.
PYTHON ?=
MODEL ?= smollm2-135m
ARGS ?=
MINUTES ?= 5
WORKERS ?= 3
VENV := .venv
BIN := $(VENV)/bin

# Programs keep what Python compiles: without it each start, of the server and in tests, takes twice as long.
unexport PYTHONDONTWRITEBYTECODE

# uv is used where it is there (it is quick), else the standard library's venv and pip.
ifneq ($(shell command -v uv 2>/dev/null),)
export UV_PYTHON_DOWNLOADS := never
make-venv = uv venv --quiet --seed --allow-existing --python $(2) $(1)
pip-install = uv pip install --quiet --compile-bytecode --python $(1)/bin/python
else
make-venv = $(2) -m venv $(1)
pip-install = $(1)/bin/python -m pip install --quiet --disable-pip-version-check
endif

# Exact versions with their hashes; the two packages themselves are built by what is locked, too.
EXTRAS := embedded embeddings images speech transcription video diffusion web web3 ddgs confidential
LOCK := requirements
comma := ,
space := $() $()
all-extras := [$(subst $(space),$(comma),$(EXTRAS))]
install-locked = $(call pip-install,$(VENV)) --require-hashes --requirement $(1)
install-editable = $(call pip-install,$(VENV)) --no-deps --no-build-isolation --editable $(1)
NEWEST := .venv-newest

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.server ## install the server with all its extras into .venv
	@echo "Installed: $(BIN)/fondaco"

# While it runs, the server fetches what is missing, once: the chat model (98 MB), and those of embeddings (23 MB)
# and of edits of images (7 MB).
serve: $(VENV)/.server ## run the server on http://127.0.0.1:8000 (ARGS="--port 9000")
	@$(BIN)/fondaco serve --pull all-minilm-l6-v2 --pull fondaco-editor $(ARGS)

test: $(VENV)/.dev $(VENV)/.npm models ## run every test, in three processes, as tests also wait (ARGS="-k stream", WORKERS=1)
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal $(ARGS)

test-long: $(VENV)/.dev model ## repeat the tests of money, crashes and the contract many times over
	$(BIN)/python -m pytest -m long --numprocesses $(WORKERS) --dist worksteal $(ARGS)

newest: $(NEWEST)/.dev ## list what newer releases the ranges allow beyond the lock
	@$(BIN)/python -m pip freeze --exclude-editable >$(VENV)/frozen.txt
	@$(NEWEST)/bin/python -m pip freeze --exclude-editable >$(NEWEST)/frozen.txt
	@diff --unchanged-line-format= $(VENV)/frozen.txt $(NEWEST)/frozen.txt && \
	  echo "The newest releases that the ranges allow are those of the lock." || true

test-newest: newest $(VENV)/.npm models ## run the tests on the newest releases that the ranges allow
	$(NEWEST)/bin/python -m pytest --numprocesses $(WORKERS) --dist worksteal $(ARGS)

update: $(VENV)/.dev ## lock the newest releases that the ranges allow
	$(BIN)/uv $(compile) --upgrade server/pyproject.toml $(LOCK)/build.in \
	  --output-file $(LOCK)/server.txt
	$(BIN)/uv $(compile) --upgrade server/pyproject.toml $(LOCK)/build.in \
	  sdk/pyproject.toml $(LOCK)/dev.in --constraints $(LOCK)/server.txt \
	  --output-file $(LOCK)/dev.txt
compile = pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  $(addprefix --extra ,$(EXTRAS))

fuzz: $(VENV)/.dev model ## try chat, and HTTP itself, with what they permit and forbid (MINUTES=5 each)
	PYTHONPATH=server/tests $(BIN)/python -m fuzz.wire $(MINUTES)
	PYTHONPATH=server/tests $(BIN)/python -m fuzz.chat $(MINUTES)

coverage: $(VENV)/.dev $(VENV)/.npm models ## run every test and report what they don't reach
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered

check: $(VENV)/.dev $(VENV)/.npm ## format, lint, types and import layers, without changing a file
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@if command -v node >/dev/null && [ -x $(NODE)/node_modules/.bin/tsc ]; then \
	  $(NODE)/node_modules/.bin/tsc --project server/tests/dashboard/jsconfig.json; \
	  else echo "The dashboard's types are not checked: Node.js or its packages are missing." >&2; fi

fix: $(VENV)/.dev ## format, and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

reference: $(VENV)/.dev ## write the pages of docs/reference that the code knows
	$(BIN)/python docs/reference/generate.py

vendor: $(VENV)/.dev $(VENV)/.npm ## copy the dashboard's libraries from their npm packages, as their manifest says
	PYTHONPATH=server/tests $(BIN)/python -m guards.vendored

# The server serves the site at /docs/, from its assets; a wheel that is built after it has it as well.
docs: reference ## build the documentation as a site, served at /docs/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo "Built: server/src/fondaco/http/assets/docs"

screenshots: $(VENV)/.dev model ## make the pictures of the dashboard in docs/images anew (needs Chromium)
	$(BIN)/python -m pytest -q -m screenshots server/tests/dashboard/test_screenshots.py

schema: $(VENV)/.dev ## write the snapshot that new databases are made of, from the migrations
	$(BIN)/python -m fondaco.stores.sqlite.tables.snapshot

bench: $(VENV)/.dev model ## measure CPU per call against a plain proxy (needs nginx and gcc)
	$(BIN)/python bench/run.py $(ARGS)

PEERS := bench/.peers
bench-peers: $(VENV)/.dev ## the same for LiteLLM and Portkey, installed into environments of their own (npm too)
	@$(call make-venv,$(PEERS)/litellm,$(BIN)/python)
	@$(call pip-install,$(PEERS)/litellm) 'litellm[proxy]'
	@npm install --prefix $(PEERS)/portkey --silent --no-audit --no-fund @portkey-ai/gateway
	$(BIN)/python bench/peers.py $(PEERS)

model: $(VENV)/.server
	@$(BIN)/fondaco models pull $(MODEL)

# For tests of functions (491 MB, once), embeddings (114 MB), edits (7 MB), upscaling (46 MB), voices (93 MB) and
# recordings (71 MB); without one, its tests skip.
models: model
	@for name in all-minilm-l6-v2 fondaco-editor fondaco-upscaler multilingual-e5-small qwen2.5-coder-0.5b opennsfw kokoro-82m whisper-tiny.en; do \
	  $(BIN)/fondaco models pull $$name || \
	    echo "$$name could not be fetched; its tests will skip." >&2; done

# Each stamp says that what it depends on is installed; a changed file installs again.
$(VENV)/.server: server/pyproject.toml $(LOCK)/server.txt
	@if [ ! -x $(BIN)/python ] || [ -n "$(PYTHON)" ]; then \
	  python=$$(scripts/fastest_python $(PYTHON)) || exit 1; \
	  echo "Installing Fondaco into $(VENV): about a minute, the first time only."; \
	  $(call make-venv,$(VENV),"$$python"); fi
	@$(call install-locked,$(LOCK)/server.txt)
	@$(call install-editable,./server)
	@$(BIN)/python -m compileall -q -j 0 server/src/fondaco >/dev/null || true # else the first start does it
	@touch $@

$(VENV)/.dev: $(VENV)/.server $(LOCK)/dev.txt sdk/pyproject.toml
	@echo "Installing the tools of development into $(VENV)."
	@$(call install-locked,$(LOCK)/dev.txt)
	@$(call install-editable,./sdk)
	@touch $@

# A second venv, made afresh each time: what pip would install without a lock, today.
.PHONY: $(NEWEST)/.dev
$(NEWEST)/.dev: $(VENV)/.dev
	@rm -rf $(NEWEST)
	@$(call make-venv,$(NEWEST),$(BIN)/python)
	@$(call pip-install,$(NEWEST)) --upgrade pip --requirement $(LOCK)/build.in \
	  --requirement $(LOCK)/dev.in --editable './server$(all-extras)' --editable ./sdk

# npm clients, for some tests; where Node is missing, those tests say so and skip.
NODE := server/tests/compat/node
$(VENV)/.npm: $(VENV)/.server $(NODE)/package-lock.json
	@if command -v npm >/dev/null; then \
	  npm ci --prefix $(NODE) --silent --no-audit --no-fund --ignore-scripts || \
	    echo "The npm clients could not be installed; their tests will skip." >&2; fi
	@touch $@

.PHONY: help install serve test test-long newest test-newest update fuzz coverage check fix reference docs vendor screenshots schema bench bench-peers model
