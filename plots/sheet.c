#include "plots/sheet.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/config.h"
#include "analysis/document.h"
#include "analysis/schema.h"
#include "plots/diagram.h"
#include "plots/diagram_dot.h"
#include "plots/figure.h"
#include "plots/graphviz.h"
#include "plots/heatmap.h"
#include "plots/markup.h"
#include "plots/saved.h"
#include "plots/scratch.h"
#include "plots/tables.h"
#include "sim/cleanup.h"
#include "sim/observe.h"
#include "sim/readers.h"
#include "sim/setting.h"
#include "sim/text.h"

enum { MAPS_MOST = 64, DOCUMENTS_MOST = 4096, PICTURE_MOST = 64 << 20 };

struct sheet {
    struct saved_list profiles, trainings; /* the latter: runs, and profiles on their way */
    char *maps[MAPS_MOST];                 // files of them
    int map_count;
    json_t *verdicts, *runs; // arrays of documents
    int pictures;
    struct scratch scratch;
};

/* ---- reading ---- */

int sheet_init(struct sheet **made, struct error *error)
{
    struct sheet *sheet = calloc(1, sizeof *sheet);
    if (sheet) {
        sheet->verdicts = json_array();
        sheet->runs = json_array();
        sheet->trainings.runs = true;
        sheet->profiles.others = ", \"" SCHEMA_TRAINING "\", \"" SCHEMA_MAP "\", \"" SCHEMA_VERDICT "\"";
    }
    if (!sheet || !sheet->verdicts || !sheet->runs) {
        sheet_free(sheet);
        return error_set(error, ERROR_RESOURCE, "out of memory");
    }
    *made = sheet;
    return ERROR_NONE;
}

void sheet_free(struct sheet *sheet)
{
    if (!sheet)
        return;
    saved_free(&sheet->profiles);
    saved_free(&sheet->trainings);
    for (int i = 0; i < sheet->map_count; i++)
        free(sheet->maps[i]);
    json_decref(sheet->verdicts);
    json_decref(sheet->runs);
    free(sheet);
}

static bool has_schema(const json_t *document, const char *schema)
{
    const char *own = json_string_value(json_object_get(document, SCHEMA_KEY));
    return own && strcmp(own, schema) == 0;
}

static int take_verdicts(struct document_reader *reader, json_t *list, struct error *error)
{
    json_t *document;
    size_t line;
    int code;
    while ((code = document_next(reader, &document, &line, error)) == ERROR_NONE && document) {
        bool wanted = has_schema(document, SCHEMA_VERDICT);
        if (wanted && json_array_size(list) == DOCUMENTS_MOST)
            code = error_set(error, ERROR_RESOURCE, "%.300s: more than %d documents", reader->path, DOCUMENTS_MOST);
        if (wanted && code == ERROR_NONE)
            json_array_append(list, document);
        json_decref(document);
        if (code != ERROR_NONE)
            return code;
    }
    return code;
}

/* Runs, which become figures and rows of a table, and the profiles between them. */
static int take_trainings(struct sheet *sheet, struct document_reader *reader, struct error *error)
{
    size_t first = sheet->trainings.count;
    int code = saved_take(reader, &sheet->trainings, error);
    for (size_t i = first; code == ERROR_NONE && i < sheet->trainings.count; i++)
        if (has_schema(sheet->trainings.profiles[i].root, SCHEMA_TRAINING))
            json_array_append(sheet->runs, sheet->trainings.profiles[i].root);
    return code;
}

static int take_map(struct sheet *sheet, const char *path, struct error *error)
{
    if (strcmp(path, "-") == 0)
        return error_set(error, ERROR_INPUT, "a map is drawn from its file, not from standard input");
    if (sheet->map_count == MAPS_MOST)
        return error_set(error, ERROR_INPUT, "more than %d files of maps", MAPS_MOST);
    char *own = strdup(path);
    if (!own)
        return error_set(error, ERROR_RESOURCE, "out of memory");
    sheet->maps[sheet->map_count++] = own;
    return ERROR_NONE;
}

