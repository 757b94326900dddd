/* docs/output.md, from the schemas: docs/output FILE, whose text stands before the tables. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/schema.h"

/* "number or null", "list of [layer](#layer)", "`measured` or `predicted`". */
static void print_type(const json_t *schema)
{
    const json_t *type = json_object_get(schema, "type"), *of = json_object_get(schema, "items"), *name;
    const char *reference = json_string_value(json_object_get(schema, "$ref"));
    size_t i;
    if (reference) {
        const char *shape = strrchr(reference, '/') + 1;
        printf("[%s](#%s)", shape, shape);
    } else if (json_object_get(schema, "const")) {
        printf("`%s`", json_string_value(json_object_get(schema, "const")));
    } else if (json_object_get(schema, "enum")) {
        json_array_foreach(json_object_get(schema, "enum"), i, name)
            printf("%s`%s`", i > 0 ? " or " : "", json_string_value(name));
    } else if (json_is_array(type)) {
        json_array_foreach(type, i, name) printf("%s%s", i > 0 ? " or " : "", json_string_value(name));
    } else if (of) {
        fputs("list of ", stdout);
        print_type(of);
    } else if (json_is_object(json_object_get(schema, "additionalProperties"))) {
        fputs("object of ", stdout);
        print_type(json_object_get(schema, "additionalProperties"));
    } else {
        fputs(json_string_value(type), stdout);
    }
}

/* In a cell of a table. */
static void print_cell(const char *text)
{
    for (; text && *text; text++)
        printf("%s%c", *text == '|' ? "\\" : "", *text);
}

static bool is_required(const json_t *schema, const char *name)
{
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(schema, "required"), i,
                       one) if (strcmp(json_string_value(one), name) == 0) return true;
    return false;
}

static void print_members(const json_t *schema, const char *which)
{
    const char *name;
    json_t *member, *members = json_object_get(schema, which);
    json_object_foreach(members, name, member)
    {
        fputs("| `", stdout);
        print_cell(name);
        fputs("` | ", stdout);
        print_type(member);
        fputs(" | ", stdout);
        print_cell(json_string_value(json_object_get(member, "description")));
        printf("%s |\n", is_required(schema, name) || strcmp(which, "properties") != 0 ? "" : " (may be missing)");
    }
}

static void print_shape(const char *title, const json_t *schema, const char *level)
{
    printf("\n%s %s\n\n%s\n\n| member | is | says |\n|---|---|---|\n", level, title,
           json_string_value(json_object_get(schema, "description")));
    print_members(schema, "properties");
    print_members(schema, "patternProperties");
}

static int copy(const char *path)
{
    char text[4096];
    size_t length;
    FILE *file = fopen(path, "r");
    if (!file)
        return -1;
    while ((length = fread(text, 1, sizeof text, file)) > 0)
        fwrite(text, 1, length, stdout);
    return fclose(file);
}

int main(int argc, char **argv)
{
    json_t *shapes = json_object(), *shape;
    const char *name;
    if (argc != 2 || copy(argv[1]) != 0) {
        fputs("usage: output FILE > docs/output.md\n", stderr);
        return 2;
    }
    puts("\n## Documents");
    for (size_t i = 0; schema_name(i); i++) {
        json_t *schema = schema_of(i);
        print_shape(json_string_value(json_object_get(schema, "title")), schema, "###");
        json_object_update_missing(shapes, json_object_get(schema, "$defs"));
        json_decref(schema);
    }
    puts("\n## Shapes");
    json_object_foreach(shapes, name, shape) print_shape(name, shape, "###");
    json_decref(shapes);
    return 0;
}
