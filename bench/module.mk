# Every bench/*.c is a program of its own; make bench builds and runs them in the order of their names.
BENCH_SRC := $(sort $(wildcard bench/*.c))
BENCH      = $(patsubst %.c,$(BUILD)/%,$(BENCH_SRC))

$(BENCH): %: %.o $(BUILD)/libspanscope.a
	@echo '  LINK  $@'
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(PKG_LIBS) -o $@

.PHONY: bench
bench: deps
	+$(MAKE) $(BENCH)
	@set -e; for program in $(BENCH); do echo "== $$program"; $$program; done
