#include "sim/place.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- where a path leads ---- */

/* Number of the descriptor that folder/name is one of this process's, as /dev/stdout leads to; else -1. */
static int descriptor_of(const char *folder, const char *name)
{
    char own[64], thread[64];
    snprintf(own, sizeof own, "/proc/%ld/fd", (long)getpid());
    snprintf(thread, sizeof thread, "/proc/%ld/task/%ld/fd", (long)getpid(), (long)gettid());
    bool digits = *name && strspn(name, "0123456789") == strlen(name) && strlen(name) < 9;
    return digits && (strcmp(folder, own) == 0 || strcmp(folder, thread) == 0) ? atoi(name) : -1;
}

/* One link further: path, [PATH_MAX], becomes absolute, its folder without links. Whether path was a link and another
 * step is to be made; -1 with errno. */
static int step(char path[PATH_MAX], int *descriptor)
{
    char folder_copy[PATH_MAX], name_copy[PATH_MAX], folder[PATH_MAX], target[PATH_MAX];
    strcpy(folder_copy, path);
    strcpy(name_copy, path);
    const char *name = basename(name_copy);
    if (!realpath(dirname(folder_copy), folder))
        return -1;
    *descriptor = descriptor_of(folder, name);
    const char *slash = strcmp(folder, "/") == 0 ? "" : "/";
    if (snprintf(path, PATH_MAX, "%s%s%s", folder, slash, name) >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    ssize_t length = *descriptor < 0 ? readlink(path, target, sizeof target - 1) : -1;
    if (length < 0)
        return 0;
    target[length] = '\0';
    if (snprintf(path, PATH_MAX, "%s%s%s", *target == '/' ? "" : folder, *target == '/' ? "" : "/", target) < PATH_MAX)
        return 1;
    errno = ENAMETOOLONG;
    return -1;
}

/* realpath would go through a descriptor to its file, and fail on a link to what is not there yet. */
int place_follow(char path[PATH_MAX], int *descriptor)
{
    enum { LINKS_MAX = 40 }; // the kernel's own
    for (int i = 0; i < LINKS_MAX; i++) {
        int more = step(path, descriptor);
        if (more <= 0)
            return more;
    }
    errno = ELOOP;
    return -1;
}

char *place_beside(const char *path)
{
    char folder[PATH_MAX], *name;
    uint64_t random = 0;
    strcpy(folder, path);
    if (getrandom(&random, sizeof random, 0) < 0)
        random = (uint64_t)getpid();
    return asprintf(&name, "%s/.spanscope-%016" PRIx64, dirname(folder), random) < 0 ? NULL : name;
}

/* ---- what is written before it has its place ---- */

int place_vacant(const char *path, struct error *error)
{
    struct stat status;
    if (lstat(path, &status) != 0 || S_ISREG(status.st_mode))
        return ERROR_NONE;
    return error_set(error, ERROR_RESOURCE, "'%.400s' is in the way of what is written: it is no regular file", path);
}

/* What has taken the name since is not followed or waited for, either. */
FILE *place_draft(const char *path, struct error *error)
{
    if (place_vacant(path, error) != ERROR_NONE)
        return NULL;
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    FILE *stream = file >= 0 ? fdopen(file, "w") : NULL;
    if (stream)
        return stream;
    error_set(error, ERROR_RESOURCE, "cannot write '%.400s': %s", path, strerror(errno));
    if (file >= 0)
        close(file);
    return NULL;
}

/* ---- which file it is ---- */

/* Of what is there by its inode, of what is not by its folder's and its name in it. */
struct identity {
    bool file; /* or what may become one; nothing else is compared */
    dev_t device;
    ino_t inode;
    char name[NAME_MAX + 1]; /* "" of what is there */
};

static struct identity identify(const char *path)
{
    struct stat status;
    char whole[PATH_MAX];
    int descriptor = -1;
    if (stat(path, &status) == 0)
        return (struct identity){S_ISREG(status.st_mode), status.st_dev, status.st_ino, ""};
    if (errno != ENOENT || snprintf(whole, sizeof whole, "%s", path) >= PATH_MAX ||
        place_follow(whole, &descriptor) != 0 || descriptor >= 0)
        return (struct identity){.file = false};
    char *slash = strrchr(whole, '/');
    struct identity identity = {.file = true};
    snprintf(identity.name, sizeof identity.name, "%s", slash + 1);
    slash[slash == whole] = '\0';
    identity.file = stat(whole, &status) == 0;
    identity.device = status.st_dev;
    identity.inode = status.st_ino;
    return identity;
}

static bool is_same(const char *a, const char *b)
{
    struct identity one = identify(a), other = identify(b);
    return one.file && other.file && one.device == other.device && one.inode == other.inode &&
           strcmp(one.name, other.name) == 0;
}

/* ---- what is in use ---- */

enum use { READ, KEPT, WRITTEN };

struct entry {
    const char *who; /* who writes it, or what it is that is kept */
    enum use use;
    struct entry *next;
    char path[];
};

static struct entry *entries;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool collides(const struct entry *a, const struct entry *b)
{
    return (a->use == WRITTEN || b->use == WRITTEN) && is_same(a->path, b->path);
}

static int refuse(const struct entry *a, const struct entry *b, struct error *error)
{
    const struct entry *writer = a->use == WRITTEN ? a : b, *other = a->use == WRITTEN ? b : a;
    if (other->use == READ)
        return error_set(error, ERROR_INPUT, "%s would replace '%.400s', which is read by this command", writer->who,
                         other->path);
    if (other->use == KEPT)
        return error_set(error, ERROR_INPUT, "%s is the %s '%.400s'", writer->who, other->who, other->path);
    return error_set(error, ERROR_INPUT, "%s and %s are one file, '%.400s'", a->who, b->who, a->path);
}

static bool is_noted(const char *path)
{
    for (const struct entry *entry = entries; entry; entry = entry->next)
        if (entry->use == READ && strcmp(entry->path, path) == 0)
            return true;
    return false;
}

/* Takes over the entry. */
static int add(struct entry *entry, struct error *error)
{
    int code = ERROR_NONE;
    for (const struct entry *other = entries; code == ERROR_NONE && other; other = other->next)
        if (collides(entry, other))
            code = refuse(entry, other, error);
    if (code != ERROR_NONE || (entry->use == READ && is_noted(entry->path))) {
        free(entry);
        return code;
    }
    entry->next = entries;
    entries = entry;
    return ERROR_NONE;
}

static int note(const char *path, const char *who, enum use use, struct error *error)
{
    size_t size = strlen(path) + 1;
    struct entry *entry = malloc(sizeof *entry + size);
    if (!entry)
        return error_set(error, ERROR_RESOURCE, "out of memory for '%.400s'", path);
    *entry = (struct entry){.who = who, .use = use};
    memcpy(entry->path, path, size);
    pthread_mutex_lock(&lock);
    int code = add(entry, error);
    pthread_mutex_unlock(&lock);
    return code;
}

int place_read(const char *path, struct error *error)
{
    return note(path, NULL, READ, error);
}

int place_keep(const char *path, const char *what, struct error *error)
{
    return note(path, what, KEPT, error);
}

int place_write(const char *path, const char *who, struct error *error)
{
    return note(path, who, WRITTEN, error);
}

void place_leave(const char *path, const char *who)
{
    pthread_mutex_lock(&lock);
    struct entry **at = &entries;
    while (*at && !(path && (*at)->who && strcmp((*at)->who, who) == 0 && strcmp((*at)->path, path) == 0))
        at = &(*at)->next;
    struct entry *left = *at;
    if (left) {
        *at = left->next;
        free(left);
    }
    pthread_mutex_unlock(&lock);
}