int sheet_read(struct sheet *sheet, const char *path, struct error *error)
{
    struct document_reader reader;
    const json_t *first;
    int code = document_open(&reader, path, error);
    if (code == ERROR_NONE)
        code = document_peek(&reader, &first, error);
    if (code == ERROR_NONE && heatmap_is(first))
        code = take_map(sheet, path, error);
    else if (code == ERROR_NONE && has_schema(first, SCHEMA_VERDICT))
        code = take_verdicts(&reader, sheet->verdicts, error);
    else if (code == ERROR_NONE && has_schema(first, SCHEMA_TRAINING))
        code = take_trainings(sheet, &reader, error);
    else if (code == ERROR_NONE)
        code = saved_take(&reader, &sheet->profiles, error);
    document_close(&reader);
    return code;
}

/* ---- words ---- */

static const char style[] =
    ":root{--paper:#fbfaf7;--card:#fff;--ink:#1c1f24;--soft:#5d6470;--rule:#e0ded7}"
    "@media(prefers-color-scheme:dark){:root{--paper:#14171c;--card:#1b1f26;--ink:#e8e6e0;--soft:#a2a9b5;--rule:#"
    "303641}}"
    "*{box-sizing:border-box}body{margin:0 auto;max-width:1180px;padding:28px 24px 60px;background:var(--paper);"
    "color:var(--ink);font:15px/1.55 \"Source Sans 3\",\"Segoe UI\",system-ui,\"DejaVu Sans\",sans-serif}"
    "h1{font-size:24px;margin:0 0 4px}h2{font-size:17px;margin:36px 0 10px;padding-bottom:4px;border-bottom:1px solid "
    "var(--rule)}h3{font-size:15px;margin:22px 0 6px}p{margin:6px "
    "0}.soft,figcaption{color:var(--soft);font-size:13.5px}"
    "pre,code{font-family:\"DejaVu Sans Mono\",ui-monospace,Consolas,monospace;font-size:12.5px}"
    "pre{background:var(--card);border:1px solid var(--rule);border-radius:6px;padding:9px "
    "12px;overflow-x:auto;margin:6px 0;"
    "white-space:pre-wrap;overflow-wrap:anywhere}"
    "figure{margin:14px 0 22px}figure svg{display:block;max-width:100%;height:auto;background:#fff;border:1px solid "
    "var(--rule);border-radius:8px}.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,440px),"
    "1fr));gap:4px "
    "22px}.model{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:8px 24px;align-items:start}.model "
    "svg{max-width:100%;height:auto;background:#fff;border:1px solid "
    "var(--rule);border-radius:8px;padding:6px}"
    ".wide{overflow-x:auto}table{border-collapse:collapse;font-size:13.5px;margin:6px 0}th,td{padding:3px 12px 3px 0;"
    "text-align:right;border-bottom:1px solid var(--rule);white-space:nowrap}th{color:var(--soft);font-weight:600}"
    "th:first-child,td:first-child,.left{text-align:left}td.why{white-space:normal;text-align:left;min-width:260px}"
    "tr.against td:first-child{font-weight:700}summary{cursor:pointer}.spark "
    "polyline{fill:none;stroke-width:1.4}.spark "
    ".first{stroke:#0072b2}.spark .second{stroke:#9a9a9a}@media print{body{max-width:none}details{display:block}}";

/* ---- models ---- */

/* The short name where it stands for the same text. */
static char *setting_text_of(const struct setting *setting, const struct model *model)
{
    struct model scratch;
    struct error unknown;
    char label[160];
    setting_label(setting, model, label, sizeof label);
    model_defaults(&scratch);
    bool same = setting->type == SETTING_TEXT &&
                setting_apply(&scratch, setting->name, label, &unknown) == ERROR_NONE &&
                setting_same(setting, &scratch, model);
    model_free(&scratch);
    return same ? strdup(label) : setting_value(setting, model);
}

