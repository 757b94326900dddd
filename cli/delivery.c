#include "cli/delivery.h"

#include <stdlib.h>

int delivery_init(struct delivery *delivery, FILE *stream, char *head, int count, struct error *error)
{
    *delivery = (struct delivery){.lock = PTHREAD_MUTEX_INITIALIZER,
                                  .stream = stream,
                                  .head = head,
                                  .texts = calloc((size_t)count + 1, sizeof *delivery->texts),
                                  .lengths = calloc((size_t)count + 1, sizeof *delivery->lengths),
                                  .count = count};
    return delivery->texts && delivery->lengths
               ? ERROR_NONE
               : error_set(error, ERROR_RESOURCE, "out of memory for %d results", count);
}

void delivery_free(struct delivery *delivery)
{
    for (int i = 0; delivery->texts && i < delivery->count; i++)
        free(delivery->texts[i]);
    free(delivery->texts);
    free(delivery->lengths);
    free(delivery->head);
    pthread_mutex_destroy(&delivery->lock);
    *delivery = (struct delivery){0};
}

static void write_text(struct delivery *delivery, int number)
{
    if (delivery->written++ == 0 && delivery->head)
        fputs(delivery->head, delivery->stream);
    fwrite(delivery->texts[number], 1, delivery->lengths[number], delivery->stream);
    free(delivery->texts[number]);
    delivery->texts[number] = NULL;
}

void delivery_put(struct delivery *delivery, int number, char *text, size_t length)
{
    pthread_mutex_lock(&delivery->lock);
    delivery->texts[number] = text;
    delivery->lengths[number] = length;
    for (; delivery->next < delivery->count && delivery->texts[delivery->next]; delivery->next++)
        write_text(delivery, delivery->next);
    pthread_mutex_unlock(&delivery->lock);
}

int delivery_done(struct delivery *delivery)
{
    pthread_mutex_lock(&delivery->lock);
    int done = delivery->next;
    pthread_mutex_unlock(&delivery->lock);
    return done;
}

void delivery_end(struct delivery *delivery)
{
    for (; delivery->next < delivery->count; delivery->next++)
        if (delivery->texts[delivery->next])
            write_text(delivery, delivery->next);
}
