/* A model as the object "config" of what is written, and made again from it. */
#ifndef SPANSCOPE_ANALYSIS_CONFIG_H
#define SPANSCOPE_ANALYSIS_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "analysis/profile.h"

/* A member a setting, and the whole text of each text beside its name. *ok becomes false where memory ran out. */
json_t *config_object(bool *ok, const struct model *model);

/* That of a profile's model, and behind it where its numbers are from: engine, samples and seed. */
json_t *config_of_profile(bool *ok, const struct profile *profile);

/* JSON's integers end at 2^63 in most readers; a larger seed is written as text. */
json_t *config_seed(uint64_t seed);

/* The checked model that config_object was given; an absent member is the model's default, other members are ignored.
 * ERROR_INPUT names the member that is wrong. The texts are read as texts only, never as the names of files. */
int config_read(const json_t *config, struct model *model, struct error *error);

#endif
