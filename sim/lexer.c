#include "sim/lexer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/text.h"

enum { SHOWN_WIDTH = 72, QUOTED_WIDTH = 32 };

/* Not ctype.h: bytes above 127 and the locale have no say in the language. */
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Characters that stand in papers where the language has another. */
static const struct {
    uint32_t number;
    const char *meant;
} lookalikes[] = {
    {0x2212, "-"},       {0x2010, "-"},       {0x2011, "-"},     {0x2013, "-"},       {0x2014, "-"},
    {0xfe63, "-"},       {0xff0d, "-"},       {0xb7, "*"},       {0x22c5, "*"},       {0x2219, "*"},
    {0x2022, "*"},       {0xd7, "*"},         {0x2217, "*"},     {0x2a2f, "*"},       {0xf7, "/"},
    {0x2215, "/"},       {0x2044, "/"},       {0xff0b, "+"},     {0x2264, "<="},      {0x2265, ">="},
    {0x2260, "!="},      {0xff1d, "="},       {0xff08, "("},     {0xff09, ")"},       {0x221a, "sqrt()"},
    {0xb2, "^2"},        {0xb3, "^3"},        {0xa0, "a blank"}, {0x2009, "a blank"}, {0x202f, "a blank"},
    {0x200b, "nothing"}, {0xfeff, "nothing"},
};

/* What is written for it, or NULL. */
static const char *find_meant(uint32_t number)
{
    for (size_t i = 0; i < sizeof lookalikes / sizeof *lookalikes; i++)
        if (lookalikes[i].number == number)
            return lookalikes[i].meant;
    return NULL;
}

void lexer_init(struct lexer *lexer, const char *text, size_t length, const char *what, struct error *error)
{
    *lexer = (struct lexer){.what = what, .text = text, .length = length, .shown = length, .line = 1, .error = error};
}

/* The byte at an offset, NUL behind the end; a NUL in the text is no part of any token either. */
static char byte(const struct lexer *lexer, size_t offset)
{
    return offset < lexer->length ? lexer->text[offset] : '\0';
}

static void skip_blanks(struct lexer *lexer)
{
    while (is_blank(byte(lexer, lexer->next)))
        lexer->next++;
    if (byte(lexer, lexer->next) != '#')
        return;
    while (lexer->next < lexer->length && lexer->text[lexer->next] != '\n')
        lexer->next++;
}

static size_t skip_digits(const struct lexer *lexer, size_t offset)
{
    while (is_digit(byte(lexer, offset)))
        offset++;
    return offset;
}

static size_t skip_word(const struct lexer *lexer, size_t offset)
{
    size_t end = offset;
    while (is_letter(byte(lexer, end)) || (end > offset && is_digit(byte(lexer, end))))
        end++;
    return end;
}

/* word [. word]: a matrix of a site has both. */
static size_t name_length(const struct lexer *lexer)
{
    size_t end = skip_word(lexer, lexer->next);
    if (end > lexer->next && byte(lexer, end) == '.' && is_letter(byte(lexer, end + 1)))
        end = skip_word(lexer, end + 1);
    return end - lexer->next;
}

/* Bytes of a letter that names do not have; within a word what is no UTF-8 is one, of an older encoding. */
static size_t skip_letter(const struct lexer *lexer, size_t offset, bool within)
{
    uint32_t number;
    if ((unsigned char)byte(lexer, offset) < 0x80)
        return 0;
    size_t length = text_character(lexer->text + offset, lexer->length - offset, &number);
    if (length == 0)
        return within;
    return text_is_letter(number) && !find_meant(number) ? length : 0;
}

/* A name with letters of any alphabet; 0 where it has none but a name's own. */
static size_t word_length(const struct lexer *lexer)
{
    bool other = false;
    for (size_t end = lexer->next, letter;; end += letter) {
        bool within = end > lexer->next;
        char c = byte(lexer, end);
        bool dot = within && c == '.' && (is_letter(byte(lexer, end + 1)) || skip_letter(lexer, end + 1, false) > 0);
        letter = is_letter(c) || (within && is_digit(c)) || dot;
        if (letter > 0)
            continue;
        letter = skip_letter(lexer, end, within);
        if (letter == 0)
            return other ? end - lexer->next : 0;
        other = true;
    }
}

