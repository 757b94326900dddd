CLI_SRC := $(wildcard cli/*.c)
