/* The program end to end: what it prints where, its statuses, and that a failure leaves nothing behind. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/program.h"
#include <check.h>

/* A stack that takes no time. */
#define TINY "-L", "2", "-d", "12", "-H", "3", "-T", "3", "-F", "7", "-e", "dense"

/* A configuration but for its width, which a test appends. */
#define LLAMA                                                                                                          \
    "{\"model_type\":\"llama\",\"num_hidden_layers\":2,\"num_attention_heads\":4,\"intermediate_size\":48,"            \
    "\"rms_norm_eps\":1e-6,"

enum { ARGUMENTS = 24 };

/* One clear message on standard error, nothing on standard output. */
static void check_error(struct program program, int status, const char *words)
{
    ck_assert_msg(program.status == status, "status %d, not %d: %s", program.status, status, program.err);
    ck_assert_msg(strstr(program.err, words) != NULL, "'%s' is not in: %s", words, program.err);
    ck_assert_msg(strncmp(program.err, "spanscope", 9) == 0, "%s", program.err);
    ck_assert_str_eq(program.out, "");
    program_free(&program);
}

#define LONG                                                                                                           \
    "a123456789b123456789c123456789d123456789e123456789f123456789g123456789h123456789i123456789j123456789k123456789"
static const struct {
    const char *arguments[ARGUMENTS];
    int status;
    const char *words;
} mistakes[] = {
    {{"rnu"}, 2, "spanscope: unknown command 'rnu'; did you mean 'run'?"},
    {{"--placement"}, 2, "unknown command '--placement'"},
    {{"help", "predit"}, 2, "unknown command 'predit'; did you mean 'predict'?"},
    {{"run", "--placment", "prenorm"}, 2, "spanscope run: unknown option '--placment'; did you mean '--placement'?"},
    {{"run", "--sampels=3"}, 2, "unknown option '--sampels'; did you mean '--samples'?"},
    {{"run", "-Z"}, 2, "unknown option '-Z'"},
    {{"run", "--frobnicate"}, 2, "unknown option '--frobnicate'; see --help"},
    {{"run", "--layers"}, 2, "option '--layers' needs an argument"},
    {{"run", "-L"}, 2, "option '-L' needs an argument"},
    {{"run", "--dry-run=3"}, 2, "takes no argument"},
    {{"run", "prenorm"}, 2, "'prenorm' is not an option; models are named by --placement"},
    {{"run", "-p", "spanorm"}, 2, "unknown placement 'spanorm'; did you mean 'spannorm'?"},
    {{"run", "-p", "norm(x + ffn(x))"}, 2, "'norm(x + ffn(x))' assigns nothing; a formula does, as in x ="},
    {{"run", "-p", ""}, 2, "unknown placement ''; known are prenorm, postnorm, spannorm"},
    {{"run", "-p", "y = nrm(x)"},
     2,
     "line 1, column 5: unknown function 'nrm'; did you mean 'norm'?\n  y = nrm(x)\n      ^\n"},
    {{"run", "-p", "prenorm", "-p", "x = "}, 2, "line 1, column 5"},
    {{"run", "-p", "missing.txt"}, 3, "cannot open 'missing.txt': No such file or directory"},
    {{"run", "-i", "scaleint"}, 2, "unknown initialisation 'scaleint'; did you mean 'scaleinit'?"},
    {{"run", "-i", "unit:2"}, 2, "unit"},
    {{"run", "--activation", "rleu"}, 2, "unknown activation 'rleu'; did you mean 'relu'?"},
    {{"run", "--mask", "triangular"}, 2, "known are none, causal"},
    {{"run", "--engine", "dnese"}, 2, "unknown engine 'dnese'; did you mean 'dense'?"},
    {{"run", "--format", "jsno"}, 2, "unknown format 'jsno'; did you mean 'json'?"},
    {{"run", "-H", "3"}, 2, "heads: 3 heads do not divide width 256"},
    {{"run", "-k", "9"}, 2, "top-k: cannot choose 9 of 8 experts"},
    {{"diagram", "-p", "x = nrm(x)"}, 2, "did you mean 'norm'?"},
    {{"diagram", "-o", "a.jpg"}, 2, "'a.jpg' ends in none of .txt, .svg, .png and .dot; say --format"},
    {{"diagram", "--activation", "swiglu"}, 2, "--activation: nothing in the picture shows it"},
    {{"diagram", "-L", "3"}, 2, "unknown option '-L'"},
    {{"run", "-L", "0"}, 2, "layers: 0 is not between 1 and"},
    {{"run", "-\u00f6"}, 2, "unknown option '-\u00f6'; see --help"},
    {{"run", "-q\u00f6\u00df"}, 2, "unknown option '-\u00f6'; see --help"},
    {{"run", "-\xf6"}, 2, "unknown option '-\\xf6'; see --help"},
    {{"run", "-qZ", "Z"}, 2, "unknown option '-Z'; see --help"},
    {{"run", "-p", "x = x + n\u00f6rm(x)"}, 2, "column 9: unknown function 'n\u00f6rm'; did you mean 'norm'?"},
    {{"solve", "c", "gradi\u00ebnt_ratio = 1"}, 2, "unknown quantity 'gradi\u00ebnt_ratio'; did you mean"},
    {{"map", "--x", "l\u00e4yers=1:2", "--y", "c=1:2"},
     2,
     "axis 'l\u00e4yers' is no setting that is a number; did you"},
    {{"run", "-L", "\x1b[3m\n\xff"}, 2, "layers: '\\x1b[3m\n\\xff' is not a whole number"},
    {{"list", "masks", "foo"}, 2, "unknown table 'foo'"},
    {{"train", "--steps", "2", "-t", "text:m\xfcin.txt"},
     2,
     "the file name 'm\\xfcin.txt' is not UTF-8, and cannot stand in output"},
    {{"train", "--steps", "1", "--parametrisation", "mup", "--base-width", "1e308"},
     2,
     "--base-width: 1e308 is not between 1 and 4194304"},
    {{"plot", "--title", "G\xfcte", "-f", "gradient", "no.json"}, 2, "--title: 'G\\xfcte' is not UTF-8"},
    {{"report", "--title", "a\nb", "no.json"}, 2, "--title: 'a\\x0ab' has a control character"},
    {{"train", "-L", "1", "-d", "8", "-H", "1", "-T", "4", "--checkpoint-every", "1"},
     2,
     "--checkpoint-every is for --checkpoint or --store"},
    {{"run", "-L", "1", "-d", "8", "-T", "4", "-p", "x = norm(x - x, eps=0)"},
     2,
     "the signal is no number in block 1 of"},
    {{"run", "-p", "x = x + moe(x, top=1)", "-k", "3"}, 2, "it is for moe() without top= or the name k"},
    {{"r\x1bun"}, 2, "unknown command 'r\\x1bun'"},
    {{"run", "-L", "1.5"}, 2, "layers: '1.5' is not a whole number"},
    {{"run", "-L", "4 "}, 2, "layers: '4 ' is not a whole number"},
    {{"run", "-L", "4,\uff13"}, 2, "layers: '\uff13' is not a whole number"},
    {{"train", "--measure", "0,x", "-f", "json"}, 2, "--measure: 'x' is not a whole number"},
    {{"run", "-T", "99999999999999999999"}, 2, "tokens: 100000000000000000000 is not between"},
    {{"run", "-d", "8388608"}, 2, "width: 8388608 is not between"},
    {{"run", "--input-correlation", "1.1"}, 2, "input-correlation: 1.1 is not between 0 and 1"},
    {{"run", "--input-scale", "nan"}, 2, "input-scale: 'nan' is not a finite number"},
    {{"run", "--input-scale", "1e200"}, 2, "input-scale: 1e+200 is not between 1e-100 and 1e+100"},
    {{"run", "--input-scale", "1e-170"}, 2, "input-scale: 1e-170 is not between 1e-100 and 1e+100"},
    {{"run", "--samples", "0"}, 2, "--samples: 0 is not between 1 and"},
    {{"run", "--threads", "0"}, 2, "--threads: 0 is not between 1 and"},
    {{"run", "--precision", "0"}, 2, "--precision: 0 is not above 0 and below 1"},
    {{"run", "--precision", "1.5"}, 2, "--precision: 1.5 is not above 0 and below 1"},
    {{"run", "--seed", "18446744073709551616"}, 2, "--seed: '18446744073709551616' is not a whole number"},
    {{"run", "--seed", "-1"}, 2, "--seed: '-1' is not a whole number"},
    {{"run", "--memory", "4X"}, 2, "--memory: '4X' is not a size such as 500M or 4G"},
    {{"run", "--shard", "5/4"}, 2, "--shard: '5/4' is not a part such as 1/4"},
    {{"run", "--shard", "1/2/3"}, 2, "--shard: '1/2/3' is not a part"},
    {{"run", "--shard", "1/40"}, 2, "--shard: 40 parts of 16 samples leave some empty"},
    {{"run", "--shard", "1/2", "--precision", "0.1"}, 2, "--shard needs a number of samples"},
    /* The largest sizes: products of all of them are far outside of size_t. */
    {{"run", "-L", "100000", "-d", "4194304", "-T", "65536"}, 3, "memory: one sample needs at least"},
    {{"run", "-L", "100000", "-d", "4194304", "-T", "65536", "-E", "4096", "-p", "x = moe(x)", "--dry-run"},
     3,
     "memory: one sample"},
    {{"run", "--memory", "1k"}, 3, "memory: one sample needs at least"},
    {{"run", TINY, "-p", "x = 1e200*(x + attn(x) + ffn(x))"}, 2, "leaves the range of double in block"},
    {{"run", TINY, "-p", "x = 1e-200*(x + attn(x) + ffn(x))"}, 2, "leaves the range of double in block"},
    {{"run", TINY, "--single", "-p", "x = 1e-20*(x + attn(x) + ffn(x))"},
     2,
     "leaves the range of single precision in block"},
    {{"run", TINY, "-p", "x = (x + attn(x) + ffn(x))/(l - 2)"}, 2, "block 2"},
    {{"run", TINY, "-o", ""}, 2, "--output: '' names no file"},
    {{"run", "--correlation", "0.5"}, 2, "unknown option '--correlation'; did you mean '--input-correlation'?"},
    {{"run", "--num-layers", "5"}, 2, "unknown option '--num-layers'; did you mean '--layers'?"},
    {{"run", "--seeds", "5"}, 2, "unknown option '--seeds'; did you mean '--seed'?"},
    {{"run", "--input", "1"}, 2, "option '--input' may be any of --input-correlation, --input-scale"},
    /* Of two texts one would be lost; an option that the output does not show would be ignored. */
    {{"verify", "-i", "gpt2", "-i", "unit"}, 2, "--init is given twice, as 'gpt2' and as 'unit'; give it once"},
    {{"run", "-L", "2", "--layers=2"}, 2, "--layers is given '2' twice"},
    {{"run", "-L", "2,3,2"}, 2, "--layers is given '2' twice"},
    {{"run", "-p", "prenorm,spanorm"}, 2, "unknown placement 'spanorm'; did you mean 'spannorm'?"},
    {{"run", "-p", "prenorm,"}, 2, "unknown placement ''"},
    {{"run", "-L", "8:4"}, 2, "layers: 8 is not below 4"},
    {{"run", "-L", "1:1000:1000", "-T", "1:1000:1000"}, 2, "more than 100000 models"},
    {{"run", "-d", "16,18", "-H", "4"}, 2, "heads: 4 heads do not divide width 18 (at width=18)"},
    {{"run", "--quantity", "gradient_ration"}, 2, "unknown quantity 'gradient_ration'; did you mean 'gradient_ratio'?"},
    {{"run", "--tidy"}, 2, "--tidy: columns of settings are of --format csv, not table"},
    {{"run", TINY, "--store", "."}, 3, "cannot open store '.'"},
    {{"run", "-n", "2", "-n", "3", "-o", "new"}, 2, "--samples is given twice"},
    {{"run", "--config", "a", "--config", "b"}, 2, "--config is given twice, as 'a' and as 'b'; give it once"},
    {{"map", "--x", "c=1:2", "--x", "c=1:3"}, 2, "--x is given twice"},
    {{"verify", "-p", "prenorm", "-p", "postnorm"}, 2, "--placement is given twice, as 'prenorm' and as 'postnorm'"},
    {{"plot", "--style", "paper", "--style", "screen", "x"}, 2, "--style is given twice"},
    {{"run", TINY, "--per-token"}, 2, "--per-token: the table shows no positions; choose --format csv or json"},
    {{"run", TINY, "--per-token", "--quantity", "gradient_ratio", "-f", "csv"},
     2,
     "--per-token: --quantity shows no positions"},
    {{"predict", "--bounds", "--quantity", "gradient_ratio"}, 2, "--bounds: --quantity shows no floors and ceilings"},
    {{"predict", "-L", "2", "--per-token", "-f", "table"}, 2, "--per-token: the table shows no positions"},
    {{"plot", "--list", "x.json"}, 2, "--list draws nothing; 'x.json' has no part in it"},
    {{"plot", "--list", "--figure", "gradient"}, 2, "--list draws nothing; --figure has no part in it"},
    {{"plot", "--list", "-o", "folder"}, 2, "--list draws nothing; --output has no part in it"},
    {{"run", "--eps", "0"}, 2, "eps: 0 is not between 1e-100 and 1"},
    {{"run", "-p", "x = x + ffn(x)", "--eps", "1e-5"},
     2,
     "--eps: nothing in placement custom reads it; it is for norm()"},
    {{"run", "-p", "x = moe(x)", "-i", "w1 = 1; w2 = 1"},
     2,
     "'wr' is not assigned (there is 'w1'); the formula has moe.wr in line 1"},
    {{"run", "-i", "unit", "--c", "2"}, 2, "it is for an initialisation with the name c"},
    /* What nothing reads is a mistake, whatever the placement's name. */
    {{"run", "--experts", "4"},
     2,
     "--experts: nothing in placement spannorm reads it; it is for moe() without experts= or the name E"},
    {{"run", "-p", "prenorm", "-p", "postnorm", "--router", "switch", "-o", "new"},
     2,
     "--router: nothing in placement prenorm, postnorm reads it; it is for moe()"},
    {{"run", "-p", "x = x + ffn(x)", "-H", "4"}, 2, "--heads: nothing in placement custom reads it"},
    {{"run", "-p", "x = x + ffn(x)", "--mask", "causal"}, 2, "--mask: nothing in"},
    {{"run", "-p", "x = x + ffn(x)", "--norm", "layernorm"}, 2, "--norm: nothing in"},
    {{"run", "-p", "x = norm(x + attn(x))", "--activation", "gelu"}, 2, "it is for phi(), ffn() or the name phi2"},
    {{"run", "-p", "x = norm(x)", "--init", "unit", "--dry-run"}, 2, "--init: nothing in"},
    {{"run", TINY, "-o", "no/such/folder"}, 3, "cannot write 'no/such/folder': No such file or directory"},
    {{"run", TINY, "-o", "."}, 3, "it is a folder"},
    {{"run", TINY, "-o", "/dev/full"}, 3, "cannot write '/dev/full': No space left on device"},
    {{"list", "placement"}, 2, "spanscope list: unknown table 'placement'; did you mean 'placements'?"},
    {{"list", "--all"}, 2, "unknown option '--all'; see --help"},
    {{"plot"}, 2, "no file of profiles given"},
    {{"plot", "missing.json"}, 3, "missing.json"},
    {{"plot", "--name", "a b", "x.json"}, 2, "--name: 'a b' is no name of letters"},
    {{"plot", "--name", LONG, "x.json"}, 2, "' is too long: 110 characters, where 100 are the most"},
    {{"plot", "--figure", "gradeint", "x.json"}, 2, "did you mean 'gradient'?"},
    {{"verify", "span-isometri"}, 2, "did you mean 'span-isometry'?"},
    {{"verify", "--tier", "smok"}, 2, "did you mean 'smoke'?"},
    {{"verify", "--experts", "3", "post-variance", "pre-variance"},
     2,
     "--experts: nothing in the chosen claims' configurations reads it; it is for moe()"},
    {{"store", "s.db", "-f", "json"}, 2, "--format is of --export"},
    {{"store", "s.db", "--prune", "--columns", "g"}, 2, "--columns is of --export"},
    {{"store", "s.db", "--check", "-L", "3"}, 2, "--check reads the whole store; --layers has no part in it"},
    {{"store", "s.db", "--check", "--stale"}, 2, "--check reads the whole store; --stale has no part in it"},
    {{"verify", "--list", "--samples", "3"}, 2, "the claims as they are; --samples has no part in it"},
    {{"verify", "--list", "--seed", "1"}, 2, "the claims as they are; --seed has no part in it"},
    {{"verify", "--list", "--level", "0.01"}, 2, "the claims as they are; --level has no part in it"},
    {{"verify", "--list", "-q"}, 2, "the claims as they are; --quiet has no part in it"},
    {{"verify", "--list", "-j", "1"}, 2, "the claims as they are; --threads has no part in it"},
    {{"verify", "--list", "-m", "1G"}, 2, "the claims as they are; --memory has no part in it"},
    {{"verify", "--list", "--layers", "3"}, 2, "--list prints the claims as they are; --layers has no part in it"},
    {{"verify", "-o", ""}, 2, "--output: '' names no file"},
    {{"plot", "-o", "", "x.json"}, 2, "--output: '' names no file"},
    {{"verify", "--level", "2"}, 2, "--level: 2 is not above 0 and below 1"},
};
enum { MISTAKES = sizeof mistakes / sizeof *mistakes };

