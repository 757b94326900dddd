#include "tests/profiles.h"

#include "plots/curves.h"
#include "tests/folder.h"

const char profiles_rows[] =
    "{\"layer\":0,\"activation_variance\":{\"mean\":1.37,\"lo\":1.25,\"hi\":1.5,\"log10_mean\":0.13672056715640679},"
    "\"gradient_variance\":{\"mean\":0.01,\"lo\":-0.5,\"hi\":0.52,\"log10_mean\":-2},\"novelty\":\"ignored\"},"
    "{\"layer\":1,\"token_cosine\":{\"mean\":-0.25,\"lo\":null,\"hi\":null,\"log10_mean\":null},"
    "\"gradient_variance\":{\"mean\":0,\"lo\":null,\"hi\":null,\"log10_mean\":null}},"
    "{\"layer\":2,\"activation_variance\":{\"mean\":null,\"lo\":null,\"hi\":null,\"log10_mean\":-600.5},"
    "\"gradient_variance\":{\"mean\":2,\"lo\":1.9,\"hi\":2.1,\"log10_mean\":0.3010299956639812},"
    "\"gradient_specific\":{\"mean\":1.5}}";
const char *const profiles_span[] = {PROFILES_SPAN, NULL};

void profiles_add(FILE *file, const char *kind, const char *config, const char *rows)
{
    fprintf(file, "{\"schema\":\"spanscope/profile/1\",\"kind\":\"%s\",\"config\":{%s},\"layers\":[%s]}\n", kind,
            config, rows);
}

void profiles_read(struct saved_list *list, const char *kind, const char *const configs[], const char *rows)
{
    struct error error;
    *list = (struct saved_list){0};
    FILE *file = fopen(folder_path("profiles.json"), "w");
    for (int i = 0; configs[i] != NULL; i++)
        profiles_add(file, kind, configs[i], rows);
    fclose(file);
    ck_assert_msg(saved_read(folder_path("profiles.json"), list, &error) == ERROR_NONE, "%s", error.text);
}

void profiles_text(struct saved_list *list, const char *text)
{
    struct error error;
    folder_write("profiles.json", text);
    *list = (struct saved_list){.runs = true};
    ck_assert_msg(saved_read(folder_path("profiles.json"), list, &error) == ERROR_NONE, "%s", error.text);
}

int profiles_curves(struct series_list *series, const struct series_choice *choice, bool logarithmic,
                    const struct saved_list *list, struct error *error)
{
    struct legend legend;
    ck_assert_int_eq(legend_init(&legend, list, choice->abscissa, error), ERROR_NONE);
    int code = curves_init(series, choice, logarithmic, list, list, &legend, error);
    legend_free(&legend);
    return code;
}
