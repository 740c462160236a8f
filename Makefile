# Khue. `make help` lists what can be made.
SHELL := /bin/sh
GO    ?= go
LISTEN ?= 127.0.0.1:8080

.DEFAULT_GOAL := help
.PHONY: help run build assets test check lint race fuzz bench e2e failover gen verify clean

help: ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## build and start the demo city on http://127.0.0.1:8080
	bin/khue demo --listen $(LISTEN)

build: assets ## leave the one binary in bin/khue
	$(GO) build -trimpath -o bin/khue ./cmd/khue

assets: web/dist/manifest.json ## build css, js and fonts into web/dist

web/node_modules/.done: web/package.json web/package-lock.json
	cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/manifest.json: web/node_modules/.done $(shell find web/css web/js web/icons web/build internal/tools/assets -type f 2>/dev/null)
	$(GO) run ./internal/tools/assets

e2e/oidc/node_modules/.done: e2e/oidc/package.json e2e/oidc/package-lock.json
	cd e2e/oidc && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

test: build e2e/oidc/node_modules/.done ## every test: both engines, browser journeys, a failover, fuzzing; installs what is missing from Debian
	scripts/install-test-tools
	$(MAKE) --no-print-directory verify
	scripts/with-postgres $(GO) test -timeout 20m ./...
	$(MAKE) --no-print-directory failover
	$(MAKE) --no-print-directory fuzz
	@if [ -d ../shared/testdata/dmn-tck ]; then bin/khue conformance dmn ../shared/testdata/dmn-tck; fi

check: ## fast: vet and the tests that need no browser
	$(GO) vet ./...
	scripts/with-postgres $(GO) test -short ./...

lint: ## golangci-lint, where it is installed
	golangci-lint run

race: build ## the tests under the race detector
	scripts/with-postgres $(GO) test -race -short -timeout 40m ./internal/...

fuzz: ## every parser for a second
	scripts/fuzz-briefly

bench: build ## every figure of docs/benchmarks.md
	bin/khue bench

e2e: build e2e/oidc/node_modules/.done ## only the browser journeys
	scripts/install-test-tools
	$(GO) test -count=1 ./e2e/...

failover: ## one failover of PostgreSQL under Patroni and 20 kills, under load (docs/operations/nodes.md)
	scripts/install-test-tools
	KHUE_KILLS=20 KHUE_DRILL_TIMEOUT=15m scripts/failover-drill drill 1

gen: ## write the generated Go of the pages again
	$(GO) tool templ generate

verify: ## generated code and formatting are as committed
	@out=$$(gofmt -l cmd internal web services e2e); [ -z "$$out" ] || { echo "gofmt: $$out"; exit 1; }
	$(GO) vet ./...
	scripts/verify-generated

clean: ## remove what was built
	rm -rf bin web/dist/* web/node_modules e2e/oidc/node_modules
