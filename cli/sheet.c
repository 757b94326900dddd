#include "cli/sheet.h"

#include <stddef.h>

#include "build_version.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "plots/sheet.h"

struct sheet_run {
    struct options options;
    const char *title, *output;
};

static const struct options_row rows[] = {
    {"output", 'o', "FILE", "where to, instead of standard output", value_path, offsetof(struct sheet_run, output),
     NULL},
    {"title", 0, "TEXT", "of the page", value_shown, offsetof(struct sheet_run, title), NULL},
};

const struct options_command sheet_options = {
    .usage = "report [OPTION]... FILE...",
    .summary =
        "Puts what run, predict, map, verify and train saved with --format json on one page of HTML: formulas and\n"
        "pictures of the blocks, every figure with its caption, tables, and the commands that made it. The page\n"
        "needs no network and no other file.",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
};

static int read_all(const struct options *options, struct sheet *sheet, struct error *error)
{
    int code = options->word_count > 0 ? ERROR_NONE
                                       : error_set(error, ERROR_INPUT, "no file given; see spanscope report --help");
    for (int i = 0; i < options->word_count && code == ERROR_NONE; i++)
        code = sheet_read(sheet, options->words[i], error);
    return code;
}

static int write_sheet(const struct sheet_run *self, struct sheet *sheet, struct error *error)
{
    struct output output;
    const struct sheet_wish wish = {self->title, BUILD_VERSION " (" BUILD_COMMIT ")", interrupt_flag()};
    FILE *stream = output_open(&output, self->output, error);
    if (!stream)
        return error->code;
    return output_end(&output, sheet_print(sheet, &wish, stream, error), false, error);
}

static int report(void *target, struct error *error)
{
    struct sheet_run *self = target;
    struct sheet *sheet;
    int code = sheet_init(&sheet, error);
    if (code != ERROR_NONE)
        return code;
    code = read_all(&self->options, sheet, error);
    if (code == ERROR_NONE)
        code = write_sheet(self, sheet, error);
    sheet_free(sheet);
    return code;
}

int sheet_command(int argc, char **argv)
{
    struct sheet_run self = {.title = "Signal propagation"};
    return command_run(&sheet_options, argc, argv, &self, report);
}