/* " --layers 8 --width 64": texts always, of the others what is not the default. */
static void print_settings(FILE *stream, const struct model *model)
{
    struct model usual;
    model_defaults(&usual);
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *setting = &settings[i];
        if (setting->type != SETTING_TEXT && (setting_same(setting, &usual, model) || !readers_exist(setting, model)))
            continue;
        char *value = setting_text_of(setting, model);
        fprintf(stream, " --%s ", setting->name);
        markup_print_quoted(stream, value ? value : "");
        free(value);
    }
    model_free(&usual);
}

static int print_block(struct sheet *sheet, const struct sheet_wish *wish, const struct model *model, FILE *stream,
                       struct error *error)
{
    struct diagram diagram;
    size_t length;
    FILE *graph = tmpfile();
    if (!graph)
        return error_set(error, ERROR_RESOURCE, "no temporary file for the graph in " P_tmpdir ": %s", strerror(errno));
    int code = diagram_init(&diagram, &model->formula, false, error);
    char *svg = NULL;
    if (code == ERROR_NONE) {
        diagram_dot_print(&diagram, graph);
        diagram_free(&diagram);
        svg = graphviz_draw(graph, "svg", wish->stop, &length, error);
        code = svg ? ERROR_NONE : (int)error->code;
    }
    if (svg)
        markup_print_svg(stream, svg, sheet->pictures++);
    free(svg);
    fclose(graph);
    return code;
}

static bool is_first_of_model(const struct sheet *sheet, size_t number)
{
    const struct saved *own = &sheet->profiles.profiles[number];
    for (size_t i = 0; i < number; i++) {
        const struct saved *other = &sheet->profiles.profiles[i];
        if (other->model && own->model && setting_same(&settings[0], other->model, own->model) &&
            setting_same(&settings[1], other->model, own->model))
            return false;
    }
    return own->model != NULL;
}

static int print_models(struct sheet *sheet, const struct sheet_wish *wish, FILE *stream, struct error *error)
{
    int code = ERROR_NONE;
    if (sheet->profiles.count > 0)
        fputs("<h2>Models</h2>\n", stream);
    for (size_t i = 0; i < sheet->profiles.count && code == ERROR_NONE; i++) {
        const struct saved *profile = &sheet->profiles.profiles[i];
        if (!is_first_of_model(sheet, i))
            continue;
        fprintf(stream, "<div class=\"model\"><div><h3>");
        markup_print(stream, profile->placement);
        fputs(", ", stream);
        markup_print(stream, profile->init);
        fputs("</h3>\n", stream);
        markup_print_element(stream, "pre", saved_text(profile, settings[0].text->key, ""));
        markup_print_element(stream, "pre", saved_text(profile, settings[1].text->key, ""));
        fputs("</div><div>", stream);
        code = print_block(sheet, wish, profile->model, stream, error);
        fputs("</div></div>\n", stream);
    }
    return code;
}

/* ---- figures ---- */

static void remove_files(const struct sheet *sheet, const char *name)
{
    char path[SCRATCH_PATH];
    for (int i = 0; i < PUBLISH_FILES; i++) {
        scratch_path(path, sheet->scratch.folder, name, publish_suffixes[i]);
        unlink(path);
    }
}

/* The picture of that name in the scratch folder with its caption, which then goes. */
static int print_figure(struct sheet *sheet, const char *name, FILE *stream, struct error *error)
{
    char path[SCRATCH_PATH], *svg = NULL, *caption = NULL;
    size_t length;
    scratch_path(path, sheet->scratch.folder, name, "svg");
    int code = text_read(path, PICTURE_MOST, &svg, &length, error);
    scratch_path(path, sheet->scratch.folder, name, "txt");
    if (code == ERROR_NONE)
        code = text_read(path, PICTURE_MOST, &caption, &length, error);
    if (code == ERROR_NONE) {
        fputs("<figure>", stream);
        markup_print_svg(stream, svg, sheet->pictures++);
        markup_print_element(stream, "figcaption", caption);
        fputs("</figure>\n", stream);
    }
    free(svg);
    free(caption);
    remove_files(sheet, name);
    return code;
}

