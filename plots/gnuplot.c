#include "plots/gnuplot.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "sim/job.h"

enum { LAST_WORDS = 600 };

/* The last that a program said. */
struct words {
    char text[LAST_WORDS + 1];
    size_t length;
};

static void keep_last(struct words *words, const char *chunk, size_t fresh)
{
    size_t room = LAST_WORDS - fresh, kept = words->length < room ? words->length : room;
    memmove(words->text, words->text + (words->length - kept), kept);
    memcpy(words->text + kept, chunk, fresh);
    words->length = kept + fresh;
}

/* As a string without blanks around it. */
static void trim(struct words *words)
{
    while (words->length > 0 && strchr(" \t\r\n", words->text[words->length - 1]))
        words->length--;
    words->text[words->length] = '\0';
    size_t blanks = strspn(words->text, "\r\n");
    memmove(words->text, words->text + blanks, words->length - blanks + 1);
}

static int judge(enum job_end end, int seconds, int status, const char *words, struct error *error)
{
    const char *colon = *words ? ":\n" : "";
    if (end == JOB_STOPPED)
        return error_set(error, ERROR_INTERRUPTED, "interrupted");
    if (end != JOB_DONE)
        return error_set(error, ERROR_RESOURCE, "gnuplot did not end within %d s, and was ended%s%s", seconds, colon,
                         words);
    if (status == 0)
        return ERROR_NONE;
    if (status < 0)
        return error_set(error, ERROR_RESOURCE, "gnuplot was ended by signal %d (%s)%s%s", -status, strsignal(-status),
                         colon, words);
    return error_set(error, ERROR_RESOURCE, "gnuplot failed%s%s", colon, words);
}

int gnuplot_run(const char *directory, const char *script, const struct gnuplot_limits *limits, struct error *error)
{
    const struct job_setup setup = {
        .input = -1, .directory = directory, .together = true, .lone = true, .limits = {SIZE_MAX, limits->seconds}};
    char own[strlen(script) + 1], name[] = "gnuplot", option[] = "-d"; // no start-up files
    char *const arguments[] = {name, option, own, NULL};
    struct job job;
    strcpy(own, script);
    if (job_start(&job, arguments, &setup, error) != ERROR_NONE)
        return strstr(error->text, "not found")
                   ? error_set(error, ERROR_RESOURCE, "gnuplot was not found; install gnuplot-nox")
                   : ERROR_RESOURCE;
    struct words words = {.length = 0};
    char chunk[LAST_WORDS];
    for (size_t got; (got = job_read(&job, chunk, sizeof chunk, -1, limits->stop)) > 0;)
        keep_last(&words, chunk, got);
    int status = job_close(&job);
    trim(&words);
    return judge(job.end, limits->seconds, status, words.text, error);
}

/* An apostrophe goes as its octal number: gnuplot does not take a doubled one for a quote at the beginning of a string.
 */
static void print_quoted(FILE *script, const char *text, const char *escaped)
{
    for (const char *c = text; *c; c++) {
        if (*c == '\'') {
            fputs("\\047", script);
            continue;
        }
        if (strchr(escaped, *c))
            fputc('\\', script);
        fputc((unsigned char)*c < ' ' ? ' ' : *c, script);
    }
}

void gnuplot_print_plain(FILE *script, const char *text)
{
    print_quoted(script, text, "\\^_{}~@&");
}

void gnuplot_print_markup(FILE *script, const char *text)
{
    print_quoted(script, text, "");
}
