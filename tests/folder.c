#include "tests/folder.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char folder_name[64];
static char path[200];

static void enter(void)
{
    strcpy(folder_name, "/tmp/spanscope it's \"$x\" XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder_name));
}

static int remove_entry(const char *name, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(name);
}

static void leave(void)
{
    nftw(folder_name, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

const char *folder_path(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", folder_name, name);
    return path;
}

void folder_write_bytes(const char *name, const char *bytes, size_t length)
{
    FILE *file = fopen(folder_path(name), "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
    fclose(file);
}

void folder_write(const char *name, const char *text)
{
    folder_write_bytes(name, text, strlen(text));
}

char *folder_read(const char *name, size_t *length)
{
    FILE *file = fopen(folder_path(name), "r");
    ck_assert_msg(file != NULL, "%s is missing", path);
    char *text = calloc(1, 4000000);
    *length = fread(text, 1, 4000000 - 1, file);
    fclose(file);
    return text;
}

int folder_entries(const char *name)
{
    DIR *directory = opendir(name);
    ck_assert_ptr_nonnull(directory);
    int count = -2; /* . and .. */
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

static unsigned big_endian(const char *bytes)
{
    const unsigned char *b = (const unsigned char *)bytes;
    return (unsigned)b[0] << 24 | (unsigned)b[1] << 16 | (unsigned)b[2] << 8 | b[3];
}

void folder_check_png(const char *name)
{
    size_t length;
    char *bytes = folder_read(name, &length);
    ck_assert_uint_gt(length, 10000);
    ck_assert_mem_eq(bytes, "\x89PNG\r\n\x1a\n", 8);
    ck_assert_uint_ge(big_endian(bytes + 16), 1400);
    ck_assert_uint_ge(big_endian(bytes + 20), 900);
    ck_assert_mem_eq(bytes + length - 8, "IEND", 4);
    free(bytes);
}

void folder_check_svg(const char *name, const char *const words[])
{
    size_t length;
    char *text = folder_read(name, &length);
    ck_assert_uint_gt(length, 5000);
    ck_assert_ptr_nonnull(strstr(text, "<svg"));
    ck_assert_ptr_nonnull(strstr(text, "</svg>"));
    for (int i = 0; words[i] != NULL; i++)
        ck_assert_msg(strstr(text, words[i]) != NULL, "%s lacks '%s'", name, words[i]);
    free(text);
}

TCase *folder_case(Suite *suite, const char *name)
{
    TCase *tests = tcase_create(name);
    tcase_add_checked_fixture(tests, enter, leave);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return tests;
}