START_TEST(mistakes_are_named)
{
    check_error(program_start(mistakes[_i].arguments, NULL, NULL), mistakes[_i].status, mistakes[_i].words);
    ck_assert_int_eq(program_files(), 0);
}
END_TEST

static const char *const commands[] = {"run",     "predict", "map",  "solve", "train", "verify", "plot",
                                       "diagram", "explore", "tour", "merge", "store", "list"};
enum { COMMANDS = sizeof commands / sizeof *commands };

START_TEST(help_is_everywhere)
{
    const char *const lines[][2] = {{commands[_i], "--help"}, {commands[_i], "-h"}, {"help", commands[_i]}};
    char usage[64];
    snprintf(usage, sizeof usage, "Usage: spanscope %s", commands[_i]);
    for (int i = 0; i < 3; i++) {
        struct program program = PROGRAM(lines[i][0], lines[i][1]);
        ck_assert_int_eq(program.status, 0);
        ck_assert_msg(strncmp(program.out, usage, strlen(usage)) == 0, "%s", program.out);
        ck_assert_str_eq(program.err, "");
        program_free(&program);
    }
}
END_TEST

START_TEST(the_program_explains_itself)
{
    static const char *const words[] = {"--help", "-h", "help"};
    for (int i = 0; i < 3; i++) {
        struct program program = PROGRAM(words[i]);
        ck_assert_int_eq(program.status, 0);
        for (int c = 0; c < COMMANDS; c++)
            ck_assert_ptr_nonnull(strstr(program.out, commands[c]));
        program_free(&program);
    }
    struct program version = PROGRAM("--version");
    ck_assert_int_eq(version.status, 0);
    ck_assert_msg(strncmp(version.out, "spanscope 0.", 12) == 0, "%s", version.out);
    program_free(&version);
    const char *const none[] = {NULL};
    struct program bare = program_start(none, NULL, NULL);
    ck_assert_int_eq(bare.status, 2);
    ck_assert_str_eq(bare.out, "");
    ck_assert_ptr_nonnull(strstr(bare.err, "Usage: spanscope COMMAND"));
    program_free(&bare);
}
END_TEST

