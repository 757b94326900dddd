#include "cli/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "sim/readers.h"
#include "sim/text.h"
#include "sim/variants.h"

/* The options of a command that takes the model from a file. */
static const struct options_row config_rows[] = {
    {"config", 0, "FILE",
     "the model of a config.json as Hugging Face's transformers has it, of a type of\n"
     "`spanscope list architectures`; settings given beside it win",
     value_path, offsetof(struct options, config), NULL},
    {"ignore", 0, "KEY,...", "keys of that file that are read as if they were absent", value_text,
     offsetof(struct options, ignore), NULL},
};

/* The command's rows, then those of --config, then the settings. */
static size_t row_count(const struct options_command *command)
{
    return command->row_count + (command->config ? sizeof config_rows / sizeof *config_rows : 0);
}

static const struct options_row *row_at(const struct options_command *command, size_t i)
{
    return i < command->row_count ? &command->rows[i] : &config_rows[i - command->row_count];
}

enum { HELP_VALUE = 256, FIRST_VALUE };

/* getopt's tables are made from the rows, then the settings; values count up from FIRST_VALUE in that order. */
struct tables {
    struct option *longs;
    const char **names;
    const char **given; /* the text that an option was given with, or NULL */
    char *shorts;
    size_t count;
};

static void add_option(struct tables *tables, const char *name, char letter, bool argument)
{
    int value = (int)(FIRST_VALUE + tables->count);
    tables->longs[tables->count] = (struct option){name, argument ? required_argument : no_argument, NULL, value};
    tables->names[tables->count++] = name;
    if (!letter)
        return;
    char *end = tables->shorts + strlen(tables->shorts);
    *end++ = letter;
    *end = argument ? ':' : '\0';
}

static void free_tables(struct tables *tables)
{
    free(tables->longs);
    free(tables->names);
    free(tables->given);
    free(tables->shorts);
}

static int make_tables(const struct options_command *command, struct tables *tables, struct error *error)
{
    size_t rows = row_count(command), most = rows + setting_count + 2;
    *tables = (struct tables){calloc(most, sizeof *tables->longs), calloc(most, sizeof *tables->names),
                              calloc(most, sizeof *tables->given), calloc(2, most + 2), 0};
    if (!tables->longs || !tables->names || !tables->given || !tables->shorts) {
        free_tables(tables);
        return error_set(error, ERROR_RESOURCE, "out of memory");
    }
    strcpy(tables->shorts, ":h");
    for (size_t i = 0; i < rows; i++)
        add_option(tables, row_at(command, i)->name, row_at(command, i)->letter,
                   row_at(command, i)->argument || row_at(command, i)->choice);
    for (size_t i = 0; command->settings && i < setting_count; i++)
        add_option(tables, settings[i].name, settings[i].letter, settings[i].argument);
    add_option(tables, "help", 0, false);
    tables->longs[tables->count - 1].val = HELP_VALUE;
    return ERROR_NONE;
}

/* Index of the option that getopt returned: by its value, or by its letter. */
static size_t option_index(const struct options_command *command, int value)
{
    if (value >= FIRST_VALUE)
        return (size_t)(value - FIRST_VALUE);
    for (size_t i = 0; i < row_count(command); i++)
        if (row_at(command, i)->letter == value)
            return i;
    for (size_t i = 0; i < setting_count; i++)
        if (settings[i].letter == value)
            return row_count(command) + i;
    return SIZE_MAX;
}

/* An abbreviation of several names is not unknown but ambiguous. */
static int unknown_name(const struct tables *tables, const char *word, struct error *error)
{
    char list[256] = "";
    struct text text = {list, sizeof list, 0};
    for (size_t i = 0; i < tables->count; i++)
        if (strncmp(tables->names[i], word, strlen(word)) == 0)
            text_print(&text, "%s--%s", text.length > 0 ? ", " : "", tables->names[i]);
    if (text.length > 0)
        return error_set(error, ERROR_INPUT, "option '--%s' may be any of %s", word, list);
    const char *nearest = error_nearest(word, tables->names, tables->count);
    if (nearest)
        return error_set(error, ERROR_INPUT, "unknown option '--%s'; did you mean '--%s'?", word, nearest);
    return error_set(error, ERROR_INPUT, "unknown option '--%s'; see --help", word);
}

