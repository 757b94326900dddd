#include "tests/rows.h"

#include <check.h>
#include <string.h>

/* Every row begins with its name. */
static const void *row_of(const void *rows, size_t count, size_t size, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        const char *const *row = (const void *)((const char *)rows + i * size);
        if (strcmp(*row, name) == 0)
            return row;
    }
    ck_abort_msg("no row '%s'", name);
}

#define FIND(type, name, rows, count)                                                                                  \
    const type *name##_find(const char *called)                                                                        \
    {                                                                                                                  \
        return row_of(rows, count, sizeof *(rows), called);                                                            \
    }

FIND(struct activation, activation, activations, activation_count)
FIND(struct law, law, laws, law_count)
FIND(struct router, router, routers, router_count)
FIND(struct norm, norm, norms, norm_count)
FIND(struct mask, mask, masks, mask_count)
FIND(struct bias, bias, biases, bias_count)
FIND(struct scaling, scaling, scalings, scaling_count)
FIND(struct parametrisation, parametrisation, parametrisations, parametrisation_count)
FIND(struct schedule_row, schedule, schedules, schedule_count)
