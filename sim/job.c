#include "sim/job.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/cleanup.h"
#include "sim/clock.h"

extern char **environ;

/* ---- starting ---- */

/* What the child becomes. */
struct work {
    char *const *arguments;
    char **environment;
    int output, errors, report; /* report: of the errno where it cannot be started */
    const struct job_setup *setup;
};

/* One thread of OpenBLAS, whose buffers would count against the limit; our own threads share what there is. Without what
 * sets a terminal for gnuplot before its script does, which fails where that terminal is not built in. The strings stay
 * environ's. */
static char **make_environment(void)
{
    static char one[] = "OPENBLAS_NUM_THREADS=1", terminal[] = "GNUTERM=";
    size_t count = 0, kept = 1;
    while (environ[count])
        count++;
    char **environment = calloc(count + 2, sizeof *environment);
    if (!environment)
        return NULL;
    environment[0] = one;
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], terminal, sizeof terminal - 1) != 0)
            environment[kept++] = environ[i];
    return environment;
}

/* Only calls that are safe between fork and exec. Nothing is dumped. */
static void become(const struct work *work, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
#ifndef SANITIZED /* whose shadow is terabytes of address space */
    setrlimit(RLIMIT_AS, &(struct rlimit){work->setup->limits.memory, work->setup->limits.memory});
#endif
    const struct job_setup *setup = work->setup;
    int input = setup->input >= 0 ? setup->input : open("/dev/null", O_RDONLY);
    if (input >= 0 && dup2(input, STDIN_FILENO) >= 0 && dup2(work->output, STDOUT_FILENO) >= 0 &&
        dup2(setup->together ? work->output : work->errors, STDERR_FILENO) >= 0 &&
        chdir(setup->directory ? setup->directory : "/") == 0)
        execvpe(work->arguments[0], work->arguments, work->environment);
    int why = errno;
    if (write(work->report, &why, sizeof why) < 0)
        _exit(126);
    _exit(127);
}

/* The wait status. What is left of its group goes before its number is free for another. */
static int reap(const struct job *job)
{
    int status = 0;
    kill(-job->child, SIGKILL);
    while (waitpid(job->child, &status, 0) < 0 && errno == EINTR)
        ;
    if (job->lone)
        cleanup_child(0);
    return status;
}

/* 0 or an errno. */
static int start(struct job *job, struct work *work)
{
    int report[2], why = 0;
    if (pipe2(report, O_CLOEXEC) != 0)
        return errno;
    work->report = report[1];
    pid_t parent = getpid();
    if (job->lone)
        cleanup_hold();
    job->child = fork();
    if (job->child == 0)
        become(work, parent);
    if (job->child < 0)
        why = errno;
    else
        setpgid(job->child, job->child);
    if (job->lone && job->child > 0)
        cleanup_child(job->child);
    if (job->lone)
        cleanup_release();
    close(report[1]);
    if (job->child > 0 && read(report[0], &why, sizeof why) == (ssize_t)sizeof why)
        reap(job);
    close(report[0]);
    return why;
}

static void close_pair(const int pair[2])
{
    close(pair[0]);
    close(pair[1]);
}

static int start_with(struct job *job, struct work *work, int output[2], int errors[2])
{
    work->output = output[1];
    work->errors = errors[1];
    work->environment = make_environment();
    int why = work->environment ? start(job, work) : ENOMEM;
    free(work->environment);
    if (why != 0) {
        close_pair(output);
        close_pair(errors);
        return why;
    }
    close(output[1]);
    close(errors[1]);
    job->output = output[0];
    job->errors = errors[0];
    return 0;
}

int job_start(struct job *job, char *const arguments[], const struct job_setup *setup, struct error *error)
{
    int output[2], errors[2], why = 0;
    *job = (struct job){
        .output = -1, .errors = -1, .lone = setup->lone, .deadline = clock_now() + setup->limits.seconds};
    struct work work = {.arguments = arguments, .setup = setup};
    if (pipe2(output, O_CLOEXEC) != 0) {
        why = errno;
    } else if (pipe2(errors, O_CLOEXEC) != 0) {
        why = errno;
        close_pair(output);
    } else {
        why = start_with(job, &work, output, errors);
    }
    if (why == ENOENT || why == EACCES || why == ENOTDIR)
        return error_set(error, ERROR_RESOURCE, "%s was not found", arguments[0]);
    if (why != 0)
        return error_set(error, ERROR_RESOURCE, "%s cannot be started: %s", arguments[0], strerror(why));
    return ERROR_NONE;
}