/* getopt reads bytes, of which one may begin a character; it leaves an argument with the last. */
static int unknown_letter(char **argv, struct error *error)
{
    char byte = (char)optopt;
    uint32_t number;
    const char *letter = argv[optind] ? strchr(argv[optind], byte) : NULL;
    size_t length = letter ? text_character(letter, strlen(letter), &number) : 0;
    return error_set(error, ERROR_INPUT, "unknown option '-%.*s'; see --help", length > 0 ? (int)length : 1,
                     length > 0 ? letter : &byte);
}

static int unknown_option(const struct tables *tables, char **argv, struct error *error)
{
    char word[64];
    if (optopt != 0 && optopt < HELP_VALUE)
        return unknown_letter(argv, error);
    if (optopt >= HELP_VALUE)
        return error_set(error, ERROR_INPUT, "option '%s' takes no argument", argv[optind - 1]);
    const char *given = argv[optind - 1] + strspn(argv[optind - 1], "-");
    snprintf(word, sizeof word, "%.*s", (int)strcspn(given, "="), given);
    return unknown_name(tables, word, error);
}

/* Every value of a setting that may have several. */
static int try_values(struct model *scratch, const struct setting *setting, const char *text, struct error *error)
{
    struct variants variants = {0};
    int code = variants_add(&variants, setting, text, error);
    for (int i = 0; code == ERROR_NONE && i < variants.count; i++)
        code = setting_apply(scratch, setting->name, variants.text[i], error);
    variants_free(&variants);
    return code;
}

/* The setting is tried on a scratch model at once, so that a mistake is reported in the order of the command line. */
static int add_setting(const struct options_command *command, struct options *options, const struct setting *setting,
                       const char *text, struct error *error)
{
    struct model scratch;
    if (setting->drawn && !command->draws)
        return error_set(error, ERROR_INPUT, "--%s is for samples and trainings; %.*s does without", setting->name,
                         (int)strcspn(command->usage, " "), command->usage);
    model_defaults(&scratch);
    int code = command->sweeps ? try_values(&scratch, setting, text, error)
                               : setting_apply(&scratch, setting->name, text, error);
    model_free(&scratch);
    if (code == ERROR_NONE)
        options->settings[options->setting_count++] = (struct options_setting){setting->name, text};
    return code;
}

/* The first of options' settings of that name, or NULL. */
static const struct options_setting *find_given(const struct options *options, const char *name)
{
    for (int i = 0; i < options->setting_count; i++)
        if (strcmp(options->settings[i].name, name) == 0)
            return &options->settings[i];
    return NULL;
}

/* Of scaleinit:2 and --c 3 one number would be lost. */
static int check_value(const struct options *options, const struct setting *setting, const char *text,
                       struct error *error)
{
    const struct setting *own = setting_gives(setting, text);
    const struct options_setting *beside = own ? find_given(options, own->name) : NULL;
    return beside ? error_set(error, ERROR_INPUT, "--%s is given twice, by --%s %.200s and as '%.200s'; give it once",
                              own->name, setting->name, text, beside->text)
                  : ERROR_NONE;
}

static int check_values(const struct options_command *command, const struct options *options,
                        const struct options_setting *given, struct error *error)
{
    struct variants variants = {0};
    const struct setting *setting = setting_find(given->name, error);
    if (!setting || setting->type != SETTING_TEXT)
        return setting ? ERROR_NONE : (int)error->code;
    if (!command->sweeps)
        return check_value(options, setting, given->text, error);
    int code = variants_add(&variants, setting, given->text, error);
    for (int i = 0; code == ERROR_NONE && i < variants.count; i++)
        code = check_value(options, setting, variants.text[i], error);
    variants_free(&variants);
    return code;
}

