#include "analysis/document.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/place.h"
#include "sim/text.h"

/* ---- writing ---- */

void document_put(bool *ok, json_t *object, const char *key, json_t *value)
{
    *ok &= json_object_set_new(object, key, value) == 0;
}

void document_append(bool *ok, json_t *array, json_t *value)
{
    *ok &= json_array_append_new(array, value) == 0;
}

json_t *document_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static int print(bool ok, json_t *value, size_t flags, FILE *stream, struct error *error)
{
    char *text = ok ? json_dumps(value, flags | JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(value);
    if (!text)
        return error_set(error, ERROR_RESOURCE, "out of memory for JSON");
    fputs(text, stream);
    free(text);
    return ERROR_NONE;
}

int document_print(bool ok, json_t *value, FILE *stream, struct error *error)
{
    return print(ok, value, JSON_ENCODE_ANY, stream, error);
}

int document_print_members(bool ok, json_t *value, FILE *stream, struct error *error)
{
    return print(ok, value, JSON_EMBED, stream, error);
}

/* ---- reading ---- */

static int next_byte(struct document_reader *reader)
{
    int byte = getc_unlocked(reader->stream);
    reader->line += byte == '\n';
    reader->column = byte == '\n' ? 0 : reader->column + 1;
    return byte;
}

static int unreadable(const struct document_reader *reader, struct error *error)
{
    return error_set(error, ERROR_RESOURCE, "%.300s, line %zu: cannot be read: %s", reader->path, reader->line,
                     strerror(errno));
}

int document_open(struct document_reader *reader, const char *path, struct error *error)
{
    bool standard = strcmp(path, "-") == 0;
    if (!*path) {
        *reader = (struct document_reader){0};
        return error_set(error, ERROR_INPUT, "'' names no file");
    }
    *reader = (struct document_reader){.path = standard ? "standard input" : path, .line = 1};
    reader->stream = standard ? stdin : fopen(path, "re");
    if (!reader->stream)
        return error_set(error, ERROR_RESOURCE, "%.300s: cannot be opened: %s", path, strerror(errno));
    int code = place_read(standard ? "/dev/stdin" : path, error);
    if (code != ERROR_NONE)
        document_close(reader);
    return code;
}

void document_close(struct document_reader *reader)
{
    if (reader->stream && reader->stream != stdin)
        fclose(reader->stream);
    json_decref(reader->ahead);
    free(reader->text);
    *reader = (struct document_reader){0};
}

static int keep_byte(struct document_reader *reader, int byte, struct error *error)
{
    if (reader->length >> 20 >= DOCUMENT_MIB) {
        reader->malformed = true;
        return error_set(error, ERROR_RESOURCE, "%.300s, line %zu: a document of more than %d MiB", reader->path,
                         reader->line, DOCUMENT_MIB);
    }
    if (reader->length == reader->room) {
        size_t room = reader->room ? 2 * reader->room : 4096;
        char *grown = realloc(reader->text, room);
        if (!grown)
            return error_set(error, ERROR_RESOURCE, "%.300s, line %zu: out of memory", reader->path, reader->line);
        reader->text = grown;
        reader->room = room;
    }
    reader->text[reader->length++] = (char)byte;
    return ERROR_NONE;
}

/* What tells where a document ends: how many brackets are open, outside of strings. */
struct nesting {
    size_t depth;
    bool quoted, escaped;
};

static void nesting_read(struct nesting *nesting, int byte)
{
    if (nesting->escaped)
        nesting->escaped = false;
    else if (nesting->quoted && byte == '\\')
        nesting->escaped = true;
    else if (byte == '"')
        nesting->quoted = !nesting->quoted;
    else if (!nesting->quoted && (byte == '{' || byte == '['))
        nesting->depth++;
    else if (!nesting->quoted && (byte == '}' || byte == ']'))
        nesting->depth--;
}

/* Reads on from the document's first byte to the bracket that closes it, or to the end of the file. Where no bracket
 * is open, one byte is enough for the error. */
static int read_text(struct document_reader *reader, int byte, struct error *error)
{
    struct nesting nesting = {0};
    reader->length = 0;
    while (byte != EOF) {
        int code = keep_byte(reader, byte, error);
        if (code != ERROR_NONE)
            return code;
        bool opens = byte == '{' || byte == '[';
        if (nesting.depth == 0 && !opens)
            return ERROR_NONE;
        nesting_read(&nesting, byte);
        if (nesting.depth == 0)
            return ERROR_NONE;
        if (nesting.depth > DOCUMENT_DEPTH) {
            reader->malformed = true;
            return error_set(error, ERROR_RESOURCE, "%.300s, line %zu: not JSON of ours: brackets more than %d deep",
                             reader->path, reader->line, DOCUMENT_DEPTH);
        }
        byte = next_byte(reader);
    }
    return ferror(reader->stream) ? unreadable(reader, error) : ERROR_NONE;
}

/* jansson keeps 63 bits of an integer. A larger one (a seed may have 64 bits) is read again as a real number. */
static json_t *parse(const struct document_reader *reader, json_error_t *why)
{
    json_t *root = json_loadb(reader->text, reader->length, JSON_REJECT_DUPLICATES, why);
    if (!root && json_error_code(why) == json_error_numeric_overflow)
        root = json_loadb(reader->text, reader->length, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, why);
    return root;
}

/* The first byte of the next document, behind blanks and byte-order marks: files that have one may be joined; *before is
 * how many bytes of its line stand before it. */
static int first_byte(struct document_reader *reader, size_t *before)
{
    enum { MARK = 0xEF }; // then 0xBB 0xBF; what is half a mark is as much no JSON as its beginning
    for (;;) {
        *before = reader->column;
        int byte = next_byte(reader);
        bool mark = byte == MARK && next_byte(reader) == 0xBB && next_byte(reader) == 0xBF;
        if (!mark && byte != ' ' && byte != '\t' && byte != '\r' && byte != '\n')
            return byte;
    }
}

int document_check(json_t *value, const char *what, struct error *error)
{
    int code = json_is_string(value) ? text_check(what, json_string_value(value), "\n\t", error) : ERROR_NONE;
    const char *key;
    json_t *member;
    size_t i;
    json_object_foreach(value, key, member)
    {
        if (code == ERROR_NONE)
            code = text_check(what, key, "", error);
        if (code == ERROR_NONE)
            code = document_check(member, what, error);
    }
    json_array_foreach(value, i, member) if (code == ERROR_NONE) code = document_check(member, what, error);
    return code;
}

/* No document of ours has a text that would write over a terminal. Frees what is refused. */
static int check_document(const struct document_reader *reader, json_t **root, size_t line, struct error *error)
{
    char what[400];
    snprintf(what, sizeof what, "%.300s, line %zu: the text", reader->path, line);
    if (reader->foreign || document_check(*root, what, error) == ERROR_NONE)
        return ERROR_NONE;
    json_decref(*root);
    *root = NULL;
    return error->code = ERROR_RESOURCE;
}

static int read_next(struct document_reader *reader, json_t **root, size_t *line, struct error *error)
{
    *root = NULL;
    errno = 0;
    size_t before;
    int byte = first_byte(reader, &before);
    if (byte == EOF)
        return ferror(reader->stream) ? unreadable(reader, error) : ERROR_NONE;
    *line = reader->line;
    int code = read_text(reader, byte, error);
    if (code != ERROR_NONE)
        return code;
    json_error_t why;
    *root = parse(reader, &why);
    reader->malformed = !*root;
    if (*root)
        return check_document(reader, root, *line, error);
    bool later = why.line > 1, twice = json_error_code(&why) == json_error_duplicate_key; // which JSON leaves open
    return error_set(error, ERROR_RESOURCE, "%.300s, line %zu, column %zu: %s%s", reader->path,
                     *line + (size_t)(later ? why.line - 1 : 0), (size_t)why.column + (later ? 0 : before),
                     twice ? "" : "not JSON: ", why.text);
}

int document_next(struct document_reader *reader, json_t **root, size_t *line, struct error *error)
{
    if (!reader->ahead)
        return read_next(reader, root, line, error);
    *root = reader->ahead;
    *line = reader->ahead_line;
    reader->ahead = NULL;
    return ERROR_NONE;
}

int document_peek(struct document_reader *reader, const json_t **root, struct error *error)
{
    int code = reader->ahead ? ERROR_NONE : read_next(reader, &reader->ahead, &reader->ahead_line, error);
    *root = reader->ahead;
    return code;
}
