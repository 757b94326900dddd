#include <check.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "sim/budget.h"
#include "tests/folder.h"

enum { MEGABYTE = 1 << 20 };

/* Writes a file below the test's folder, with the folders on the way to it. */
static void put(const char *name, const char *format, ...)
{
    char path[256], text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(path, sizeof path, "%s", name);
    for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(folder_path(path), 0700);
        *slash = '/';
    }
    folder_write(name, text);
}

/* A machine with 8000 MB available, whose groups of both versions are mounted as given. */
static void machine(const char *groups, const char *mounts)
{
    put("proc/meminfo", "MemTotal: 16000000 kB\nMemFree: 100 kB\nMemAvailable: %d kB\n", 8000 * 1024);
    put("proc/self/cgroup", "%s", groups);
    put("proc/self/mountinfo", "22 1 0:5 / /proc rw - proc proc rw\n%s", mounts);
}

static size_t left(void)
{
    return budget_left(folder_name, 1);
}

static const char version2[] = "30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
static const char version1[] = "33 22 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
                               "34 22 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";

START_TEST(machine_decides_without_groups)
{
    machine("0::/\n", "");
    ck_assert_uint_eq(left(), (size_t)8000 * MEGABYTE);
    machine("0::/job\n", version2); // a group that sets no limit, as none has at the root
    put("sys/fs/cgroup/job/memory.max", "max\n");
    ck_assert_uint_eq(left(), (size_t)8000 * MEGABYTE);
}
END_TEST

/* Limit 500, in use 300, of which 120 + 30 are cache: 350 left. */
START_TEST(group_of_version_2)
{
    machine("0::/job\n", version2);
    put("sys/fs/cgroup/job/memory.max", "%d\n", 500 * MEGABYTE);
    put("sys/fs/cgroup/job/memory.current", "%d\n", 300 * MEGABYTE);
    put("sys/fs/cgroup/job/memory.stat", "anon 1\ninactive_file %d\nactive_file %d\nslab 7\n", 120 * MEGABYTE,
        30 * MEGABYTE);
    ck_assert_uint_eq(left(), (size_t)350 * MEGABYTE);
    put("sys/fs/cgroup/job/memory.high", "%d\n", 400 * MEGABYTE); // beyond it the kernel slows the group down
    ck_assert_uint_eq(left(), (size_t)250 * MEGABYTE);
}
END_TEST

/* Every group above counts with what its other groups use. */
START_TEST(nested_groups)
{
    machine("0::/slice/job/step\n", version2);
    put("sys/fs/cgroup/slice/job/step/memory.max", "%d\n", 900 * MEGABYTE);
    put("sys/fs/cgroup/slice/memory.max", "%d\n", 1000 * MEGABYTE);
    put("sys/fs/cgroup/slice/memory.current", "%d\n", 760 * MEGABYTE);
    ck_assert_uint_eq(left(), (size_t)240 * MEGABYTE);
    put("sys/fs/cgroup/slice/job/memory.max", "%d\n", 100 * MEGABYTE);
    put("sys/fs/cgroup/slice/job/memory.current", "%d\n", 130 * MEGABYTE); // a limit set below what is in use
    ck_assert_uint_eq(left(), 0);
}
END_TEST

/* Controllers in one mount, of which memory is neither first nor last; an unset limit is a number near 2^63. */
START_TEST(group_of_version_1)
{
    machine("5:cpu,memory,pids:/a/b\n4:cpuset:/other\n0::/\n",
            "33 22 0:30 / /sys/fs/cgroup/all rw - cgroup cgroup rw,cpu,memory,pids\n");
    put("sys/fs/cgroup/all/a/memory.limit_in_bytes", "%d\n", 700 * MEGABYTE);
    put("sys/fs/cgroup/all/a/memory.usage_in_bytes", "%d\n", 60 * MEGABYTE);
    put("sys/fs/cgroup/all/a/memory.stat", "cache 5\ntotal_inactive_file %d\n", 20 * MEGABYTE);
    put("sys/fs/cgroup/all/a/b/memory.limit_in_bytes", "9223372036854771712\n");
    ck_assert_uint_eq(left(), (size_t)660 * MEGABYTE);
}
END_TEST

