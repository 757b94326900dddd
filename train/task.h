/* What is learned: sequences of tokens drawn afresh for every step, with the least loss that any predictor can have.
 *
 * A model reads T tokens and predicts each one's successor. Sequence b of step n is a function of (seed, n, b) alone,
 * so runs of one seed see the same data whatever their model and rate. Losses are in nats.
 */
#ifndef SPANSCOPE_TRAIN_TASK_H
#define SPANSCOPE_TRAIN_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/readout.h"

struct task;

struct task_row {
    const char *name;
    const char *usage; /* "icl:V:ALPHA" */
    const char *summary;
    /* Reads what stands behind the name's colon; NULL where nothing does. */
    int (*read)(struct task *task, const char *arguments, struct error *error);
    void (*draw)(const struct task *task, uint64_t seed, uint64_t step, uint32_t sequence, int tokens, int *x, int *y,
                 double *bayes);
    bool has_floor;
};

extern const struct task_row task_rows[];
extern const size_t task_count;

enum { TASK_TEXT_MAX = 256, TASK_IGNORED = READOUT_IGNORED, TASK_TOKENS_MIN = 2 };

struct task {
    const struct task_row *row;
    char text[TASK_TEXT_MAX]; /* as it was given */
    int vocabulary;           /* V */
    double alpha;             /* of the Dirichlet law of a transition matrix' rows */
    double *table;            // markov: [V][V][V], cumulated over the last
    char *bytes;              // text: [length]
    size_t length;
};

/* text is NAME or NAME:ARGUMENTS of the table. ERROR_INPUT says what was expected and the nearest name. */
int task_init(struct task *task, const char *text, struct error *error);
void task_free(struct task *task);

/* Whether sequences of that length can be drawn. */
int task_check(const struct task *task, int tokens, struct error *error);

/* One sequence: x[t] and its successor y[t], which is TASK_IGNORED where it does not count. *bayes becomes the loss of
 * the best predictor summed over the positions that count (with the task's own law known, the sequence's hidden draws
 * not), NaN where the task has no floor. Returns how many count. */
int task_draw(const struct task *task, uint64_t seed, uint64_t step, uint32_t sequence, int tokens, // T
              int *x, int *y,                                                                       // [T]
              double *bayes);

#endif