/* digits [. digits] [e [+-] digits], with at least one digit in the mantissa. */
static size_t number_length(const struct lexer *lexer)
{
    size_t end = skip_digits(lexer, lexer->next);
    size_t digits = end - lexer->next;
    if (byte(lexer, end) == '.') {
        size_t fraction = skip_digits(lexer, end + 1);
        digits += fraction - end - 1;
        end = fraction;
    }
    if (digits == 0)
        return 0;
    if (byte(lexer, end) == 'e' || byte(lexer, end) == 'E') {
        size_t sign = end + 1 + (byte(lexer, end + 1) == '+' || byte(lexer, end + 1) == '-');
        if (is_digit(byte(lexer, sign)))
            end = skip_digits(lexer, sign);
    }
    return end - lexer->next;
}

/* One byte, or two where '=' follows. */
static size_t symbol_length(const struct lexer *lexer)
{
    char first = byte(lexer, lexer->next);
    if (first == '\0')
        return 0;
    if (strchr("<>=!", first) && byte(lexer, lexer->next + 1) == '=')
        return 2;
    return strchr("<>=+-*/^(),:;", first) != NULL;
}

static size_t newline_length(const struct lexer *lexer)
{
    return byte(lexer, lexer->next) == '\n';
}

/* A whole character where it is one, else a byte. */
static size_t strange_length(const struct lexer *lexer)
{
    uint32_t number;
    size_t length = text_character(lexer->text + lexer->next, lexer->length - lexer->next, &number);
    return length > 0 ? length : lexer->next < lexer->length;
}

/* How many bytes of each kind stand at lexer->next; the first that is not 0 decides. Of the others no two begin alike,
 * but for a word that begins as a name does. */
static const struct {
    enum lexer_kind kind;
    size_t (*length)(const struct lexer *lexer);
} scanners[] = {
    {LEXER_NAME, name_length},       {LEXER_SYMBOL, symbol_length}, {LEXER_NUMBER, number_length},
    {LEXER_NEWLINE, newline_length}, {LEXER_WORD, word_length},     {LEXER_STRANGE, strange_length},
};

/* A name may be the beginning of a word. */
static void extend_name(const struct lexer *lexer, struct lexer_token *token)
{
    size_t length = word_length(lexer);
    if (length == 0)
        return;
    token->kind = LEXER_WORD;
    token->length = length;
}

struct lexer_token lexer_next(struct lexer *lexer)
{
    skip_blanks(lexer);
    struct lexer_token token = {.kind = LEXER_END, .line = lexer->line};
    token.text = lexer->text + lexer->next;
    token.column = (int)(lexer->next - lexer->line_start) + 1;
    for (size_t i = 0; i < sizeof scanners / sizeof *scanners && token.length == 0; i++) {
        token.length = scanners[i].length(lexer);
        if (token.length > 0)
            token.kind = scanners[i].kind;
    }
    char behind = byte(lexer, lexer->next + token.length);
    if (token.kind == LEXER_NAME && ((unsigned char)behind >= 0x80 || behind == '.'))
        extend_name(lexer, &token);
    lexer->next += token.length;
    if (token.kind == LEXER_NEWLINE) {
        lexer->line++;
        lexer->line_start = lexer->next;
    }
    return token;
}

/* Back to where a character begins. */
static size_t cut_at(const char *line, size_t at)
{
    while (at > 0 && ((unsigned char)line[at] & 0xc0) == 0x80)
        at--;
    return at;
}

static void describe_strange(const struct lexer_token *token, char buffer[64])
{
    uint32_t number;
    size_t length = text_character(token->text, token->length, &number);
    if (length < 2) { // a control character, or no UTF-8
        snprintf(buffer, 64, "byte 0x%02x", (unsigned char)token->text[0]);
        return;
    }
    const char *meant = find_meant(number);
    snprintf(buffer, 64, "'%.*s' (U+%04X)%s%s", (int)length, token->text, number, meant ? "; write " : "",
             meant ? meant : "");
}

