PLOTS_SRC := $(wildcard plots/*.c)
