# The table of architectures, from their formulas; make coverage parses and samples every one.
$(BUILD)/docs/table: $(BUILD)/docs/table.o $(BUILD)/docs/coverage.o $(BUILD)/parts.a
	@echo '  LINK  $@'
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(PKG_LIBS) -o $@

# The page on outputs and the JSON Schemas, from the program's own table of them.
$(BUILD)/docs/output: $(BUILD)/docs/output.o $(BUILD)/cli/schema.o $(BUILD)/cli/shape.o $(BUILD)/cli/command.o \
                      $(BUILD)/cli/options.o $(BUILD)/cli/value.o $(BUILD)/cli/begin.o $(BUILD)/cli/status.o \
                      $(BUILD)/cli/ranks.o $(BUILD)/cli/type.o $(BUILD)/parts.a
	@echo '  LINK  $@'
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(PKG_LIBS) -o $@

.PHONY: schemas
schemas: $(BUILD)/docs/output $(BUILD)/spanscope
	@mkdir -p docs/schema
	set -e; for name in $$($(BUILD)/spanscope schema | sed 's/ .*//'); do \
	  $(BUILD)/spanscope schema $$name > $(BUILD)/docs/$$name.json; mv $(BUILD)/docs/$$name.json docs/schema; done
	$(BUILD)/docs/output docs/output.in.md > $(BUILD)/docs/output.md
	mv $(BUILD)/docs/output.md docs/output.md

.PHONY: coverage
coverage: $(BUILD)/docs/table docs/coverage.tsv
	$(BUILD)/docs/table docs/coverage.tsv > $(BUILD)/docs/coverage.md
	mv $(BUILD)/docs/coverage.md docs/coverage.md
