#include "sim/cleanup.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Read by the handler: a slot is filled by one pointer's write, and emptied by one. */
static const char *volatile paths[CLEANUP_PATHS];
static volatile pid_t worker;
static volatile sig_atomic_t held, waiting; /* depth of holds; the signal that came meanwhile */

bool cleanup_path(const char *path)
{
    for (int i = 0; i < CLEANUP_PATHS; i++) {
        if (!paths[i]) {
            paths[i] = path;
            return true;
        }
    }
    return false;
}

void cleanup_forget(const char *path)
{
    for (int i = 0; i < CLEANUP_PATHS; i++)
        if (paths[i] == path)
            paths[i] = NULL;
}

void cleanup_child(pid_t child)
{
    worker = child;
}

/* Only what a handler may call. The child goes first: it writes into the folder. */
void cleanup_remove(void)
{
    if (worker > 0)
        kill(-worker, SIGKILL);
    for (int i = CLEANUP_PATHS - 1; i >= 0; i--) {
        const char *path = paths[i];
        if (path && unlink(path) != 0)
            rmdir(path);
    }
}

void cleanup_die(int signal)
{
    if (held > 0) {
        waiting = signal;
        return;
    }
    cleanup_remove();
    sigset_t own;
    sigemptyset(&own);
    sigaddset(&own, signal);
    sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    raise(signal);
    sigprocmask(SIG_UNBLOCK, &own, NULL); // in its handler a signal is blocked
}

void cleanup_hold(void)
{
    held++;
}

void cleanup_release(void)
{
    held--;
    if (held == 0 && waiting != 0)
        cleanup_die(waiting);
}

/* A fault of our own cannot wait: the instruction that raised it would raise it again. */
static bool is_fault(int signal)
{
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL || signal == SIGABRT ||
           signal == SIGTRAP || signal == SIGSYS;
}

static void handle(int signal)
{
    if (is_fault(signal))
        held = 0;
    cleanup_die(signal);
}

/* Those that do not end a process by default, or that none can catch. */
static bool is_harmless(int signal)
{
    static const int harmless[] = {SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH, SIGKILL};
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        if (harmless[i] == signal)
            return true;
    return false;
}

static void set_where_default(int signal, void (*handler)(int))
{
    struct sigaction old, action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    if (sigaction(signal, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
        sigaction(signal, &action, NULL);
}

void cleanup_install(void)
{
    for (int signal = 1; signal <= SIGRTMAX; signal++)
        if (!is_harmless(signal))
            set_where_default(signal, signal == SIGPIPE || signal == SIGXFSZ ? SIG_IGN : handle);
}

/* What is ignored, or handled by a library, is not ours to change. */
void cleanup_ask(void (*handler)(int))
{
    struct sigaction old, action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    for (int signal = 1; signal <= SIGRTMAX; signal++)
        if (!is_fault(signal) && sigaction(signal, NULL, &old) == 0 && old.sa_handler == handle)
            sigaction(signal, &action, NULL);
}
