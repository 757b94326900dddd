#include "plots/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/cleanup.h"
#include "sim/clock.h"

extern char **environ;

enum { LAST_WORDS = 600 };

/* The last that a program said. */
struct words {
    char text[LAST_WORDS + 1];
    size_t length;
};

/* Takes what stands in the pipe; false where the other side has closed. */
static bool listen_to(int fd, struct words *words)
{
    char chunk[LAST_WORDS];
    ssize_t got = read(fd, chunk, sizeof chunk);
    if (got <= 0)
        return got < 0 && (errno == EINTR || errno == EAGAIN);
    size_t fresh = (size_t)got, room = LAST_WORDS - fresh, kept = words->length < room ? words->length : room;
    memmove(words->text, words->text + (words->length - kept), kept);
    memcpy(words->text + kept, chunk, fresh);
    words->length = kept + fresh;
    return true;
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

/* The environment without what sets a terminal before the script does, which fails where that terminal is not built in.
 * NULL where memory is out; the strings stay environ's. */
static char **make_environment(void)
{
    static const char terminal[] = "GNUTERM=";
    size_t count = 0, kept = 0;
    while (environ[count])
        count++;
    char **environment = calloc(count + 1, sizeof *environment);
    for (size_t i = 0; environment && i < count; i++)
        if (strncmp(environ[i], terminal, strlen(terminal)) != 0)
            environment[kept++] = environ[i];
    return environment;
}

/* What the child becomes. Only calls that are safe between fork and exec. */
struct work {
    const char *directory;
    char *const *arguments, **environment;
    int words, report; /* pipes: of its words; of the errno where it cannot be started */
};

static void become(const struct work *work, pid_t parent)
{
    int null = open("/dev/null", O_RDONLY);
    sigset_t none;
    sigemptyset(&none);
    setpgid(0, 0); // what it starts in turn is ended with it
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    signal(SIGPIPE, SIG_DFL); // ignored here, which exec would hand on
    signal(SIGXFSZ, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(work->words, STDOUT_FILENO) >= 0 &&
        dup2(work->words, STDERR_FILENO) >= 0 && chdir(work->directory) == 0)
        execvpe(work->arguments[0], work->arguments, work->environment);
    int why = errno;
    if (write(work->report, &why, sizeof why) < 0)
        _exit(126);
    _exit(127);
}

/* 0 or an errno. The child's words go to fd. */
static int start(const char *directory, const char *script, int fd, pid_t *child)
{
    char own[strlen(script) + 1], name[] = "gnuplot", option[] = "-d"; // no start-up files
    strcpy(own, script);
    char *const arguments[] = {name, option, own, NULL};
    int report[2], why = 0;
    if (pipe2(report, O_CLOEXEC) != 0)
        return errno;
    char **environment = make_environment();
    if (!environment) {
        close(report[0]);
        close(report[1]);
        return ENOMEM;
    }
    struct work work = {directory, arguments, environment, fd, report[1]};
    pid_t parent = getpid();
    cleanup_hold();
    *child = fork();
    if (*child == 0)
        become(&work, parent);
    if (*child > 0) {
        setpgid(*child, *child);
        cleanup_child(*child);
    } else {
        why = errno;
    }
    cleanup_release();
    close(report[1]);
    if (*child > 0 && read(report[0], &why, sizeof why) == (ssize_t)sizeof why) {
        waitpid(*child, NULL, 0);
        cleanup_child(0);
    }
    close(report[0]);
    free(environment);
    return why;
}

static bool has_ended(pid_t child)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == child;
}

/* Listens until the child ends, the time is over or the user has enough, and ends what is left of it; why it was ended,
 * or ERROR_NONE. It may close its pipe and live on, and what it has started may keep the pipe open when it has ended. */
static int attend(pid_t child, int fd, const struct gnuplot_limits *limits, struct words *words, int *status)
{
    enum { TURN = 5 }; // ms
    double deadline = clock_now() + limits->seconds;
    bool open = true;
    int why = ERROR_NONE;
    while (why == ERROR_NONE && !has_ended(child)) {
        struct pollfd pipe = {.fd = open ? fd : -1, .events = POLLIN};
        if (poll(&pipe, 1, TURN) > 0)
            open = listen_to(fd, words);
        if (limits->stop && *limits->stop)
            why = ERROR_INTERRUPTED;
        else if (clock_now() > deadline)
            why = ERROR_RESOURCE;
    }
    kill(-child, SIGKILL); // before its number is free for another
    while (waitpid(child, status, 0) < 0 && errno == EINTR)
        ;
    cleanup_child(0);
    struct pollfd rest = {.fd = fd, .events = POLLIN};
    while (open && poll(&rest, 1, 0) > 0)
        open = listen_to(fd, words);
    return why;
}

static int judge(int ended, int seconds, int status, const char *words, struct error *error)
{
    const char *colon = *words ? ":\n" : "";
    if (ended == ERROR_INTERRUPTED)
        return error_set(error, ERROR_INTERRUPTED, "interrupted");
    if (ended != ERROR_NONE)
        return error_set(error, ERROR_RESOURCE, "gnuplot did not end within %d s, and was ended%s%s", seconds, colon,
                         words);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return ERROR_NONE;
    if (WIFSIGNALED(status))
        return error_set(error, ERROR_RESOURCE, "gnuplot was ended by signal %d (%s)%s%s", WTERMSIG(status),
                         strsignal(WTERMSIG(status)), colon, words);
    return error_set(error, ERROR_RESOURCE, "gnuplot failed%s%s", colon, words);
}

int gnuplot_run(const char *directory, const char *script, const struct gnuplot_limits *limits, struct error *error)
{
    int ends[2], status = 0;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_set(error, ERROR_RESOURCE, "no pipe to gnuplot: %s", strerror(errno));
    pid_t child = 0;
    int failed = start(directory, script, ends[1], &child);
    close(ends[1]);
    if (failed != 0) {
        close(ends[0]);
        if (failed == ENOENT || failed == EACCES || failed == ENOTDIR)
            return error_set(error, ERROR_RESOURCE, "gnuplot was not found; install gnuplot-nox");
        return error_set(error, ERROR_RESOURCE, "gnuplot cannot be started: %s", strerror(failed));
    }
    struct words words = {.length = 0};
    int ended = attend(child, ends[0], limits, &words, &status);
    close(ends[0]);
    trim(&words);
    return judge(ended, limits->seconds, status, words.text, error);
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