/* Every option of the help is taken: each row of the tables stands there once. */
START_TEST(help_names_every_option)
{
    static const char *const options[] = {
        "-p, --placement", "-i, --init",      "-L, --layers",      "-d, --width",    "-H, --heads",
        "-T, --tokens",    "-F, --ffn-width", "--activation relu", "--norm rms",     "--mask none",
        "--experts",       "--top-k",         "--router",          "--input-correl", "--input-sc",
        "--cotangent",     "--per-token",     "--samples",         "--precision",    "--seed",
        "--engine",        "--threads",       "--format",          "-o, --output",   "--dry-run",
        "-q, --quiet",     "--no-progr",      "--memory",          "--shard",
    };
    struct program program = PROGRAM("run", "--help");
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        ck_assert_msg(strstr(program.out, options[i]) != NULL, "%s", options[i]);
    program_free(&program);
}
END_TEST

START_TEST(a_full_disk_is_an_error)
{
    static const char *const lines[][ARGUMENTS] = {
        {"list"},
        {"list", "inits"},
        {"--version"},
        {"--help"},
        {"run", "--help"},
        {"run", TINY},
        {"run", TINY, "--format", "json"},
        {"run", TINY, "--dry-run"},
        {"plot", "--list"},
        {"verify", "--list"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct program program = program_start(lines[i], "/dev/full", NULL);
        ck_assert_msg(program.status == 3, "%s %s: %d", lines[i][0], lines[i][1] ? lines[i][1] : "", program.status);
        ck_assert_msg(strstr(program.err, ": cannot write standard output: No space left on device\n") != NULL, "%s",
                      program.err);
        ck_assert_ptr_eq(strchr(program.err, '\n'), strrchr(program.err, '\n')); // one message
        program_free(&program);
    }
}
END_TEST

/* Every way in which a command reads a file. Each would replace it, had it a place to write to. */
static const char *const replacing[][ARGUMENTS] = {
    {"run", TINY, "-p", "./read", "-o", "read"},
    {"run", TINY, "-p", "prenorm", "-i", "./read", "-o", "read"},
    {"run", "--config", "read", "-T", "2", "-q", "-o", "read"},
    {"predict", "-L", "2", "-p", "./read", "-o", "read"},
    {"map", "--x", "c=1:2:2", "--y", "input-correlation=0:1:2", "-p", "./read", "-o", "read"},
    {"solve", "c", "gradient_ratio = 1", "-p", "./read", "-o", "read"},
    {"inspect", "-L", "2", "-p", "./read", "-o", "read"},
    {"verify", "-i", "./read", "-o", "read"},
    {"diagram", "-p", "./read", "-f", "text", "-o", "read"},
    {"train", "--steps", "1", "--task", "text:read", "-o", "link"},
    {"report", "read", "-o", "link"},
    {"plot", "gradient.txt"},
    {"plot", "gradient.txt", "-f", "gradient", "-o", "."},
};
#define BLOCK "y = x + attn(x); x = y + ffn(y)"
static const char *const contents[sizeof replacing / sizeof *replacing] = {
    BLOCK, "w = 1/sqrt(n)", LLAMA "\"hidden_size\":32}", BLOCK, BLOCK, BLOCK, BLOCK, "w = 1/sqrt(n)", BLOCK,
};

START_TEST(nothing_is_written_over_what_is_read)
{
    struct program profile = PROGRAM("run", TINY, "-f", "json");
    const char *text = contents[_i] ? contents[_i] : profile.out;
    program_write("read", text);
    program_write("gradient.txt", profile.out);
    struct program link = program_shell("ln -s read link");
    program_free(&link);
    check_error(program_start(replacing[_i], NULL, NULL), 2, ", which is read by this command");
    char *left = program_read("read");
    ck_assert_str_eq(left, text);
    ck_assert_int_eq(program_files(), 3);
    free(left);
    program_free(&profile);
}
END_TEST

/* A file of an odd name is given with its folder; a text of that form that is no file's is told so. */
START_TEST(paths_are_told_from_formulas)
{
    static const char *const files[] = {"./a=b.f", "sub/c=d", "sub/x = y;z"};
    struct program made = program_shell("mkdir sub");
    program_free(&made);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        program_write(files[i], "x = x + 0.37*ffn(x)");
        struct program found = PROGRAM("run", "-L", "2", "-d", "12", "-T", "3", "-n", "1", "-p", files[i]);
        ck_assert_msg(found.status == 0 && strstr(found.out, "x = x + 0.37*ffn(x)") != NULL, "%s", found.err);
        program_free(&found);
    }
    program_write("a=b", "w = 1");
    check_error(PROGRAM("run", "-i", "./a\nb"), 3, "cannot open './a\nb': No such file or directory");
    check_error(PROGRAM("run", "-p", "./a=c.f"), 3, "cannot open './a=c.f': No such file or directory");
    check_error(PROGRAM("run", "-p", "/a=c.f"), 3, "cannot open '/a=c.f': No such file or directory");
    check_error(PROGRAM("run", "-p", "a=b"), 2, "'b'"); // without a folder it is a formula
}
END_TEST

