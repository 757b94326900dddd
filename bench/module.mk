# Every bench/*.c but gap.c is a program of its own; make bench builds and runs them in the order of their names.
BENCH_SRC := $(sort $(filter-out bench/gap.c,$(wildcard bench/*.c)))
BENCH      = $(patsubst %.c,$(BUILD)/%,$(BENCH_SRC))

$(BENCH): %: %.o $(BUILD)/bench/gap.o $(addprefix $(BUILD)/cli/,cost.o sweep.o options.o value.o begin.o) $(BUILD)/parts.a
	@echo '  LINK  $@'
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(PKG_LIBS) -o $@

.PHONY: bench bench-programs
bench-programs: $(BENCH)

bench: deps
	+$(MAKE) bench-programs
	@set -e; for program in $(BENCH); do echo "== $$program"; $$program; done

# The conditioned engine's growth with width, tokens and depth as a figure, build/bench/growth.png.
.PHONY: bench-figure
bench-figure: deps
	+$(MAKE) $(BUILD)/bench/conditioned
	$(BUILD)/bench/conditioned > $(BUILD)/bench/conditioned.txt
	gnuplot -c bench/growth.gp $(BUILD)/bench/conditioned.txt $(BUILD)/bench/growth.png
	@echo $(BUILD)/bench/growth.png

# Samples against the prediction at widths 128 to 65536 as a table and a figure, build/bench/agreement.{txt,png};
# half an hour of processor time at AGREEMENT_SAMPLES=64.
AGREEMENT_SAMPLES ?= 64
.PHONY: bench-agreement
bench-agreement: deps
	+$(MAKE) $(BUILD)/bench/agreement
	$(BUILD)/bench/agreement scaleinit $(AGREEMENT_SAMPLES) $$(nproc) 128 256 512 1024 2048 4096 8192 16384 32768 \
	    65536 > $(BUILD)/bench/agreement.txt
	gnuplot -c bench/agreement.gp $(BUILD)/bench/agreement.txt $(BUILD)/bench/agreement.png
	@echo $(BUILD)/bench/agreement.png
