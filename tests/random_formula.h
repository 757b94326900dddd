/* Random valid formulas, for tests that hold for every formula. */
#ifndef SPANSCOPE_TESTS_RANDOM_FORMULA_H
#define SPANSCOPE_TESTS_RANDOM_FORMULA_H

#include <stddef.h>
#include <stdint.h>

enum { RANDOM_FORMULA_MAX = 8192 };

/* What a formula may use beside attn, ffn, norm, sums and scales: moe; maps, functions, products, attend and options. */
enum { RANDOM_MOE = 1, RANDOM_OPERATIONS = 2 };

/* Writes the formula of that seed, ended by a NUL, and returns its length (less than RANDOM_FORMULA_MAX). It uses
 * sections, conditions on depth, names that are assigned again, comments, and the words allowed. Signals
 * stay finite in stacks of tens of blocks: every factor lies in about [0.7, 1.5], and either a section ends with a norm
 * or its ffn and moe (a gated one squares its input) read one; products are of bounded functions. Every block has a
 * rule. */
size_t random_formula(uint64_t seed, unsigned words, char buffer[RANDOM_FORMULA_MAX]);

#endif
