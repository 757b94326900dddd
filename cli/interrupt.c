#include "cli/interrupt.h"

#include <stdbool.h>

#include "sim/cleanup.h"

static volatile sig_atomic_t flag;

/* Limits and timers of processor time say so again and again: the first is taken as a request, the others as its echo. */
static bool repeats(int signal)
{
    return signal == SIGXCPU || signal == SIGPROF || signal == SIGVTALRM || signal == SIGALRM;
}

static void raise_flag(int signal)
{
    if (!flag)
        flag = 1;
    else if (!repeats(signal))
        cleanup_die(signal);
}

const volatile sig_atomic_t *interrupt_flag(void)
{
    static bool listens;
    if (!listens)
        cleanup_ask(raise_flag);
    listens = true;
    return &flag;
}
