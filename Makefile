# `make` alone lists what there is. Every target sets up what it needs first; .ci/deps.sh says what that is.
SHELL := /bin/bash
SWIFT ?= swift
ARGS ?=
PEERS ?=

# SwiftPM builds anew when any variable of its environment has changed, SHLVL and TERM too, so it sees only those that matter to it.
build_variables = HOME PATH USER LANG TMPDIR http_proxy https_proxy no_proxy HTTPS_PROXY GIT_SSL_CAINFO SSL_CERT_FILE SSL_CERT_DIR
swift_build = env -i $(foreach name,$(build_variables),$(if $($(name)),'$(name)=$($(name))')) $(SWIFT) build

swift_files = find Package.swift Sources Tests -name '*.swift' -not -path '*/Generated/*' -print0
# One after the other: within a part tests run side by side, and those that watch clocks must not wait behind those that compute.
test_parts = 'FleetCoreTests|FleetConfigurationTests|LayersTests' 'TerminalTests|FleetConsoleTests' FleetCommandTests \
  'FleetWireTests|FleetAuthorityTests' FleetTransferTests FleetJournalTests FleetAgentTests FleetServingTests FuzzTests EndToEndTests
took = echo "  $$(( SECONDS / 60 )) min $$(( SECONDS % 60 )) s"

.DEFAULT_GOAL := help
.PHONY: help deps build demo test bench format clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

deps: ## install what is missing: Debian packages; OpenVINO and the tests' clients into .deps
	@SWIFT='$(SWIFT)' .ci/deps.sh $(if $(PEERS),peers)

build: deps ## build fleet and fleetd for release, into .build/release
	@for product in fleetd fleet; do \
	  $(swift_build) --configuration release --static-swift-stdlib --product $$product || exit; \
	done

demo: build ## start three stores on this machine and open the dashboard (ARGS='--headless')
	@.build/release/fleet demo $(ARGS)

test: deps ## check the format, build, run every test
	@echo 'Checking the format'
	@SECONDS=0; $(swift_files) | xargs -0 $(SWIFT) format lint --strict --parallel \
	  || { echo "make test: some files are not in our format: 'make format' puts most of it right" >&2; exit 1; }; $(took)
	@echo 'Building'
	@SECONDS=0; $(swift_build) --build-tests || exit; $(took)
	@for part in $(test_parts); do \
	  echo "Testing $$part"; $(SWIFT) test --skip-build --disable-xctest --filter "^($$part)\." || exit; \
	done

bench: build ## measure the engine alone and the server before it (ARGS='--duration 2s'; PEERS=1: MLServer too)
	@.deps/python/bin/python Tests/Benchmarks/serving.py $(if $(PEERS),--peers) $(ARGS)

format: deps ## put the code into our format
	@$(swift_files) | xargs -0 $(SWIFT) format --in-place --parallel

clean: ## remove what was built; .deps stays
	@rm -rf .build .demo
