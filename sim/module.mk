SIM_SRC := $(wildcard sim/*.c)

SINGLE += $(addprefix sim/, activation attention bias block conditioned draw join law linear memory mixture norm observe panel readout \
            router source spectrum stack vanish)
