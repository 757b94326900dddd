#include "cli/completion.h"

#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/commands.h"

/* ---- what all shells are told ---- */

/* Names that a shell takes for one plain word; others, such as the symbol r(g), are left to type. */
static void print_names(const struct options_item *item, const char *before)
{
    const char *name;
    for (size_t i = 0; (name = options_item_choice(item, i)); i++)
        if (!strpbrk(name, " ()[]^*?$'\"\\"))
            printf("%s%s", before, name);
}

static void print_words(value_choice *word, const char *before)
{
    const char *name;
    for (size_t i = 0; (name = word(i)); i++)
        printf("%s%s", before, name);
}

static bool has_names(const struct options_item *item)
{
    return options_item_choice(item, 0) != NULL;
}

/* Whether a command's words are files. */
static bool takes_files(const struct options_command *command)
{
    return !command->word && !command->no_words && strstr(command->usage, "...");
}

/* A text on one line, each of the characters that are special behind a backslash. An apostrophe ends the shell's
 * quotes, stands for itself and begins them again. */
static void print_quoted(const char *text, const char *special)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else if (*text == '\n')
            putchar(' ');
        else
            printf("%s%c", strchr(special, *text) ? "\\" : "", *text);
    }
}

/* ---- bash ---- */

static void bash_options(const struct options_command *command)
{
    struct options_item item;
    for (size_t i = 0; options_item(command, i, &item); i++) {
        printf(" --%s", item.name);
        if (item.letter)
            printf(" -%c", item.letter);
    }
}

/* "    'run --engine'|'run -e') values=' auto dense' ;;" */
static void bash_values(const char *name, const struct options_item *item)
{
    if (!item->argument)
        return;
    printf("    '%s --%s'", name, item->name);
    if (item->letter)
        printf("|'%s -%c'", name, item->letter);
    printf(") several=%s values='", item->list ? "1" : "");
    print_names(item, " ");
    if (options_item_is_path(item))
        fputs(strcmp(item->argument, "DIR") == 0 ? " @folders" : " @files", stdout);
    puts("' ;;");
}

static void print_bash(void)
{
    struct options_item item;
    puts("# bash completion for spanscope, as `spanscope completion bash` prints it\n\n"
         "# What a command takes: its options, and words that are none; @files stands for names of files.\n"
         "_spanscope_command()\n{\n    case $1 in");
    for (size_t c = 0; c < commands_count; c++) {
        const struct options_command *command = commands[c].options;
        printf("    %s) options='", commands[c].name);
        bash_options(command);
        fputs("' words='", stdout);
        if (command->word)
            print_words(command->word, " ");
        printf("%s' ;;\n", takes_files(command) ? " @files" : "");
    }
    fputs("    help) words='", stdout);
    for (size_t c = 0; c < commands_count; c++)
        printf(" %s", commands[c].name);
    puts("' ;;\n    esac\n}\n\n# What an option of a command takes; false where it takes nothing.\n"
         "_spanscope_option()\n{\n    case $1 in");
    for (size_t c = 0; c < commands_count; c++)
        for (size_t i = 0; options_item(commands[c].options, i, &item); i++)
            bash_values(commands[c].name, &item);
    puts("    *) return 1 ;;\n    esac\n}");
    fputs("\n# bash has split the line at blanks, and at = where COMP_WORDBREAKS has it.\n"
          "_spanscope()\n"
          "{\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} prefix= command= i\n"
          "    local options=' --help --version' words=' help",
          stdout);
    for (size_t c = 0; c < commands_count; c++)
        printf(" %s", commands[c].name);
    fputs("' values= several=\n"
          "    COMPREPLY=()\n"
          "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "        [[ ${COMP_WORDS[i]} == -* ]] || { command=${COMP_WORDS[i]}; break; }\n"
          "    done\n"
          "    if [[ $command ]]; then\n"
          "        options= words=\n"
          "        _spanscope_command \"$command\"\n"
          "    fi\n"
          "    if [[ $cur == --*=* ]]; then\n"
          "        option=${cur%%=*} prefix=${cur%%=*}= cur=${cur#*=}\n"
          "    elif [[ $cur == = ]]; then\n"
          "        cur=\n"
          "    elif [[ $option == = ]]; then\n"
          "        option=${COMP_WORDS[COMP_CWORD - 2]}\n"
          "    fi\n"
          "    if _spanscope_option \"$command $option\"; then\n"
          "        words=$values\n"
          "    elif [[ $cur == -* ]]; then\n"
          "        words=$options\n"
          "    fi\n"
          "    if [[ $several && $cur == *,* ]]; then\n"
          "        prefix+=${cur%,*}, cur=${cur##*,}\n"
          "    fi\n"
          "    mapfile -t COMPREPLY < <(\n"
          "        compgen -P \"$prefix\" -W \"${words//@*/}\" -- \"$cur\"\n"
          "        [[ $words != *@files* ]] || compgen -P \"$prefix\" -f -- \"$cur\"\n"
          "        [[ $words != *@folders* ]] || compgen -P \"$prefix\" -d -- \"$cur\"\n"
          "    )\n"
          "    [[ $words != *@* ]] || compopt -o filenames -o default 2> /dev/null # a name in quotes is bash's own\n"
          "}\n\n"
          "complete -F _spanscope spanscope\n",
          stdout);
}

/* ---- zsh ---- */

