/* Figures in a terminal: gnuplot draws them as characters, in a folder of their own that is gone afterwards. */
#ifndef SPANSCOPE_PLOTS_TERMINAL_H
#define SPANSCOPE_PLOTS_TERMINAL_H

#include <stdio.h>

#include "plots/publish.h"
#include "plots/scratch.h"
#include "plots/style.h"

struct terminal {
    struct scratch scratch; // its folder is for figure_wish's directory
    struct style style;     // as wide as the window
};

/* columns and rows of the window. ERROR_RESOURCE where there is no place for temporary files. */
int terminal_open(struct terminal *terminal, int columns, int rows, struct error *error);
void terminal_close(struct terminal *terminal);

/* For figure_wish's publish. */
publisher terminal_publish;

/* Copies the figure of that name to the stream and removes it. */
int terminal_print(const struct terminal *terminal, const char *name, FILE *stream, struct error *error);

#endif
