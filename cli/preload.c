/* Before any library wakes up.
 *
 * Debian's OpenBLAS starts its threads when it is loaded, before main: under a tight limit on address space it tries for
 * ever to map their buffers, and where a thread cannot start it raises SIGINT. It has no use for them here, since samples
 * run in parallel and each of its calls takes one thread. (The serial build is no way out: it has no locks, and hands one
 * buffer to two of our threads.) So where a limit is set that its threads may meet, the program starts itself again with
 * OPENBLAS_NUM_THREADS=1, which OpenBLAS reads at that moment and at no later one.
 */
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define VARIABLE "OPENBLAS_NUM_THREADS="

/* Far more than 64 of its threads map, 130 MB each by measurement; and more processes than a user may have under no limit
 * that is meant as one. */
static const rlim_t SPACE_AMPLE = (rlim_t)16 << 30, PROCESSES_AMPLE = 4096;

static bool is_tight(void)
{
    struct rlimit space, data, processes;
    return (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur < SPACE_AMPLE) ||
           (getrlimit(RLIMIT_DATA, &data) == 0 && data.rlim_cur < SPACE_AMPLE) ||
           (getrlimit(RLIMIT_NPROC, &processes) == 0 && processes.rlim_cur < PROCESSES_AMPLE);
}

/* Libraries, the C library too, have not begun: only what is little more than a system call may be called. */
static void start_with_one_thread(int argc, char **argv, char **envp)
{
    (void)argc;
    size_t count = 0;
    for (; envp[count]; count++)
        if (strncmp(envp[count], VARIABLE, sizeof VARIABLE - 1) == 0)
            return;
    if (!is_tight())
        return;
    char path[PATH_MAX], one[] = VARIABLE "1", *environment[count + 2];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length < 0)
        return;
    path[length] = '\0';
    memcpy(environment, envp, count * sizeof *envp);
    environment[count] = one;
    environment[count + 1] = NULL;
    execve(path, argv, environment); // where that fails, we go on as we are
}

__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **,
                                                                            char **) = start_with_one_thread;
