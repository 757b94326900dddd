ANALYSIS_SRC := $(wildcard analysis/*.c)
