#include "sim/error.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { NAME_MAX_LENGTH = 63 };

int error_set(struct error *error, enum error_code code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    error->code = code;
    return code;
}

static int min3(int a, int b, int c)
{
    int smaller = a < b ? a : b;
    return smaller < c ? smaller : c;
}

static int same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Edits (insert, delete, replace, swap neighbours) that turn a into b: optimal string alignment. */
static int edit_distance(const char *a, int m, const char *b, int n)
{
    int cost[NAME_MAX_LENGTH + 1][NAME_MAX_LENGTH + 1];
    for (int i = 0; i <= m; i++)
        cost[i][0] = i;
    for (int j = 0; j <= n; j++)
        cost[0][j] = j;
    for (int i = 1; i <= m; i++) {
        for (int j = 1; j <= n; j++) {
            int replace = cost[i - 1][j - 1] + !same(a[i - 1], b[j - 1]);
            cost[i][j] = min3(cost[i - 1][j] + 1, cost[i][j - 1] + 1, replace);
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]) &&
                cost[i - 2][j - 2] + 1 < cost[i][j])
                cost[i][j] = cost[i - 2][j - 2] + 1;
        }
    }
    return cost[m][n];
}

/* Whether one of the words that '-' and '_' make of a, of at least three letters, is one of b's. */
static bool share_word(const char *a, const char *b)
{
    static const char between[] = "-_";
    for (const char *u = a; *u; u += strspn(u, between)) {
        size_t length = strcspn(u, between);
        for (const char *v = b; *v; v += strspn(v, between)) {
            size_t other = strcspn(v, between);
            if (length >= 3 && other == length && strncasecmp(u, v, length) == 0)
                return true;
            v += other;
        }
        u += length;
    }
    return false;
}

/* Terms of the field that differ by a letter from others, and are meant where they stand: nobody who asks for GEGLU wants
 * GELU. */
static bool is_term(const char *name)
{
    static const char *const terms[] = {"glu",  "geglu", "reglu", "siglu",     "seglu",     "elu",      "celu",
                                        "selu", "prelu", "mish",  "batchnorm", "groupnorm", "crmsnorm", "scalenorm"};
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++)
        if (strcasecmp(name, terms[i]) == 0)
            return true;
    return false;
}

/* A byte for each character, so that ö is one slip away from o. */
static void fold(const char *name, char folded[NAME_MAX_LENGTH + 1])
{
    size_t length = 0;
    for (; *name && length < NAME_MAX_LENGTH; name++)
        if (((unsigned char)*name & 0xc0) != 0x80)
            folded[length++] = *name;
    folded[length] = '\0';
}

const char *error_nearest(const char *name, const char *const candidates[], size_t count)
{
    char folded[NAME_MAX_LENGTH + 1];
    size_t length = strlen(name);
    if (length == 0 || length > NAME_MAX_LENGTH || is_term(name))
        return NULL;
    fold(name, folded);
    length = strlen(folded);
    const char *best = NULL;
    int best_distance = NAME_MAX_LENGTH;
    for (size_t i = 0; i < count; i++) {
        size_t other = strlen(candidates[i]);
        if (other > NAME_MAX_LENGTH)
            continue;
        int distance = edit_distance(folded, (int)length, candidates[i], (int)other);
        int longer = (int)(length > other ? length : other);
        int allowed = longer / 3 > 1 ? longer / 3 : 1;
        if (distance <= allowed && distance < best_distance) {
            best = candidates[i];
            best_distance = distance;
        }
    }
    for (size_t i = 0; !best && i < count; i++)
        if (share_word(name, candidates[i]))
            best = candidates[i];
    return best;
}