/* What fails, at the start or half-way, leaves an old file as it was and no other. */
START_TEST(nothing_half_written)
{
    program_write("old", "before");
    struct program early = PROGRAM("run", TINY, "-p", "x = nrm(x)", "-o", "old");
    ck_assert_int_eq(early.status, 2);
    /* The second of two models fails, when the first one's profile is written. */
    struct program late = PROGRAM("run", TINY, "-L", "9", "-p", "prenorm", "-p", "x = 1e100*x", "-o", "old");
    ck_assert_msg(late.status == 2, "%s", late.err);
    struct program fresh = PROGRAM("run", TINY, "-L", "9", "-p", "prenorm", "-p", "x = 1e100*x", "-o", "new");
    ck_assert_int_eq(fresh.status, 2);
    char *text = program_read("old");
    ck_assert_str_eq(text, "before");
    ck_assert_int_eq(program_files(), 1);
    free(text);
    program_free(&early), program_free(&late), program_free(&fresh);
    struct program good = PROGRAM("run", TINY, "-o", "old");
    ck_assert_int_eq(good.status, 0);
    text = program_read("old");
    ck_assert_int_eq(strncmp(text, "spannorm, scaleinit", 19), 0);
    ck_assert_int_eq(program_files(), 1);
    free(text);
    program_free(&good);
}
END_TEST

