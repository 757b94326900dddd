# libspanscope, and what make install puts where. make check-install does it all in a folder of its own.
DESTDIR    ?=
PREFIX     ?= /usr/local
prefix     ?= $(PREFIX)
bindir     ?= $(prefix)/bin
libdir     ?= $(prefix)/lib
includedir ?= $(prefix)/include
datadir    ?= $(prefix)/share
mandir     ?= $(datadir)/man
docdir     ?= $(datadir)/doc/spanscope

LIB        = $(BUILD)/lib
LIB_NAME   = libspanscope.so.$(firstword $(subst ., ,$(VERSION)))
LIB_FULL   = libspanscope.so.$(VERSION)
LIB_NEEDS  = -lgsl -lopenblas -llapacke -lm

# One object of what the functions of spanscope.h need, in which only they have a name: a program's own norm_forward is
# not ours.
$(LIB)/libspanscope.o: $(LIB)/spanscope.o $(BUILD)/parts.a
	$(Q)ld -r $^ -o $@.new && objcopy --localize-hidden $@.new $@ && rm $@.new

$(LIB)/libspanscope.a: $(LIB)/libspanscope.o
	@rm -f $@
	@echo '  AR    $@'
	$(Q)ar rcs $@ $^

$(LIB)/$(LIB_FULL): $(LIB)/libspanscope.o
	@echo '  LINK  $@'
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -shared -Wl,-soname,$(LIB_NAME) -Wl,-z,defs $^ $(LIB_NEEDS) -o $@

# Pages and completions come from the program's own tables.
COMMANDS := $(shell sed -n 's/^ *{ROW(\([a-z]*\)).*/\1/p' cli/commands.c)
PAGES     = $(addprefix $(BUILD)/man/,spanscope.1 $(COMMANDS:%=spanscope-%.1))
SHELLS    = $(addprefix $(BUILD)/completion/,bash zsh fish)

$(BUILD)/man/spanscope.1: PAGE =
$(BUILD)/man/spanscope-%.1: PAGE = $*
$(PAGES): $(BUILD)/spanscope
	@mkdir -p $(@D)
	$(Q)$< manual $(PAGE) > $@.new && mv $@.new $@

$(SHELLS): $(BUILD)/spanscope
	@mkdir -p $(@D)
	$(Q)$< completion $(@F) > $@.new && mv $@.new $@

INSTALLED = $(LIB)/libspanscope.a $(LIB)/$(LIB_FULL) $(PAGES) $(SHELLS)

# lib/install.sh has the list of what goes where. It is told by the environment, where any name of a folder stays whole;
# under names of its own, which a make within this one does not take for bindir and the like.
PLACES = DESTDIR prefix bindir libdir includedir datadir mandir docdir
$(foreach place,$(PLACES),$(eval export PLACE_$(place) = $$($(place))))
export PLACE_PAGES = $(notdir $(PAGES))

.PHONY: install uninstall check-install
install: all
	@sh lib/install.sh install $(BUILD) $(VERSION)

uninstall:
	@sh lib/install.sh uninstall $(BUILD) $(VERSION)

# Into a folder of its own, the example built and run there, and away again.
check-install: all
	+@MAKE='$(MAKE)' CC='$(CC)' sh tests/install.sh $(BUILD)
