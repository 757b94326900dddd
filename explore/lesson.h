/* The lessons: one table of text, read by the explorer and by `spanscope tour`. Every lesson asks before it tells, and its
 * answer is not in the table: the program computes it from the infinite-width prediction and the bounds. */
#ifndef SPANSCOPE_EXPLORE_LESSON_H
#define SPANSCOPE_EXPLORE_LESSON_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/model.h"

enum { LESSON_ANSWERS = 4, LESSON_SAYS = 1600 };

enum lesson_kind {
    LESSON_CHOOSE, /* one of the answers: the case with the largest or smallest measure */
    LESSON_NUMBER, /* the measure of the scene, up to tolerance */
    LESSON_FIND,   /* a setting that brings the measure between least and most */
};

extern const char *const lesson_kinds[];

struct lesson_reading;

/* What is computed of a model (explore/lesson_measure). */
struct lesson_measure {
    const char *words; /* "g_0/g_L" */
    bool bounds;       /* reads floors and ceilings */
    bool logarithm;    /* evaluate gives log10 of what is shown */
    double (*evaluate)(const struct lesson_reading *reading);
};

struct lesson {
    const char *id, *title, *question;
    const char *scene; /* settings */
    enum lesson_kind kind;
    const struct lesson_measure *measure;
    const char *answers[LESSON_ANSWERS]; /* CHOOSE: what is offered, up to NULL */
    const char *cases[LESSON_ANSWERS];   /* settings over the scene's, one an answer */
    bool smallest;                       /* CHOOSE: of the sizes, else the largest measure */
    double tolerance;                    /* NUMBER */
    double least, most;                  /* FIND, as the measure is evaluated */
    const char *free;                    /* FIND: the one setting that may change */
    int edits;                           /* FIND: characters of the formula that may change; 0: any */
    const char *right, *wrong;           /* one answer of each sort, for tests */
    const char *reveal;
};

extern const struct lesson lessons[];
extern const size_t lesson_count;

/* NULL with the nearest id in error where there is none. */
const struct lesson *lesson_find(const char *id, struct error *error);

/* The checked model of the scene with settings over it (NULL: none), in which texts are never names of files. */
int lesson_model(const struct lesson *lesson, const char *settings, struct model *model, struct error *error);

struct lesson_result {
    bool right;
    char says[LESSON_SAYS]; /* what the program found; where it is right, what to learn from it */
};

/* Judges an answer: a number from 1 (CHOOSE), a number (NUMBER), settings (FIND). ERROR_INPUT for what is none. */
int lesson_check(const struct lesson *lesson, const char *answer, struct lesson_result *result, struct error *error);

#endif
