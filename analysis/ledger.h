/* The rows of the ledger, by what they are about; analysis/claim.h says how a row reads. */
#ifndef SPANSCOPE_ANALYSIS_LEDGER_H
#define SPANSCOPE_ANALYSIS_LEDGER_H

#include "analysis/claim.h"

extern const struct claim_group ledger_span;      /* SpanNorm and ScaleInit */
extern const struct claim_group ledger_baseline;  /* PreNorm, PostNorm and other placements */
extern const struct claim_group ledger_limit;     /* infinite width and finite width */
extern const struct claim_group ledger_published; /* statements as other papers make them */

#endif
