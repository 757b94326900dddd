#include "cli/tour.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/document.h"
#include "analysis/schema.h"
#include "cli/command.h"
#include "explore/lesson.h"
#include "sim/text.h"

struct tour {
    struct options options;
    const char *lesson, *answer;
    bool json;
};

static const char *lesson_name(size_t i)
{
    return i < lesson_count ? lessons[i].id : NULL;
}

static const char *format_name(size_t i)
{
    static const char *const names[] = {"text", "json"};
    return i < 2 ? names[i] : NULL;
}

static int read_format(void *field, const char *name, const char *text, struct error *error)
{
    int i = value_choose(format_name, name, text, error);
    *(bool *)field = i == 1;
    return i < 0 ? (int)error->code : ERROR_NONE;
}

static const struct options_row rows[] = {
    {"lesson", 0, "NAME", "only this one, of `spanscope list lessons`", value_text, offsetof(struct tour, lesson),
     lesson_name},
    {"answer", 'a', "TEXT", "judge this answer and ask nothing: a number, or settings such as 'c=0.5'", value_text,
     offsetof(struct tour, answer)},
    {"format", 'f', NULL, "how the verdict on --answer is written", read_format, offsetof(struct tour, json),
     format_name},
};

const struct options_command tour_options = {
    .usage = "tour [OPTION]...",
    .summary = "The explorer's lessons in a terminal: a scene, a question, your answer, and what the program finds.\n"
               "An empty line goes on to the next lesson, the end of input ends the tour.",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .no_words = "a lesson is named by --lesson",
};

/* ---- asking ---- */

/* Words broken at blanks, COLUMN characters a line. */
static void print_folded(const char *text)
{
    enum { COLUMN = 78 };
    int used = 0;
    while (*text) {
        size_t length = strcspn(text, " \n");
        if (used > 0 && used + 1 + (int)length > COLUMN)
            used = 0, putchar('\n');
        used += printf("%s%.*s", used > 0 ? " " : "", (int)length, text);
        text += length;
        if (*text == '\n')
            used = 0, putchar('\n');
        text += *text != '\0';
    }
    putchar('\n');
}

static void print_question(const struct lesson *lesson, size_t number)
{
    printf("\n%zu. %s\n", number, lesson->title);
    print_folded(lesson->question);
    printf("The scene: %s\n", lesson->scene);
    for (int i = 0; i < LESSON_ANSWERS && lesson->answers[i]; i++)
        printf("  %d  %s\n", i + 1, lesson->answers[i]);
    if (lesson->kind == LESSON_FIND)
        printf("Answer with a setting: %s=...\n", lesson->free);
}

/* The answers to one lesson, until one is right or the reader goes on; false at the end of input. */
static bool ask(const struct lesson *lesson)
{
    char line[4096];
    for (;;) {
        struct lesson_result result;
        struct error error = {0};
        printf("> ");
        fflush(stdout);
        if (!fgets(line, sizeof line, stdin))
            return false;
        line[strcspn(line, "\n")] = '\0';
        if (!*line)
            return true;
        if (lesson_check(lesson, line, &result, &error) != ERROR_NONE)
            print_folded(error.text);
        else
            print_folded(result.says);
        if (error.code == ERROR_NONE && result.right)
            return true;
    }
}

/* ---- judging one answer ---- */

static int judge(struct tour *tour, const struct lesson *lesson, struct error *error)
{
    struct lesson_result result;
    int code = lesson_check(lesson, tour->answer, &result, error);
    if (code != ERROR_NONE)
        return code;
    if (!tour->json) {
        print_folded(result.says);
        tour->options.status = result.right ? STATUS_DONE : STATUS_AGAINST;
        return ERROR_NONE;
    }
    code = document_print(true,
                          json_pack("{s:s, s:s, s:b, s:s}", SCHEMA_KEY, SCHEMA_ANSWER, "lesson", lesson->id, "right",
                                    result.right, "says", result.says),
                          stdout, error);
    putchar('\n');
    return code;
}

static int guide(void *target, struct error *error)
{
    struct tour *tour = target;
    const struct lesson *only = NULL;
    if (tour->lesson && !(only = lesson_find(tour->lesson, error)))
        return error->code;
    if (tour->answer && strspn(tour->answer, " \t") == strlen(tour->answer))
        return error_set(error, ERROR_INPUT, "--answer: '%s' is none", tour->answer);
    if (tour->answer && !only)
        return error_set(error, ERROR_INPUT, "--answer: to which lesson? name it by --lesson");
    if (tour->answer)
        return judge(tour, only, error);
    if (tour->json)
        return error_set(error, ERROR_INPUT, "--format json: is for the verdict on an --answer");
    for (size_t i = 0; i < lesson_count; i++) {
        if (only && only != &lessons[i])
            continue;
        print_question(&lessons[i], i + 1);
        if (!ask(&lessons[i]))
            break;
    }
    putchar('\n');
    return ERROR_NONE;
}

int tour_command(int argc, char **argv)
{
    struct tour tour = {0};
    return command_run(&tour_options, argc, argv, &tour, guide);
}
