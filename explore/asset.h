/* The files of the page, embedded in the program when it is built. */
#ifndef SPANSCOPE_EXPLORE_ASSET_H
#define SPANSCOPE_EXPLORE_ASSET_H

#include <stddef.h>

struct asset {
    const char *path;           /* "/app.js" */
    const char *type;           /* "text/javascript" */
    const unsigned char *bytes; // [*size]
    const size_t *size;
};

extern const struct asset assets[];
extern const size_t asset_count;

/* NULL where there is none. */
const struct asset *asset_find(const char *path);

#endif
