#include "plots/graphviz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/job.h"

enum { PICTURE_MOST = 1 << 28 /* bytes */ };

static int judge(const struct job *job, int status, bool whole, size_t length, struct error *error)
{
    if (job->end == JOB_STOPPED)
        return error_set(error, ERROR_INTERRUPTED, "interrupted");
    if (job->end == JOB_LATE)
        return error_set(error, ERROR_RESOURCE, "dot did not end within %d s, and was ended", GRAPHVIZ_SECONDS);
    if (status != 0)
        return error_set(error, ERROR_RESOURCE, "dot failed%s%.900s", *job->words ? ":\n" : "", job->words);
    if (whole && length == 0)
        return error_set(error, ERROR_RESOURCE, "dot did not write the picture");
    if (!whole)
        return error_set(error, ERROR_RESOURCE, "the picture is larger than %d MB, or memory is out",
                         PICTURE_MOST >> 20);
    return ERROR_NONE;
}

char *graphviz_draw(FILE *graph, const char *format, const volatile sig_atomic_t *stop, size_t *length,
                    struct error *error)
{
    const struct job_setup setup = {
        .input = fileno(graph), .lone = true, .limits = {GRAPHVIZ_MEMORY, GRAPHVIZ_SECONDS}};
    char name[] = "dot", option[16], fine[] = "-Gdpi=144", *arguments[] = {name, option, fine, NULL};
    struct job job;
    snprintf(option, sizeof option, "-T%s", format);
    if (strcmp(format, "svg") == 0) // whose units are points
        arguments[2] = NULL;
    if (fflush(graph) != 0 || lseek(fileno(graph), 0, SEEK_SET) != 0) {
        error_set(error, ERROR_RESOURCE, "cannot write the graph for dot: %s", strerror(errno));
        return NULL;
    }
    if (job_start(&job, arguments, &setup, error) != ERROR_NONE) {
        if (strstr(error->text, "not found"))
            error_set(error, ERROR_RESOURCE, "dot was not found; install graphviz");
        return NULL;
    }
    char *bytes = job_collect(&job, PICTURE_MOST, length, -1, stop);
    int status = job_close(&job);
    if (judge(&job, status, bytes, *length, error) == ERROR_NONE)
        return bytes;
    free(bytes);
    return NULL;
}
