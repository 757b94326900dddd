# One Check program of all suites; a suite by name: make check SUITE=formula. Tests tagged "slow" are left out of smoke.
TESTS_SRC := $(wildcard tests/*.c)
TESTS_OBJ  = $(patsubst %.c,$(BUILD)/%.o,$(TESTS_SRC))

$(BUILD)/check: $(TESTS_OBJ) $(BUILD)/libspanscope.a
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(shell pkg-config --libs check) $(PKG_LIBS) -o $@

.PHONY: smoke check check-sanitize
smoke: deps
	+$(MAKE) all $(BUILD)/check
	CK_EXCLUDE_TAGS=slow CK_RUN_SUITE=$(SUITE) SPANSCOPE=$(BUILD)/spanscope $(BUILD)/check

check: deps
	+$(MAKE) all $(BUILD)/check
	CK_RUN_SUITE=$(SUITE) SPANSCOPE=$(BUILD)/spanscope $(BUILD)/check

check-sanitize: deps
	+$(MAKE) BUILD=build/sanitize MARCH=x86-64 \
	  CFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all" \
	  build/sanitize/spanscope build/sanitize/check
	CK_EXCLUDE_TAGS=slow CK_RUN_SUITE=$(SUITE) SPANSCOPE=build/sanitize/spanscope build/sanitize/check
