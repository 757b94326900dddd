/* libFuzzer target: `make fuzz SECONDS=300`. Whatever a file of profiles or maps holds, it is read or refused, and every
 * figure of it is laid out or refused: no crash, no loop without end, and scripts no longer than a figure's. gnuplot does
 * not run. */
#include <gsl/gsl_errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "plots/figure.h"
#include "plots/heatmap.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* The longest inputs are 1 MB; nothing that is written from them may be of another order. */
enum { WRITTEN_MOST = 64 << 20 };

/* Prints to memory and throws it away. */
static int discard(const char *directory, const char *name, publish_print *const print[PUBLISH_WRITTEN],
                   const void *context, const volatile sig_atomic_t *stop, struct error *error)
{
    (void)directory, (void)name, (void)stop, (void)error;
    for (int i = 0; i < PUBLISH_WRITTEN; i++) {
        char *text = NULL;
        size_t length = 0;
        FILE *stream = open_memstream(&text, &length);
        if (!stream)
            continue;
        print[i](stream, context);
        fclose(stream);
        free(text);
        if (length > WRITTEN_MOST) {
            fprintf(stderr, "%s of %zu bytes\n", publish_suffixes[i], length);
            abort();
        }
    }
    return ERROR_NONE;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    gsl_set_error_handler_off();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    char path[64];
    struct error error;
    struct saved_list profiles = {0};
    int maps, file = memfd_create("fuzz", MFD_CLOEXEC);
    if (file < 0 || write(file, bytes, length) != (ssize_t)length)
        return 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    for (size_t s = 0; s < style_count; s++) {
        struct figure_wish wish = {.directory = ".", .style = &styles[s], .publish = discard};
        struct document_reader reader;
        if (document_open(&reader, path, &error) == ERROR_NONE)
            heatmap_draw(&reader, &wish, &maps, &error);
        document_close(&reader);
        if (s == 0 && saved_read(path, &profiles, &error) != ERROR_NONE)
            continue;
        for (size_t f = 0; f < figure_count && profiles.count > 0; f++)
            figure_draw(&figures[f], &profiles, &wish, &error);
    }
    saved_free(&profiles);
    close(file);
    return 0;
}
