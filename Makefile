# The short way to everything; each target can also be run as the cargo command that it shows.
# Build output goes where CARGO_TARGET_DIR says, by default to target/.

.DEFAULT_GOAL := help
CARGO ?= cargo

# The cache's absolute path rather than the checkout's link to it: the build depends on the value of this variable,
# so that every checkout which shares a CARGO_TARGET_DIR has to name the library in the same way.
ifeq ($(DUCKDB_LIB_DIR),)
export DUCKDB_LIB_DIR := $(shell scripts/setup-libduckdb --print-dir)
endif

.PHONY: help setup setup-tests build wheel demo test lint format docs reference dbt-package bench bench-doors clean-demo

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Fetch the prebuilt libduckdb once and check it; nothing else needs setting up.
	@scripts/setup-libduckdb

setup-tests: setup ## Install what tests start or read with: servers of S3 and Azure, dbt, and DuckDB, Polars and Spark for Python.
	@scripts/setup-s3-server || echo 'SKIPPED: without the S3 server, Parquet is not tested on S3 and Google.' >&2
	@scripts/setup-azure-server || echo 'SKIPPED: without Azurite, Parquet is not tested on Azure.' >&2
	@scripts/setup-dbt || echo 'SKIPPED: without dbt, the dbt package is not run.' >&2
	@scripts/setup-lake-readers || echo 'SKIPPED: without the readers, Parquet is not read with DuckDB, Polars and Spark.' >&2

build: setup ## Build the criteo binary.
	$(CARGO) build --locked --package criteo-connector

wheel: setup ## Build the Python wheel: the program, its libduckdb, and the module that runs it.
	scripts/build-wheel

demo: setup ## Sync every stream from the sandbox into demo/criteo.duckdb and ask it a question. No key needed.
	$(CARGO) run --locked --package criteo-connector -- demo

test: setup-tests ## Run every test.
	$(CARGO) test --locked --workspace

lint: setup ## Check formatting, clippy with warnings denied, the dependency graph and the shell scripts.
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	scripts/check-dependencies
	scripts/check-machine-paths
	scripts/check-shell

format: ## Format all Rust code.
	$(CARGO) fmt --all

docs: setup ## Build the API documentation of all crates, with warnings denied.
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps

reference: setup ## Write docs/reference anew from the program; a test fails while it is stale.
	$(CARGO) run --locked --package criteo-connector -- reference --write docs/reference

dbt-package: setup ## Write the files of dbt/ that are made of the models' data; a test fails while they are stale.
	CRITEO_WRITE_DBT=1 $(CARGO) test --locked --workspace --test dbt_package

bench: setup ## Measure how fast a report is decoded, beside a plain JSON parse of the same bytes.
	$(CARGO) bench --locked --package criteo-engine

bench-doors: setup ## Measure the doors of Airbyte and Singer beside PyAirbyte's own runner and dlt's REST source.
	$(CARGO) build --locked --release --package criteo-connector
	benches/doors.py --criteo "$${CARGO_TARGET_DIR:-target}/release/criteo"

clean-demo: ## Remove what the demo made.
	rm -rf demo
