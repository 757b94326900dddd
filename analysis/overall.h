/* What a sample says of the whole stack in one number, made of its observables at all layers. */
#ifndef SPANSCOPE_ANALYSIS_OVERALL_H
#define SPANSCOPE_ANALYSIS_OVERALL_H

#include "sim/observe.h"

struct overall {
    const char *name;
    const char *summary;
    enum observe_id observable; /* that it is made of */
    /* Of a sample's observable at layers 0 to L; absent where it is not defined. */
    struct wide (*evaluate)(const struct wide *column, int layers); // column [L + 1]
};

enum { OVERALLS = 4 };

extern const struct overall overalls[OVERALLS];

/* Name number i, NULL behind the last. */
const char *overall_name(size_t i);

/* The index of that name; -1 with the nearest name in error where there is none. */
int overall_find(const char *name, struct error *error);

/* Number i of a sample's values, [(L + 1)][schema->column_count]; absent where the model does not have the observable.
 * column[L + 1] is for work. */
struct wide overall_of(int i, const struct observe_schema *schema, int layers, const struct wide *values,
                       struct wide *column);

#endif
