# Every command a developer types. `make` alone lists them.
PORT ?= 8400
DATA ?= data
JOBS ?= auto
BIN := .venv/bin

.PHONY: help run test check bench demo guest guest-systemd deb fuzz schemathesis lock format env
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

run: ## the identity provider at http://localhost:$(PORT), with a first account (PORT=… DATA=…)
	@tools/environment run
	@exec $(BIN)/keystead --data "$(DATA)" serve --init --port $(PORT)

test: ## every test, those in real browsers and against a software TPM included (ARGS="-k …" JOBS=0)
	@tools/environment dev
	@tools/system-packages test
	@$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

check: ## format, lint, types, import contracts, documents
	@tools/environment dev
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache > .import-linter.log 2>&1 || { cat .import-linter.log; exit 1; }; rm -f .import-linter.log

demo: ## the whole story, unattended, with screenshots under demo/
	@tools/environment dev
	@tools/system-packages demo
	@$(BIN)/python -m tools.demo

guest: ## the virtual security key under Debian's own kernel in QEMU, with libfido2's tools, ssh and python-fido2
	@tools/environment dev
	@tools/system-packages guest
	@$(BIN)/python -m tools.guest

guest-systemd: ## the Debian package under systemd in that machine: setup, units, logind, somebody else
	@tools/environment dev
	@tools/system-packages guest-systemd
	@$(BIN)/python -m tools.guest systemd

bench: ## CPU per sign-in on SQLite and PostgreSQL, verification beside its peers, policy decisions; results under bench/results/
	@tools/environment dev
	@tools/system-packages bench
	@$(BIN)/python -m bench $(ARGS)

fuzz: ## feed every parser that a stranger can reach, watched by atheris (ARGS="cbor --seconds 600")
	@tools/environment fuzz
	@$(BIN)/python -m fuzz $(ARGS)

schemathesis: ## send a running server whatever its OpenAPI document invites to; no 5xx may come back (ARGS="--examples 200")
	@tools/environment fuzz
	@$(BIN)/python -m fuzz.api $(ARGS)

format: ## put the code into its one form
	@tools/environment dev
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format --quiet .

deb: ## the agent as a Debian package under dist/, with all it needs but Python
	@tools/environment dev
	@$(BIN)/python -m tools.deb $(ARGS)

lock: ## renew the lock files
	@tools/lock $(ARGS)

env: ## only make the environment
	@tools/environment dev
