/* Definitions that every formula has, in its own language: attn, ffn, glu. */
#ifndef SPANSCOPE_SIM_PRELUDE_H
#define SPANSCOPE_SIM_PRELUDE_H

#include <stdbool.h>
#include <stddef.h>

enum prelude_activation { PRELUDE_ANY, PRELUDE_PLAIN, PRELUDE_GATED };

struct prelude {
    const char *name;
    const char *text;
    enum prelude_activation activation; /* for which rows of sim/activation it is meant */
    const char *summary;
};

extern const struct prelude prelude[];
extern const size_t prelude_count;
extern const char prelude_what[]; /* its name in messages */

bool prelude_applies(const struct prelude *row, bool gated);

/* Whether a definition has that name, of length bytes. */
bool prelude_has(const char *name, size_t length);

#endif
