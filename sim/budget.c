#include "sim/budget.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sim/memory.h"

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t difference(size_t a, size_t b)
{
    return a > b ? a - b : 0;
}

/* NULL where there is no such file. */
static FILE *open_in(const char *folder, const char *name)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    return length > 0 && (size_t)length < sizeof path ? fopen(path, "re") : NULL;
}

/* The number that a file consists of; `otherwise` where it cannot be read or is a word, as "max" is. */
static size_t read_number(const char *folder, const char *name, size_t otherwise)
{
    FILE *file = open_in(folder, name);
    unsigned long long number;
    if (!file)
        return otherwise;
    int read = fscanf(file, "%llu", &number);
    fclose(file);
    return read == 1 ? (size_t)number : otherwise;
}

/* The number behind a name at the start of a line; `otherwise` where there is none. */
static size_t read_entry(const char *folder, const char *name, const char *entry, size_t otherwise)
{
    FILE *file = open_in(folder, name);
    char line[256];
    size_t length = strlen(entry), found = otherwise;
    unsigned long long number;
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, entry, length) == 0 && sscanf(line + length, " %llu", &number) == 1)
            found = (size_t)number;
    if (file)
        fclose(file);
    return found;
}

/* The machine. MemAvailable counts the cache that can be reclaimed; where there is none, the free pages stand in. */
static size_t machine_left(const char *root)
{
    size_t kilobytes = read_entry(root, "proc/meminfo", "MemAvailable:", 0);
    if (kilobytes > 0)
        return memory_multiply(kilobytes, 1024);
    long pages = sysconf(_SC_AVPHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? memory_multiply((size_t)pages, (size_t)size) : SIZE_MAX;
}

/* Control groups. The two versions differ in the names of their files; a limit that version 1 has not set is a number
 * near 2^63, which is never the least. */
static const struct hierarchy {
    const char *filesystem, *controller; // controller: an option of the mount and a word of /proc/self/cgroup, or NULL
    const char *limits[2], *usage, *reclaimable[2];
} hierarchies[] = {
    {"cgroup2", NULL, {"memory.max", "memory.high"}, "memory.current", {"active_file", "inactive_file"}},
    {"cgroup",
     "memory",
     {"memory.limit_in_bytes", NULL},
     "memory.usage_in_bytes",
     {"total_active_file", "total_inactive_file"}},
};

static size_t group_left(const struct hierarchy *hierarchy, const char *folder)
{
    size_t limit = SIZE_MAX, cache = 0;
    for (int i = 0; i < 2 && hierarchy->limits[i]; i++)
        limit = least(limit, read_number(folder, hierarchy->limits[i], SIZE_MAX));
    if (limit == SIZE_MAX)
        return SIZE_MAX;
    for (int i = 0; i < 2; i++)
        cache = memory_add(cache, read_entry(folder, "memory.stat", hierarchy->reclaimable[i], 0));
    return difference(limit, difference(read_number(folder, hierarchy->usage, 0), cache));
}

/* Whether a list of words behind commas has this one. */
static bool has_word(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, word, length) == 0 && strchr(",\n ", at[length]))
            return true;
    }
    return false;
}

/* The process's path in the hierarchy, from lines such as "4:cpu,memory:/job" and "0::/job"; false where it has none. */
static bool group_path(const struct hierarchy *hierarchy, const char *root, char path[PATH_MAX])
{
    FILE *file = open_in(root, "proc/self/cgroup");
    char line[PATH_MAX], controllers[256];
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file)) {
        int behind = 0;
        controllers[0] = '\0';
        if (sscanf(line, "%*d:%255[^:]:%n", controllers, &behind) < 1 || behind == 0)
            sscanf(line, "%*d::%n", &behind);
        found = behind > 0 && (hierarchy->controller ? has_word(controllers, hierarchy->controller) : !controllers[0]);
        if (found)
            snprintf(path, PATH_MAX, "%.*s", (int)strcspn(line + behind, "\n"), line + behind);
    }
    if (file)
        fclose(file);
    return found;
}

/* Where a hierarchy is mounted, and which of its groups is seen there. */
struct mount {
    char group[PATH_MAX / 4], folder[PATH_MAX / 4];
};

/* Lines of mountinfo: ID PARENT DEVICE GROUP FOLDER OPTIONS... - FILESYSTEM SOURCE CONTROLLERS */
static bool find_mount(const struct hierarchy *hierarchy, const char *root, struct mount *mount)
{
    FILE *file = open_in(root, "proc/self/mountinfo");
    char line[PATH_MAX], filesystem[64], options[512];
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file)) {
        const char *behind = strstr(line, " - ");
        found = behind && sscanf(line, "%*s %*s %*s %1023s %1023s", mount->group, mount->folder) == 2 &&
                sscanf(behind, " - %63s %*s %511s", filesystem, options) == 2 &&
                strcmp(filesystem, hierarchy->filesystem) == 0 &&
                (!hierarchy->controller || has_word(options, hierarchy->controller));
    }
    if (file)
        fclose(file);
    return found;
}