/* Of two texts the first would be lost without a word, but where both are values of a sweep; a flag says nothing the second
 * time. */
static int check_once(const struct options_command *command, struct tables *tables, size_t i, struct error *error)
{
    const char *before = tables->given[i];
    tables->given[i] = optarg ? optarg : "";
    bool swept = command->sweeps && i >= row_count(command) && optarg;
    if (before && !optarg)
        return error_set(error, ERROR_INPUT, "--%s is given twice; give it once", tables->names[i]);
    if (!before || swept || (command->several && strcmp(command->several, tables->names[i]) == 0))
        return ERROR_NONE;
    return error_set(error, ERROR_INPUT, "--%s is given twice, as '%.200s' and as '%.200s'; give it once",
                     tables->names[i], before, optarg);
}

bool options_given(const struct options *options, const char *name)
{
    int i = 0;
    while (i < options->given_count && strcmp(options->given[i], name) != 0)
        i++;
    return i < options->given_count;
}

static void note_given(struct options *options, const char *name)
{
    if (!options_given(options, name))
        options->given[options->given_count++] = name;
}

static int take_option(const struct options_command *command, struct tables *tables, int value, void *target,
                       struct error *error)
{
    size_t i = option_index(command, value);
    int code = check_once(command, tables, i, error);
    if (code != ERROR_NONE)
        return code;
    if (i >= row_count(command))
        return add_setting(command, target, &settings[i - row_count(command)], optarg ? optarg : "1", error);
    const struct options_row *row = row_at(command, i);
    note_given(target, row->name);
    return row->read((char *)target + row->offset, row->name, optarg, error);
}

static int parse_all(const struct options_command *command, struct tables *tables, int argc, char **argv, void *target,
                     struct error *error)
{
    struct options *options = target;
    int code = ERROR_NONE, value;
    options->defaults = command->defaults;
    optind = 0; // GNU getopt starts afresh
    opterr = 0;
    while (code == ERROR_NONE && (value = getopt_long(argc, argv, tables->shorts, tables->longs, NULL)) != -1) {
        if (value == '?')
            code = unknown_option(tables, argv, error);
        else if (value == ':')
            code = error_set(error, ERROR_INPUT, "option '%s' needs an argument", argv[optind - 1]);
        else if (value == 'h' || value == HELP_VALUE)
            options->help = true;
        else
            code = take_option(command, tables, value, target, error);
    }
    for (int i = 0; code == ERROR_NONE && i < options->setting_count; i++)
        code = check_values(command, options, &options->settings[i], error);
    options->words = argv + optind;
    options->word_count = argc - optind;
    if (code == ERROR_NONE && options->word_count > 0 && command->no_words && !options->help)
        code = error_set(error, ERROR_INPUT, "'%s' is not an option; %s", options->words[0], command->no_words);
    return code;
}

int options_only(const struct options *options, const char *const names[], const char *format, struct error *error)
{
    for (int i = 0; i < options->given_count; i++) {
        const char *const *name = names;
        while (*name && strcmp(*name, options->given[i]) != 0)
            name++;
        if (!*name)
            return error_set(error, ERROR_INPUT, format, options->given[i]);
    }
    return ERROR_NONE;
}

int options_parse(const struct options_command *command, int argc, char **argv, void *target, struct error *error)
{
    struct options *options = target;
    struct tables tables;
    int code = make_tables(command, &tables, error);
    if (code != ERROR_NONE)
        return code;
    options->settings = calloc((size_t)argc + 1, sizeof *options->settings);
    options->given = calloc(row_count(command) + 1, sizeof *options->given);
    if (options->settings && options->given)
        code = parse_all(command, &tables, argc, argv, target, error);
    else
        code = error_set(error, ERROR_RESOURCE, "out of memory");
    free_tables(&tables);
    if (code != ERROR_NONE)
        options_free(options);
    return code;
}

