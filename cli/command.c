#include "cli/command.h"

#include "cli/begin.h"

static int act_or_help(const struct options_command *command, void *target, command_action *act, struct error *error)
{
    struct options *options = target;
    if (options->help) {
        options_help(command, stdout);
        return ERROR_NONE;
    }
    int code = begin_open(options, error);
    return code == ERROR_NONE ? act(target, error) : code;
}

int command_run(const struct options_command *command, int argc, char **argv, void *target, command_action *act)
{
    struct error error = {0};
    struct options *options = target;
    options->status = STATUS_DONE;
    int code = options_parse(command, argc, argv, target, &error);
    if (code == ERROR_NONE)
        code = act_or_help(command, target, act, &error);
    options_free(options);
    return code == ERROR_NONE ? (int)options->status : status_report(argv[0], code, &error);
}
