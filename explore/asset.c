#include "explore/asset.h"

#include <string.h>

/* Made of the files by explore/embed.sh. */
#define EMBEDDED(name)                                                                                                 \
    extern const unsigned char asset_##name[];                                                                         \
    extern const size_t asset_##name##_size;

EMBEDDED(page)
EMBEDDED(style)
EMBEDDED(script)
EMBEDDED(chart)

#define ROW(path, name, type)                                                                                          \
    {                                                                                                                  \
        path, type, asset_##name, &asset_##name##_size                                                                 \
    }

// clang-format off
const struct asset assets[] = {
    ROW("/", page, "text/html; charset=utf-8"),
    ROW("/style.css", style, "text/css; charset=utf-8"),
    ROW("/app.js", script, "text/javascript; charset=utf-8"),
    ROW("/chart.js", chart, "text/javascript; charset=utf-8"),
};
// clang-format on
const size_t asset_count = sizeof assets / sizeof *assets;

const struct asset *asset_find(const char *path)
{
    for (size_t i = 0; i < asset_count; i++)
        if (strcmp(assets[i].path, path) == 0)
            return &assets[i];
    return NULL;
}
