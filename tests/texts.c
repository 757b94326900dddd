#include "tests/texts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/formula_trip.h"
#include <check.h>

const struct graph *texts_parse(const char *text, struct formula *formula)
{
    struct error error;
    ck_assert_msg(formula_parse(text, strlen(text), "formula", formula, &error) == ERROR_NONE, "%s", error.text);
    return &formula->rules[0].block;
}

void texts_check_node(const struct graph *graph, int index, enum graph_kind kind, int a, int b)
{
    ck_assert_int_lt(index, graph->node_count);
    ck_assert_int_eq(graph->nodes[index].kind, kind);
    ck_assert_int_eq(graph->nodes[index].a, a);
    ck_assert_int_eq(graph->nodes[index].b, b);
}

static void parse_fails(const char *text, struct error *error)
{
    struct formula formula;
    *error = (struct error){0};
    ck_assert_msg(formula_parse(text, strlen(text), "formula", &formula, error) == ERROR_INPUT, "parsed: %.80s", text);
    ck_assert_int_eq(error->code, ERROR_INPUT);
    ck_assert_ptr_null(formula.rules);
}

void texts_check_message(const struct text_message *row)
{
    struct error error;
    char wanted[400];
    parse_fails(row->text, &error);
    error.text[strcspn(error.text, "\n")] = '\0';
    snprintf(wanted, sizeof wanted, "formula: %s", row->message);
    ck_assert_str_eq(error.text, wanted);
}

char *texts_repeat(const char *head, const char *part, int count, const char *tail)
{
    size_t size = strlen(head) + (size_t)count * strlen(part) + strlen(tail) + 1;
    char *text = malloc(size);
    ck_assert_ptr_nonnull(text);
    char *end = stpcpy(text, head);
    for (int i = 0; i < count; i++)
        end = stpcpy(end, part);
    stpcpy(end, tail);
    return text;
}

void texts_check_limit(const struct text_limit *row)
{
    struct error error;
    char *over = texts_repeat(row->head, row->part, row->allowed + 1, row->tail);
    parse_fails(over, &error);
    ck_assert_msg(strstr(error.text, row->message) != NULL, "%s", error.text);
    free(over);

    bool opens = strchr(row->part, '(') != NULL && strchr(row->part, ')') == NULL;
    char *tail = texts_repeat(row->tail, ")", opens ? row->allowed : 0, "");
    char *under = texts_repeat(row->head, row->part, row->allowed, tail);
    int parsed;
    const char *wrong = formula_trip(under, strlen(under), &parsed);
    ck_assert_msg(wrong == NULL && parsed, "%.80s: %s", under, wrong ? wrong : "does not parse");
    free(tail);
    free(under);
}
