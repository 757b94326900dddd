/* Completions: the function of the script for bash is called as bash calls it; zsh's and fish's are read by their shells
 * where these are there. */
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/program.h"

/* What bash offers for words, the last of which is being typed: a line each, sorted. */
static struct program complete(const char *words)
{
    char line[8192];
    snprintf(line, sizeof line,
             "cat > complete.sh <<'END'\n"
             "source <($SPANSCOPE completion bash)\n"
             "COMP_WORDS=(spanscope %s)\n"
             "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
             "_spanscope\n"
             "printf '%%s\\n' \"${COMPREPLY[@]}\" | LC_ALL=C sort\n"
             "END\n"
             "bash -u complete.sh",
             words);
    struct program program = program_shell(line);
    ck_assert_int_eq(program.status, 0);
    return program;
}

static const struct {
    const char *words, *offers;
} lines[] = {
    {"ru", "run\n"},
    {"help ma", "manual\nmap\n"},
    {"--ver", "--version\n"},
    {"run --placement pren", "prenorm\n"},
    {"run --placement = pren", "prenorm\n"},
    {"run --placement=pren", "--placement=prenorm\n"},
    {"run -p prenorm,postn", "prenorm,postnorm\n"},
    {"run --seed 3 --mask c", "causal\n"},
    {"run --engine d", "dense\n"},
    {"run --format ''", "csv\njson\ntable\n"},
    {"run --quantity gradient_ratio,gradient_s", "gradient_ratio,gradient_slope\n"},
    {"run --columns q,gradient_v", "q,gradient_variance\n"},
    {"run --columns g",
     "g\ngradient_ratio\ngradient_slope\ngradient_specific\n" // symbols that are words, and quantities
     "gradient_token_cosine\ngradient_variance\n"},
    {"verify --placement pren", "prenorm\n"},
    {"verify --placement prenorm,pren", "\n"}, // takes one
    {"verify --tier s", "smoke\n"},
    {"verify post-var", "post-variance\n"},
    {"train --optimiser adam", "adam\nadamw\n"},
    {"train --decay c", "constant\ncosine\n"},
    {"plot --figure gradient --style p", "paper\n"},
    {"plot --style paper my", "my file.json\nmy other.json\n"},
    {"run --output my", "my file.json\nmy other.json\n"},
    {"plot --output fol", "folder\n"},
    {"tour --lesson coll", "collapse\n"},
    {"list act", "activations\n"},
    {"solve inp", "input-correlation\ninput-scale\n"},
    {"completion z", "zsh\n"},
    {"run --seed ''", "\n"},
    {"nonsense --x", "\n"},
    {"run --dry-run --quie", "--quiet\n"}, // a flag takes nothing
};
enum { LINES = sizeof lines / sizeof *lines };

START_TEST(bash_offers_what_is_taken)
{
    program_write("my file.json", "");
    program_write("my other.json", "");
    struct program made = program_shell("mkdir folder");
    program_free(&made);
    struct program offered = complete(lines[_i].words);
    ck_assert_msg(strcmp(offered.out, lines[_i].offers) == 0, "%s: %s, not %s", lines[_i].words, offered.out,
                  lines[_i].offers);
    program_free(&offered);
    made = program_shell("rmdir folder");
    program_free(&made);
}
END_TEST

/* The options offered are those of the help, no more and no fewer. */
START_TEST(bash_offers_every_option)
{
    char names[PROGRAM_COMMANDS][PROGRAM_COMMAND_MAX];
    program_commands(names);
    for (int c = 0; names[c][0]; c++) {
        char words[64], line[512];
        snprintf(words, sizeof words, "%.31s --", names[c]);
        snprintf(line, sizeof line,
                 "$SPANSCOPE help %.31s | sed -n 's/^  \\(-.,\\|   \\) \\(--[a-z0-9-]*\\).*/\\2/p' | "
                 "LC_ALL=C sort",
                 names[c]);
        struct program offered = complete(words), expected = program_shell(line);
        ck_assert_msg(strcmp(offered.out, expected.out) == 0, "%s: %s, not %s", names[c], offered.out, expected.out);
        ck_assert_ptr_nonnull(strstr(offered.out, "--help"));
        program_free(&offered);
        program_free(&expected);
    }
}
END_TEST