/* ---- reading ---- */

enum { TURN = 50 }; // ms between looks at what no pipe tells

/* The first words are kept, the others dropped. */
static void hear(struct job *job)
{
    char chunk[1024];
    ssize_t got = read(job->errors, chunk, sizeof chunk);
    if (got <= 0) {
        if (got == 0 || errno != EINTR) {
            close(job->errors);
            job->errors = -1;
        }
        return;
    }
    size_t room = JOB_WORDS - job->word_count, taken = (size_t)got < room ? (size_t)got : room;
    memcpy(job->words + job->word_count, chunk, taken);
    job->word_count += taken;
    job->words[job->word_count] = '\0';
}

/* A client that sends more behind its request is none that waits: it is not read here. */
static bool is_gone(short events)
{
    return (events & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
}

static bool end(struct job *job, enum job_end why)
{
    job->end = why;
    return true;
}

/* Looks at what may end the waiting besides the output itself. */
static bool is_over(struct job *job, short client, const volatile sig_atomic_t *stop)
{
    if (stop && *stop)
        return end(job, JOB_STOPPED);
    if (is_gone(client))
        return end(job, JOB_GONE);
    return clock_now() > job->deadline && end(job, JOB_LATE);
}

static bool has_ended(const struct job *job)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)job->child, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == job->child;
}

/* What stands in the pipe of errors, and what comes until the end; what the job has started may hold the pipe longer. */
static void hear_rest(struct job *job)
{
    bool ended = false;
    while (job->errors >= 0) {
        struct pollfd errors = {.fd = job->errors, .events = POLLIN};
        if (poll(&errors, 1, ended ? 0 : TURN) > 0)
            hear(job);
        else if (ended || clock_now() > job->deadline)
            return;
        else
            ended = has_ended(job);
    }
}

size_t job_read(struct job *job, char *bytes, size_t size, int client, const volatile sig_atomic_t *stop)
{
    job->stop = stop;
    while (job->end == JOB_RUNS) {
        struct pollfd fds[] = {{.fd = job->output, .events = POLLIN},
                               {.fd = job->errors, .events = POLLIN},
                               {.fd = client, .events = POLLRDHUP}};
        int ready = poll(fds, 3, TURN);
        if (ready < 0 && errno != EINTR)
            break;
        if (is_over(job, fds[2].revents, stop))
            break;
        if (fds[1].revents)
            hear(job);
        if (!fds[0].revents) {
            if (ready == 0 && has_ended(job)) // what it has started holds the pipe
                job->end = JOB_DONE;
            continue;
        }
        ssize_t got = read(job->output, bytes, size);
        if (got > 0)
            return (size_t)got;
        if (got == 0 || errno != EINTR)
            job->end = JOB_DONE;
    }
    if (job->end == JOB_DONE)
        hear_rest(job);
    return 0;
}

/* Output may be closed before the end. */
static void wait_for_end(struct job *job)
{
    enum { SOON = 1000000 }; // ns
    while (job->end == JOB_DONE && !has_ended(job))
        if (!is_over(job, 0, job->stop))
            nanosleep(&(struct timespec){.tv_nsec = SOON}, NULL);
}

int job_close(struct job *job)
{
    wait_for_end(job);
    int status = reap(job);
    close(job->output);
    if (job->errors >= 0)
        close(job->errors);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

char *job_collect(struct job *job, size_t most, size_t *length, int client, const volatile sig_atomic_t *stop)
{
    size_t room = 1 << 16, got;
    char *bytes = malloc(room + 1);
    *length = 0;
    while (bytes && (got = job_read(job, bytes + *length, room - *length, client, stop)) > 0) {
        *length += got;
        if (*length < room)
            continue;
        room *= 2;
        char *more = room <= most ? realloc(bytes, room + 1) : NULL;
        if (!more)
            free(bytes);
        bytes = more;
    }
    if (bytes)
        bytes[*length] = '\0';
    return bytes;
}