/* Both versions at once: the memory controller stays with the first, the second has no limits to read. */
START_TEST(hybrid)
{
    char mounts[1024];
    snprintf(mounts, sizeof mounts, "%s%s", version1, "35 22 0:37 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
    machine("9:memory:/x\n8:cpu:/y\n0::/z\n", mounts);
    put("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "%d\n", 77 * MEGABYTE);
    put("sys/fs/cgroup/memory/y/memory.limit_in_bytes", "%d\n", 11 * MEGABYTE); // another controller's group
    ck_assert_uint_eq(left(), (size_t)77 * MEGABYTE);
}
END_TEST

/* In a container the mount shows a group below the root: the path is relative to it, or out of sight. */
START_TEST(mounted_below_the_root)
{
    static const char mount[] = "30 22 0:26 /docker/c0 /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n";
    put("sys/fs/cgroup/job/memory.max", "%d\n", 50 * MEGABYTE);
    put("sys/fs/cgroup/memory.max", "%d\n", 90 * MEGABYTE);
    machine("0::/docker/c0/job\n", mount);
    ck_assert_uint_eq(left(), (size_t)50 * MEGABYTE);
    machine("0::/docker/c0\n", mount);
    ck_assert_uint_eq(left(), (size_t)90 * MEGABYTE);
    machine("0::/docker/c01/job\n", mount);
    ck_assert_uint_eq(left(), (size_t)90 * MEGABYTE);
    machine("0::/../c2/job\n", version2);
    ck_assert_uint_eq(left(), (size_t)90 * MEGABYTE);
}
END_TEST

/* Files that are not there or not as they should be leave the machine's word. */
START_TEST(nonsense_is_passed_over)
{
    machine("::\n0:\nmemory\n:::::\n0::\n", "30 22\n - cgroup2\n30 22 0:26 / /sys/fs/cgroup rw - cgroup2 x\n");
    put("sys/fs/cgroup/memory.max", "many\n");
    ck_assert_uint_eq(left(), (size_t)8000 * MEGABYTE);
}
END_TEST

/* A sanitizer's shadow needs all of the address space. */
#ifndef SANITIZED
/* In a process of its own, as every test is. */
static void limit_address_space(size_t bytes)
{
    struct rlimit limit = {bytes, bytes};
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
}

START_TEST(address_space_is_a_limit)
{
    machine("0::/\n", "");
    size_t limit = (size_t)3000 * MEGABYTE;
    limit_address_space(limit);
    size_t one = budget_left(folder_name, 1), four = budget_left(folder_name, 4);
    ck_assert_uint_lt(one, limit);
    ck_assert_uint_gt(one, limit / 2);                 // the test program maps less than 1.3 GB
    ck_assert_uint_gt(one - four, 3 * 128 * MEGABYTE); // at least OpenBLAS's buffers
    struct error error = {0};
    ck_assert_int_eq(budget_check(1, one / 2, &error), ERROR_NONE);
    ck_assert_int_eq(budget_check(1, limit, &error), ERROR_RESOURCE);
    ck_assert_ptr_nonnull(strstr(error.text, "ulimit -v"));
    ck_assert_int_eq(budget_check(1, SIZE_MAX, &error), ERROR_RESOURCE);
}
END_TEST
#endif

START_TEST(some_memory_is_available)
{
    /* No machine that runs the tests has less than 16 MB or more than 2^60 bytes left. */
    ck_assert_uint_gt(budget_available(1), (size_t)1 << 24);
    ck_assert_uint_lt(budget_available(1), (size_t)1 << 60);
}
END_TEST

Suite *budget_suite(void)
{
    Suite *suite = suite_create("budget");
    TCase *tests = folder_case(suite, "budget");
    tcase_add_test(tests, machine_decides_without_groups);
    tcase_add_test(tests, group_of_version_2);
    tcase_add_test(tests, nested_groups);
    tcase_add_test(tests, group_of_version_1);
    tcase_add_test(tests, hybrid);
    tcase_add_test(tests, mounted_below_the_root);
    tcase_add_test(tests, nonsense_is_passed_over);
#ifndef SANITIZED
    tcase_add_test(tests, address_space_is_a_limit);
#endif
    tcase_add_test(tests, some_memory_is_available);
    return suite;
}
