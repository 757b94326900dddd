/* Saved profiles made by text, in the folder of the test. */
#ifndef SPANSCOPE_TESTS_PROFILES_H
#define SPANSCOPE_TESTS_PROFILES_H

#include <stdio.h>

#include "plots/saved.h"
#include "plots/series.h"

/* Layer 1 has no activation variance, layer 2's is beyond double; intervals below 0 and absent. */
extern const char profiles_rows[];

#define PROFILES_BASE                                                                                                  \
    "\"layers\":2,\"width\":24,\"heads\":3,\"tokens\":5,\"ffn_width\":40,\"activation\":\"relu\",\"mask\":\"none\","   \
    "\"samples\":7,\"seed\":9"
#define PROFILES_SPAN "\"placement\":\"spannorm\",\"init\":\"unit\"," PROFILES_BASE
extern const char *const profiles_span[]; /* that one */

/* A line of a file: config stands behind the required keys, rows is the array "layers". */
void profiles_add(FILE *file, const char *kind, const char *config, const char *rows);

/* Profiles of these configurations, up to NULL, written and read; the list is not freed before. */
void profiles_read(struct saved_list *list, const char *kind, const char *const configs[], const char *rows);

/* Profiles or runs of a text, a line each. */
void profiles_text(struct saved_list *list, const char *text);

/* All curves of them; an error's code, or ERROR_NONE. */
int profiles_curves(struct series_list *series, const struct series_choice *choice, bool logarithmic,
                    const struct saved_list *list, struct error *error);

#endif