/* One placement that reads an option is enough, as is a name in its formula or in a scale that it uses. */
START_TEST(options_that_something_reads_are_taken)
{
    static const char *const lines[][ARGUMENTS] = {
        {"run", "-n", "2", "-L", "2", "-d", "12", "-T", "3", "-p", "x = moe(x)", "-p", "x = norm(x)", "-E", "3"},
        {"run", "-n", "2", "-L", "2", "-d", "12", "-T", "3", "-p", "x = norm(x)/F", "-F", "7"},
        {"run", "-n", "2", "-L", "2", "-d", "12", "-T", "3", "-p", "block if l < k: x = norm(x); block: x = x", "-k",
         "1"},
        {"run", "-n", "2", "-L", "2", "-d", "12", "-T", "3", "-p", "x = attn(x)", "-H", "3", "-E", "3", "-i",
         "wq = 1/E; wk = 1; wv = 1; wo = 1; w1 = 1; wg = 1; w2 = 1; wr = 1"},
        {"verify", "--tier", "smoke", "post-variance", "moe-isometry", "--experts", "5", "-n", "32"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct program program = program_start(lines[i], NULL, NULL);
        ck_assert_msg(program.status != 2, "%zu: %s", i, program.err);
        program_free(&program);
    }
    /* A scale of a matrix that the formula does not have is not read. */
    struct program program = PROGRAM("run", "-p", "x = attn(x)", "-E", "3", "-i",
                                     "wq = 1; wk = 1; wv = 1; wo = 1; w1 = 1/E; wg = 1; w2 = 1; wr = 1");
    check_error(program, 2, "--experts: nothing in placement custom reads it");
}
END_TEST

START_TEST(gnuplot_may_be_absent)
{
    struct program run = PROGRAM("run", TINY, "--format", "json", "-o", "profile.json");
    ck_assert_int_eq(run.status, 0);
    program_free(&run);
    const char *const arguments[] = {"plot", "--figure", "gradient", "profile.json", NULL};
    check_error(program_start(arguments, NULL, "/nonexistent"), 3, "gnuplot was not found; install gnuplot-nox");
    ck_assert_int_eq(program_files(), 1);
}
END_TEST

/* A configuration that is none, is none of ours, lacks a key, or has one that is no number or not understood. */
START_TEST(configurations_are_checked)
{
    static const struct {
        const char *text;
        int status;
        const char *words;
    } cases[] = {
        {"{\"model_type\":\"llama\",", 2, "c.json, line 1, column"},
        {"[1]", 2, "c.json: no configuration; expected a JSON object"},
        {"{\"hidden_size\":64}", 2, "c.json: the configuration has no \"model_type\""},
        {"{\"model_type\":\"llamma\"}", 2, "c.json: unknown model_type 'llamma'; did you mean 'llama'?"},
        {"{\"model_type\":\"llama\",\"hidden_size\":64}", 2,
         "c.json: llama: the configuration lacks num_hidden_layers"},
        {LLAMA "\"hidden_size\":\"x\"}", 2, "c.json: llama: hidden_size: width: 'x' is not a whole number"},
        {LLAMA "\"hidden_size\":64,\"num_key_value_heads\":3}", 2,
         "c.json: llama: num_key_value_heads: kv-heads: 3 do not divide"},
        {LLAMA "\"hidden_size\":64,\"foo\":3}", 2,
         "c.json: llama: foo = 3 is not understood and may change the law; --ignore foo"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        program_write("c.json", cases[i].text);
        struct program program = PROGRAM("run", "--config", "c.json", "-T", "3", "-n", "1", "-q");
        check_error(program, cases[i].status, cases[i].words);
    }
    program_write("e.json", LLAMA "\"hidden_size\":-4}"); // no word of what it became before the error
    struct program loud = PROGRAM("run", "--config", "e.json", "-T", "3", "-n", "1");
    check_error(loud, 2, "e.json: llama: hidden_size: width: -4 is not between");
    struct program absent = PROGRAM("run", "--config", "d.json");
    check_error(absent, 3, "d.json: cannot be opened");
    struct program good = PROGRAM("run", "--config", "c.json", "--ignore", "foo", "-T", "3", "-n", "1", "-q");
    ck_assert_msg(good.status == 0, "%s", good.err);
    program_free(&good);
}
END_TEST

/* Every command that takes a configuration says what it became, but not where the whole model is none: then the error
 * stands alone. */
static const char *const reading_config[][ARGUMENTS] = {
    {"run", "--config", "c.json", "-T", "3", "-n", "1"},
    {"predict", "--config", "c.json", "-T", "3", "--width-limit"},
    {"map", "--config", "c.json", "-T", "3", "--x", "input-scale=1:2:2", "--y", "input-correlation=0:0.5:2"},
    {"solve", "input-scale", "activation_ratio = 2", "--config", "c.json", "-T", "3", "--range", "0.01:0.1:3:log"},
    {"train", "--config", "c.json", "-T", "4", "--steps", "1", "--dry-run"},
    {"inspect", "--config", "c.json", "-T", "3"},
    {"diagram", "--config", "c.json"},
};

START_TEST(configurations_are_told_once_they_hold)
{
    program_write("c.json", LLAMA "\"hidden_size\":66}");
    check_error(program_start(reading_config[_i], NULL, NULL), 2,
                "c.json: llama: num_attention_heads: heads: 4 heads do not divide width 66");
    program_write("c.json", LLAMA "\"hidden_size\":64}");
    struct program good = program_start(reading_config[_i], NULL, NULL);
    ck_assert_msg(good.status == 0, "%s", good.err);
    const char *told = strstr(good.err, "--placement");
    ck_assert_msg(told && strncmp(good.err, "llama:\n", 7) == 0, "%s", good.err);
    ck_assert_ptr_null(strstr(told + 1, "--placement"));
    program_free(&good);
}
END_TEST

/* Writes a file of the folder into its pipe, once. */
static pid_t feed(const char *from, const char *pipe)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child > 0)
        return child;
    char *text = program_read(from);
    program_write(pipe, text);
    _exit(0);
}

