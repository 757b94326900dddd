/* How models are trained, in words: what the command line and claims say a training in. A word's name is its option's. */
#ifndef SPANSCOPE_TRAIN_RECIPE_H
#define SPANSCOPE_TRAIN_RECIPE_H

#include "train/trainer.h"

struct recipe {
    struct task task;
    struct training training;          /* of every run but for its rate and seed; whole behind recipe_finish */
    struct optimiser_settings numbers; /* those given, else NAN */
    double base_width;                 /* NAN where it is not given */
    struct values rates, measured;
};

/* icl:4:0.1, 150 steps at 1e-3, and else training_defaults. */
void recipe_defaults(struct recipe *recipe);
void recipe_free(struct recipe *recipe);

/* Whether a word of that name is the recipe's. */
bool recipe_has(const char *name);

/* Takes one word; ERROR_INPUT says what was expected and the nearest name. */
int recipe_set(struct recipe *recipe, const char *name, const char *text, struct error *error);

/* Words that go together, and what they leave open. The recipe must stay where it is from here on. */
int recipe_finish(struct recipe *recipe, struct error *error);

/* A run's own. */
struct training recipe_training(const struct recipe *recipe, double rate, uint64_t seed);

/* Whether two whole ones say the same. */
bool recipe_same(const struct recipe *a, const struct recipe *b);

/* Sizes that go together with the model, and attention that shows no token what it is to predict, whoever says so: the
 * setting or a call in the formula, which the error names. */
int recipe_check(const struct recipe *recipe, const struct model *model, struct error *error);

#endif
