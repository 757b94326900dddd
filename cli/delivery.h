/* Texts that are made in any order, and written in the order of their numbers. */
#ifndef SPANSCOPE_CLI_DELIVERY_H
#define SPANSCOPE_CLI_DELIVERY_H

#include <pthread.h>
#include <stdio.h>

#include "sim/error.h"

struct delivery {
    pthread_mutex_t lock;
    FILE *stream;
    char *head;   /* written before the first text */
    char **texts; /* [count], those that wait for one before them */
    size_t *lengths;
    int count, next, written;
};

/* Takes over the head, malloced. */
int delivery_init(struct delivery *delivery, FILE *stream, char *head, int count, struct error *error);
void delivery_free(struct delivery *delivery);

/* Takes over text `number`, malloced. From several threads. */
void delivery_put(struct delivery *delivery, int number, char *text, size_t length);

/* How many have been written or passed over, from the first on. */
int delivery_done(struct delivery *delivery);

/* No more will come: writes those that wait. */
void delivery_end(struct delivery *delivery);

#endif
