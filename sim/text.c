#include "sim/text.h"

#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <stdarg.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#include "sim/place.h"

char *text_end(const struct text *text)
{
    return text_room(text) > 0 ? text->buffer + text->length : NULL;
}

size_t text_room(const struct text *text)
{
    return text->length < text->size ? text->size - text->length : 0;
}

void text_print(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text_end(text), text_room(text), format, arguments);
    va_end(arguments);
    text->length += length > 0 ? (size_t)length : 0;
}

/* As no formula begins: /etc, ./a, ../a. */
static bool begins_like_a_path(const char *argument)
{
    return argument[strspn(argument, ".")] == '/';
}

bool text_is_file(const char *argument)
{
    bool exists = access(argument, F_OK) == 0, in_folder = strchr(argument, '/') != NULL;
    if (begins_like_a_path(argument) || (in_folder && exists))
        return true;
    return !strpbrk(argument, "=\n") && (exists || strpbrk(argument, "/."));
}

/* ---- characters ---- */

size_t text_character(const char *text, size_t length, uint32_t *number)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000}; // shorter ones have a shorter form
    const unsigned char *bytes = (const unsigned char *)text;
    if (length == 0)
        return 0;
    size_t count = bytes[0] < 0x80 ? 1 : bytes[0] < 0xc2 ? 0 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
    if (count == 0 || count > length || bytes[0] > 0xf4)
        return 0;
    *number = count == 1 ? bytes[0] : bytes[0] & (0x7fU >> count);
    for (size_t i = 1; i < count; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        *number = *number << 6 | (bytes[i] & 0x3f);
    }
    bool surrogate = *number >= 0xd800 && *number <= 0xdfff;
    return *number < least[count] || *number > 0x10ffff || surrogate ? 0 : count;
}

/* Not C0, DEL and C1, nor what turns the direction in which the text behind it is written. */
static bool may_stand(uint32_t number, const char *controls)
{
    bool turns = (number >= 0x202a && number <= 0x202e) || (number >= 0x2066 && number <= 0x2069);
    bool control = number < ' ' || (number >= 0x7f && number < 0xa0) || turns;
    return !control || (number < 0x80 && strchr(controls, (int)number));
}

char *text_show(const char *text, const char *controls, char *buffer, size_t size)
{
    struct text shown = {buffer, size, 0};
    size_t length = strlen(text);
    text_print(&shown, "%s", "");
    while (length > 0) {
        uint32_t number = 0;
        size_t step = text_character(text, length, &number);
        bool plain = step > 0 && may_stand(number, controls);
        if (!plain)
            step = step > 0 ? step : 1;
        if (shown.length + (plain ? step : 4 * step) >= size) // no half character
            break;
        if (plain)
            text_print(&shown, "%.*s", (int)step, text);
        for (size_t i = 0; !plain && i < step; i++)
            text_print(&shown, "\\x%02x", (unsigned char)text[i]);
        text += step, length -= step;
    }
    return buffer;
}

/* Read from files once, as it takes longer than a formula does; 0 where there is none. */
static locale_t utf8;
static pthread_once_t utf8_once = PTHREAD_ONCE_INIT;

static void find_utf8(void)
{
    utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

int text_columns(uint32_t number)
{
    pthread_once(&utf8_once, find_utf8);
    if (!utf8 || number < 0x80)
        return number >= ' ' && number != 0x7f ? 1 : -1;
    locale_t own = uselocale(utf8);
    int columns = wcwidth((wchar_t)number);
    uselocale(own);
    return columns;
}

bool text_is_letter(uint32_t number)
{
    pthread_once(&utf8_once, find_utf8);
    bool accent = number >= 0x300 && number < 0x370;
    return number >= 0x80 && (accent || !utf8 || iswalnum_l((wint_t)number, utf8));
}

size_t text_mark(const char *text, size_t length)
{
    static const char mark[] = "\xef\xbb\xbf";
    size_t size = sizeof mark - 1;
    return length >= size && memcmp(text, mark, size) == 0 ? size : 0;
}

/* ---- files ---- */

/* The size is known where it is a file; a pipe or a device only shows that it goes on. */
static int too_large(FILE *file, const char *path, size_t limit, struct error *error)
{
    struct stat status;
    if (fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode))
        return error_set(error, ERROR_INPUT, "'%.400s' has %lld bytes; at most %zu are allowed", path,
                         (long long)status.st_size, limit);
    return error_set(error, ERROR_INPUT, "'%.400s' has more than the %zu bytes that are allowed", path, limit);
}

/* Doubles the room until the file ends, or there is the one byte too many that is read. */
static int read_all(FILE *file, const char *path, size_t limit, char **bytes, size_t *length, struct error *error)
{
    size_t room = limit < 4096 ? limit + 1 : 4096;
    while (!feof(file)) {
        char *larger = realloc(*bytes, room + 1);
        if (!larger)
            return error_set(error, ERROR_RESOURCE, "out of memory for '%.400s'", path);
        *bytes = larger;
        *length += fread(*bytes + *length, 1, room - *length, file);
        if (ferror(file))
            return error_set(error, ERROR_RESOURCE, "cannot read '%.400s': %s", path, strerror(errno));
        if (*length > limit)
            return too_large(file, path, limit, error);
        room = room < limit / 2 ? 2 * room : limit + 1;
    }
    (*bytes)[*length] = '\0';
    return ERROR_NONE;
}

