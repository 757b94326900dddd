/* How `map` and `solve` read a model: in the limit of infinite width, or at its own width as `predict` does. */
#ifndef SPANSCOPE_CLI_READING_H
#define SPANSCOPE_CLI_READING_H

#include <jansson.h>

#include "analysis/limit/moments.h"
#include "cli/options.h"

/* What was given; 0 and false: nothing. */
struct reading {
    bool at_width, full;
    double error, budget;
    int replicas, draws;
    uint64_t seed;
};

/* Rows of a command whose struct has a reading as that member. */
// clang-format off
#define READING_ROWS(type, member)                                                                                     \
    {"at-width", 0, NULL,                                                                                              \
     "the model's own width, as `predict` reads it: in closed form to first order in T/d, or stacks\n"                 \
     "that are drawn; without, the limit of infinite width and many heads",                                            \
     value_flag, offsetof(type, member.at_width)},                                                                     \
    {"budget", 0, "SECONDS",                                                                                           \
     "with --at-width: what a point's draws may cost, of a core, about, as operations are counted;\n"                  \
     "that of `predict`",                                                                                              \
     value_seconds, offsetof(type, member.budget)},                                                                    \
    {"error", 0, "REL",                                                                                                \
     "with --at-width: draw until every standard error is that fraction of its value, or the budget\n"                 \
     "is spent; 0.003, but to first order in T/d 0.05",                                                                \
     value_fraction, offsetof(type, member.error)},                                                                    \
    {"replicas", 0, "N",                                                                                               \
     "with --at-width: draw stacks at every point, that many at most, and no more than a --budget\n"                   \
     "beside it allows",                                                                                               \
     value_draws, offsetof(type, member.replicas)},                                                                    \
    {"full", 0, NULL, "with --at-width: draw where there is a closed form, too", value_flag,                           \
     offsetof(type, member.full)},                                                                                     \
    {"draws", 0, "N", "in the limit: attention matrices per block and point, where attention is drawn; 64",            \
     value_draws, offsetof(type, member.draws)},                                                                       \
    {"seed", 's', "N", "64-bit seed of the draws, the same at every point", value_seed, offsetof(type, member.seed)}
// clang-format on

/* ERROR_INPUT where an option is the other reading's. */
int reading_options(const struct reading *reading, struct moments_options *moments, struct error *error);

/* ERROR_INPUT where a model cannot be read at its width, and the limit would be what is shown. */
int reading_check(const struct reading *reading, const struct model *model, struct error *error);

/* Says on standard error that --draws, --budget or --error, where one was given, had no part in what drew nothing. Whether
 * stacks or attentions are drawn is known once they have been read. At a width an error decides whether they are. */
void reading_tell_undrawn(const struct options *options, const char *command, bool at_width);

/* As a heading says it. */
const char *reading_words(const struct reading *reading);

/* The member "reading" of what is written: all of it that decides the numbers. */
json_t *reading_object(bool *ok, const struct reading *reading, const struct moments_options *moments);

#endif
