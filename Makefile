# Every target sets up what it needs by itself: a fresh clone with Python 3.10+ and make is enough.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PRODUCT := $(VENV)/.product
STAMP  := $(VENV)/.installed
WORKERS ?= 4
OLD_SDK ?= 1.60.0
OLD     := .venv-$(OLD_SDK)

.PHONY: help setup browser demo test test-all test-old-sdk lint bench clean

help:
	@echo "make demo      create a project, submit it to the local workspace, show its output and its page"
	@echo "make test      the tests"
	@echo "make test-all  the tests and the slow ones"
	@echo "make test-old-sdk  the tests of SDK calls with azureml-core $(OLD_SDK)"
	@echo "make lint      ruff, mypy and the import rules"
	@echo "make bench     timings, as ratios against a baseline of the same run"
	@echo "make clean     remove everything that the targets above made in this folder"

setup: $(STAMP)

# The product alone: what `make demo` shows is what a user installs.
$(PRODUCT): pyproject.toml Makefile
	@echo "Installing scaffold into $(VENV) (once, a minute or two) …"
	@$(PYTHON) -m venv $(VENV)
	@"$(BIN)/python" scripts/install.py --upgrade "pip>=25.1"
	@"$(BIN)/python" scripts/install.py --editable .
	@touch $(PRODUCT)

$(STAMP): $(PRODUCT)
	@echo "Installing what the tests need into $(VENV) (once) …"
	@"$(BIN)/python" scripts/install.py --editable . --group dev
	@touch $(STAMP)

demo: $(PRODUCT)
	@sh scripts/demo.sh "$(BIN)"

browser:
	@sh scripts/browser.sh

test: $(STAMP) browser
	"$(BIN)/python" -m pytest -n $(WORKERS) --dist worksteal -m "not slow" $(ARGS)

test-all: $(STAMP) browser
	"$(BIN)/python" -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

# The same suite of SDK calls with an azureml-core that is more than a year older than the one of `make test`.
test-old-sdk: $(OLD)/.installed
	"$(OLD)/bin/python" -m pytest -n $(WORKERS) --dist worksteal -m "not slow" tests/sdk --ignore tests/sdk/v2

$(OLD)/.installed: pyproject.toml Makefile
	@echo "Setting up $(OLD) (once) …"
	@$(PYTHON) -m venv $(OLD)
	@"$(OLD)/bin/python" scripts/install.py --upgrade "pip>=25.1"
	@"$(OLD)/bin/python" scripts/install.py --editable . "azureml-core==$(OLD_SDK)" --group dev
	@touch $(OLD)/.installed

lint: $(STAMP)
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	"$(BIN)/mypy"
	"$(BIN)/lint-imports"

bench: $(STAMP) browser
	"$(BIN)/python" -m benchmarks $(ARGS)

clean:
	-[ ! -x "$(BIN)/scaffold" ] || SCAFFOLD_HOME="$(CURDIR)/demo/home" "$(BIN)/scaffold" workspace stop --quiet
	rm -rf $(VENV) .venv-[0-9]* demo dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
