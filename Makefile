# spanscope: signal propagation in random deep transformer stacks.
#
#   make            build/spanscope
#   make deps       install what is missing (Debian packages of apt.txt)
#   make explore    builds the program and serves the explorer (explore/)
#   make smoke      tests that take seconds
#   make check      all tests
#   make check-sanitize   the tests under AddressSanitizer and UBSan
#   make repro      the first theorems and figures, into build/repro
#   make coverage   docs/coverage.md, the formulas of known architectures, each parsed and sampled
#   make bench      speed, as ratios measured in one run; bench-figure draws how it grows
#   make format-check     every source as .clang-format has it; make tree: includes and READMEs as they should be
#   make deps-ci    what continuous integration needs besides (apt-ci.txt)
#   make deps-mpi   what MPI=1 needs besides (apt-mpi.txt); make MPI=1 builds for mpirun (docs/cluster.md),
#                   make check-mpi tests it, make check-cluster runs that page's examples
#   make deps-browser   a headless browser (apt-browser.txt), in which make check-browser tests the explorer's page
#   make fuzz       the parsers of formulas and of saved files under libFuzzer (clang), SECONDS=60
#   make fuzz-requests   10^5 requests that nobody should send, at the explorer under the sanitizers
#   make install    program, library, manual and completions to $(DESTDIR)$(prefix), /usr/local
#   make uninstall  from there
#   make check-install    both, in a folder of its own, and an example built against the library there
#   make clean      removes build/
#   make help       this text
#
#   CC, CFLAGS, LDFLAGS, MARCH, BUILD, prefix (or PREFIX) and DESTDIR are respected. MARCH=native suits only the machine that built:
#   MARCH=x86-64-v3 suits any of the last ten years. SUITE=name runs one suite of check, V=1 shows the compiler's lines.
#
# Only build/ is written. Each folder lists its sources in module.mk.

CC      ?= cc
MARCH   ?= native
CFLAGS  ?= -O3 -g
LDFLAGS ?=

BUILD   ?= build
ifneq ($(words $(BUILD)),1)
  $(error BUILD='$(BUILD)': make cannot build in a folder whose name has a space or is empty)
endif
Q        = $(if $(V),,@)
PACKAGES = gsl openblas lapacke jansson sqlite3 libmicrohttpd
VERSION  = 0.1.0
COMMIT  := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)

WARNINGS = -Wall -Wextra -Wno-missing-field-initializers -Wshadow -Wconversion -Wcast-qual -Werror
# Recursive, so that pkg-config is asked after deps has installed it. GSL's CBLAS is left out: OpenBLAS has one.
PKG_CFLAGS = $(shell pkg-config --cflags $(PACKAGES))
PKG_LIBS   = -lgsl -lopenblas -llapacke -ljansson -lsqlite3 -lmicrohttpd -lm
# Ranks of a job (docs/cluster.md): make deps-mpi && make MPI=1
ifneq ($(MPI),)
  PKG_CFLAGS += -DWITH_MPI $(shell pkg-config --cflags ompi-c)
  PKG_LIBS   += $(shell pkg-config --libs ompi-c)
endif
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE $(WARNINGS) -march=$(MARCH) -ffp-contract=fast -fopenmp-simd -pthread -fPIC -fvisibility=hidden -I. \
             $(PKG_CFLAGS) $(CFLAGS) -MMD -MP

SOURCE_FOLDERS = sim train analysis plots lib explore cli docs examples bench paper-repro tests

.PHONY: all
all: # what it is stands at the end, when every module has been read

include sim/module.mk analysis/module.mk train/module.mk plots/module.mk lib/module.mk explore/module.mk cli/module.mk \
        paper-repro/module.mk docs/module.mk tests/module.mk bench/module.mk

PARTS_OBJ = $(patsubst %.c,$(BUILD)/%.o,$(SIM_SRC) $(TRAIN_SRC) $(ANALYSIS_SRC) $(PLOTS_SRC) $(EXPLORE_SRC)) $(SINGLE_OBJ)
CLI_OBJ = $(patsubst %.c,$(BUILD)/%.o,$(CLI_SRC))

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo '  CC    $<'
	$(Q)$(CC) $(ALL_CFLAGS) $(EXTRA_CFLAGS) -c $< -o $@

# Single precision of the same sources (sim/real.h): those that hold tensors, which the folders name in SINGLE, once more
# with -DSINGLE. All names that these objects define are then renamed, in each of them, from NAME to NAME_single: they
# find each other, and what they do not define (graphs, plans, streams, tasks, errors) is shared. There doubles become
# floats on purpose.
SINGLE_RAW := $(SINGLE:%=$(BUILD)/single/%.raw)
SINGLE_OBJ := $(SINGLE_RAW:.raw=_single.o)

$(SINGLE_RAW): $(BUILD)/single/%.raw: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo '  CC    $< (single)'
	$(Q)$(CC) $(ALL_CFLAGS) $(EXTRA_CFLAGS) -DSINGLE -Wno-float-conversion -Wno-implicit-float-conversion -c $< -o $@

$(BUILD)/single/names: $(SINGLE_RAW)
	$(Q)nm --defined-only --extern-only -P $^ | awk 'NF > 2 { print $$1, $$1 "_single" }' | LC_ALL=C sort -u > $@

$(SINGLE_OBJ): %_single.o: %.raw $(BUILD)/single/names
	$(Q)objcopy --redefine-syms=$(BUILD)/single/names $< $@

# The version and commit that a profile's manifest names, and the flags that a store's samples are kept by; rewritten only
# when they change.
VERSIONED = $(addprefix $(BUILD)/,cli/format_json.o cli/training.o cli/main.o cli/manual.o cli/sheet.o analysis/store.o lib/spanscope.o)
$(VERSIONED): EXTRA_CFLAGS = -I$(BUILD)
$(VERSIONED): $(BUILD)/build_version.h
$(BUILD)/build_version.h: force
	@mkdir -p $(@D)
	@printf '#define BUILD_VERSION "%s"\n#define BUILD_COMMIT "%s"\n#define BUILD_FLAGS __VERSION__ " %s"\n' \
	  '$(VERSION)' '$(COMMIT)' '-march=$(MARCH) $(filter-out -g -D% -I%,$(CFLAGS))' > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# Objects are made again when the compiler or its flags change.
.PHONY: force
$(BUILD)/flags: force
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS) $(LDFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CFLAGS) $(LDFLAGS)' > $@

$(BUILD)/parts.a: $(PARTS_OBJ) $(EMBEDDED_OBJ)
	@rm -f $@
	@echo '  AR    $@'
	$(Q)ar rcs $@ $^

$(BUILD)/spanscope: $(CLI_OBJ) $(BUILD)/parts.a
	@echo '  LINK  $@'
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(PKG_LIBS) -o $@

.PHONY: deps deps-ci deps-mpi deps-browser
deps:
	@sh tests/deps.sh apt.txt

deps-ci: deps
	@sh tests/deps.sh apt-ci.txt

deps-mpi: deps
	@sh tests/deps.sh apt-mpi.txt

deps-browser: deps
	@sh tests/deps.sh apt-browser.txt

.PHONY: format-check
format-check:
	@clang-format --dry-run -Werror $$(find $(SOURCE_FOLDERS) -name '*.[ch]')

.PHONY: clean help
clean:
	rm -rf $(BUILD)

help:
	@sed -n 's/^#   //p' Makefile

all: $(BUILD)/spanscope $(INSTALLED)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
