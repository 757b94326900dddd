#include "tests/derived.h"

#include <string.h>

#include "sim/setting.h"
#include "tests/support.h"
#include <check.h>

bool derived_try(struct derived *derived, const char *text, const char *formula, bool skips_only)
{
    struct error error = {0};
    support_model(&derived->model, text);
    int code = formula ? setting_apply(&derived->model, "placement", formula, &error) : ERROR_NONE;
    if (code == ERROR_NONE)
        code = bounds_derive(&derived->model, &(struct bounds_options){.skips_only = skips_only}, &derived->bounds,
                             &error);
    bool refused = code == ERROR_INPUT && strncmp(error.text, "no bound is known", strlen("no bound is known")) == 0;
    ck_assert_msg(code == ERROR_NONE || refused, "%s\n%s\n%s", text, formula ? formula : "", error.text);
    if (refused)
        model_free(&derived->model);
    return !refused;
}

void derived_make(struct derived *derived, const char *text, const char *formula, bool skips_only)
{
    ck_assert_msg(derived_try(derived, text, formula, skips_only), "%s\n%s", text, formula ? formula : "");
}

void derived_free(struct derived *derived)
{
    bounds_free(&derived->bounds);
    model_free(&derived->model);
}

size_t derived_cell(const struct derived *derived, int layer, const char *column)
{
    int index = observe_find(&derived->bounds.depth.schema, column);
    ck_assert_msg(index >= 0, "no column %s", column);
    return (size_t)layer * (size_t)derived->bounds.depth.schema.column_count + (size_t)index;
}
