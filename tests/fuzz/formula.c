/* libFuzzer target: `make fuzz SECONDS=300`. Everything that tests/formula_trip.h promises, on inputs that seek new
 * paths through the parser. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/init.h"
#include "tests/formula_trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void parse_scalars(const char *text, size_t length)
{
    struct graph graph;
    struct error error;
    if (formula_parse_scalars(text, length, "init", &graph, &error) != ERROR_NONE)
        return;
    const char *wrong = formula_trip_invariant(&graph);
    if (wrong != NULL) {
        fprintf(stderr, "initialisation: %s\n", wrong);
        abort();
    }
    graph_free(&graph);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    int parsed;
    const char *wrong = formula_trip((const char *)bytes, length, &parsed);
    if (wrong != NULL) {
        fprintf(stderr, "formula: %s\n", wrong);
        abort();
    }
    parse_scalars((const char *)bytes, length);
    return 0;
}
