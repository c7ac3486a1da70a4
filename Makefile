# make demo     builds passerelle and runs a campaign of made-up prospects (ARGS=--simulate lets people work in it)
# make build    builds .build/passerelle
# make test     installs what the tests need, where it may, and runs everything; CI=1 makes a skipped test a failure
# make soak     lets everything go wrong for BUDGET, an hour unless told
# make bench    measures the bridge against what limits it, as ratios of one run
# make peers    has other bridges do the same job beside ours, and breaks all of them
# make release  builds what is given out into .build/release

.PHONY: demo build test soak bench peers release deps lint race suites replay-race chaos power replay

BINARY := .build/passerelle
BUDGET ?= 1h
BEGAN  := $(shell date +%s)

# Everything is built the way it is released, so that nothing is compiled twice.
# The race detector alone needs cgo.
export CGO_ENABLED := 0
export GOFLAGS     := -trimpath
RACE := CGO_ENABLED=1 go test -race -vet=off -timeout 6m

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
	go build -buildvcs=auto -o $(BINARY) ./cmd/passerelle

test: deps
	@$(MAKE) --no-print-directory --jobs=2 lint race
	@$(MAKE) --no-print-directory --jobs=1 suites replay-race chaos power replay
	@printf '\n== everything passed in %d s\n' $$(( $$(date +%s) - $(BEGAN) ))

soak:
	go test -count=1 -v -timeout 0 ./test/chaos -run 'TestACRM|TestSoak' -parallel 8 \
		-outage.outcomes 200000 -outage.rate 1000 -soak.budget $(BUDGET)
	go test -count=1 -v -timeout 0 ./test/chaos -run 'TestPower|TestDisk' -chaos.cuts 200
	go test -count=1 -v -timeout 0 ./test/chaos -run 'TestChaos|TestCluster' -chaos.budget $(BUDGET) -chaos.cluster $(BUDGET)

bench:
	go test -count=1 -v -timeout 30m ./test/bench $(ARGS)
	cd test/peers/policy && go test -count=1 -v -timeout 10m -benchtime 200ms .

peers:
	cd test/peers && go run . $(ARGS)

release:
	@mkdir -p .build && printf '*\n' > .build/.gitignore
	go run ./deploy/release

deps:
	@missing=; PATH=$$PATH:/usr/sbin:/sbin; \
	for tool in git:git gcc:gcc make:make mkfs.ext4:e2fsprogs mount:mount losetup:mount unshare:util-linux ip:iproute2 systemd-analyze:systemd chromium:chromium npm:npm; do \
		command -v $${tool%:*} >/dev/null || missing="$$missing $${tool#*:}"; \
	done; \
	[ -e /usr/include/stdlib.h ] || missing="$$missing libc6-dev"; \
	[ -e /etc/ssl/certs/ca-certificates.crt ] || missing="$$missing ca-certificates"; \
	command -v go >/dev/null || { echo "Go is missing: install Go 1.26 or newer"; exit 1; }; \
	[ -n "$$missing" ] || exit 0; \
	install="apt-get install -y --no-install-recommends$$missing"; \
	[ "$$(id -u)" = 0 ] || { echo "The tests need:$$missing. Run this as root, then make test again:"; echo "$$install"; exit 1; }; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$install

# Beside the tests of race, in the moments in which they wait.
lint:
	$(call part,gofmt vet staticcheck,\
		unformatted=$$(gofmt -l cmd connectors deploy internal schemas test) && \
		if [ -n "$$unformatted" ]; then echo "gofmt -w these:" $$unformatted; false; fi && \
		go vet ./... && go vet -tags faultpoint ./internal/faultpoint ./internal/store && nice go tool staticcheck ./...)

# Many tests wait more than they reckon: four packages at a time fill two cores.
race:
	$(call part,unit tests conformance and e2e with -race,\
		$(RACE) -p 4 ./internal/... ./connectors/... ./schemas/... ./cmd/... && \
		$(RACE) -tags faultpoint ./internal/faultpoint && \
		$(RACE) -p 4 -count=1 ./test/conformance ./test/crmfake ./test/e2e ./test/shared)

suites:
	$(call part,the other suites,\
		go test -p 4 -vet=off -timeout 6m -count=1 ./test/arch ./test/cli ./test/console ./test/corpus ./test/deploy ./test/retention ./test/upgrade)

replay-race:
	$(call part,replay of 2000 prospects with -race,\
		$(RACE) -count=1 -v ./test/replay)

chaos:
	$(call part,chaos and faults,\
		go test -timeout 5m -count=1 -v ./test/chaos -skip '^TestPower' -parallel 8 -chaos.budget 45s)

power:
	$(call part,power cuts,\
		go test -timeout 3m -count=1 -v ./test/chaos -run '^TestPower')

replay: build
	$(call part,replay of all prospects,\
		PASSERELLE_BINARY=$(CURDIR)/$(BINARY) PASSERELLE_REPLAY_ROWS=all go test -count=1 -v ./test/replay)
