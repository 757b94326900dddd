#include "sim/invariant.h"

#include <stdlib.h>

static invariant_handler *on_failure;

void invariant_handle(invariant_handler *handler)
{
    on_failure = handler;
}

void invariant_fail(const char *file, int line, const char *condition)
{
    if (on_failure)
        on_failure(file, line, condition);
    abort();
}
