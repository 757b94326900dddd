/* JSON Schema, as much of draft 2020-12 as docs/schema uses; a keyword that is not known fails, so that none goes
 * unheeded. */
#ifndef SPANSCOPE_TESTS_VALIDATE_H
#define SPANSCOPE_TESTS_VALIDATE_H

#include <jansson.h>
#include <stdbool.h>

enum { VALIDATE_WHY = 512 };

/* Whether the value is as the schema says; else where and why not. */
bool validate(const json_t *schema, const json_t *value, char why[VALIDATE_WHY]);

#endif
