#include <gsl/gsl_errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build_version.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/ranks.h"
#include "cli/status.h"
#include "sim/cleanup.h"
#include "sim/invariant.h"

static void help(FILE *stream)
{
    fputs("spanscope " BUILD_VERSION ": signal propagation in random deep transformer stacks\n\n"
          "Usage: spanscope COMMAND [OPTION]...\n\n",
          stream);
    for (size_t i = 0; i < commands_count; i++)
        fprintf(stream, "  %-12s%s\n", commands[i].name, commands[i].summary);
    fputs("\nspanscope COMMAND --help tells more. A first run:\n\n"
          "  spanscope run --placement prenorm --placement postnorm --placement spannorm\n",
          stream);
}

static int unknown_command(const char *name)
{
    const char *names[commands_count];
    for (size_t i = 0; i < commands_count; i++)
        names[i] = commands[i].name;
    const char *nearest = error_nearest(name, names, commands_count);
    if (nearest)
        status_say("", "unknown command '%s'; did you mean '%s'?", name, nearest);
    else
        status_say("", "unknown command '%s'; see spanscope --help", name);
    return STATUS_USAGE;
}

/* A full disk under standard output is an error whatever was printed; a command that failed has said so itself. */
static int finish(const char *name, int status)
{
    struct error error;
    int code = status == STATUS_RESOURCE ? ERROR_NONE : output_flush(&error);
    return code == ERROR_NONE ? status : status_report(name, code, &error);
}

/* A fault of ours: whatever was computed cannot be trusted, and other threads may run. */
static void end_at_once(const char *file, int line, const char *condition)
{
    fprintf(stderr, "spanscope: internal error at %s:%d, where '%s' should hold; please report it\n", file, line,
            condition);
    cleanup_remove();
    _Exit(STATUS_INTERNAL);
}

/* argv[0] is the command's name. */
static int dispatch(int argc, char **argv)
{
    const struct commands_row *command = commands_find(argv[0]);
    if (!command)
        return unknown_command(argv[0]);
    return ranks_own() == 0 || command->spreads ? finish(argv[0], command->run(argc, argv)) : STATUS_DONE;
}

static int act(int argc, char **argv)
{
    if (argc < 2) {
        help(stderr);
        return STATUS_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0) {
        puts("spanscope " BUILD_VERSION " (" BUILD_COMMIT ")");
        return finish(name, STATUS_DONE);
    }
    if (strcmp(name, "--help") != 0 && strcmp(name, "-h") != 0 && strcmp(name, "help") != 0)
        return dispatch(argc - 1, argv + 1);
    char option[] = "--help", *help_of_command[] = {argv[2], option, NULL}; // "help run" is "run --help"
    if (argc > 2)
        return dispatch(2, help_of_command);
    help(stdout);
    return finish(name, STATUS_DONE);
}

/* Whether a status says that the work was done, whatever came of it. */
static bool is_done(int status)
{
    return status == STATUS_DONE || status == STATUS_AGAINST || status == STATUS_INCONCLUSIVE;
}

/* GSL would end the program where a quadrature or an inverse does not converge; every caller looks at what it got. The
 * handler is one for all threads. A rank that fails has said so, and ends the job: the others wait for it. */
int main(int argc, char **argv)
{
    ranks_start(&argc, &argv);
    cleanup_install();
    invariant_handle(end_at_once);
    gsl_set_error_handler_off();
    int status = act(argc, argv);
    if (!is_done(status))
        ranks_abort(status);
    ranks_end();
    return status;
}
