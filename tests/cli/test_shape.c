/* The table of shapes says nothing twice, and names nothing that it lacks. */
#include "cli/shape.h"

#include <stdio.h>
#include <string.h>

#include "analysis/schema.h"
#include <check.h>

static void check_members(const struct shape *shape)
{
    ck_assert_msg(shape->count > 0 || shape->more != SHAPE_ALONE, "%s has no members", shape->name);
    for (size_t i = 0; i < shape->count; i++) {
        const struct shape_member *member = &shape->members[i];
        ck_assert_msg(!strchr(member->type, '#') || shape_of(member->type), "%s.%s: no shape is %s", shape->name,
                      member->name, member->type);
        for (size_t j = 0; j < i; j++)
            ck_assert_msg(strcmp(member->name, shape->members[j].name) != 0, "%s.%s twice", shape->name, member->name);
    }
}

START_TEST(members_are_one_each_and_of_known_shapes)
{
    for (size_t i = 0; i < shape_count; i++)
        check_members(&shapes[i]);
    for (size_t i = 0; i < shape_document_count; i++)
        check_members(&shape_documents[i]);
}
END_TEST

START_TEST(types_name_shapes)
{
    ck_assert_str_eq(shape_of("[#entries_layer]")->name, "entries_layer");
    ck_assert_str_eq(shape_of("#map_values")->name, "map_values");
    ck_assert_ptr_null(shape_of("#entries")); // the beginning of a name
    ck_assert_ptr_null(shape_of("[number?]"));
}
END_TEST

/* "spanscope/NAME/1" is what a document says of itself first, by which its schema is found. */
START_TEST(documents_say_what_they_are)
{
    for (size_t i = 0; i < shape_document_count; i++) {
        char says[64];
        const struct shape_member *first = &shape_documents[i].members[0];
        snprintf(says, sizeof says, "=spanscope/%s/1", shape_documents[i].name);
        ck_assert_str_eq(first->name, SCHEMA_KEY);
        ck_assert_str_eq(first->type, says);
        ck_assert(!first->optional);
    }
}
END_TEST

static bool names(const struct shape *shape, const struct shape *of)
{
    for (size_t i = 0; i < shape->count; i++)
        if (shape_of(shape->members[i].type) == of)
            return true;
    return false;
}

START_TEST(every_shape_is_of_something)
{
    for (size_t s = 0; s < shape_count; s++) {
        bool named = false;
        for (size_t i = 0; i < shape_count; i++)
            named |= names(&shapes[i], &shapes[s]);
        for (size_t i = 0; i < shape_document_count; i++)
            named |= names(&shape_documents[i], &shapes[s]);
        ck_assert_msg(named, "nothing is a %s", shapes[s].name);
    }
}
END_TEST

Suite *shape_suite(void)
{
    Suite *suite = suite_create("shape");
    TCase *tests = tcase_create("shape");
    tcase_add_test(tests, members_are_one_each_and_of_known_shapes);
    tcase_add_test(tests, types_name_shapes);
    tcase_add_test(tests, documents_say_what_they_are);
    tcase_add_test(tests, every_shape_is_of_something);
    suite_add_tcase(suite, tests);
    return suite;
}
