/* JSON documents: built member by member, written piece by piece, and read one after the other from a file. */
#ifndef SPANSCOPE_ANALYSIS_DOCUMENT_H
#define SPANSCOPE_ANALYSIS_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "sim/error.h"

/* Puts value, which is taken over, into the object or behind the array. *ok becomes false where memory ran out, as it
 * did where value is NULL. */
void document_put(bool *ok, json_t *object, const char *key, json_t *value);
void document_append(bool *ok, json_t *array, json_t *value);

/* A number, or null where it is not finite. */
json_t *document_number(double value);

/* Writes value, which is taken over, on the line where the stream stands, numbers with 17 digits; or an object's members
 * only, without its brackets, for one that goes on. ERROR_RESOURCE where memory ran out, as it did where ok is false or
 * value NULL; failed writes are left for the stream's owner to find. */
int document_print(bool ok, json_t *value, FILE *stream, struct error *error);
int document_print_members(bool ok, json_t *value, FILE *stream, struct error *error);

/* What a document may have: our own nest a dozen deep, and a profile has some 6 KiB a layer. */
enum { DOCUMENT_DEPTH = 64, DOCUMENT_MIB = 2048 };

/* Reads a file of documents, on a line each or over several, with blanks, byte-order marks or nothing between them. */
struct document_reader {
    FILE *stream;
    const char *path; /* as messages name it */
    size_t line;      /* where the stream stands, from 1 */
    size_t column;    /* bytes read of the line */
    char *text;       /* of the last document, [length] of room bytes */
    size_t length, room;
    json_t *ahead; /* read by document_peek and not yet handed over; begins at ahead_line */
    size_t ahead_line;
    bool foreign;   /* set by the caller for another program's file, whose texts may have control characters */
    bool malformed; /* what was read last is no JSON, or more of it than a document may have */
};

/* path "-" is standard input. ERROR_RESOURCE where it cannot be read. */
int document_open(struct document_reader *reader, const char *path, struct error *error);

/* The next object or array, which the caller owns, and the line where it begins; *root is NULL at the end of the file.
 * ERROR_RESOURCE with file, line and column for what is no JSON, or more of it than a document may have, and for texts
 * that cannot stand in output (document_check). */
int document_next(struct document_reader *reader, json_t **root, size_t *line, struct error *error);

/* ERROR_INPUT, naming what it is, where a text of the value, or a key, cannot stand in output (text_check). Texts may have
 * several lines, as a formula has. */
int document_check(json_t *value, const char *what, struct error *error);

/* What document_next will give, which stays the reader's; NULL at the end of the file. */
int document_peek(struct document_reader *reader, const json_t **root, struct error *error);

void document_close(struct document_reader *reader);

#endif
