# The reproduction. make repro does everything from nothing; REPRODUCING.md says what and how long.
#   make repro            reduced sizes: claims, figures, comparison with paper-repro/expected; status 0 or not
#   make repro-full       the paper's depth: the 128-block width-2048 stack among others
#   make claim-ID         one claim            make fig-NAME    one figure (TIER=full its large size,
#                                                   STYLE=paper or slides another look)
#   make repro-expected   makes paper-repro/expected and claims.tsv again, after a change that is meant
REPRO_SRC := $(addprefix paper-repro/,expected.c verdicts.c table.c)
REPRO_OBJ  = $(patsubst %.c,$(BUILD)/%.o,$(REPRO_SRC))
LEDGER     = $(BUILD)/paper-repro/ledger

FIG_TABLE  := paper-repro/figures.tsv
DATA_TABLE := paper-repro/data.tsv
first-fields = $(shell awk -F '\t' '!/^\#/ && $$1 != "name" && $$1 != "id" && !seen[$$1]++ { print $$1 }' $(1))
figure-field = $(shell awk -F '\t' '$$1 == "$(1)" { print $$$(2) }' $(FIG_TABLE))
FIG_NAMES  := $(call first-fields,$(FIG_TABLE))
DATA_NAMES := $(call first-fields,$(DATA_TABLE))
CLAIM_IDS  := $(call first-fields,$(wildcard paper-repro/claims.tsv) /dev/null)

TIER     ?= check
STYLE    ?= screen
REPRO     = $(BUILD)/repro$(if $(filter check,$(TIER)),,-$(TIER))
# Maps are no profiles, and predictions only; of runs of training the claims decide: they are drawn but not compared.
DRAWN_ONLY := $(shell awk -F '\t' '$$3 ~ /^(map|train) / && !seen[$$1]++ { print $$1 }' $(DATA_TABLE))
DATA      = $(patsubst %,$(REPRO)/data/%.json,$(DATA_NAMES))
PICTURES  = $(REPRO)$(if $(filter screen,$(STYLE)),,/$(STYLE))
PROFILES  = $(filter-out $(patsubst %,$(REPRO)/data/%.json,$(DRAWN_ONLY)),$(DATA))
FIGURES   = $(patsubst %,$(PICTURES)/%.png,$(FIG_NAMES))
# Programs are run by path; BUILD may be relative or absolute.
SPANSCOPE = $(abspath $(BUILD))/spanscope

$(LEDGER): $(BUILD)/paper-repro/ledger.o $(REPRO_OBJ) $(BUILD)/parts.a
	@echo '  LINK  $@'
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(PKG_LIBS) -o $@

# Status 1 and 4 are verdicts: the report is there, and the ledger judges it.
$(REPRO)/claims.json: $(BUILD)/spanscope
	@mkdir -p $(@D)
	@echo '  CLAIMS at tier $(TIER)'
	$(Q)$(SPANSCOPE) verify --tier $(TIER) --quiet --format json --output $@; \
	  status=$$?; [ $$status -le 1 ] || [ $$status -eq 4 ]

$(DATA): $(REPRO)/data/%.json: $(BUILD)/spanscope $(DATA_TABLE) paper-repro/data.sh
	@echo '  DATA  $*'
	$(Q)sh paper-repro/data.sh $(SPANSCOPE) $(DATA_TABLE) $* $(TIER) $@

$(foreach f,$(FIG_NAMES),$(eval $(PICTURES)/$f.png: $(patsubst %,$(REPRO)/data/%.json,$(call figure-field,$f,3))))
$(FIGURES): $(PICTURES)/%.png: $(FIG_TABLE)
	@echo '  FIG   $*'
	$(Q)$(SPANSCOPE) plot --style $(STYLE) --figure $(call figure-field,$*,2) --name $* \
	  $(if $(call figure-field,$*,4),--title '$(call figure-field,$*,4)') --output $(@D) $(filter %.json,$^) > /dev/null

.PHONY: repro repro-run repro-full repro-full-run repro-expected repro-expected-run
repro: deps
	+$(MAKE) repro-run

repro-run: $(REPRO)/claims.json $(DATA) $(FIGURES) $(LEDGER)
	$(Q)$(LEDGER) compare $< $(PROFILES)

# The full size has no committed values: its verdicts decide.
repro-full: deps
	+$(MAKE) TIER=full repro-full-run

repro-full-run: $(FIGURES)
	$(SPANSCOPE) verify --tier $(TIER)

repro-expected: deps
	+$(MAKE) repro-expected-run

repro-expected-run: $(REPRO)/claims.json $(PROFILES) $(LEDGER)
	$(Q)$(LEDGER) expect $< $(PROFILES)
	$(Q)$(LEDGER) claims $(SPANSCOPE) $(TIER) > $(REPRO)/claims.tsv
	mv $(REPRO)/claims.tsv paper-repro/claims.tsv

.PHONY: $(FIG_NAMES:%=fig-%) $(CLAIM_IDS:%=claim-%)
$(FIG_NAMES:%=fig-%): fig-%: $(PICTURES)/%.png
	@ls $(PICTURES)/$*.*

$(CLAIM_IDS:%=claim-%): claim-%: $(BUILD)/spanscope
	$(SPANSCOPE) verify --tier $(TIER) $*
