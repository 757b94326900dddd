/* What is said on the command line: mistakes are named, help is there, and what something reads is taken. */
#include <stdio.h>
#include <string.h>

#include "tests/program.h"
#include <check.h>

/* A stack that takes no time. */
#define TINY "-L", "2", "-d", "12", "-H", "3", "-T", "3", "-F", "7", "-e", "dense"

enum { ARGUMENTS = 24 };

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
    {{"run", "-T", "99999999999999999999"}, 2, "tokens: 99999999999999999999 is not between 1 and 65536"},
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
    {{"plot", ""}, 2, "'' names no file"},
    {{"report", ""}, 2, "'' names no file"},
    {{"run", TINY, "-o", "nowhere/"}, 3, "cannot write 'nowhere/': there is no such folder"},
    {{"tour", "--lesson", "collapse", "--answer", " "}, 2, "--answer: ' ' is none"},
    {{"run", TINY, "-p", "x = 1e200*(x + attn(x) + ffn(x))"}, 2, "leaves the range of double in block"},
    {{"run", TINY, "-p", "x = 1e-200*(x + attn(x) + ffn(x))"}, 2, "leaves the range of double in block"},
    {{"run", TINY, "--single", "-p", "x = 1e-20*(x + attn(x) + ffn(x))"},
     2,
     "leaves the range of single precision in block"},
    {{"run", TINY, "-p", "x = (x + attn(x) + ffn(x))/(l - 2)"}, 2, "block 2"},
    /* What is lost below the range is no 0, wherever it is lost. */
    {{"run", TINY, "--single", "-p", "x = 1e-300*(x + attn(x) + ffn(x))"}, 2, "range of single precision in block 1"},
    {{"run", TINY, "--single", "-p", "x = norm(1e-160*(x + attn(x) + ffn(x)))"}, 2, "leaves the range of single"},
    {{"run", TINY, "--single", "-p", "x = x + 1e-60*attn(x) + ffn(x)"}, 2, "leaves the range of single"},
    {{"run", TINY, "--single", "-i", "normal:1e-60"}, 2, "leaves the range of single"},
    {{"run", TINY, "--single", "-p", "x = attn(x) + ffn(x) + relu2(1e-30*x)"}, 2, "leaves the range of single"},
    {{"run", TINY, "-p", "u = 1e-200*(attn(x) + ffn(x)); x = norm(1e-200*u) + x"}, 2, "leaves the range of double"},
    {{"run", TINY, "-p", "u = 1e-200*(attn(x) + ffn(x)); x = norm(u*u) + x"}, 2, "leaves the range of double"},
    {{"run", TINY, "-p", "x = norm(1e160*(x + attn(x) + ffn(x)))"}, 2, "leaves the range of double"},
    {{"run", TINY, "-p", "x = x + attn(x) + ffn(x); final: x = norm(1e160*x)"}, 2, "leaves the range of double"},
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
    {{"run", "-q", "--quiet"}, 2, "--quiet is given twice; give it once"},
    {{"run", "--single", "-L", "2", "--single"}, 2, "--single is given twice; give it once"},
    {{"list", "-f", "json", "-f", "json"}, 2, "--format is given twice"},
    {{"run", "-i", "gpt2:0.02", "--s", "0.03"}, 2, "--s is given twice, by --init gpt2:0.02 and as '0.03'"},
    {{"run", "--c", "3", "-i", "scaleinit:1,scaleinit:2"}, 2, "--c is given twice, by --init scaleinit:1 and as '3'"},
    {{"verify", "-i", "scaleinit:1", "--c", "1"}, 2, "--c is given twice, by --init scaleinit:1 and as '1'"},
    {{"run", "-i", "gpt2:0.02", "--c", "3"}, 2, "--c: nothing in placement"}, // which is another's
    {{"run", "--quantity", "gradient_ratio,gradient_ratio"}, 2, "--quantity: 'gradient_ratio' is given twice"},
    {{"train", "--lr", "1e-3,2e-3,0.001"}, 2, "--lr is given '0.001' twice"},
    {{"train", "--seed", "18446744073709551615", "--seeds", "2"},
     2,
     "--seeds: from seed 18446744073709551615 on there are fewer than 2"},
    {{"run", "--scale", "1e-400"}, 2, "scale: the number 1e-400 is too small"},
    {{"run", "--input-correlation", "1e-999"}, 2, "input-correlation: the number 1e-999 is too small"},
    {{"run", "-i", "scaleinit:1e-400"}, 2, "expected a number >= 0 for c, found '1e-400'"},
    {{"run", "--precision", "1e-400"}, 2, "--precision: the number 1e-400 is too small"},
    {{"map", "--x", "layers=1:1.5:2", "--y", "c=1:2"}, 2, "axis layers: '1.5' is not a whole number"},
    {{"run", "-L", "1:1.5:2"}, 2, "layers: '1.5' is not a whole number"},
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
    program_check_error(program_start(mistakes[_i].arguments, NULL, NULL), mistakes[_i].status, mistakes[_i].words);
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
    program_check_error(program, 2, "--experts: nothing in placement custom reads it");
}
END_TEST

Suite *options_suite(void)
{
    Suite *suite = suite_create("options");
    TCase *tests = tcase_create("options");
    tcase_add_checked_fixture(tests, program_setup, program_teardown);
    tcase_add_loop_test(tests, mistakes_are_named, 0, MISTAKES);
    tcase_add_loop_test(tests, help_is_everywhere, 0, COMMANDS);
    tcase_add_test(tests, the_program_explains_itself);
    tcase_add_test(tests, help_names_every_option);
    tcase_add_test(tests, options_that_something_reads_are_taken);
    suite_add_tcase(suite, tests);
    return suite;
}