/* Profiles and maps alike may come from a pipe, which is read once. */
START_TEST(diagrams_are_text_or_pictures)
{
    struct program program = PROGRAM("diagram", "-p", "x = x + attn(x)");
    ck_assert_str_eq(program.out, "○     x\n├──╮\n│  ●  attn\n├──╯\n●     +\n○     x\n");
    program_free(&program);
    static const struct {
        const char *name, *begin;
    } kinds[] = {{"a.svg", "<?xml"}, {"a.png", "\x89PNG"}, {"a.dot", "digraph"}, {"a.txt", "○"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        program = PROGRAM("diagram", "-p", "postnorm", "-o", kinds[i].name);
        ck_assert_msg(program.status == 0, "%s", program.err);
        program_free(&program);
        char *text = program_read(kinds[i].name);
        ck_assert_msg(strncmp(text, kinds[i].begin, strlen(kinds[i].begin)) == 0, "%s", kinds[i].name);
        free(text);
        program_remove(kinds[i].name);
    }
    program = program_start((const char *const[]){"diagram", "-o", "a.svg", NULL}, NULL, "/nonexistent");
    check_error(program, 3, "dot was not found; install graphviz");
    ck_assert_int_eq(program_files(), 0);
}
END_TEST

START_TEST(pipes_are_plotted)
{
    struct program made[] = {
        PROGRAM("run", TINY, "--format", "json", "-o", "profile"),
        PROGRAM("map", "--x", "layers=2:4:2", "--y", "eps=1e-6:1e-5:2", "-d", "12", "-T", "3", "-o", "map"),
    };
    static const char *const sources[] = {"profile", "map"}, *const pictures[] = {"gradient.png", "map.png"};
    program_pipe("pipe");
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(made[i].status, 0);
        program_free(&made[i]);
        pid_t writer = feed(sources[i], "pipe");
        struct program plot = PROGRAM("plot", "pipe");
        ck_assert_msg(plot.status == 0, "%s", plot.err);
        ck_assert_ptr_nonnull(strstr(plot.out, pictures[i]));
        ck_assert_int_eq(program_wait(writer), 0);
        program_free(&plot);
    }
}
END_TEST

