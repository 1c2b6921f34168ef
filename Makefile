# Short names; meson and ninja do the building. `make help` lists them.

JOBS    ?= $(shell nproc)
PREFIX  ?= /usr/local
DESTDIR ?=
FAST    ?= 0
# Seconds that each fuzz target runs.
FUZZ_SECONDS ?= 60

SANITIZED = -Doptimization=1 -Ddebug=true -Db_sanitize=address,undefined -Db_lundef=false

.PHONY: all help run test bench fuzz check format install clean

# help: make              build build/jeton
all:
	@tools/packages build
	@[ -x build/jeton ] || echo "building build/jeton …"
	@tools/configure build
	@ninja -C build -j$(JOBS) --quiet jeton

# help: make run          build, create ./demo when there is none, serve it (LISTEN=localhost:8080)
run: all
	@tools/packages run
	@exec build/jeton demo $(if $(LISTEN),--listen '$(LISTEN)')

# help: make test         run every test, then again under ASan and UBSan (FAST=1: only the plain build)
test:
	@tools/packages build test
	@tools/configure build
	@ninja -C build -j$(JOBS) --quiet
ifeq ($(FAST),0)
	@tools/configure build-asan $(SANITIZED)
	@ninja -C build-asan -j$(JOBS) --quiet
	@tests/run --jobs $(JOBS) build build-asan
else
	@tests/run --jobs $(JOBS) build
endif

# help: make bench        measure beside nginx (BENCH="--large": against 10,000,000 live tokens)
bench: all
	@tools/packages bench
	@bench/run $(BENCH)

# help: make fuzz         run each fuzz target for FUZZ_SECONDS=60
fuzz:
	@tools/packages build check
	@CC=clang tools/configure build-fuzz -Doptimization=1 -Ddebug=true -Db_lundef=false -Dfuzz=true
	@ninja -C build-fuzz -j$(JOBS) --quiet
	@tools/fuzz build-fuzz $(FUZZ_SECONDS)

# help: make check        format, layers, sizes, symbols, documents, clang-tidy
check:
	@tools/packages build test check
	@tools/configure build
	@ninja -C build -j$(JOBS) --quiet
	@tools/check build

# help: make format       let clang-format rewrite src, tests and bench
format:
	@tools/packages check
	@find src tests bench -name '*.[ch]' | xargs -r clang-format -i

# help: make install      program, man pages, documents, unit and first configuration (PREFIX=/usr/local DESTDIR=)
install: all
	@tools/configure build --prefix=$(PREFIX)
	@ninja -C build -j$(JOBS) --quiet jeton packaging/jeton.1 packaging/jeton.yaml.5
	@meson install -C build --no-rebuild --quiet $(if $(DESTDIR),--destdir '$(abspath $(DESTDIR))')

# help: make clean        remove what was built; the demo stays
clean:
	@rm -rf build build-asan build-fuzz

help:
	@sed -n 's/^# help: //p' Makefile