/* Two beside each other, with type that is read at that size. */
static struct style half_style(void)
{
    struct style half = styles[0];
    half.width = 620;
    half.height = 420;
    half.key_below = half.grows = half.captioned = true;
    return half;
}

/* All that the profiles allow. */
static int print_figures(struct sheet *sheet, const char *title, const struct saved_list *profiles,
                         const struct sheet_wish *wish, FILE *stream, struct error *error)
{
    struct style half = half_style();
    struct figure_wish own = {.directory = sheet->scratch.folder, .style = &half, .stop = wish->stop};
    if (profiles->count == 0)
        return ERROR_NONE;
    fprintf(stream, "<h2>%s</h2>\n<div class=\"figures\">\n", title);
    for (size_t i = 0; i < figure_count; i++) {
        int code = figure_draw(&figures[i], profiles, &own, error);
        if (code == ERROR_INPUT) // the profiles do not have what it shows
            continue;
        if (code == ERROR_NONE)
            code = print_figure(sheet, figures[i].name, stream, error);
        if (code != ERROR_NONE)
            return code;
    }
    fputs("</div>\n", stream);
    return ERROR_NONE;
}

static int print_maps_of(struct sheet *sheet, const char *path, const struct sheet_wish *wish, FILE *stream,
                         struct error *error)
{
    struct figure_wish own = {.directory = sheet->scratch.folder, .stop = wish->stop};
    struct document_reader reader;
    int drawn = 0, code = document_open(&reader, path, error);
    if (code == ERROR_NONE)
        code = heatmap_draw(&reader, &own, &drawn, error);
    document_close(&reader);
    for (int i = 0; i < drawn; i++) {
        char name[160];
        heatmap_name(&own, i, name, sizeof name);
        if (code == ERROR_NONE)
            code = print_figure(sheet, name, stream, error);
        else
            remove_files(sheet, name);
    }
    return code;
}

static int print_maps(struct sheet *sheet, const struct sheet_wish *wish, FILE *stream, struct error *error)
{
    int code = ERROR_NONE;
    if (sheet->map_count > 0)
        fputs("<h2>Maps</h2>\n", stream);
    for (int i = 0; i < sheet->map_count && code == ERROR_NONE; i++)
        code = print_maps_of(sheet, sheet->maps[i], wish, stream, error);
    return code;
}

/* ---- tables ---- */

static void print_verdicts(const struct sheet *sheet, FILE *stream)
{
    json_t *document;
    size_t i;
    json_array_foreach(sheet->verdicts, i, document) tables_verdicts(stream, document);
}

static void print_profiles(const struct sheet *sheet, FILE *stream)
{
    if (sheet->profiles.count > 0)
        fputs("<h2>Profiles</h2>\n<p class=\"soft\">Means over samples ± half the 95 % interval.</p>\n", stream);
    for (size_t i = 0; i < sheet->profiles.count; i++)
        tables_profile(stream, &sheet->profiles.profiles[i]);
}

/* ---- how it was made ---- */

static void print_command(FILE *stream, const struct saved *profile)
{
    double samples = saved_number(profile, SCHEMA_SAMPLES, 0), first = saved_number(profile, SCHEMA_FIRST_SAMPLE, 0);
    const char *engine = saved_text(profile, SCHEMA_ENGINE, ""), *shard = saved_text(profile, SCHEMA_SHARD, "");
    bool measured = strcmp(profile->kind, schema_kinds[SCHEMA_MEASURED]) == 0;
    const json_t *seed = json_object_get(profile->config, SCHEMA_SEED);
    fprintf(stream, "spanscope %s", measured ? "run" : "predict");
    if (profile->model)
        print_settings(stream, profile->model);
    if (measured) {
        fprintf(stream, " --samples %.0f --engine ", samples);
        markup_print_quoted(stream, engine);
        if (json_is_string(seed))
            fprintf(stream, " --seed %.20s", json_string_value(seed));
        else if (json_is_integer(seed))
            fprintf(stream, " --seed %" JSON_INTEGER_FORMAT, json_integer_value(seed));
        if (*shard || first > 0)
            fprintf(stream, "   # samples from %.0f on", first);
    }
    fputc('\n', stream);
}

