/* What the program prints, as lines and as JSON; what is not there fails the test. */
#ifndef SPANSCOPE_TESTS_PRINTED_H
#define SPANSCOPE_TESTS_PRINTED_H

#include <jansson.h>

int printed_lines(const char *out);

/* Line number `line` of out, from 0; the caller decrefs it. */
json_t *printed_line(const char *out, int line);

const char *printed_text(const json_t *object, const char *key);
double printed_number(const json_t *object, const char *key);

/* An observable of a profile at a layer; NULL where there is none. */
const json_t *printed_cell(const json_t *profile, int layer, const char *observable);

#endif
