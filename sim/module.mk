SIM_SRC := $(wildcard sim/*.c)
