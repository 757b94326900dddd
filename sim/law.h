/* The table of laws of a weight's entries, each of mean 0 and the standard deviation that the initialisation gives. */
#ifndef SPANSCOPE_SIM_LAW_H
#define SPANSCOPE_SIM_LAW_H

#include <stdbool.h>

#include "sim/real.h"
#include "sim/stream.h"

struct law {
    const char *name;
    const char *summary;
    bool gaussian; /* independent N(0, sigma^2) entries: what conditioned sampling and the limits rest on */
    bool whole;    /* entries depend on each other: first is 0 and count fan_in */
    /* Rows first .. first + count - 1 of a matrix. work has law_work doubles. */
    void (*fill)(const struct stream *stream, int fan_in, int fan_out, double sigma, int first, int count,
                 real *w,                    // [count][fan_out]
                 real *work);                // [law_work]
    size_t (*room)(int fan_in, int fan_out); /* doubles of work; NULL: none */
};

extern const struct law laws[];
extern const size_t law_count;

/* Doubles of scratch for a matrix. */
size_t law_work(const struct law *law, int fan_in, int fan_out);

#endif
