/* Every suite, one per module. A row here is all it takes to run it. */
#ifndef SPANSCOPE_TESTS_SUITES_H
#define SPANSCOPE_TESTS_SUITES_H

#include <check.h>

#define SUITES(row) \
    row(error) \
    row(memory) \
    row(stream) \
    row(source) \
    row(text) \
    row(graph) \
    row(formula) \
    row(placement) \
    row(init) \
    row(torch) \
    row(activation) \
    row(norm) \
    row(panel) \
    row(linear) \
    row(conditioned) \
    row(attention) \
    row(ffn) \
    row(moe) \
    row(block) \
    row(observe) \
    row(stack) \
    row(sampler) \
    row(setting) \
    row(model) \
    row(estimate) \
    row(profile) \
    row(agreement) \
    row(theory) \
    row(saved) \
    row(legend) \
    row(series) \
    row(axis) \
    row(figure) \
    row(heatmap) \
    row(quantity) \
    row(expected) \
    row(verdict) \
    row(statistic) \
    row(contrast) \
    row(column) \
    row(reference) \
    row(hypothesis) \
    row(claim) \
    row(law) \
    row(interval) \
    row(range) \
    row(gain) \
    row(bounds) \
    row(map) \
    row(format) \
    row(cli) \
    row(kernel) \
    row(moments) \
    row(softmax) \
    row(gram) \
    row(rule) \
    row(flow) \
    row(predict) \
    row(flight)

#define SUITES_DECLARE(name) Suite *name##_suite(void);
SUITES(SUITES_DECLARE)

#endif
