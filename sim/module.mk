SIM_SRC := $(wildcard sim/*.c)

# Single precision of the same sources (sim/real.h): those that hold tensors once more, with -DSINGLE. All names that
# these objects define are then renamed, in each of them, from NAME to NAME_single: they find each other, and what they
# do not define (graphs, plans, streams, errors) is shared. There doubles become floats on purpose.
SINGLE     = activation attention bias block conditioned draw join law linear memory mixture norm observe panel readout router source \
             spectrum stack
SINGLE_RAW = $(SINGLE:%=$(BUILD)/single/sim/%.raw)
SINGLE_OBJ = $(SINGLE_RAW:.raw=_single.o)

$(SINGLE_RAW): $(BUILD)/single/%.raw: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo '  CC    $< (single)'
	$(Q)$(CC) $(ALL_CFLAGS) -DSINGLE -Wno-float-conversion -Wno-implicit-float-conversion -c $< -o $@

$(BUILD)/single/names: $(SINGLE_RAW)
	$(Q)nm --defined-only --extern-only -P $^ | awk 'NF > 2 { print $$1, $$1 "_single" }' | LC_ALL=C sort -u > $@

$(SINGLE_OBJ): %_single.o: %.raw $(BUILD)/single/names
	$(Q)objcopy --redefine-syms=$(BUILD)/single/names $< $@
