#include "plots/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { LAST_WORDS = 600 };

/* The end of what is read until the other side closes, as a string without blanks around it. */
static void read_last_words(int fd, char words[LAST_WORDS + 1])
{
    char chunk[LAST_WORDS];
    size_t length = 0;
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        size_t fresh = (size_t)got, kept = length + fresh > LAST_WORDS ? LAST_WORDS - fresh : length;
        memmove(words, words + (length - kept), kept);
        memcpy(words + kept, chunk, fresh);
        length = kept + fresh;
    }
    while (length > 0 && strchr(" \t\r\n", words[length - 1]) != NULL)
        length--;
    words[length] = '\0';
    size_t blanks = strspn(words, "\r\n");
    memmove(words, words + blanks, length - blanks + 1);
}

static int wait_for(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return status;
}

/* Signals that this program handles or ignores are gnuplot's to handle in its own way. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigemptyset(&all);
    sigaddset(&all, SIGPIPE);
    sigaddset(&all, SIGINT);
    sigaddset(&all, SIGTERM);
    int failed = posix_spawnattr_setsigmask(attributes, &none);
    if (failed == 0)
        failed = posix_spawnattr_setsigdefault(attributes, &all);
    if (failed == 0)
        failed = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return failed;
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

/* 0 or an errno. The child's words go to fd. */
static int spawn(const char *directory, const char *script, int fd, pid_t *child)
{
    char *const arguments[] = {"gnuplot", "-d", (char *)script, NULL}; /* -d: no start-up files */
    char **environment = make_environment();
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failed = environment ? posix_spawn_file_actions_init(&actions) : ENOMEM;
    if (failed != 0) {
        free(environment);
        return failed;
    }
    failed = posix_spawnattr_init(&attributes);
    if (failed == 0) {
        failed = set_attributes(&attributes);
        if (failed == 0)
            failed = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (failed == 0)
            failed = posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
        if (failed == 0)
            failed = posix_spawn_file_actions_adddup2(&actions, fd, STDERR_FILENO);
        if (failed == 0)
            failed = posix_spawn_file_actions_addchdir_np(&actions, directory);
        if (failed == 0)
            failed = posix_spawnp(child, arguments[0], &actions, &attributes, arguments, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    free(environment);
    return failed;
}

int gnuplot_run(const char *directory, const char *script, struct error *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_set(error, ERROR_RESOURCE, "no pipe to gnuplot: %s", strerror(errno));
    pid_t child;
    int failed = spawn(directory, script, ends[1], &child);
    close(ends[1]);
    if (failed != 0) {
        close(ends[0]);
        if (failed == ENOENT || failed == EACCES || failed == ENOTDIR)
            return error_set(error, ERROR_RESOURCE, "gnuplot was not found; install gnuplot-nox");
        return error_set(error, ERROR_RESOURCE, "gnuplot cannot be started: %s", strerror(failed));
    }
    char words[LAST_WORDS + 1];
    read_last_words(ends[0], words);
    close(ends[0]);
    int status = wait_for(child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return ERROR_NONE;
    if (WIFSIGNALED(status))
        return error_set(error, ERROR_RESOURCE, "gnuplot was ended by signal %d (%s)%s%s", WTERMSIG(status),
                         strsignal(WTERMSIG(status)), words[0] != '\0' ? ":\n" : "", words);
    return error_set(error, ERROR_RESOURCE, "gnuplot failed%s%s", words[0] != '\0' ? ":\n" : "", words);
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
