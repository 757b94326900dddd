#include "tests/printed.h"

#include <check.h>
#include <string.h>

json_t *printed_line(const char *out, int line)
{
    for (; line > 0; line--) {
        out = strchr(out, '\n');
        ck_assert_ptr_nonnull(out);
        out++;
    }
    json_error_t why;
    json_t *object = json_loads(out, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &why);
    ck_assert_msg(object != NULL, "%s", why.text);
    return object;
}

int printed_lines(const char *text)
{
    int count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

const char *printed_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    ck_assert_msg(text != NULL, "no text %s", key);
    return text;
}

double printed_number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    ck_assert_msg(json_is_number(value), "no number %s", key);
    return json_number_value(value);
}

const json_t *printed_cell(const json_t *profile, int layer, const char *observable)
{
    return json_object_get(json_array_get(json_object_get(profile, "layers"), (size_t)layer), observable);
}
