/* Every suite, one per module. A row here is all it takes to run it. */
#ifndef SPANSCOPE_TESTS_SUITES_H
#define SPANSCOPE_TESTS_SUITES_H

#include <check.h>

#define SUITES(row) \
    row(error) \
    row(stream) \
    row(text) \
    row(graph) \
    row(formula) \
    row(placement) \
    row(init) \
    row(reference) \
    row(activation) \
    row(norm) \
    row(linear) \
    row(attention) \
    row(ffn) \
    row(moe) \
    row(figure) \
    row(quantity) \
    row(expected) \
    row(verdict) \
    row(statistic) \
    row(claim)

#define SUITES_DECLARE(name) Suite *name##_suite(void);
SUITES(SUITES_DECLARE)

#endif
