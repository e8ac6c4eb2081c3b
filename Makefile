# fiscalbench: build, run, test. Needs Go; `make test` also uses Debian packages when it can get them.

GO       ?= go
BIN      := bin
RUN_DIR  ?= var/run-$(shell date +%Y%m%d-%H%M%S)
FUZZTIME ?= 2m
BENCH    ?= .

export CGO_ENABLED ?= 0
# Programs without paths of this machine in them: the same wherever they are built, and two checkouts
# share one build cache. Without tables for debuggers, which are work for the compiler; traces and
# profiles need none. For a debugger: go build ./cmd/...
export GOFLAGS += -trimpath -gcflags=all=-dwarf=false

.PHONY: build run test lint bench bench-search bench-ingest bench-idle bench-pages test-full fuzz torture mutants packages clean

# The compiler takes memory for time.
build:
	@mkdir -p $(BIN)
	GOGC=400 $(GO) build -o $(BIN)/ ./cmd/...

# The main job: an operator with a demo chain of shops, its cabinet and three months behind it.
run:
	@mkdir -p $(BIN) $(RUN_DIR)
	$(GO) build -o $(BIN)/ ./cmd/ofd
	@exec ./$(BIN)/ofd serve --demo --store sqlite:$(RUN_DIR)/ofd.db

# Everything a maintainer checks before a change goes in, but lint and the race detector, which makes
# whole programs three to ten times slower and would have every package compiled twice. `make lint`
# vets, and nobody debugs these programs: -vet=off and -w. Some tests build programs: what is built
# before they start is not built twice.
LEAN := -vet=off -ldflags=-w -shuffle=on
test: packages build
	$(GO) test $(LEAN) -p 3 -parallel 4 -timeout 5m ./...

# What takes longer: everything under the race detector, but conformance/target, which judges with
# time limits of milliseconds, and the walks of a browser over every main page in light, dark, on a
# phone and on paper, with screenshots in var/screens.
test-full: packages
	CGO_ENABLED=1 $(GO) test $(LEAN) -race -timeout 15m $$($(GO) list ./... | grep -v '/conformance/target$$')
	FULL=1 $(GO) test -count=1 -timeout 15m -v -run TestPages ./cmd/ofd/walk

# Debian packages that some tests compare against; a missing one is a skip with its reason.
packages:
	@sh .ci/packages

lint:
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "not gofmt-ed: $$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	@$(GO) tool oapi-codegen -package client -generate client,types server/rest/openapi.json | cmp - server/rest/client/client.gen.go || { echo "the client is not that of openapi.json: go generate ./server/rest/..."; exit 1; }

bench:
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem ./fiscal/... ./emulator/... ./server/...

# The way of a document against what disk, databases and an unchecking server could do at best, in
# one run of some four minutes on a machine that does nothing else. Table, JSON and CPU profiles of
# the server go to INGEST_DIR; ENGINE=sqlite or ENGINE=postgres measures one engine alone.
INGEST_DIR ?= var/bench-ingest
bench-ingest:
	@mkdir -p $(INGEST_DIR)
	BENCH_INGEST=$(abspath $(INGEST_DIR)) BENCH_INGEST_ENGINE=$(ENGINE) $(GO) test -count=1 -run '^TestIngest$$' -timeout 30m ./internal/benchingest

# What an idle connection takes: as many as the file limit of a process allows (ulimit -n).
bench-idle:
	TORTURE=1 $(GO) test -count=1 -run '^TestTorture_IdleConnections$$' -v -timeout 10m ./internal/benchingest

# How long searches take among N documents, on SQLite and on a PostgreSQL of its own; ten million
# take about an hour and 20 GB under TMPDIR, which are given back.
N     ?= 10000000
TIMES ?= 2000
bench-search: packages
	@mkdir -p var; rm -f var/bench-search.md
	$(GO) test -count 1 -timeout 0 -v ./cmd/ofd/searchbench -args -documents $(N) -times $(TIMES) -report $(CURDIR)/var/bench-search.md

# How long pages take while 200 logged-in people browse among PAGES_N documents (docs/performance.md, "Pages"):
# PER_USER registers to an organisation, a page in THINK on average each, for BROWSE. ENGINE=postgres browses on a
# cluster of its own. PAGES_BASE names a file, or a database as postgres://…, that is filled when it is empty and kept;
# ten million documents take some 15 GB.
PAGES_N    ?= 20000
PAGES_BASE ?=
PER_USER   ?= 5
THINK      ?= 5s
BROWSE     ?= 2m
bench-pages:
	@mkdir -p var; rm -f var/bench-pages.md
	PAGES=$(PAGES_N) $(GO) test -count=1 -timeout 0 -v -run '^TestPages$$' ./cmd/ofd/searchbench -args \
		-per-user $(PER_USER) -think $(THINK) -browse $(BROWSE) -pages-on '$(or $(ENGINE),sqlite)' -$(or $(ENGINE),sqlite) '$(PAGES_BASE)' -report $(CURDIR)/var/bench-pages.md

# Every fuzz target of the module, FUZZTIME each.
fuzz:
	@FUZZTIME=$(FUZZTIME) sh .ci/fuzz

# The long tests that `make test` only samples: crashes, failing disks, failovers (docs/operations.md).
# TORTURE_SEED repeats the faults of a run, TORTURE_KILLS sets how often a server is killed.
torture: packages
	TORTURE=1 $(GO) test -count=1 -p 1 -run Torture -timeout 40m -v ./internal/torture/... ./server/... ./emulator/...

# How much the cases notice: runs them against every mutant of conformance/mutants and writes
# docs/mutants.md. M chooses ids ('E-0*'), K a kind (fault, setting, edit), SIDE operator or register.
mutants:
	@cd conformance/mutants && MUTANTS='$(or $(M),all)' KIND='$(K)' SIDE='$(SIDE)' $(GO) test -count=1 -run '^TestMutants$$' -timeout 3h

clean:
	rm -rf $(BIN) var
