/* A program that works for a request: started without a shell, bounded in memory and time, ended with all that it has
 * started when its time is over or nobody waits for it any more. */
#ifndef SPANSCOPE_SIM_JOB_H
#define SPANSCOPE_SIM_JOB_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "sim/error.h"

struct job_limits {
    size_t memory;  /* bytes of address space, of each process */
    double seconds; /* from the start to the end */
};

/* How it is started. */
struct job_setup {
    int input;             /* a descriptor for its standard input, or -1 */
    const char *directory; /* where it works; NULL: / */
    bool together;         /* what it says on standard error is part of its output */
    bool lone; /* no other is at work: a signal that ends us ends it and all that it has started (sim/cleanup) */
    struct job_limits limits;
};

/* Why reading ended. */
enum job_end { JOB_RUNS, JOB_DONE, JOB_LATE, JOB_GONE, JOB_STOPPED };

enum { JOB_WORDS = 4000 };

struct job {
    pid_t child;
    int output, errors;
    bool lone;
    double deadline;
    const volatile sig_atomic_t *stop;
    enum job_end end;
    char words[JOB_WORDS + 1]; /* the first that it said on standard error, a string */
    size_t word_count;
};

/* arguments end with NULL; a program whose name has no '/' is looked for in PATH. ERROR_RESOURCE where it cannot be
 * started. The calling thread must outlive the job, which dies with it. */
int job_start(struct job *job, char *const arguments[], const struct job_setup *setup, struct error *error);

/* Waits for output and reads up to size bytes of it. 0 at its end, and then job->end says why: what has ended by itself,
 * is late, has lost its client (the socket `client`, or -1, was closed by the other side) or was told to stop (*stop is
 * not zero; stop may be NULL). */
size_t job_read(struct job *job, char *bytes, size_t size, int client, const volatile sig_atomic_t *stop);

/* Ends what is left of it, what it has started included, where it does not end by itself in its time: then job->end says
 * so. The exit status, or -signal. */
int job_close(struct job *job);

/* All output in allocated memory, [*length] and a NUL, which the caller frees; NULL where it has more than most bytes or
 * memory is out. */
char *job_collect(struct job *job, size_t most, size_t *length, int client, const volatile sig_atomic_t *stop);

#endif