void options_free(struct options *options)
{
    free(options->settings);
    free(options->given);
    options->settings = NULL;
    options->given = NULL;
    huggingface_free(&options->model);
}

/* ---- what there is ---- */

const char *options_item_choice(const struct options_item *item, size_t i)
{
    if (item->of)
        return setting_known(item->of, i);
    return item->choice ? item->choice(i) : NULL;
}

bool options_item_is_path(const struct options_item *item)
{
    return item->argument && (strstr(item->argument, "FILE") || strcmp(item->argument, "DIR") == 0);
}

/* Names joined by '|', for an argument that is one of them. */
static void join_names(struct options_item *item)
{
    struct text text = {item->names, sizeof item->names, 0};
    const char *name;
    for (size_t i = 0; (name = options_item_choice(item, i)); i++)
        text_print(&text, "%s%s", i > 0 ? "|" : "", name);
    item->argument = item->names;
}

static void row_item(const struct options_row *row, struct options_item *item)
{
    *item = (struct options_item){
        .name = row->name, .letter = row->letter, .argument = row->argument, .summary = row->summary};
    item->choice = row->choice;
    for (size_t i = 0; i < setting_count; i++)
        if (strcmp(settings[i].name, row->name) == 0)
            item->of = &settings[i]; // it takes the same names
    item->list = row->argument && strchr(row->argument, ',');
    if (row->choice && !row->argument)
        join_names(item);
}

bool options_item(const struct options_command *command, size_t i, struct options_item *item)
{
    static const struct options_row help = {"help", 'h', NULL, "this text", value_flag, 0, NULL};
    size_t rows = row_count(command);
    if (i <= rows) {
        row_item(i < rows ? row_at(command, i) : &help, item);
        return true;
    }
    i -= rows + 1;
    while (i < setting_count && settings[i].drawn && !command->draws)
        i++;
    if (!command->settings || i >= setting_count)
        return false;
    const struct setting *setting = &settings[i];
    *item = (struct options_item){.name = setting->name,
                                  .letter = setting->letter,
                                  .argument = setting->argument,
                                  .summary = setting->summary,
                                  .setting = true,
                                  .list = command->sweeps && setting->argument,
                                  .of = setting};
    if (setting->type == SETTING_CHOICE)
        join_names(item);
    return true;
}

static void help_line(const struct options_item *item, FILE *stream)
{
    enum { COLUMN = 34 };
    int used = fprintf(stream, item->letter ? "  -%c, " : "      ", item->letter);
    used += fprintf(stream, "--%s%s%s", item->name, item->argument ? " " : "", item->argument ? item->argument : "");
    fprintf(stream, "%*s", used < COLUMN - 1 ? COLUMN - used : 2, "");
    for (const char *s = item->summary; *s; s++) {
        fputc(*s, stream);
        if (*s == '\n')
            fprintf(stream, "%*s", COLUMN, "");
    }
    fputc('\n', stream);
}

void options_help(const struct options_command *command, FILE *stream)
{
    struct options_item item;
    bool of_model = false;
    fprintf(stream, "Usage: spanscope %s\n\n%s\n\nOptions:\n", command->usage, command->summary);
    for (size_t i = 0; options_item(command, i, &item); i++) {
        if (item.setting && !of_model)
            fprintf(stream, "\nThe model:\n");
        of_model = item.setting;
        help_line(&item, stream);
    }
}

int options_unread(const char *name, const char *whom, struct error *error)
{
    char readers[128];
    const struct setting *setting = setting_find(name, error);
    if (!setting)
        return error->code;
    readers_print(setting, readers, sizeof readers);
    return error_set(error, ERROR_INPUT, "--%s: nothing in %.400s reads it; it is for %s", name, whom, readers);
}