static const char *word_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void print_origin(const struct sheet *sheet, const struct sheet_wish *wish, FILE *stream)
{
    fputs("<h2>How it was made</h2>\n", stream);
    if (sheet->profiles.count > 0) {
        fputs("<p class=\"soft\">The commands that give the profiles again.</p>\n<pre>", stream);
        for (size_t i = 0; i < sheet->profiles.count; i++)
            print_command(stream, &sheet->profiles.profiles[i]);
        fputs("</pre>\n", stream);
    }
    fputs("<p class=\"soft\">", stream);
    for (size_t i = 0; i < sheet->profiles.count && i < 1; i++) {
        const json_t *manifest = json_object_get(sheet->profiles.profiles[i].root, SCHEMA_MANIFEST);
        if (!manifest)
            continue;
        fputs("Profiles by spanscope ", stream);
        markup_print(stream, word_of(manifest, "version"));
        fputs(" (", stream);
        markup_print(stream, word_of(manifest, "commit"));
        fputs("), ", stream);
        markup_print(stream, word_of(manifest, "blas"));
        fputs(". ", stream);
    }
    fputs("This page by spanscope report ", stream);
    markup_print(stream, wish->version);
    fputs(".</p>\n", stream);
}

static int print_body(struct sheet *sheet, const struct sheet_wish *wish, FILE *stream, struct error *error)
{
    int code = print_models(sheet, wish, stream, error);
    if (code == ERROR_NONE)
        code = print_figures(sheet, "Figures", &sheet->profiles, wish, stream, error);
    if (code == ERROR_NONE)
        code = print_figures(sheet, "In training", &sheet->trainings, wish, stream, error);
    if (code == ERROR_NONE)
        code = print_maps(sheet, wish, stream, error);
    if (code != ERROR_NONE)
        return code;
    print_verdicts(sheet, stream);
    tables_trainings(stream, sheet->runs);
    print_profiles(sheet, stream);
    print_origin(sheet, wish, stream);
    return ERROR_NONE;
}

/* "3 profiles, 1 training" */
static void print_contents(const struct sheet *sheet, FILE *stream)
{
    const struct {
        size_t count;
        const char *word;
    } contents[] = {{sheet->profiles.count, "profile"},
                    {(size_t)sheet->map_count, "file of maps"},
                    {json_array_size(sheet->verdicts), "report of verdicts"},
                    {json_array_size(sheet->runs), "training"}};
    const char *comma = "<p class=\"soft\">";
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        if (contents[i].count == 0)
            continue;
        size_t noun = strcspn(contents[i].word, " ");
        fprintf(stream, "%s%zu %.*s%s%s", comma, contents[i].count, (int)noun, contents[i].word,
                contents[i].count > 1 ? "s" : "", contents[i].word + noun);
        comma = ", ";
    }
    fputs(*comma == ',' ? ".</p>\n" : "", stream);
}

int sheet_print(struct sheet *sheet, const struct sheet_wish *wish, FILE *stream, struct error *error)
{
    int code = scratch_open(&sheet->scratch, NULL, error);
    if (code != ERROR_NONE)
        return code;
    fputs(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src &#39;none&#39;; style-src "
        "&#39;unsafe-inline&#39;\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
        stream);
    markup_print(stream, wish->title);
    fprintf(stream, "</title>\n<style>%s</style></head>\n<body>\n", style);
    markup_print_element(stream, "h1", wish->title);
    print_contents(sheet, stream);
    code = print_body(sheet, wish, stream, error);
    fputs("</body></html>\n", stream);
    scratch_close(&sheet->scratch);
    return code;
}
