# One Check program of all suites; a suite by name: make check SUITE=formula. Tests tagged "slow" are left out of smoke.
# The tree mirrors the sources, and every tests/*/test_NAME.c is a suite: its NAME_suite() is found by the file's name.
SUITES_SRC := $(wildcard tests/*/test_*.c)
TESTS_SRC  := $(wildcard tests/*.c) $(SUITES_SRC)
TESTS_OBJ   = $(patsubst %.c,$(BUILD)/%.o,$(TESTS_SRC)) $(BUILD)/bench/gap.o \
              $(BUILD)/docs/coverage.o $(addprefix $(BUILD)/cli/,report.o report_format.o options.o)

$(BUILD)/tests/main.o: EXTRA_CFLAGS = -I$(BUILD)
$(BUILD)/tests/main.o: $(BUILD)/suites.h
$(BUILD)/suites.h: force
	@mkdir -p $(@D)
	@printf 'SUITE(%s)\n' $(patsubst test_%.c,%,$(notdir $(SUITES_SRC))) > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(BUILD)/check: $(TESTS_OBJ) $(REPRO_OBJ) $(BUILD)/libspanscope.a
	@echo '  LINK  $@'
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(shell pkg-config --libs check) $(PKG_LIBS) -o $@

.PHONY: smoke check check-sanitize
smoke: deps
	+$(MAKE) all $(BUILD)/check
	CK_EXCLUDE_TAGS=slow $(if $(SUITE),CK_RUN_SUITE=$(SUITE)) SPANSCOPE=$(BUILD)/spanscope $(BUILD)/check

check: deps
	+$(MAKE) all $(BUILD)/check
	$(if $(SUITE),CK_RUN_SUITE=$(SUITE)) SPANSCOPE=$(BUILD)/spanscope $(BUILD)/check

check-sanitize: deps
	+$(MAKE) BUILD=build/sanitize MARCH=x86-64 \
	  CFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all" \
	  build/sanitize/spanscope build/sanitize/check
	CK_EXCLUDE_TAGS=slow $(if $(SUITE),CK_RUN_SUITE=$(SUITE)) SPANSCOPE=build/sanitize/spanscope build/sanitize/check

# The formula parser under libFuzzer: make fuzz SECONDS=300. New inputs go to build/fuzz/corpus, a failing one to
# build/fuzz; worth keeping, it becomes a file of tests/data/formula.
SECONDS  ?= 60
FUZZ_SRC  = tests/fuzz/formula.c tests/formula_trip.c $(addprefix sim/,activation.c attention.c build.c error.c \
              formula.c function.c graph.c init.c lexer.c memory.c norm.c panel.c parser.c prelude.c print.c router.c text.c)

.PHONY: fuzz
fuzz:
	@mkdir -p build/fuzz/corpus
	clang -std=c11 -D_GNU_SOURCE $(WARNINGS) -I. -O1 -g -fsanitize=fuzzer,address,undefined \
	  -fno-sanitize-recover=all $(PKG_CFLAGS) $(FUZZ_SRC) $(PKG_LIBS) -o build/fuzz/formula
	build/fuzz/formula -max_total_time=$(SECONDS) -dict=tests/fuzz/formula.dict -artifact_prefix=build/fuzz/ \
	  -use_value_profile=1 build/fuzz/corpus tests/data/formula
