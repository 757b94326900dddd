#include "explore/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/setting.h"
#include "sim/text.h"
#include "sim/variants.h"

// clang-format off
const struct request_service request_services[] = {
    {.path = "/predict", .summary = "the infinite-width profile", .settings = true,
     .command = {"predict", "--format=json", "--width-limit"}, .type = "application/json"},
    {.path = "/bounds", .summary = "the same with its floors and ceilings, which take longer", .settings = true,
     .command = {"predict", "--format=json", "--width-limit", "--bounds"}, .type = "application/json"},
    {.path = "/samples", .summary = "profiles of 1, 2, 4, ... samples as they come", .settings = true, .streams = true,
     .command = {"run", "--format=json", "--growing", "--quiet"}, .own = {"samples", "seed"},
     .type = "text/event-stream"},
    {.path = "/map", .summary = "a prediction for every point of two axes", .settings = true,
     .command = {"map", "--quiet"}, .own = {"x", "y"}, .type = "application/json"},
    {.path = "/inspect", .summary = "one sample's entries by layer, and attentions of one head", .settings = true,
     .command = {"inspect", "--format=json"}, .own = {"seed", "sample", "head", "blocks"}, .type = "application/json"},
    {.path = "/diagram", .summary = "a block formula as a picture", .command = {"diagram", "--format=svg"},
     .own = {"placement"}, .type = "image/svg+xml"},
    {.path = "/lesson", .summary = "the verdict on an answer", .command = {"tour", "--format=json"},
     .own = {"lesson", "answer"}, .type = "application/json"},
    {.path = "/tables", .summary = "settings, placements, lessons and all other tables",
     .command = {"list", "--format=json"}, .type = "application/json"},
};
// clang-format on
const size_t request_service_count = sizeof request_services / sizeof *request_services;

const struct request_service *request_find(const char *path)
{
    for (size_t i = 0; i < request_service_count; i++)
        if (strcmp(request_services[i].path, path) == 0)
            return &request_services[i];
    return NULL;
}

/* ---- words ---- */

static int add_word(struct request *request, char *word, struct error *error)
{
    if (!word)
        return error_set(error, ERROR_RESOURCE, "out of memory");
    if (request->word_count == REQUEST_WORDS) {
        free(word);
        return error_set(error, ERROR_INPUT, "more than %d words in one request", REQUEST_WORDS);
    }
    request->words[request->word_count++] = word;
    return ERROR_NONE;
}

int request_init(struct request *request, const struct request_service *service, struct error *error)
{
    *request = (struct request){.service = service};
    for (size_t i = 0; service->command[i]; i++) {
        int code = add_word(request, strdup(service->command[i]), error);
        if (code != ERROR_NONE)
            return code;
    }
    return ERROR_NONE;
}

void request_free(struct request *request)
{
    for (int i = 0; i < request->word_count; i++)
        free(request->words[i]);
    *request = (struct request){0};
}

/* The names that pass, of which there are at most most. */
static size_t list_names(const struct request_service *service, const char **names, size_t most)
{
    size_t count = 0;
    for (size_t i = 0; i < REQUEST_OWN && service->own[i]; i++)
        names[count++] = service->own[i];
    for (size_t i = 0; service->settings && i < setting_count && count < most; i++)
        names[count++] = settings[i].name;
    return count;
}

static int check_name(const struct request *request, const char *name, struct error *error)
{
    const char *names[setting_count + REQUEST_OWN];
    size_t count = list_names(request->service, names, setting_count + REQUEST_OWN), i = 0;
    while (i < count && strcmp(names[i], name) != 0)
        i++;
    if (count == 0)
        return error_set(error, ERROR_INPUT, "%s takes no '%.100s', nor anything else", request->service->path, name);
    if (i == count)
        return text_unknown(error, "name", name, names, count);
    size_t length = strlen(name);
    for (int w = 0; w < request->word_count; w++)
        if (strncmp(request->words[w], "--", 2) == 0 && strncmp(request->words[w] + 2, name, length) == 0 &&
            request->words[w][2 + length] == '=')
            return error_set(error, ERROR_INPUT, "--%s is given twice; give it once", name);
    return ERROR_NONE;
}

/* What is a path, or assigns nothing and is no NAME or NAME:NUMBER, would be looked for as a file. */
static int check_file(const char *name, const char *value, struct error *error)
{
    static const char digits[] = "0123456789";
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    if (strpbrk(value, "=\n") && !text_is_file(value))
        return ERROR_NONE;
    size_t word = strspn(value, letters);
    const char *rest = value + word;
    bool number = *rest == ':' && strspn(rest + 1, digits) > 0 &&
                  strspn(rest + 1, "0123456789.eE+-") == strlen(rest + 1);
    if (word > 0 && (*rest == '\0' || number))
        return ERROR_NONE;
    return error_set(error, ERROR_INPUT,
                     "--%s: '%.200s' is neither a name nor a text that assigns; files are not read here", name, value);
}

static int several(const char *name, const char *value, struct error *error)
{
    return error_set(error, ERROR_INPUT, "--%s: '%.100s' is several values; one a request", name, value);
}

/* A text of several, too, would be looked for as files, one by one. */
static int check_text(const struct setting *setting, const char *value, struct error *error)
{
    struct variants variants = {0};
    int code = variants_add(&variants, setting, value, error);
    if (code == ERROR_NONE && variants.count != 1)
        code = several(setting->name, value, error);
    variants_free(&variants);
    return code == ERROR_NONE ? check_file(setting->name, value, error) : code;
}

/* A command takes several values of a setting; an answer is of one model. */
static int check_value(const char *name, const char *value, struct error *error)
{
    const struct setting *setting = NULL;
    for (size_t i = 0; i < setting_count; i++)
        if (strcmp(settings[i].name, name) == 0)
            setting = &settings[i];
    if (!setting)
        return ERROR_NONE;
    if (setting->type == SETTING_TEXT)
        return check_text(setting, value, error);
    if (strpbrk(value, ",:"))
        return several(name, value, error);
    return ERROR_NONE;
}

int request_add(struct request *request, const char *name, const char *value, struct error *error)
{
    int code = check_name(request, name, error);
    if (code != ERROR_NONE)
        return code;
    if (!value || !*value)
        return error_set(error, ERROR_INPUT, "--%s: nothing behind '='", name);
    size_t length = strlen(name) + strlen(value) + sizeof "--=";
    if (request->length + length > REQUEST_TEXT)
        return error_set(error, ERROR_INPUT, "more than %d bytes in one request", REQUEST_TEXT);
    code = check_value(name, value, error);
    if (code != ERROR_NONE)
        return code;
    char *word = malloc(length);
    if (word)
        snprintf(word, length, "--%s=%s", name, value);
    request->length += length;
    return add_word(request, word, error);
}

/* ---- who asks ---- */

static bool is_loopback(const char *host, int port)
{
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    char own[64];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(own, sizeof own, "%s:%d", names[i], port);
        if (strcmp(host, own) == 0 || (port == 80 && strcmp(host, names[i]) == 0))
            return true;
    }
    return false;
}

bool request_is_ours(const char *host, const char *origin, const char *site, int port)
{
    static const char scheme[] = "http://";
    if (!host || !is_loopback(host, port))
        return false;
    if (origin && (strncmp(origin, scheme, sizeof scheme - 1) != 0 || !is_loopback(origin + sizeof scheme - 1, port)))
        return false;
    return !site || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;
}