/* Its beginning where it is long. */
static void quote(const struct lexer_token *token, char buffer[64])
{
    char word[QUOTED_WIDTH + 1], shown[64 - sizeof "'...'"];
    bool cut = token->length > QUOTED_WIDTH;
    size_t length = cut ? cut_at(token->text, QUOTED_WIDTH) : token->length;
    snprintf(word, sizeof word, "%.*s", (int)length, token->text);
    text_show(word, "", shown, sizeof shown);
    snprintf(buffer, 64, "'%s%s'", shown, cut ? "..." : "");
}

static bool is_single(const struct lexer_token *token)
{
    uint32_t number;
    return token->kind == LEXER_STRANGE || text_character(token->text, token->length, &number) == token->length;
}

const char *lexer_describe(const struct lexer_token *token, char buffer[64])
{
    if (token->kind == LEXER_END || token->kind == LEXER_NEWLINE)
        return "end of line";
    unsigned char first = (unsigned char)token->text[0];
    if (is_single(token) && (first < ' ' || first > '~'))
        describe_strange(token, buffer);
    else
        quote(token, buffer);
    return buffer;
}

/* What is shown of the character at text[length]: itself, a blank or, of what has no shape, a question mark. Returns its
 * bytes, and adds the columns that a terminal gives it. */
static size_t show_character(const char *text, size_t length, struct text *shown, int *columns)
{
    uint32_t number = 0;
    size_t bytes = text_character(text, length, &number);
    int width = bytes > 0 ? text_columns(number) : -1;
    if (is_blank(*text))
        text_print(shown, " ");
    else if (width < 0)
        text_print(shown, "?");
    else
        text_print(shown, "%.*s", (int)bytes, text);
    *columns += width < 0 ? 1 : width;
    return bytes > 0 ? bytes : 1;
}

/* The line of the token and a caret under it, on new lines; nothing for an empty line. A long line is clipped to a
 * window that has the caret in the middle. */
static void show_line(const struct lexer *lexer, const struct lexer_token *at, char *buffer, size_t size)
{
    size_t caret = (size_t)at->column - 1;
    const char *line = at->text - caret;
    size_t rest = (size_t)(lexer->text + lexer->shown - line);
    const char *newline = rest > 0 ? memchr(line, '\n', rest) : NULL;
    size_t length = newline ? (size_t)(newline - line) : rest;
    buffer[0] = '\0';
    if (length == 0)
        return;

    size_t start = length > SHOWN_WIDTH && caret > SHOWN_WIDTH / 2 ? cut_at(line, caret - SHOWN_WIDTH / 2) : 0;
    size_t end = length - start > SHOWN_WIDTH ? cut_at(line, start + SHOWN_WIDTH) : length;
    const char *before = start > 0 ? "..." : "";
    int columns = (int)strlen(before), indent = 0;
    struct text shown = {buffer, size, 0};
    text_print(&shown, "\n  %s", before);
    for (size_t i = start; i < end;) {
        indent = i <= caret ? columns : indent;
        i += show_character(line + i, end - i, &shown, &columns);
    }
    text_print(&shown, "%s\n  %*s^", end < length ? "..." : "", caret < end ? indent : columns, "");
}

int lexer_column(const struct lexer_token *at)
{
    int column = 1;
    for (int i = 1; i < at->column; i++)
        column += ((unsigned char)at->text[-i] & 0xc0) != 0x80;
    return column;
}

int lexer_error(const struct lexer *lexer, const struct lexer_token *at, const char *format, ...)
{
    char message[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    char line[4 * SHOWN_WIDTH];
    show_line(lexer, at, line, sizeof line);
    return error_set(lexer->error, ERROR_INPUT, "%.300s: line %d, column %d: %s%s", lexer->what, at->line,
                     lexer_column(at), message, line);
}
