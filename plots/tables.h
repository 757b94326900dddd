/* The tables of a report, as HTML. */
#ifndef SPANSCOPE_PLOTS_TABLES_H
#define SPANSCOPE_PLOTS_TABLES_H

#include <jansson.h>
#include <stdio.h>

#include "plots/saved.h"

/* A profile's layers, some of them where they are many, and its observables but details. */
void tables_profile(FILE *stream, const struct saved *profile);

/* The claims of a document of verdicts. */
void tables_verdicts(FILE *stream, const json_t *document);

/* A row for each document of an array; nothing where it is empty. */
void tables_trainings(FILE *stream, json_t *documents);

#endif
