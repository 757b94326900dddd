/* Entries of a key: names that are broken into lines where the key has no room for them. gnuplot would draw them beyond
 * the picture's edge, and the lines of a title of several on each other. */
#ifndef SPANSCOPE_PLOTS_ENTRY_H
#define SPANSCOPE_PLOTS_ENTRY_H

#include <stddef.h>

/* Bytes of a plain text that the next line takes: all of it where it fits into so many letters, as does the label (enhanced
 * text or NULL) behind it, else up to a comma or semicolon, to a blank, or as many letters as there are room for. */
size_t entry_line(const char *text, const char *label, size_t letters);

/* Lines of a text with a label behind it; at least 1. */
size_t entry_lines(const char *text, const char *label, size_t letters);

#endif
