# The table of architectures, from their formulas; make coverage parses and samples every one.
$(BUILD)/docs/table: $(BUILD)/docs/table.o $(BUILD)/docs/coverage.o $(BUILD)/parts.a
	@echo '  LINK  $@'
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(PKG_LIBS) -o $@

.PHONY: coverage
coverage: $(BUILD)/docs/table docs/coverage.tsv
	$(BUILD)/docs/table docs/coverage.tsv > $(BUILD)/docs/coverage.md
	mv $(BUILD)/docs/coverage.md docs/coverage.md
