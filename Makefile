# What `make test` builds and runs is all that the gate (.ci/run) runs.
export PRESYNC_REQUIRE_TOOLS = 1
CARGO_DENY = target/tools/bin/cargo-deny

.PHONY: help build test lint unit e2e drift-proof bench bless image prerequisites

help: ## Show this help
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

build: ## Build the program
	cargo build --release --locked

test: prerequisites lint unit e2e ## Run every test; installs and builds what they need

lint: $(CARGO_DENY) ## Check format, lints, documentation, dependencies
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features --locked -- --deny warnings
	cargo clippy --no-default-features --locked -- --deny warnings
	RUSTDOCFLAGS='--deny warnings' cargo doc --workspace --no-deps --locked --quiet
	$(CARGO_DENY) --locked check bans licenses sources

unit: ## Run the unit, property, golden and differential tests, with the real helm and kustomize
	tests/tools/build render promtool
	cargo test --locked

e2e: ## Run the end-to-end suite on a real Argo CD
	tests/tools/build stack
	cargo test --locked --package e2e

drift-proof: ## Sample drift with and without the plugin; writes docs/drift-proof.*
	tests/tools/build stack
	cargo run --locked --package e2e --bin drift-proof

bench: ## Measure speed and memory beside the tools that one would take instead
	tests/tools/build render
	cargo bench --locked

bless: ## Write golden expectations and generated files anew
	PRESYNC_BLESS=1 cargo test --locked

image: ## Build the sidecar image
	docker build --tag argocd-presync-plugin:dev .

prerequisites:
	scripts/prerequisites

$(CARGO_DENY):
	cargo install cargo-deny --locked --root target/tools
