/* What a member of a document may be, in a word, and the JSON Schema of that. */
#ifndef SPANSCOPE_CLI_TYPE_H
#define SPANSCOPE_CLI_TYPE_H

#include <jansson.h>
#include <stdbool.h>

/* Of string, boolean, integer, count (from 0), number, seed, or
 *     T?       or null                 [T]    an array of them          {T}   an object whose members all are
 *     =a|b     one of these texts      @NAME  a name of that table      #NAME an object of that shape
 * *ok becomes false where memory is out. */
json_t *type_schema(bool *ok, const char *type);

#endif
