#include "cli/interrupt.h"

#include <stdbool.h>
#include <stddef.h>

#include "sim/cleanup.h"

static volatile sig_atomic_t flag;

/* A limit of processor time says so again every second: the first is taken as a request, the others as its echo. */
static void raise_flag(int signal)
{
    if (!flag)
        flag = 1;
    else if (signal != SIGXCPU)
        cleanup_die(signal);
}

/* Who started the program may have had a signal ignored: nohup, or a shell's &. That stays. */
static void listen_to(int signal)
{
    struct sigaction old, action = {.sa_handler = raise_flag, .sa_flags = SA_RESTART};
    if (sigaction(signal, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
        sigaction(signal, &action, NULL);
}

const volatile sig_atomic_t *interrupt_flag(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGXCPU};
    static bool listens;
    for (size_t i = 0; !listens && i < sizeof signals / sizeof *signals; i++)
        listen_to(signals[i]);
    listens = true;
    return &flag;
}