/* Whatever is offered for a setting is taken by the program, and nothing that it names is missing. */
START_TEST(bash_offers_every_name_of_a_setting)
{
    json_error_t error;
    struct program tables = PROGRAM("list", "--format", "json");
    json_t *root = json_loads(tables.out, 0, &error), *setting, *choice;
    ck_assert_msg(root != NULL, "%s", error.text);
    size_t s, i;
    int choices = 0;
    json_array_foreach(json_object_get(root, "settings"), s, setting)
    {
        char words[64];
        size_t lines_offered = 0;
        json_t *names = json_object_get(setting, "choices");
        if (!names)
            continue;
        snprintf(words, sizeof words, "run --%s ''", json_string_value(json_object_get(setting, "name")));
        struct program offered = complete(words);
        for (const char *at = offered.out; (at = strchr(at, '\n')); at++)
            lines_offered++;
        ck_assert_uint_eq(lines_offered, json_array_size(names));
        json_array_foreach(names, i, choice)
        {
            ck_assert_ptr_nonnull(strstr(offered.out, json_string_value(choice)));
            choices++;
        }
        program_free(&offered);
    }
    ck_assert_int_gt(choices, 20);
    json_decref(root);
    program_free(&tables);
}
END_TEST

/* A line typed in a zsh on a terminal of its own, and in fish by its own complete -C. */
START_TEST(other_shells_take_their_scripts)
{
    struct program zsh = program_shell(
        "command -v zsh > /dev/null || exit 0\n"
        "mkdir functions && $SPANSCOPE completion zsh > functions/_spanscope && zsh -n functions/_spanscope\n"
        "cat > drive.zsh <<'END'\n"
        "zmodload zsh/zpty\n"
        "typed() {\n"
        "    zpty -b line zsh -f -i\n"
        "    zpty -w line 'fpath=($PWD/functions $fpath); autoload -U compinit; compinit -u -D; '"
        "'zstyle \":completion:*\" list-colors; bindkey \"^I\" complete-word; PS1=read\"\"y:'\n"
        "    zpty -r -m line text '*ready:*'\n"
        "    zpty -w -n line \"spanscope $1\"$'\\t'\" #end\"$'\\n'\n"
        "    zpty -r -m line text '*#end*'\n"
        "    zpty -d line\n"
        "    [[ $text == *\"$2\"* ]] || print -r -- \"$1: no $2 in $text\"\n"
        "}\n"
        "typed 'expl' 'explore'\n"
        "typed 'run --placement pren' 'prenorm'\n"
        "typed 'run -p prenorm,postn' 'prenorm,postnorm'\n"
        "typed 'verify --tier sm' 'smoke'\n"
        "typed 'list arch' 'architectures'\n"
        "END\n"
        "timeout 60 zsh -f drive.zsh || echo \"status $?\"\n"
        "rm -r functions");
    ck_assert_str_eq(zsh.out, "");
    program_free(&zsh);
    struct program fish = program_shell(
        "command -v fish > /dev/null || exit 0\n"
        "export HOME=$PWD XDG_CONFIG_HOME=$PWD/c XDG_DATA_HOME=$PWD/d\n"
        "$SPANSCOPE completion fish > c.fish && fish -n c.fish\n"
        "fish -c 'source c.fish; complete -C \"spanscope run --placement pren\"' | grep -q '^prenorm' || echo "
        "placement\n"
        "fish -c 'source c.fish; complete -C \"spanscope verify post-var\"' | grep -q '^post-variance' || echo claim\n"
        "fish -c 'source c.fish; complete -C \"spanscope run --dry\"' | grep -q '^--dry-run.run nothing' && echo "
        "words\n"
        "rm -rf c d");
    ck_assert_str_eq(fish.out, "");
    program_free(&fish);
}
END_TEST

START_TEST(mistakes_are_named)
{
    struct program none = PROGRAM("completion"), unknown = PROGRAM("completion", "tcsh"),
                   two = PROGRAM("completion", "bash", "zsh");
    ck_assert_int_eq(none.status, 2);
    ck_assert_ptr_nonnull(strstr(none.err, "expected one shell"));
    ck_assert_int_eq(unknown.status, 2);
    ck_assert_ptr_nonnull(strstr(unknown.err, "unknown shell 'tcsh'"));
    ck_assert_int_eq(two.status, 2);
    program_free(&none);
    program_free(&unknown);
    program_free(&two);
}
END_TEST

Suite *completion_suite(void)
{
    Suite *suite = suite_create("completion");
    TCase *shells = tcase_create("shells");
    tcase_add_checked_fixture(shells, program_setup, program_teardown);
    tcase_set_timeout(shells, 120);
    tcase_add_loop_test(shells, bash_offers_what_is_taken, 0, LINES);
    tcase_add_test(shells, bash_offers_every_option);
    tcase_add_test(shells, bash_offers_every_name_of_a_setting);
    tcase_add_test(shells, mistakes_are_named);
    suite_add_tcase(suite, shells);
    TCase *others = tcase_create("other shells");
    tcase_add_checked_fixture(others, program_setup, program_teardown);
    tcase_set_timeout(others, 120);
    tcase_set_tags(others, "slow"); // theirs is the work
    tcase_add_test(others, other_shells_take_their_scripts);
    suite_add_tcase(suite, others);
    return suite;
}
