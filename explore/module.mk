EXPLORE_SRC := $(wildcard explore/*.c)

# The page's files become C, and are part of the program. CHART_JS is Debian's libjs-chart.js.
CHART_JS ?= /usr/share/javascript/chart.js/chart.min.js
PAGE_SCRIPTS = $(patsubst %,explore/page/%.js,asking controls curves block inside map lessons begin)
EMBEDDED  = $(addprefix $(BUILD)/explore/embedded_,page.c style.c script.c chart.c)
EMBEDDED_OBJ = $(EMBEDDED:.c=.o)

$(BUILD)/explore/embedded_page.c: explore/page/index.html
$(BUILD)/explore/embedded_style.c: explore/page/style.css
$(BUILD)/explore/embedded_script.c: $(PAGE_SCRIPTS)
$(BUILD)/explore/embedded_chart.c: $(CHART_JS)
$(EMBEDDED): explore/embed.sh
	@mkdir -p $(@D)
	@echo '  EMBED $(filter-out %.sh,$^)'
	$(Q)sh explore/embed.sh $(patsubst embedded_%.c,%,$(@F)) $(filter-out %.sh,$^) > $@.new && mv $@.new $@

$(EMBEDDED_OBJ): %.o: %.c $(BUILD)/flags
	@echo '  CC    $<'
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

.PHONY: explore
explore: deps
	+$(MAKE) all
	$(BUILD)/spanscope explore
