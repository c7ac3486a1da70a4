# make demo    builds passerelle and runs a campaign of made-up prospects (ARGS=--simulate lets people work in it)
# make build   builds .build/passerelle
# make test    installs what the tests need, where it may, and runs everything; CI=1 makes a skipped test a failure
# make soak    kills and restarts the bridge for BUDGET, an hour unless told

.NOTPARALLEL:
.PHONY: demo build test soak deps lint unit suites replay-race chaos replay

BINARY := .build/passerelle
BUDGET ?= 1h
BEGAN  := $(shell date +%s)

# $(call part,NAME,COMMANDS) runs a part of the tests and prints its seconds.
define part
@printf '\n== %s\n' '$(1)'; began=$$(date +%s); \
if { $(2); }; then result=passed; else result=FAILED; fi; \
printf '== %s %s in %d s\n' '$(1)' $$result $$(( $$(date +%s) - began )); \
[ $$result = passed ]
endef

demo: build
	@exec $(BINARY) demo --dir .build/demo $(ARGS)

build:
	@mkdir -p .build && printf '*\n' > .build/.gitignore
	go build -o $(BINARY) ./cmd/passerelle

test: deps lint unit suites replay-race chaos replay
	@printf '\n== everything passed in %d s\n' $$(( $$(date +%s) - $(BEGAN) ))

soak:
	go test -count=1 -v -timeout 0 ./test/chaos -chaos.budget $(BUDGET)

deps:
	@missing=; \
	for tool in git gcc make; do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	[ -e /usr/include/stdlib.h ] || missing="$$missing libc6-dev"; \
	[ -e /etc/ssl/certs/ca-certificates.crt ] || missing="$$missing ca-certificates"; \
	command -v go >/dev/null || { echo "Go is missing: install Go 1.26 or newer"; exit 1; }; \
	[ -n "$$missing" ] || exit 0; \
	install="apt-get install -y --no-install-recommends$$missing"; \
	[ "$$(id -u)" = 0 ] || { echo "The tests need:$$missing. Run this as root, then make test again:"; echo "$$install"; exit 1; }; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$install

lint:
	$(call part,gofmt vet staticcheck,\
		unformatted=$$(gofmt -l cmd connectors internal schemas test) && \
		if [ -n "$$unformatted" ]; then echo "gofmt -w these:" $$unformatted; false; fi && \
		go vet ./... && go vet -tags faultpoint ./internal/... && go tool staticcheck ./...)

unit:
	$(call part,unit tests with -race,\
		go test -race -timeout 4m ./internal/... ./connectors/... ./schemas/... ./cmd/... && \
		go test -race -tags faultpoint ./internal/faultpoint)

suites:
	$(call part,conformance corpus arch cli crmfake e2e with -race,\
		go test -race -timeout 4m -count=1 ./test/arch ./test/cli ./test/conformance ./test/corpus ./test/crmfake ./test/e2e ./test/shared)

replay-race:
	$(call part,replay of 2000 prospects with -race,\
		go test -race -timeout 4m -count=1 -v ./test/replay)

chaos:
	$(call part,chaos of 90 s,\
		go test -timeout 4m -count=1 -v ./test/chaos -chaos.budget 90s)

replay: build
	$(call part,replay of all prospects,\
		PASSERELLE_BINARY=$(CURDIR)/$(BINARY) PASSERELLE_REPLAY_ROWS=all go test -count=1 -v ./test/replay)
