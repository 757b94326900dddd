#include "plots/terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plots/gnuplot.h"
#include "sim/cleanup.h"

/* What stands in the folder of a figure: what gnuplot reads, and what it writes. */
enum { FILES = 3 };
static const char *const suffixes[FILES] = {"gp", "dat", "out"};

enum { COLUMNS_LEAST = 40, COLUMNS_MOST = 240, ROWS_LEAST = 16, ROWS_MOST = 40 };

static int between(int least, int value, int most)
{
    return value < least ? least : value > most ? most : value;
}

int terminal_open(struct terminal *terminal, int columns, int rows, struct error *error)
{
    *terminal = (struct terminal){.style = *style_find("terminal")};
    terminal->style.width = between(COLUMNS_LEAST, columns, COLUMNS_MOST);
    terminal->style.height = between(ROWS_LEAST, rows - 2, ROWS_MOST);
    return scratch_open(&terminal->scratch, NULL, error);
}

void terminal_close(struct terminal *terminal)
{
    scratch_close(&terminal->scratch);
}

static void remove_figure(const char *folder, const char *name)
{
    char path[SCRATCH_PATH];
    for (int i = 0; i < FILES; i++) {
        scratch_path(path, folder, name, suffixes[i]);
        unlink(path);
    }
}

static int write_file(const char *path, publish_print *print, const void *context, struct error *error)
{
    FILE *file = fopen(path, "wxe");
    if (!file)
        return error_set(error, ERROR_RESOURCE, "cannot write %.400s: %s", path, strerror(errno));
    print(file, context);
    bool failed = ferror(file) != 0;
    if (fclose(file) != 0 || failed)
        return error_set(error, ERROR_RESOURCE, "cannot write %.400s: %s", path, strerror(errno));
    return ERROR_NONE;
}

int terminal_publish(const char *directory, const char *name, publish_print *const print[PUBLISH_WRITTEN],
                     const void *context, const volatile sig_atomic_t *stop, struct error *error)
{
    const struct gnuplot_limits limits = {GNUPLOT_SECONDS, stop};
    char paths[FILES][SCRATCH_PATH], script[160];
    int code = ERROR_NONE;
    for (int i = 0; i < FILES; i++) {
        scratch_path(paths[i], directory, name, suffixes[i]);
        cleanup_path(paths[i]);
        if (code == ERROR_NONE && i < FILES - 1)
            code = write_file(paths[i], print[i], context, error);
    }
    snprintf(script, sizeof script, "./%.140s.gp", name);
    if (code == ERROR_NONE)
        code = gnuplot_run(directory, script, &limits, error);
    if (code != ERROR_NONE)
        remove_figure(directory, name);
    for (int i = FILES; i-- > 0;)
        cleanup_forget(paths[i]);
    return code;
}

/* Without the blank lines that the drawing begins and ends with. */
static void copy_lines(FILE *from, FILE *to)
{
    char *line = NULL;
    size_t room = 0;
    int blank = 0;
    bool begun = false;
    for (ssize_t length; (length = getline(&line, &room, from)) > 0;) {
        while (length > 0 && strchr(" \n\r\f", line[length - 1]))
            line[--length] = '\0';
        if (length == 0) {
            blank++;
            continue;
        }
        for (; begun && blank > 0; blank--)
            fputc('\n', to);
        blank = 0;
        begun = true;
        fprintf(to, "%s\n", line);
    }
    free(line);
}

int terminal_print(const struct terminal *terminal, const char *name, FILE *stream, struct error *error)
{
    char path[SCRATCH_PATH];
    scratch_path(path, terminal->scratch.folder, name, suffixes[FILES - 1]);
    FILE *file = fopen(path, "re");
    if (!file)
        return error_set(error, ERROR_RESOURCE, "gnuplot did not write %s", name);
    copy_lines(file, stream);
    fclose(file);
    remove_figure(terminal->scratch.folder, name);
    return ERROR_NONE;
}
