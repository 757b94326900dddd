/* The model that a command line is about: defaults, then the command's own, then --config, then the settings given. */
#ifndef SPANSCOPE_CLI_BEGIN_H
#define SPANSCOPE_CLI_BEGIN_H

#include "cli/options.h"

/* Reads the configuration of --config, where there is one, into the parsed options. ERROR_INPUT where it makes no model,
 * whatever is given beside it; ERROR_RESOURCE where it cannot be read. */
int begin_open(struct options *options, struct error *error);

/* Says on standard error what that configuration became, where there is one and no --quiet. The command calls it once its
 * models have been made, so that an error stands alone. */
void begin_tell(const struct options *options);

/* Both models are the caller's to free, but where they fail. begin_model checks its own (model_check), too; of what --config
 * has given, its message names the file and the key. */
int begin_draft(const struct options *options, struct model *model, struct error *error);
int begin_model(const struct options *options, struct model *model, struct error *error);

#endif
