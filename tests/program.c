#include "tests/program.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char binary[PATH_MAX], folder[64];

void program_setup(void)
{
    const char *named = getenv("SPANSCOPE"), *sanitizer = getenv("PROGRAM_ASAN_OPTIONS");
    if (sanitizer)
        setenv("ASAN_OPTIONS", sanitizer, 1); // the program's, not this process's, which has read its own
    ck_assert_msg(named && realpath(named, binary), "SPANSCOPE does not name the program: %s", named ? named : "unset");
    snprintf(folder, sizeof folder, "/tmp/spanscope-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void path_of(const char *name, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/%s", folder, name);
}

/* Entries of the folder but . and ..; removed where asked for. */
static int entries(bool removes)
{
    int count = 0;
    DIR *directory = opendir(folder);
    ck_assert_ptr_nonnull(directory);
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        count++;
        char path[PATH_MAX];
        path_of(entry->d_name, path);
        if (removes)
            remove(path);
    }
    closedir(directory);
    return count;
}

int program_files(void)
{
    return entries(false);
}

void program_teardown(void)
{
    entries(true);
    rmdir(folder);
}

static void execute(const char *const arguments[], int out, int err, const char *path)
{
    int null = open("/dev/null", O_RDONLY);
    if (chdir(folder) != 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
        _exit(120);
    if (path)
        setenv("PATH", path, 1);
    char *argv[64] = {"spanscope"};
    for (int i = 0; arguments[i] && i + 1 < 63; i++)
        memcpy(&argv[i + 1], &arguments[i], sizeof *argv); // exec only reads, and says so nowhere
    execv(binary, argv);
    _exit(121);
}

int program_wait(pid_t child)
{
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static char *read_all(FILE *file)
{
    size_t size = 0, length = 0;
    char *text = NULL;
    do {
        size += 1 << 16;
        text = realloc(text, size + 1);
        ck_assert_ptr_nonnull(text);
        length += fread(text + length, 1, size - length, file);
    } while (length == size);
    text[length] = '\0';
    fclose(file);
    return text;
}

struct program program_start(const char *const arguments[], const char *out, const char *path)
{
    FILE *out_file = out ? fopen(out, "w") : tmpfile(), *err_file = tmpfile();
    ck_assert(out_file && err_file);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        execute(arguments, fileno(out_file), fileno(err_file), path);
    struct program program = {.status = program_wait(child)};
    rewind(err_file);
    program.err = read_all(err_file);
    if (out) {
        fclose(out_file);
        program.out = strdup("");
    } else {
        rewind(out_file);
        program.out = read_all(out_file);
    }
    return program;
}

void program_free(struct program *program)
{
    free(program->out);
    free(program->err);
    *program = (struct program){0};
}

void program_check_error(struct program program, int status, const char *words)
{
    ck_assert_msg(program.status == status, "status %d, not %d: %s", program.status, status, program.err);
    ck_assert_msg(strstr(program.err, words) != NULL, "'%s' is not in: %s", words, program.err);
    ck_assert_msg(strncmp(program.err, "spanscope", 9) == 0, "%s", program.err);
    ck_assert_str_eq(program.out, "");
    program_free(&program);
}

int program_terminal(const char *const arguments[], pid_t *child)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert_int_ge(master, 0);
    ck_assert(grantpt(master) == 0 && unlockpt(master) == 0);
    *child = fork();
    ck_assert_int_ge(*child, 0);
    if (*child == 0) {
        int slave = open(ptsname(master), O_RDWR | O_NOCTTY), null = open("/dev/null", O_WRONLY);
        execute(arguments, null, slave, NULL);
    }
    return master;
}

char *program_window(const char *const arguments[], int columns)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = 24};
    ck_assert(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    ck_assert(slave >= 0 && ioctl(slave, TIOCSWINSZ, &size) == 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        execute(arguments, slave, open("/dev/null", O_WRONLY), NULL);
    close(slave); // so that reading ends with the child
    enum { MOST = 1 << 20 };
    char *text = calloc(1, MOST);
    size_t length = 0;
    for (ssize_t got; length < MOST - 1 && (got = read(master, text + length, MOST - 1 - length)) > 0;)
        length += (size_t)got;
    close(master);
    ck_assert_int_eq(program_wait(child), 0);
    return text;
}

/* As a program begins: what is ignored stays so, and nobody is listening. */
static void reset_signals(void)
{
    struct sigaction action;
    for (int signal_number = 1; signal_number < NSIG; signal_number++)
        if (sigaction(signal_number, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            signal(signal_number, SIG_DFL);
}

/* Check and the sanitizers have handlers of their own, which would end the test or the child: no signal may meet it before
 * it has none. */
pid_t program_launch(const char *const arguments[])
{
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        reset_signals();
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        execute(arguments, null, null, NULL);
    }
    return child;
}

char *program_read(const char *name)
{
    char path[PATH_MAX];
    path_of(name, path);
    FILE *file = fopen(path, "r");
    return file ? read_all(file) : NULL;
}

void program_write(const char *name, const char *text)
{
    char path[PATH_MAX];
    path_of(name, path);
    FILE *file = fopen(path, "w");
    ck_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

void program_script(const char *name, const char *text)
{
    char path[PATH_MAX];
    path_of(name, path);
    program_write(name, text);
    ck_assert_int_eq(chmod(path, 0755), 0);
}

/* "  run       sample a model": two blanks, and then a word. */
void program_commands(char names[PROGRAM_COMMANDS][PROGRAM_COMMAND_MAX])
{
    struct program help = PROGRAM("--help");
    int count = 0;
    for (char *line = strtok(help.out, "\n"); line; line = strtok(NULL, "\n"))
        if (strncmp(line, "  ", 2) == 0 && sscanf(line, " %31[a-z]", names[count]) == 1 &&
            strcmp(names[count], "spanscope") != 0)
            ck_assert_int_lt(++count, PROGRAM_COMMANDS);
    names[count][0] = '\0';
    ck_assert_int_gt(count, 5);
    program_free(&help);
}

struct program program_shell(const char *line)
{
    char command[1 << 15];
    ck_assert_int_lt(
        snprintf(command, sizeof command, "cd '%s' && export SPANSCOPE='%s' && { %s\n} 2>&1", folder, binary, line),
        (int)sizeof command);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    struct program program = {.out = calloc(1, 1 << 20), .err = strdup("")};
    size_t length = fread(program.out, 1, (1 << 20) - 1, pipe);
    program.out[length] = '\0';
    int status = pclose(pipe);
    program.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    return program;
}

const char *program_folder(void)
{
    return folder;
}

void program_remove(const char *name)
{
    char path[PATH_MAX];
    path_of(name, path);
    remove(path);
}

void program_pipe(const char *name)
{
    char path[PATH_MAX];
    path_of(name, path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
}
