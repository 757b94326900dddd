/* HTML: text that shows as written, and pictures of SVG within a page. */
#ifndef SPANSCOPE_PLOTS_MARKUP_H
#define SPANSCOPE_PLOTS_MARKUP_H

#include <stddef.h>
#include <stdio.h>

/* For text and for attributes in double quotes. What is no UTF-8 is a question mark. */
void markup_print(FILE *stream, const char *text);

/* <tag>text</tag>, of a tag that may have attributes; <td>text</td>, and of a number, "-" where it is not finite. */
void markup_print_element(FILE *stream, const char *tag, const char *text);
void markup_print_cell(FILE *stream, const char *text);
void markup_print_number(FILE *stream, double value);

/* As a word of a shell: bare where it needs no quotes. */
void markup_print_quoted(FILE *stream, const char *text);

/* A picture of a file of SVG without what stands before it; its identifiers, and what refers to them, get a prefix of
 * their own, so that a page may hold several. Nothing where svg holds none. */
void markup_print_svg(FILE *stream, const char *svg, int number);

/* A curve over its points as a small picture, beside a second one in grey (or NULL), on one scale. What is not finite
 * is left out. */
void markup_print_spark(FILE *stream, const double *first, const double *second, size_t count);

#endif
