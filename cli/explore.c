#include "cli/explore.h"

#include <stdlib.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "explore/server.h"
#include "sim/team.h"

struct explore {
    struct options options;
    struct server_options server;
    bool no_open;
};

static int read_port(void *field, const char *name, const char *text, struct error *error)
{
    char what[64];
    long long value = 0;
    snprintf(what, sizeof what, "--%s", name);
    int code = setting_integer(what, text, 0, 65535, &value, error);
    if (code == ERROR_NONE)
        *(int *)field = (int)value;
    return code;
}

static int read_seconds(void *field, const char *name, const char *text, struct error *error)
{
    char what[64];
    double value = 0;
    snprintf(what, sizeof what, "--%s", name);
    int code = setting_real(what, text, &value, error);
    if (code != ERROR_NONE)
        return code;
    if (!(value > 0 && value <= 86400))
        return error_set(error, ERROR_INPUT, "%s: %s is not above 0 and at most 86400", what, text);
    *(double *)field = value;
    return ERROR_NONE;
}

static const struct options_row rows[] = {
    {"port", 0, "N", "of the loopback; any that is free unless given", read_port,
     offsetof(struct explore, server.port)},
    {"no-open", 0, NULL, "do not open the page in the desktop's browser", value_flag,
     offsetof(struct explore, no_open)},
    {"jobs", 0, "N", "answers computed at a time, and as many runs of samples", value_threads,
     offsetof(struct explore, server.jobs)},
    {"memory", 'm', "SIZE", "limit of each, such as 500M or 4G", value_bytes,
     offsetof(struct explore, server.limits.memory)},
    {"seconds", 0, "S", "limit of each; 60", read_seconds, offsetof(struct explore, server.limits.seconds)},
};

const struct options_command explore_options = {
    .usage = "explore [OPTION]...",
    .summary =
        "Serves one page to this machine's browser: a formula and sliders on the left, theory, bounds and samples on\n"
        "the right, redrawn while you drag; the map of two settings; lessons. Nothing is loaded from elsewhere and\n"
        "no other machine is answered. Prints the address; Ctrl-C ends it.",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .no_words = "the model is chosen on the page",
};

/* Where there is a desktop. It runs on by itself; what it does not find it says to nobody. */
static void open_page(char *address)
{
    char name[] = "xdg-open", *arguments[] = {name, address, NULL};
    if (!getenv("DISPLAY") && !getenv("WAYLAND_DISPLAY"))
        return;
    if (fork() != 0)
        return;
    if (fork() == 0 && freopen("/dev/null", "w", stderr) && freopen("/dev/null", "w", stdout))
        execvp(name, arguments);
    _exit(0);
}

static int serve(void *target, struct error *error)
{
    struct explore *explore = target;
    struct server *server;
    const volatile sig_atomic_t *stop = interrupt_flag();
    int code = server_start(&server, &explore->server, stop, error);
    if (code != ERROR_NONE)
        return code;
    char address[64];
    snprintf(address, sizeof address, "http://127.0.0.1:%d/", server_port(server));
    printf("%s\n", address);
    code = output_flush(error);
    if (code == ERROR_NONE && !explore->no_open)
        open_page(address);
    while (code == ERROR_NONE && !*stop)
        usleep(50000);
    server_stop(server);
    return code;
}

int explore_command(int argc, char **argv)
{
    struct explore explore = {.server = server_defaults()};
    explore.server.jobs = team_processors() > 2 ? team_processors() : 2;
    return command_run(&explore_options, argc, argv, &explore, serve);
}
