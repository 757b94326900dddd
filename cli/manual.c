#include "cli/manual.h"

#include <ctype.h>
#include <string.h>

#include "build_version.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/status.h"
#include "sim/text.h"

/* ---- roff ---- */

/* Characters that troff would take for others: its own backslash, and what it sets as typographic quotes and dashes. */
static const struct {
    char character;
    const char *roff;
} escapes[] = {{'\\', "\\e"}, {'-', "\\-"}, {'\'', "\\(aq"}, {'^', "\\(ha"}, {'~', "\\(ti"}, {'"', "\\(dq"}};

static void put_character(uint32_t character, FILE *stream)
{
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++)
        if (character == (unsigned char)escapes[i].character) {
            fputs(escapes[i].roff, stream);
            return;
        }
    if (character < 0x80)
        fputc((int)character, stream);
    else
        fprintf(stream, "\\[u%04X]", (unsigned)character);
}

/* Text of length bytes on the line where the stream stands; what stands in backquotes is bold. */
static void put_words(const char *text, size_t length, FILE *stream)
{
    bool bold = false;
    for (size_t bytes = 0; length > 0; text += bytes, length -= bytes) {
        uint32_t character = 0;
        bytes = text_character(text, length, &character);
        if (bytes == 0)
            bytes = 1, character = '?';
        if (character == '`')
            fputs((bold = !bold) ? "\\fB" : "\\fR", stream);
        else
            put_character(character, stream);
    }
}

static void put(const char *text, FILE *stream)
{
    put_words(text, strlen(text), stream);
}

/* Lines of text; those that begin with two blanks are examples, set as they are. */
static void put_lines(const char *text, FILE *stream)
{
    bool example = false;
    while (*text) {
        size_t length = strcspn(text, "\n");
        bool next = strncmp(text, "  ", 2) == 0;
        if (next != example)
            fputs(next ? ".PP\n.in +4n\n.EX\n" : ".EE\n.in\n.PP\n", stream);
        example = next;
        fputs("\\&", stream); // a line that begins with a dot is no request
        put_words(text + (example ? 2 : 0), length - (example ? 2 : 0), stream);
        fputc('\n', stream);
        text += length + (text[length] == '\n');
    }
    if (example)
        fputs(".EE\n.in\n", stream);
}

static void put_title(const char *name, FILE *stream)
{
    fputs(".TH \"", stream);
    for (; *name; name++)
        fputc(toupper((unsigned char)*name), stream);
    fputs("\" 1 \"\" \"spanscope " BUILD_VERSION "\" \"User Commands\"\n", stream);
}

static void put_section(const char *name, FILE *stream)
{
    fprintf(stream, ".SH \"%s\"\n", name);
}

/* ---- what all pages have ---- */

static void put_statuses(FILE *stream)
{
    put_section("EXIT STATUS", stream);
    for (size_t i = 0; i < status_count; i++) {
        fprintf(stream, ".TP\n.B %d\n", status_rows[i].status);
        put(status_rows[i].summary, stream);
        fputc('\n', stream);
    }
}

static void put_others(const struct commands_row *but, FILE *stream)
{
    put_section("SEE ALSO", stream);
    fputs(but ? ".BR spanscope (1)" : ".BR gnuplot (1)", stream);
    for (size_t i = 0; i < commands_count; i++)
        if (&commands[i] != but)
            fprintf(stream, ",\n.BR spanscope\\-%s (1)", commands[i].name);
    fputc('\n', stream);
}

/* ---- a command's page ---- */

static void put_argument(const char *argument, FILE *stream)
{
    fputs(" \\fI", stream);
    for (; *argument; argument++) {
        put_character((unsigned char)*argument, stream);
        if (*argument == '|')
            fputs("\\:", stream); // where a line may be broken
    }
    fputs("\\fR", stream);
}

static void put_names(const char *before, value_choice *choice, FILE *stream)
{
    fputs(before, stream);
    const char *name;
    for (size_t i = 0; (name = choice(i)); i++) {
        fputs(i > 0 ? ", " : " ", stream);
        put(name, stream);
    }
    fputs(".\n", stream);
}