/* "'*'{-p+,--placement=}'[block formula]:NAME: _spanscope_names prenorm postnorm'" */
static void zsh_option(const struct options_item *item)
{
    fputs(" \\\n            ", stdout);
    if (item->list)
        fputs("'*'", stdout);
    if (item->letter)
        printf("{-%c%s,--%s%s}'[", item->letter, item->argument ? "+" : "", item->name, item->argument ? "=" : "");
    else
        printf("'--%s%s[", item->name, item->argument ? "=" : "");
    print_quoted(item->summary, "\\[]");
    putchar(']');
    if (item->argument) {
        putchar(':');
        print_quoted(item->argument == item->names ? item->name : item->argument, "\\:");
        printf(": %s", has_names(item) ? "_spanscope_names" : options_item_is_path(item) ? "_files" : "");
        print_names(item, " ");
        if (has_names(item) && options_item_is_path(item))
            fputs(" @files", stdout);
    }
    putchar('\'');
}

static void zsh_command(const struct commands_row *row)
{
    struct options_item item;
    printf("        %s)\n            _arguments -s", row->name);
    for (size_t i = 0; options_item(row->options, i, &item); i++)
        zsh_option(&item);
    if (row->options->word) {
        fputs(" \\\n            '*:name: _spanscope_names", stdout);
        print_words(row->options->word, " ");
        putchar('\'');
    } else if (takes_files(row->options)) {
        fputs(" \\\n            '*:file: _files'", stdout);
    }
    puts("\n            ;;");
}

static void print_zsh(void)
{
    puts("#compdef spanscope\n# zsh completion for spanscope, as `spanscope completion zsh` prints it\n\n"
         "# Names, of which several may stand with commas between them; @files stands for files.\n"
         "_spanscope_names()\n{\n"
         "    compset -P '*,'\n"
         "    compadd -- \"${(@)argv:#@files}\"\n"
         "    (( ! ${argv[(Ie)@files]} )) || _files\n"
         "}\n\n"
         "_spanscope()\n{\n"
         "    local curcontext=$curcontext state line\n"
         "    local -A opt_args\n"
         "    local -a commands=(");
    for (size_t c = 0; c < commands_count; c++) {
        printf("        '%s:", commands[c].name);
        print_quoted(commands[c].summary, "\\");
        puts("'");
    }
    puts("        'help:what a command does and takes'\n    )\n"
         "    _arguments -C '(- *)'{-h,--help}'[what there is]' '(- *)--version[version and commit]' \\\n"
         "        '1: :->command' '*:: :->words'\n"
         "    case $state in\n"
         "    command) _describe -t commands command commands ;;\n"
         "    words)\n"
         "        curcontext=${curcontext%:*}-$words[1]:\n"
         "        case $words[1] in");
    for (size_t c = 0; c < commands_count; c++)
        zsh_command(&commands[c]);
    puts("        help) _describe -t commands command commands ;;\n"
         "        esac\n"
         "        ;;\n"
         "    esac\n"
         "}\n\n"
         "[[ $funcstack[1] != _spanscope ]] || _spanscope \"$@\"\n"
         "[[ $funcstack[1] == _spanscope ]] || compdef _spanscope spanscope");
}

/* ---- fish ---- */

/* In fish's quotes a backslash and an apostrophe stand behind a backslash. */
static void fish_quoted(const char *text)
{
    for (; *text; text++)
        printf("%s%c", strchr("\\'", *text) ? "\\" : "", *text == '\n' ? ' ' : *text);
}

static void fish_option(const char *name, const struct options_item *item)
{
    printf("complete -c spanscope -n '__fish_seen_subcommand_from %s' -l %s", name, item->name);
    if (item->letter)
        printf(" -s %c", item->letter);
    if (item->argument)
        fputs(options_item_is_path(item) ? " -r" : " -x", stdout);
    if (has_names(item)) {
        fputs(" -a '", stdout);
        print_names(item, " ");
        putchar('\'');
    }
    fputs(" -d '", stdout);
    fish_quoted(item->summary);
    puts("'");
}

static void print_fish(void)
{
    struct options_item item;
    puts("# fish completion for spanscope, as `spanscope completion fish` prints it\n"
         "complete -c spanscope -f\n"
         "complete -c spanscope -n __fish_use_subcommand -l help -d 'what there is'\n"
         "complete -c spanscope -n __fish_use_subcommand -l version -d 'version and commit'");
    for (size_t c = 0; c < commands_count; c++) {
        printf("complete -c spanscope -n __fish_use_subcommand -a %s -d '", commands[c].name);
        fish_quoted(commands[c].summary);
        puts("'");
    }
    for (size_t c = 0; c < commands_count; c++) {
        const struct options_command *command = commands[c].options;
        for (size_t i = 0; options_item(command, i, &item); i++)
            fish_option(commands[c].name, &item);
        printf("complete -c spanscope -n '__fish_seen_subcommand_from %s' %s", commands[c].name,
               takes_files(command) ? "-F" : "-f");
        if (command->word) {
            fputs(" -a '", stdout);
            print_words(command->word, " ");
            putchar('\'');
        }
        putchar('\n');
    }
}

/* ---- the command ---- */

static const struct {
    const char *name;
    void (*print)(void);
} shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

VALUE_CHOICE(shell_name, shells, sizeof shells / sizeof *shells)

const struct options_command completion_options = {
    .usage = "completion SHELL",
    .summary = "Prints a script by which bash, zsh or fish complete commands, options and the names that they take.\n"
               "`make install` puts them where the shells find them; for one session of bash:\n"
               "  source <(spanscope completion bash)",
    .word = shell_name,
};

static int print_completion(void *target, struct error *error)
{
    const struct options *options = target;
    if (options->word_count != 1)
        return error_set(error, ERROR_INPUT, "expected one shell: bash, zsh or fish");
    int i = value_choose(shell_name, "shell", options->words[0], error);
    if (i < 0)
        return error->code;
    shells[i].print();
    return ERROR_NONE;
}

int completion_command(int argc, char **argv)
{
    struct options options = {0};
    return command_run(&completion_options, argc, argv, &options, print_completion);
}
