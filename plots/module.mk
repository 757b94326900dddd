PLOTS_SRC := $(wildcard plots/*.c)
PLOTS_DATA := $(wildcard plots/*.gp)