static void put_option(const struct options_item *item, FILE *stream)
{
    fputs(".TP\n", stream);
    if (item->letter)
        fprintf(stream, "\\fB\\-%c\\fR, ", item->letter);
    fputs("\\fB\\-\\-", stream);
    put(item->name, stream);
    fputs("\\fR", stream);
    if (item->argument)
        put_argument(item->argument, stream);
    fputc('\n', stream);
    put_lines(item->summary, stream);
    if (item->choice && item->argument != item->names)
        put_names(".br\nOne of", item->choice, stream);
}

/* The usage without the command's name, which stands before it in bold. */
static void put_usage(const struct commands_row *row, FILE *stream)
{
    const char *usage = row->options->usage + strlen(row->name);
    fprintf(stream, "\\fBspanscope %s\\fR", row->name);
    put(usage, stream);
    fputc('\n', stream);
}

static void put_page(const struct commands_row *row, FILE *stream)
{
    char name[64];
    struct options_item item;
    bool of_model = false;
    snprintf(name, sizeof name, "spanscope-%s", row->name);
    put_title(name, stream);
    put_section("NAME", stream);
    put(name, stream);
    fputs(" \\- ", stream);
    put(row->summary, stream);
    fputc('\n', stream);
    put_section("SYNOPSIS", stream);
    put_usage(row, stream);
    put_section("DESCRIPTION", stream);
    put_lines(row->options->summary, stream);
    if (row->options->word)
        put_names(".PP\nNames that it takes:", row->options->word, stream);
    put_section("OPTIONS", stream);
    for (size_t i = 0; options_item(row->options, i, &item); i++) {
        if (item.setting && !of_model)
            put_section("THE MODEL", stream);
        of_model = item.setting;
        put_option(&item, stream);
    }
    put_statuses(stream);
    put_others(row, stream);
}

/* ---- the program's page ---- */

static void put_program(FILE *stream)
{
    put_title("spanscope", stream);
    put_section("NAME", stream);
    fputs("spanscope \\- signal propagation in random deep transformer stacks\n", stream);
    put_section("SYNOPSIS", stream);
    fputs("\\fBspanscope\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR]...\n.br\n\\fBspanscope help\\fR \\fICOMMAND\\fR\n.br\n"
          "\\fBspanscope \\-\\-version\\fR\n",
          stream);
    put_section("DESCRIPTION", stream);
    put_lines("Measures how signals and gradients travel through random deep transformer stacks: samples them at\n"
              "initialisation, forward and in exact reverse mode, predicts and bounds what samples show, trains them,\n"
              "and decides claims about them from samples, with an exit status. A block is one or two lines of text.\n"
              "Such as\n"
              "  spanscope run --placement 'y = norm(x + attn(x)); x = norm(x + ffn(y))' --layers 32\n"
              "  spanscope predict --placement prenorm,postnorm,spannorm --bounds\n"
              "The language of such texts is what `spanscope list grammar functions prelude` prints.\n",
              stream);
    put_section("COMMANDS", stream);
    for (size_t i = 0; i < commands_count; i++) {
        fprintf(stream, ".TP\n.BR spanscope\\-%s (1)\n", commands[i].name);
        put(commands[i].summary, stream);
        fputc('\n', stream);
    }
    put_section("OUTPUT", stream);
    put_lines("Data go to standard output, words and progress to standard error, progress only on a terminal. A file\n"
              "named by `--output` appears under its name only when it is whole. JSON Schemas of what is written are\n"
              "printed by `spanscope schema`.\n",
              stream);
    put_statuses(stream);
    put_others(NULL, stream);
}

/* ---- the command ---- */

static const char *command_name(size_t i)
{
    return i < commands_count ? commands[i].name : NULL;
}

const struct options_command manual_options = {
    .usage = "manual [COMMAND]",
    .summary = "Prints the manual page of a command or, without one, of the program. Such as\n"
               "  spanscope manual run | man -l -\n"
               "`make install` puts all of them where man finds them.",
    .word = command_name,
};

static int print_manual(void *target, struct error *error)
{
    const struct options *options = target;
    if (options->word_count > 1)
        return error_set(error, ERROR_INPUT, "'%s': one page at a time", options->words[1]);
    if (options->word_count == 0) {
        put_program(stdout);
        return ERROR_NONE;
    }
    int i = value_choose(command_name, "command", options->words[0], error);
    if (i < 0)
        return error->code;
    put_page(&commands[i], stdout);
    return ERROR_NONE;
}

int manual_command(int argc, char **argv)
{
    struct options options = {0};
    return command_run(&manual_options, argc, argv, &options, print_manual);
}
