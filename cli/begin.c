#include "cli/begin.h"

#include <string.h>

#include "analysis/huggingface_read.h"

/* ---- before the settings of the command line ---- */

static int apply_config(const struct options *options, struct model *model, struct error *error)
{
    struct error inner = {0};
    int code = huggingface_apply(&options->model, model, &inner);
    return code == ERROR_NONE ? code : error_set(error, code, "%s: %s", options->config, inner.text);
}

static int begin(const struct options *options, struct model *model, struct error *error)
{
    model_defaults(model);
    int code = setting_apply_all(model, SETTING_BEGIN, error);
    if (code == ERROR_NONE && options->defaults)
        code = setting_apply_all(model, options->defaults, error);
    return code == ERROR_NONE && options->config ? apply_config(options, model, error) : code;
}

/* An error where the configuration makes no model, whatever is given beside it. */
static int try_config(const struct options *options, struct error *error)
{
    struct model model;
    int code = begin(options, &model, error);
    model_free(&model);
    return code;
}

int begin_open(struct options *options, struct error *error)
{
    if (!options->config)
        return options->ignore ? error_set(error, ERROR_INPUT, "--ignore is for keys of --config, which is not given")
                               : ERROR_NONE;
    int code = huggingface_open(&options->model, options->config, options->ignore, error);
    return code == ERROR_NONE ? try_config(options, error) : code;
}

void begin_tell(const struct options *options)
{
    if (options->config && !options_given(options, "quiet"))
        huggingface_print(&options->model, stderr);
}

/* ---- with them ---- */

int begin_draft(const struct options *options, struct model *model, struct error *error)
{
    int code = begin(options, model, error);
    for (int i = 0; code == ERROR_NONE && i < options->setting_count; i++)
        code = setting_apply(model, options->settings[i].name, options->settings[i].text, error);
    if (code == ERROR_NONE) // as its check would, so that models which share it need not
        code = formula_set_gated(&model->formula, model->activation->gated, error);
    if (code != ERROR_NONE)
        model_free(model);
    return code;
}

/* Where the whole model refuses a setting that --config has given, "kv-heads: ...", the message names file and key. */
static int blame_config(const struct options *options, struct error *error)
{
    struct error own = *error;
    size_t length = strcspn(own.text, ":");
    char key[TEMPLATE_KEY_MAX];
    for (int i = 0; i < options->setting_count; i++)
        if (strlen(options->settings[i].name) == length && strncmp(options->settings[i].name, own.text, length) == 0)
            return own.code;
    huggingface_key(&options->model, own.text, length, key);
    return *key ? error_set(error, own.code, "%s: %s: %s: %s", options->config, options->model.row->type, key, own.text)
                : (int)own.code;
}

int begin_model(const struct options *options, struct model *model, struct error *error)
{
    int code = begin_draft(options, model, error);
    if (code == ERROR_NONE && (code = model_check(model, error)) != ERROR_NONE) {
        model_free(model);
        code = options->config ? blame_config(options, error) : code;
    }
    return code;
}
