TRAIN_SRC := $(wildcard train/*.c)

# sqrt without errno is an instruction, and the update loops stay vectors.
$(BUILD)/train/optimiser.o: EXTRA_CFLAGS = -fno-math-errno
