#include "analysis/schema.h"

const char *const schema_kinds[SCHEMA_KINDS] = {[SCHEMA_MEASURED] = "measured", [SCHEMA_PREDICTED] = "predicted"};
