/* The ledger as text: what each claim says, assumes and tests. */
#ifndef SPANSCOPE_CLI_CLAIMS_H
#define SPANSCOPE_CLI_CLAIMS_H

#include <stdio.h>

#include "analysis/claims/claim.h"

/* The claims [count] under the titles of their groups, with the tier's configurations. */
void claims_print(const struct claim *const claims[], size_t count, enum claim_tier tier, FILE *stream);

/* The same as JSON, schema SCHEMA_CLAIMS. */
int claims_print_json(const struct claim *const claims[], size_t count, enum claim_tier tier, FILE *stream,
                      struct error *error);

#endif
