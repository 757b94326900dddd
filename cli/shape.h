/* Shapes of what the program writes: its documents and the objects within them, member by member. */
#ifndef SPANSCOPE_CLI_SHAPE_H
#define SPANSCOPE_CLI_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

struct shape_member {
    const char *name;
    const char *type; /* a word of cli/type */
    const char *summary;
    bool optional;
};

/* Members that another table has, a row each, beside those of the shape. */
enum shape_more {
    SHAPE_ALONE,
    SHAPE_SETTINGS,
    SHAPE_OBSERVABLES,
    SHAPE_OVERALLS,
    SHAPE_MAP_VALUES,
    SHAPE_OPTIMISER_NUMBERS,
    SHAPE_MORES
};

struct shape {
    const char *name, *summary;
    const struct shape_member *members; /* [count], the first that of the key "schema" where it is a document */
    size_t count;
    enum shape_more more;
    bool varies; /* of a document: something else stands for a setting, which its configuration does not have */
};

/* Objects, which types name as "#NAME". */
extern const struct shape shapes[];
extern const size_t shape_count;

/* What the program writes, a text each. */
extern const struct shape shape_documents[];
extern const size_t shape_document_count;

/* The object that a type names, be it in a list; NULL where it names none. */
const struct shape *shape_of(const char *type);

#endif
