# `make` lists what there is. Needs Python 3.11 or newer with pip and venv, and nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
WHOLE := $(VENV)/installed-for-tests
FUZZ := $(VENV)/installed-for-fuzz
APP := $(VENV)/installed-for-app
EXTRAS := dev,track,launchers,search
TORCH ?=
INSTALLER ?=
INSTALL = $(PYTHON) install.py $(VENV) --torch='$(TORCH)' --installer='$(INSTALLER)'
WORKERS ?= 2
ARGS ?=
RUN ?= $(or $(patsubst %/scores.json,%,$(shell ls -td outputs/*gan*-plumage/*/scores.json 2>/dev/null | head -1)),plumage)

.DEFAULT_GOAL := help
.PHONY: help quickstart app test test-slow test-slurm test-faults fuzz soak check audit lock licences format bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  PYTHON=python3.12 picks the Python of the environment, TORCH=cpu the small build of PyTorch,"
	@echo "  INSTALLER=uv or pip who installs; ARGS='...' goes to run.py, pytest or the benchmark;"
	@echo "  WORKERS=$(WORKERS) processes run the tests."

quickstart: $(STAMP) ## install, draw with the model that comes along, then train one: pictures, scored
	@echo "drawing with the model that comes with Birdsong, before yours is trained:"
	@$(BIN)/python run.py task=sample run=plumage num_samples=6 'text=a bird with a red crown, a yellow breast and blue wings'
	@echo "training one of your own:"
	@$(BIN)/python run.py experiment=quickstart $(ARGS)

app: $(APP) ## say it, type it, and look: the page of your newest finished run, of RUN=outputs/..., or of the model that comes along
	@$(BIN)/python run.py task=app run=$(patsubst %/,%,$(RUN)) $(ARGS)

test: $(WHOLE) ## install, then the whole test suite
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not slow and not slurm" $(ARGS)

test-slow: $(WHOLE) ## the tests that take minutes: kills in studies, searches, trackers, every fault
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "slow and not slurm" $(ARGS)

test-slurm: $(WHOLE) ## the launchers on a real SLURM, on this machine alone
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slurm tests/slurm $(ARGS)

test-faults: $(WHOLE) ## two hundred kills, full disks and other faults of real runs; an hour or more
	@OMP_NUM_THREADS=1 $(BIN)/python -m tests.integration.faults $(ARGS)

fuzz: $(FUZZ) ## every parser of foreign bytes, guided by coverage, for a bounded time
	@$(BIN)/python -m tests.fuzz $(ARGS)

soak: $(WHOLE) ## a run of half an hour and fifty runs in one process: does anything grow?
	@OMP_NUM_THREADS=1 $(BIN)/python -m tests.soak $(ARGS)

check: $(STAMP) ## format, lint, types, the audit and the fast tests: before every commit
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m tests.supply audit
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not slow and not slurm" --ignore=tests/integration $(ARGS)

audit: $(STAMP) ## known faults of the locked packages, where the advisory service can be reached
	@$(BIN)/python -m tests.supply audit

lock: $(STAMP) ## requirements.lock anew, with the newest versions that pyproject.toml allows
	@$(BIN)/python -m tests.supply lock

licences: $(FUZZ) ## docs/licences.md anew, from what is installed
	@$(BIN)/python -m tests.supply licences

format: $(STAMP) ## put every file into the house format and mend what ruff can mend
	@$(BIN)/ruff check --fix --exit-zero --quiet .
	@$(BIN)/ruff format .

bench: $(STAMP) ## step, data path, losses, scores and start against plain forms of each, in minutes
	@$(BIN)/python -m benchmarks $(ARGS)

clean: ## remove the environment and all caches; runs under outputs/ stay
	@rm -rf $(VENV) build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache
	@find . -path ./outputs -prune -o -name __pycache__ -type d -exec rm -rf {} +

# The environment, made again whenever pyproject.toml is newer.
$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "error: $(PYTHON) is missing or older than 3.11; name another: make PYTHON=python3.12" >&2; exit 1; }
	@echo "installing into $(VENV), about a minute on a fast line; later calls skip this"
	@$(INSTALL) --extras '$(EXTRAS)'
	@touch $(STAMP)

# The tests look at what is large or rarely wanted, too.
$(WHOLE): $(STAMP)
	@$(INSTALL) --extras '$(EXTRAS),text,report,speech,video,browser,app'
	@touch $(WHOLE)

$(APP): $(STAMP)
	@$(INSTALL) --extras app
	@touch $(APP)

$(FUZZ): $(WHOLE)
	@$(INSTALL) --extras fuzz
	@touch $(FUZZ)