START_TEST(precision_that_is_not_reached_is_open)
{
    struct program open = PROGRAM("run", TINY, "--precision", "0.001", "--samples", "9", "-f", "csv");
    ck_assert_int_eq(open.status, 4);
    ck_assert_ptr_nonnull(strstr(open.err, "the budget of samples is spent"));
    ck_assert_ptr_nonnull(strstr(open.out, ",9\n")); // and its nine samples are there
    program_free(&open);
    struct program reached = PROGRAM("run", TINY, "--precision", "0.9", "-f", "csv");
    ck_assert_int_eq(reached.status, 0);
    program_free(&reached);
}
END_TEST

START_TEST(verdicts_decide_the_status)
{
    struct program good = PROGRAM("verify", "--tier", "smoke", "post-variance");
    ck_assert_msg(good.status == 0, "%s%s", good.out, good.err);
    struct program open = PROGRAM("verify", "--tier", "smoke", "post-vanishing", "-n", "2");
    ck_assert_msg(open.status == 4, "%s%s", open.out, open.err);
    program_free(&good), program_free(&open);
}
END_TEST

/* A setting that nothing reads is refused; without a root the status is 1. */
START_TEST(equations_are_solved)
{
    const char *const model[] = {"-p", "spannorm", "-L", "4"};
    struct program solve = PROGRAM("solve", "c", "gradient_ratio = 0.9", "-f", "json", model[0], model[1], model[2],
                                   model[3]);
    ck_assert_msg(solve.status == 0, "%s", solve.err);
    const char *x = strstr(solve.out, "\"x\":");
    ck_assert_ptr_nonnull(x);
    char c[40];
    snprintf(c, sizeof c, "%.17g", strtod(x + 4, NULL));
    struct program again = PROGRAM("solve", "s", "gradient_ratio = 1", "--c", c, model[0], model[1], model[2],
                                   model[3]);
    ck_assert_int_eq(again.status, 2); // nothing reads s
    ck_assert_ptr_nonnull(strstr(again.err, "spannorm reads it"));
    struct program none = PROGRAM("solve", "c", "gradient_ratio = 1e9", model[0], model[1], model[2], model[3]);
    ck_assert_int_eq(none.status, 1);
    ck_assert_ptr_nonnull(strstr(none.out, "nowhere"));
    program_free(&solve);
    program_free(&again);
    program_free(&none);
}
END_TEST

