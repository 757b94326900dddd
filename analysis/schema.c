#include "analysis/schema.h"

#include <string.h>

const char *const schema_kinds[SCHEMA_KINDS] = {[SCHEMA_MEASURED] = "measured", [SCHEMA_PREDICTED] = "predicted"};

enum schema_kind schema_kind_find(const char *name)
{
    enum schema_kind kind = SCHEMA_MEASURED;
    while (kind < SCHEMA_KINDS && strcmp(schema_kinds[kind], name) != 0)
        kind++;
    return kind;
}