static int strip_mark(const char *path, char *bytes, size_t *length, struct error *error)
{
    size_t mark = text_mark(bytes, *length);
    memmove(bytes, bytes + mark, *length - mark + 1);
    *length -= mark;
    if (*length >= 2 && (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0))
        return error_set(error, ERROR_INPUT, "'%.400s' is in UTF-16; expected UTF-8", path);
    return ERROR_NONE;
}

int text_read(const char *path, size_t limit, char **bytes, size_t *length, struct error *error)
{
    *bytes = NULL;
    *length = 0;
    FILE *file = fopen(path, "rbe");
    if (!file)
        return error_set(error, ERROR_RESOURCE, "cannot open '%.400s': %s", path, strerror(errno));
    int code = place_read(path, error);
    if (code == ERROR_NONE)
        code = read_all(file, path, limit, bytes, length, error);
    if (code == ERROR_NONE)
        code = strip_mark(path, *bytes, length, error);
    fclose(file);
    if (code != ERROR_NONE) {
        free(*bytes);
        *bytes = NULL;
    }
    return code;
}

/* A file as it was when it was read. */
struct once {
    char *path, *bytes;
    size_t length;
    struct once *next;
};

static struct once *files;
static pthread_mutex_t files_lock = PTHREAD_MUTEX_INITIALIZER;

static struct once *find_file(const char *path)
{
    struct once *file = files;
    while (file && strcmp(file->path, path) != 0)
        file = file->next;
    return file;
}

static struct once *add_file(const char *path, size_t limit, struct error *error)
{
    struct once *file = calloc(1, sizeof *file);
    int code = ERROR_NONE;
    if (!file || !(file->path = strdup(path)))
        code = error_set(error, ERROR_RESOURCE, "out of memory for '%.400s'", path);
    else
        code = text_read(path, limit, &file->bytes, &file->length, error);
    if (code != ERROR_NONE) {
        if (file)
            free(file->path);
        free(file);
        return NULL;
    }
    file->next = files;
    return files = file;
}

int text_once(const char *path, size_t limit, const char **bytes, size_t *length, struct error *error)
{
    pthread_mutex_lock(&files_lock);
    struct once *file = find_file(path);
    if (!file)
        file = add_file(path, limit, error);
    pthread_mutex_unlock(&files_lock);
    if (!file)
        return error->code;
    *bytes = file->bytes;
    *length = file->length;
    return ERROR_NONE;
}

int text_check(const char *what, const char *text, const char *controls, struct error *error)
{
    char shown[200];
    uint32_t number;
    for (size_t at = 0, step, length = strlen(text); at < length; at += step) {
        step = text_character(text + at, length - at, &number);
        if (step == 0 || !may_stand(number, controls))
            return error_set(error, ERROR_INPUT, "%s '%s' %s, and cannot stand in output", what,
                             text_show(text, "", shown, sizeof shown),
                             step == 0 ? "is not UTF-8" : "has a control character");
    }
    return ERROR_NONE;
}

int text_label(const char *path, char *label, size_t size, struct error *error)
{
    if (strncmp(path, "/dev/fd/", 8) == 0 || strncmp(path, "/proc/self/fd/", 14) == 0)
        path = "custom"; // the shell's <(...), as nameless as text on the command line
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    size_t length = dot && dot > base ? (size_t)(dot - base) : strlen(base), used = 0;
    int code = text_check("the file name", base, "", error);
    if (code != ERROR_NONE)
        return code;
    for (size_t at = 0, step; at < length; at += step) {
        uint32_t number;
        step = text_character(base + at, length - at, &number);
        used = at + step < size ? at + step : used;
    }
    memcpy(label, base, used);
    label[used] = '\0';
    return ERROR_NONE;
}

/* ---- words ---- */

const char *text_count(int64_t count, const char *plural, char words[TEXT_COUNT])
{
    snprintf(words, TEXT_COUNT, "%" PRId64 " %.*s", count, (int)strlen(plural) - (count == 1), plural);
    return words;
}

int text_unknown(struct error *error, const char *what, const char *word, const char *const candidates[], size_t count)
{
    const char *near = error_nearest(word, candidates, count);
    if (near)
        return error_set(error, ERROR_INPUT, "unknown %s '%.200s'; did you mean '%s'?", what, word, near);
    char list[800];
    struct text text = {list, sizeof list, 0};
    for (size_t i = 0; i < count; i++)
        text_print(&text, "%s%s", i > 0 ? ", " : "", candidates[i]);
    return error_set(error, ERROR_INPUT, "unknown %s '%.200s'; known are %s", what, word, list);
}