/* Every group from the process's own up to the one that is mounted. A path that does not lead down from there is out of
 * sight: only the mounted group counts then. */
static size_t hierarchy_left(const struct hierarchy *hierarchy, const char *root)
{
    char path[PATH_MAX], folder[3 * PATH_MAX];
    struct mount mount;
    if (!group_path(hierarchy, root, path) || !find_mount(hierarchy, root, &mount))
        return SIZE_MAX;
    size_t above = strcmp(mount.group, "/") == 0 ? 0 : strlen(mount.group);
    bool below = strncmp(path, mount.group, above) == 0 && strchr("/", path[above]) && !strstr(path, "/..");
    snprintf(folder, sizeof folder, "%s%s%s", root, mount.folder, below ? path + above : "");
    size_t left = SIZE_MAX, top = strlen(root) + strlen(mount.folder);
    for (char *end = folder + strlen(folder); end; end = strrchr(folder + top, '/')) {
        *end = '\0';
        left = least(left, group_left(hierarchy, folder));
    }
    return left;
}

/* Limits of this process, and which number of /proc/self/statm (pages) counts towards them. */
static const struct {
    int resource, place;
    const char *leaves;
} limits[] = {{RLIMIT_AS, 0, "ulimit -v leaves"}, {RLIMIT_DATA, 5, "ulimit -d leaves"}};

enum { STATM_NUMBERS = 7 };

/* Address space of a thread: OpenBLAS's buffer (128 MB and some tables, on any x86-64), and of every thread but the
 * first its stack and the two heaps' worth that the C library maps to find an aligned one. */
enum { MEGABYTE = 1 << 20, BLAS_BYTES = 136 * MEGABYTE, STACK_BYTES = 8 * MEGABYTE, HEAP_BYTES = 128 * MEGABYTE };

static size_t thread_bytes(int threads)
{
    size_t others = threads > 1 ? (size_t)threads - 1 : 0;
    return memory_add(BLAS_BYTES, memory_multiply(others, BLAS_BYTES + STACK_BYTES + HEAP_BYTES));
}

static size_t limit_left(int i)
{
    struct rlimit limit;
    unsigned long long pages[STATM_NUMBERS] = {0};
    if (getrlimit((__rlimit_resource_t)limits[i].resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return SIZE_MAX;
    FILE *file = fopen("/proc/self/statm", "re");
    for (int n = 0; file && n < STATM_NUMBERS && fscanf(file, "%llu", &pages[n]) == 1; n++)
        ;
    if (file)
        fclose(file);
    return difference((size_t)limit.rlim_cur,
                      memory_multiply((size_t)pages[limits[i].place], (size_t)sysconf(_SC_PAGESIZE)));
}

/* What is left of each; the machine's goes first. */
static size_t find_left(const char *root, int threads, const char **of)
{
    size_t left = machine_left(root);
    *of = "is free";
    for (size_t i = 0; i < sizeof hierarchies / sizeof *hierarchies; i++) {
        size_t grouped = hierarchy_left(&hierarchies[i], root);
        *of = grouped < left ? "the control group leaves" : *of;
        left = least(left, grouped);
    }
    for (int i = 0; i < (int)(sizeof limits / sizeof *limits); i++) {
        size_t limited = limit_left(i);
        limited = limited == SIZE_MAX ? SIZE_MAX : difference(limited, thread_bytes(threads));
        *of = limited < left ? limits[i].leaves : *of;
        left = least(left, limited);
    }
    return left;
}

size_t budget_left(const char *root, int threads)
{
    const char *of;
    return find_left(root, threads, &of);
}

size_t budget_available(int threads)
{
    return budget_left("", threads) / 4 * 3;
}

/* Tried as well as computed: a mapping can be refused for other reasons than the limits, such as strict overcommit. */
static bool is_granted(size_t bytes)
{
    for (int i = 0; i < (int)(sizeof limits / sizeof *limits); i++)
        if (limit_left(i) <= bytes)
            return false;
    void *mapping = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mapping != MAP_FAILED && munmap(mapping, bytes) == 0;
}

int budget_check(int threads, size_t bytes, struct error *error)
{
    size_t needed = memory_add(bytes, thread_bytes(threads));
    char words[MEMORY_WORDS];
    if (!is_granted(needed))
        return error_set(error, ERROR_RESOURCE,
                         "memory: %d thread%s %s of address space, which the system refuses (see ulimit -v); "
                         "fewer threads (--threads) need less",
                         threads, threads == 1 ? " needs" : "s need", memory_words(needed, words));
    return ERROR_NONE;
}

int budget_short(const char *what, size_t needed, const char *with, int threads, const char *limited, size_t limit,
                 struct error *error)
{
    char enough[MEMORY_WORDS], words[MEMORY_WORDS];
    const char *of;
    find_left("", threads, &of);
    return error_set(error, ERROR_RESOURCE,
                     "memory: %s needs at least %s%s, %s is %s (--memory; by default three quarters of what %s)", what,
                     memory_enough(needed, enough), with, limited, memory_words(limit, words), of);
}
