# Every job of the project is one command here; `make` alone lists them.
#
# It needs Python 3.11 or newer with venv and pip, and for `make bench` a C compiler. Everything else is installed into
# .venv from pyproject.toml, and again only when pyproject.toml has changed. uv is used where it is on the PATH.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test test-more lint docs smoke unit bench clean

VENV := .venv
BIN := $(VENV)/bin
# Set any of these on the command line: make demo OUT=/tmp/runs, make test WORKERS=8, make test PYTHON=python3.12
OUT := runs
PAGE := atlas.html
WORKERS := 2
TORCH := torch==2.13.0
PYTHON = $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$python && break; done)

extras_core := [proof]
extras_test := [test,docs]
extras_docs := [docs]
extras_more := [test,docs,more]

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: $(VENV)/.installed-core ## install, run the study `recovery`, and write its page
	@code=0; $(BIN)/condenslab run recovery --preset quick --out $(OUT) || code=$$?; \
	if [ $$code -gt 1 ]; then echo "The run stopped with exit status $$code; no page was written." >&2; exit $$code; fi
	@$(BIN)/condenslab report $(OUT) -o $(PAGE)
	@echo; echo "The page is $(abspath $(PAGE)): open it in a browser. The numbers behind it are in $(abspath $(OUT))."

test: $(VENV)/.installed-test lint docs smoke unit ## install, then every check: style, types, imports, docs, a tiny run, tests

test-more: $(VENV)/.installed-more ## install torch, transformers, ray … too, then the long tests: a missing tool is named aloud
	$(BIN)/pytest -n $(WORKERS) -m more

lint: $(VENV)/.installed-test ## style, format, import contracts, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/pyright --pythonpath $(BIN)/python

docs: $(VENV)/.installed-docs ## build the documentation (warnings are errors)
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs docs/_build/html
	@echo "The documentation is $(abspath docs/_build/html/index.html)"

smoke: $(VENV)/.installed-test
	@runs=$$(mktemp -d); code=0; \
	$(BIN)/condenslab run recovery --preset tiny --out $$runs || code=$$?; \
	[ $$code -gt 1 ] || { code=0; $(BIN)/condenslab report $$runs -o $$runs/atlas.html || code=$$?; }; \
	rm -r $$runs; exit $$code

unit: $(VENV)/.installed-test
	$(BIN)/pytest -n $(WORKERS)

# A plain `pip install torch` may take a CUDA build of several gigabytes. For the CPU build where PyPI has none, add
# PyTorch's own index: make bench TORCH='torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu'
bench: $(VENV)/.installed-test ## measure speed against PyTorch and a C kernel (installs torch; minutes)
	@$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/python -m pip install --quiet $(TORCH)
	@for program in benchmarks/*.py; do $(BIN)/python $$program || exit $$?; done

clean: ## remove .venv, caches and built docs; runs and pages stay
	rm -rf $(VENV) build dist docs/_build docs/studies docs/checks .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests examples benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/pyvenv.cfg:
	@if [ -z "$(PYTHON)" ]; then \
	    echo "condenslab needs Python 3.11 or newer, and there is none on the PATH. Name one: make demo PYTHON=/path/to/python3" >&2; \
	    exit 1; fi
	@echo "Creating $(VENV) with $$($(PYTHON) --version)"
	@rm -rf $(VENV)
	@if command -v uv >/dev/null 2>&1; then uv venv --quiet --seed --python "$$(command -v $(PYTHON))" $(VENV); \
	else $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	    echo "The virtual environment could not be made. On Debian and Ubuntu the command is: apt-get install python3-venv" >&2; \
	    exit 1; }; fi

# torch first, by its own requirement (see TORCH above): the CPU build, which the extras then find installed.
$(VENV)/.installed-more: pyproject.toml $(VENV)/.installed-test
	@$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH)
	@echo "Installing condenslab$(extras_more) into $(VENV) (once; some minutes)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".$(extras_more)"
	@touch $@

$(VENV)/.installed-%: pyproject.toml $(VENV)/pyvenv.cfg
	@echo "Installing condenslab$(extras_$*) and what it needs into $(VENV) (once; a few minutes on a slow line)"
	@if command -v uv >/dev/null 2>&1; then uv pip install --quiet --python $(BIN)/python --editable ".$(extras_$*)"; \
	else $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".$(extras_$*)"; fi
	@touch $(if $(filter test,$*),$(VENV)/.installed-docs) $(VENV)/.installed-core $@
