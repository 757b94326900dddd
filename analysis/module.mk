ANALYSIS_SRC := $(wildcard analysis/*.c analysis/*/*.c)
