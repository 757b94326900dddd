/* Tokens of the formula language, and errors that show where they stand. */
#ifndef SPANSCOPE_SIM_LEXER_H
#define SPANSCOPE_SIM_LEXER_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "sim/error.h"

/* LEXER_WORD: a name but for letters that names do not have, which no rule takes and a message shows whole.
 * LEXER_STRANGE: a byte, or a character, that the language has no use for. */
enum lexer_kind { LEXER_END, LEXER_NEWLINE, LEXER_NAME, LEXER_WORD, LEXER_NUMBER, LEXER_SYMBOL, LEXER_STRANGE };

struct lexer_token {
    enum lexer_kind kind;
    const char *text; /* [length], within the text that is read */
    size_t length;
    int line, column; /* from 1; a column is a byte */
};

struct lexer {
    const char *what; /* names the text in messages */
    const char *text; /* [length], any bytes */
    size_t length;
    size_t shown; /* errors show lines up to here: a definition's body ends before its text does */
    size_t next;  /* offset of the first byte not yet read */
    size_t line_start;
    int line;
    struct error *error;
};

void lexer_init(struct lexer *lexer, const char *text, size_t length, const char *what, struct error *error);

/* Never fails: what is no token comes as LEXER_STRANGE. */
struct lexer_token lexer_next(struct lexer *lexer);

/* Here for the compiler to see, which makes a comparison of a byte of most of them: parsing asks little else. */
static inline bool lexer_is(const struct lexer_token *token, const char *text)
{
    return token->length > 0 && token->text[0] == text[0] && token->length == strlen(text) &&
           memcmp(token->text, text, token->length) == 0;
}

static inline bool lexer_same(const struct lexer_token *a, const struct lexer_token *b)
{
    return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

/* "'attn'", "end of line" ...: the token as a message speaks of it. */
const char *lexer_describe(const struct lexer_token *token, char buffer[64]);

/* The token's column in characters, from 1, as editors count. */
int lexer_column(const struct lexer_token *at);

/* Records ERROR_INPUT "what: line 1, column 5: ...", the line and a caret under the token. */
int lexer_error(const struct lexer *lexer, const struct lexer_token *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
