# One Check program of all suites; a suite by name: make check SUITE=formula. Tests tagged "slow" are left out of smoke.
# The tree mirrors the sources, and every tests/*/test_NAME.c is a suite: its NAME_suite() is found by the file's name.
SUITES_SRC := $(wildcard tests/*/test_*.c)
TESTS_SRC  := $(wildcard tests/*.c) $(SUITES_SRC)
TESTS_OBJ   = $(patsubst %.c,$(BUILD)/%.o,$(TESTS_SRC)) $(BUILD)/bench/gap.o \
              $(BUILD)/docs/coverage.o $(BUILD)/lib/spanscope.o \
              $(addprefix $(BUILD)/cli/,output.o claims.o columns.o grid.o report.o report_format.o options.o value.o begin.o \
                shape.o type.o progress.o ticker.o)

$(BUILD)/tests/main.o: EXTRA_CFLAGS = -I$(BUILD)
$(BUILD)/tests/main.o: $(BUILD)/suites.h
$(BUILD)/suites.h: force
	@mkdir -p $(@D)
	@printf 'SUITE(%s)\n' $(patsubst test_%.c,%,$(notdir $(SUITES_SRC))) > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(BUILD)/check: $(TESTS_OBJ) $(REPRO_OBJ) $(BUILD)/parts.a
	@echo '  LINK  $@'
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ -Wl,--wrap=_mark_point $(shell pkg-config --libs check) $(PKG_LIBS) -o $@

# Includes go one way, and every file has its line in a README.
.PHONY: tree
tree:
	@sh tests/tree.sh

.PHONY: smoke check check-sanitize
smoke: deps tree
	+$(MAKE) all $(BUILD)/check
	CK_EXCLUDE_TAGS=slow $(if $(SUITE),CK_RUN_SUITE=$(SUITE)) SPANSCOPE=$(BUILD)/spanscope $(BUILD)/check

check: deps tree
	+$(MAKE) all $(BUILD)/check
	$(if $(SUITE),CK_RUN_SUITE=$(SUITE)) SPANSCOPE=$(BUILD)/spanscope $(BUILD)/check
	+$(if $(SUITE),,$(MAKE) check-install)

# Any CC that has the sanitizers; each has a folder of its own, so that neither waits for the other's objects.
SANITIZE = $(BUILD)/sanitize-$(notdir $(lastword $(CC)))
SANITIZE_FLAGS = -O1 -g -DSANITIZED -Wno-pass-failed -fno-omit-frame-pointer -fsanitize=address,undefined \
                 -fno-sanitize-recover=all

# Leaks are GCC's to find, in the program: the checker of clang dies itself where threads are about to end, and at the end
# of every test it would take as long as all tests do. LEAKS=1 has it look there, too. What was freed is kept from use for
# a while only, since all tests are forks of a process that grows with it.
ASAN = ASAN_OPTIONS=quarantine_size_mb=16:detect_leaks=$(if $(LEAKS),1,0) \
       PROGRAM_ASAN_OPTIONS=detect_leaks=$(if $(findstring clang,$(SANITIZE)),0,1)

check-sanitize: deps
	+$(MAKE) BUILD=$(SANITIZE) MARCH=x86-64 \
	  CFLAGS="$(SANITIZE_FLAGS)" \
	  $(SANITIZE)/spanscope $(SANITIZE)/check bench-programs
	CK_EXCLUDE_TAGS=slow CK_TIMEOUT_MULTIPLIER=5 $(ASAN) $(if $(SUITE),CK_RUN_SUITE=$(SUITE)) \
	  SPANSCOPE=$(SANITIZE)/spanscope $(SANITIZE)/check

# Jobs of one, two and three ranks against a lone process; needs make deps-mpi.
.PHONY: check-mpi
check-mpi:
	+$(MAKE) MPI=1 BUILD=$(BUILD)/mpi $(BUILD)/mpi/spanscope
	sh tests/mpi.sh $(BUILD)/mpi/spanscope

# Every example of docs/cluster.md; the same.
.PHONY: check-cluster
check-cluster:
	+$(MAKE) MPI=1 BUILD=$(BUILD)/mpi all
	sh tests/cluster.sh $(BUILD)/mpi/spanscope docs/cluster.md

# Parsers under libFuzzer: make fuzz SECONDS=300, for each of them. New inputs go to build/fuzz/NAME.corpus, a failing one
# to build/fuzz; worth keeping, it becomes a file of tests/data/NAME.
SECONDS  ?= 60
FUZZ      = formula saved
FUZZ_LIB  = build/fuzz/lib/parts.a
FUZZ_FLAGS = -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all -fsanitize=address,undefined -Wno-pass-failed

.PHONY: fuzz $(FUZZ:%=fuzz-%) fuzz-lib
fuzz: $(FUZZ:%=fuzz-%)

fuzz-lib:
	+$(MAKE) CC=clang MARCH=x86-64 BUILD=build/fuzz/lib CFLAGS="$(FUZZ_FLAGS) -fsanitize=fuzzer-no-link" $(FUZZ_LIB)

$(FUZZ:%=fuzz-%): fuzz-%: fuzz-lib
	@mkdir -p build/fuzz/$*.corpus
	clang -std=c11 -D_GNU_SOURCE $(WARNINGS) -fopenmp-simd -pthread -I. $(PKG_CFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer \
	  $(wildcard tests/fuzz/$*.c tests/$*_trip.c) $(FUZZ_LIB) $(PKG_LIBS) -o build/fuzz/$*
	build/fuzz/$* -max_total_time=$(SECONDS) -dict=tests/fuzz/$*.dict -artifact_prefix=build/fuzz/ -timeout=20 \
	  -use_value_profile=1 build/fuzz/$*.corpus tests/data/$*

# The explorer's server and its jobs under 10^5 requests that nobody should send, with the sanitizers: ten minutes
# of processor time. Other requests: REQUESTS_SEED=2.
REQUESTS      ?= 100000
REQUESTS_SEED ?= 1
$(BUILD)/requests: $(BUILD)/tests/fuzz/requests.o $(BUILD)/parts.a
	@echo '  LINK  $@'
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(PKG_LIBS) -o $@

.PHONY: fuzz-requests
fuzz-requests: deps
	+$(MAKE) BUILD=$(SANITIZE) MARCH=x86-64 CFLAGS="$(SANITIZE_FLAGS)" $(SANITIZE)/spanscope $(SANITIZE)/requests
	$(SANITIZE)/requests $(REQUESTS) $(abspath $(SANITIZE))/spanscope $(REQUESTS_SEED)

# The explorer in Debian's chromium, headless. SCREENS=build/browser makes pictures of it there, to be looked at.
SCREENS ?=
.PHONY: check-browser
check-browser: deps-browser
	+$(MAKE) $(BUILD)/spanscope
	python3 tests/browser/page.py $(BUILD)/spanscope $(SCREENS)