/* Values that no model allows are points without a value, be it the least, or that of the model without an equation. */
START_TEST(impossible_points_are_passed_over)
{
    static const struct {
        const char *arguments[ARGUMENTS];
        const char *words;
    } cases[] = {
        {{"solve", "experts", "gradient_ratio = 1.82", "-p", "x = x + moe(norm(x))"}, "without a value at 1 of them"},
        {{"solve", "experts", "gradient_ratio = 1", "-p", "x = x + moe(norm(x))", "-k", "16", "--range", "12:20"},
         "without a value at 4 of them"},
        {{"solve", "heads", "gradient_ratio = 1", "-p", "prenorm", "-d", "25"}, "without a value at "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct program solve = program_start(cases[i].arguments, NULL, NULL);
        ck_assert_msg(strstr(solve.out, cases[i].words), "%s%s", solve.out, solve.err);
        ck_assert_int_le(solve.status, 1);
        program_free(&solve);
    }
    struct program unread = PROGRAM("solve", "experts", "gradient_ratio = 1", "-p", "prenorm");
    check_error(unread, 2, "--experts");
}
END_TEST

/* What draws may cost has no part in closed forms, whoever reads them; that is said, but not where stacks are drawn. */
START_TEST(draws_of_nothing_are_told)
{
    static const char *const cases[][ARGUMENTS] = {
        {"predict", "-L", "2", "--width-limit", "--draws", "3"},
        {"predict", "-L", "2", "-T", "4", "--budget", "1"},
        {"map", "-L", "2", "--x", "c=1:2:2", "--y", "input-scale=1:2:2", "--draws", "3"},
        {"solve", "c", "token_cosine = 0.1", "-L", "2", "--range", "0.5:2:2", "--draws", "3"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *drawn[ARGUMENTS], *quiet[ARGUMENTS];
        size_t count = 0;
        for (; cases[i][count]; count++)
            drawn[count] = quiet[count] = cases[i][count];
        quiet[count] = "-q", drawn[count] = "--mask=causal", quiet[count + 1] = drawn[count + 1] = NULL;
        struct program told = program_start(cases[i], NULL, NULL), silent = program_start(quiet, NULL, NULL),
                       other = program_start(drawn, NULL, NULL);
        ck_assert_msg(strstr(told.err, i == 1 ? "--budget has no part in it" : "--draws has no part in it"), "%s",
                      told.err);
        ck_assert_str_eq(silent.err, "");
        ck_assert_ptr_null(strstr(other.err, "no part in it"));
        program_free(&told), program_free(&silent), program_free(&other);
    }
}
END_TEST

START_TEST(a_dry_run_runs_nothing)
{
    struct program program = PROGRAM("run", "-L", "1000", "-d", "64", "--dry-run", "-n", "1000000000", "--seed", "3");
    ck_assert_int_eq(program.status, 0);
    /* 12 d^2 parameters a block. */
    ck_assert_msg(strstr(program.out, "4.915e+07 parameters in 1000 blocks") != NULL, "%s", program.out);
    ck_assert_ptr_nonnull(strstr(program.out, "memory"));
    program_free(&program);
}
END_TEST

/* The parameters are those in words; what is timed differs from run to run, its memory does not. */
START_TEST(a_dry_run_is_written_in_every_format)
{
    struct program json = PROGRAM("run", "-L", "10", "-d", "64", "--dry-run", "-n", "7", "-j", "1", "-f", "json"),
                   csv = PROGRAM("run", "-L", "10", "-d", "64", "--dry-run", "-n", "7", "-j", "1", "-f", "csv"),
                   sweep = PROGRAM("train", "-L", "2,3", "--dry-run", "-f", "csv", "-j", "1", "--seeds", "2");
    long bytes = 0;
    ck_assert_ptr_nonnull(strstr(json.out, "\"runs\":1,\"unit\":\"samples\",\"each\":7,\"threads\":1,"));
    ck_assert_ptr_nonnull(strstr(json.out, "\"parameters\":491520.0,")); // 12 d^2 a block
    ck_assert_int_eq(sscanf(strstr(json.out, "\"bytes\":"), "\"bytes\":%ld", &bytes), 1);
    char expected[64];
    snprintf(expected, sizeof expected, ",%ld,", bytes);
    ck_assert_int_eq(strncmp(csv.out, "runs,unit,each,threads,seconds,bytes,thread_bytes,engine,parameters,", 68), 0);
    ck_assert_ptr_nonnull(strstr(csv.out, "\n1,samples,7,1,"));
    ck_assert_ptr_nonnull(strstr(csv.out, expected));
    ck_assert_ptr_nonnull(strstr(csv.out, ",conditioned,491520,"));
    ck_assert_ptr_nonnull(strstr(sweep.out, "\n4,steps,150,1,"));
    program_free(&json), program_free(&csv), program_free(&sweep);
}
END_TEST

START_TEST(progress_keeps_off_what_is_no_terminal)
{
    struct program program = PROGRAM("run", TINY);
    ck_assert_str_eq(program.err, "");
    ck_assert_ptr_null(strchr(program.out, '\033'));
    program_free(&program);
}
END_TEST

Suite *cli_suite(void)
{
    Suite *suite = suite_create("cli");
    TCase *tests = tcase_create("cli");
    tcase_add_checked_fixture(tests, program_setup, program_teardown);
    tcase_add_loop_test(tests, mistakes_are_named, 0, MISTAKES);
    tcase_add_loop_test(tests, help_is_everywhere, 0, COMMANDS);
    tcase_add_test(tests, the_program_explains_itself);
    tcase_add_test(tests, help_names_every_option);
    tcase_add_test(tests, a_full_disk_is_an_error);
    tcase_add_test(tests, nothing_half_written);
    tcase_add_loop_test(tests, nothing_is_written_over_what_is_read, 0, sizeof replacing / sizeof *replacing);
    tcase_add_test(tests, paths_are_told_from_formulas);
    tcase_add_test(tests, options_that_something_reads_are_taken);
    tcase_add_test(tests, configurations_are_checked);
    tcase_add_loop_test(tests, configurations_are_told_once_they_hold, 0,
                        sizeof reading_config / sizeof *reading_config);
    tcase_add_test(tests, gnuplot_may_be_absent);
    tcase_add_test(tests, diagrams_are_text_or_pictures);
    tcase_add_test(tests, pipes_are_plotted);
    tcase_add_test(tests, precision_that_is_not_reached_is_open);
    tcase_add_test(tests, verdicts_decide_the_status);
    tcase_add_test(tests, equations_are_solved);
    tcase_add_test(tests, impossible_points_are_passed_over);
    tcase_add_test(tests, draws_of_nothing_are_told);
    tcase_add_test(tests, a_dry_run_runs_nothing);
    tcase_add_test(tests, a_dry_run_is_written_in_every_format);
    tcase_add_test(tests, progress_keeps_off_what_is_no_terminal);
    suite_add_tcase(suite, tests);
    return suite;
}
