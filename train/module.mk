TRAIN_SRC := $(wildcard train/*.c)

SINGLE += $(addprefix train/, held measure network optimiser product trainer)

# sqrt without errno is an instruction, and the update loops stay vectors.
$(BUILD)/train/optimiser.o $(BUILD)/single/train/optimiser.raw: EXTRA_CFLAGS = -fno-math-errno
