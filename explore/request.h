/* Requests as command lines: what the page asks for is what a user would type, checked and answered by the same code.
 *
 * A request names a service and settings, /predict?placement=spannorm&layers=64, and becomes the words of a command of
 * this program. Only names of the settings' table and of the service's own list pass, each once, as --name=value, so
 * that no value is taken for an option, and no text for the name of a file.
 */
#ifndef SPANSCOPE_EXPLORE_REQUEST_H
#define SPANSCOPE_EXPLORE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/error.h"

enum { REQUEST_WORDS = 64, REQUEST_TEXT = 16384, REQUEST_OWN = 6 };

struct request_service {
    const char *path; /* "/predict" */
    const char *summary;
    const char *command[8];       /* the words that it always has */
    const char *own[REQUEST_OWN]; /* options beside the settings, up to NULL */
    bool settings;                /* takes the model's settings */
    bool streams;                 /* answered by events as lines come */
    const char *type;             /* of the answer */
};

extern const struct request_service request_services[];
extern const size_t request_service_count;

/* NULL where there is none. */
const struct request_service *request_find(const char *path);

struct request {
    const struct request_service *service;
    char *words[REQUEST_WORDS + 1]; /* of the command, up to NULL; the program's own name is missing */
    int word_count;
    size_t length; /* of all texts */
};

int request_init(struct request *request, const struct request_service *service, struct error *error);
void request_free(struct request *request);

/* Adds NAME=VALUE; value may be NULL. ERROR_INPUT says what is wrong as the command line does. */
int request_add(struct request *request, const char *name, const char *value, struct error *error);

/* Whether the headers are those of a page that this server has sent, at that port: Host is the loopback's; origin, where
 * there is one (else NULL), too; and site (Sec-Fetch-Site) is not another one. */
bool request_is_ours(const char *host, const char *origin, const char *site, int port);

#endif
