/* The values that a setting is given: one text may hold several, and several texts add up. */
#ifndef SPANSCOPE_SIM_VARIANTS_H
#define SPANSCOPE_SIM_VARIANTS_H

#include "sim/setting.h"

enum { VARIANTS_MOST = 10000 };

struct variants {
    const struct setting *setting;
    char **text; /* [count], each as setting_apply takes it */
    int count;
};

/* Adds the values of text behind those that are there:
 *   of a number a list or an axis (sim/values);
 *   of a choice, a formula or an initialisation a list whose commas stand outside of brackets and quotes, and not in a
 *   declaration of several names (state x, u). A text that is the name of a file is that file, commas and all.
 * Blanks around a value are dropped. ERROR_INPUT also where a value is there already: it would be run twice. */
int variants_add(struct variants *variants, const struct setting *setting, const char *text, struct error *error);
void variants_free(struct variants *variants);

#endif
