# Every target can be called again at once; `make help` lists them.
CARGO ?= cargo
PROFILE ?= release
PREFIX ?= /usr/local
# The programs find DuckDB's library, and the tests the programs, below target/.
unexport CARGO_TARGET_DIR
OUT := target/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 18

.PHONY: setup
setup: ## install what is missing: wasm standard library, DuckDB, WASI texts
	@.ci/setup

.PHONY: guest
guest: setup ## build the JivoChat component, target/jivochat.wasm
	@.ci/guest

.PHONY: host
host: setup ## build the host, target/release/sluicegate
	@$(CARGO) build --locked --profile $(PROFILE) -p sluicegate

.PHONY: run
run: guest host ## load a JivoChat channel (CHANNEL_URL=…), or a stand-in on this machine
	@$(CARGO) build --locked --quiet --profile $(PROFILE) -p acceptance --bin jivochat-standin
	@.ci/demo $(OUT)

.PHONY: test
test: guest ## run every test
	@$(CARGO) build --locked -p sluicegate
	@$(CARGO) test --locked --workspace

.PHONY: soak
soak: guest ## run the crash tests in full: every passing of each fault point, and many random moments
	@$(CARGO) build --locked -p sluicegate
	@SLUICEGATE_SOAK=1 $(CARGO) test --locked -p acceptance --test it -- --nocapture crash::

.PHONY: fuzz
fuzz: setup ## fuzz all targets, or those in TARGETS, for FUZZ_SECONDS each (60)
	@.ci/fuzz $(TARGETS)

.PHONY: bench
bench: guest host ## measure this program and its rivals (all, or SCENARIOS), write docs/benchmarks.md; twenty minutes
	@$(CARGO) build --locked --profile $(PROFILE) -p acceptance -p sluicegate --bins --examples
	@$(OUT)/sluicegate-bench full $(SCENARIOS)
	@.ci/bench-push $(OUT)

.PHONY: bench-push
bench-push: guest host ## measure `serve` beside a receiver in Python and beside a reader; two minutes
	@.ci/bench-push $(OUT)

.PHONY: bench-quick
bench-quick: guest host ## print the ratios to dlt with jsonl files and to DuckDB's read_json; under 3 minutes
	@$(CARGO) build --locked --profile $(PROFILE) -p acceptance -p sluicegate --bins --examples
	@$(OUT)/sluicegate-bench quick

.PHONY: bench-count
bench-count: setup ## count the instructions of splitting and normalizing 20,000 records; a minute
	@$(CARGO) build --locked --profile $(PROFILE) -p micro --bin sluicegate-count
	@.ci/bench-count $(OUT)

.PHONY: bench-micro
bench-micro: setup ## time splitting, normalizing, naming and appending apart; two minutes
	@$(CARGO) bench --locked -p micro --bench pieces

.PHONY: lint
lint: setup ## check format and lints, warnings are errors
	@$(CARGO) fmt --all --check
	@$(CARGO) fmt --check --manifest-path guest/template/Cargo.toml
	@$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	@$(CARGO) check --locked -p sluicegate --no-default-features --lib --example records
	@$(CARGO) check --locked --manifest-path tests/fuzz/Cargo.toml --target-dir target/fuzz --no-default-features

.PHONY: fmt
fmt: ## format the code
	@$(CARGO) fmt --all

.PHONY: docs
docs: setup ## build the API documentation, target/doc
	@RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps

.PHONY: install
install: guest ## put a self-contained binary and the component under PREFIX (compiles DuckDB, half an hour)
	@$(CARGO) build --locked --release -p sluicegate --features bundled
	@install -D -m 755 target/release/sluicegate $(DESTDIR)$(PREFIX)/bin/sluicegate
	@install -D -m 644 target/jivochat.wasm $(DESTDIR)$(PREFIX)/share/sluicegate/jivochat.wasm

.PHONY: clean
clean: ## remove what was built; data loaded by `make run` from a real channel stays
	@$(CARGO) clean
	@rm -rf wit/deps
