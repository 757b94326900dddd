SIM_SRC := $(wildcard sim/*.c)

SINGLE += $(addprefix sim/, activation attention bias block conditioned draw elementwise join law linear maps memory \
            mixture norm observe panel readout router source spectrum stack vanish)
