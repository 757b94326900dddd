/* Names written beside their curves, where there is room: the reader's eye need not go to a key. Lengths are points,
 * from the lower left corner of the plot. */
#ifndef SPANSCOPE_PLOTS_LABEL_H
#define SPANSCOPE_PLOTS_LABEL_H

#include <stdbool.h>
#include <stddef.h>

enum { LABEL_SAMPLES = 240 };

/* A curve as drawn and its label. */
struct label {
    double curve[LABEL_SAMPLES]; /* its height at equal steps from the left side to the right; NaN: not drawn there */
    double length;               /* of the text; 0: none is wanted */
    bool placed;                 /* the rest is set by label_place */
    double x, y;                 /* the text's left end, and the middle of its height */
};

/* Finds places for texts of the given height, in their order: clear of the other curves and texts by gap at least, as
 * near as gap to its own curve, inside the plot. */
void label_place(struct label labels[], size_t count, double width, double height, double type, double gap);

#endif
