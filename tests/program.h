/* The program itself, run as a user does: $SPANSCOPE in a folder of its own, with what it prints and its status. */
#ifndef SPANSCOPE_TESTS_PROGRAM_H
#define SPANSCOPE_TESTS_PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

struct program {
    int status; /* of exit; -signal where one ended it */
    char *out, *err;
};

/* Makes the folder and remembers where the program is; removes the folder and what is in it. */
void program_setup(void);
void program_teardown(void);

/* arguments end with NULL. out: a file for standard output in place of out, or NULL; path: PATH, or NULL for the
 * caller's. */
struct program program_start(const char *const arguments[], const char *out, const char *path);
void program_free(struct program *program);

/* That it ended with the status, one clear message on standard error with these words in it, and nothing on standard
 * output. Frees it. */
void program_check_error(struct program program, int status, const char *words);

#define PROGRAM(...) program_start((const char *const[]){__VA_ARGS__, NULL}, NULL, NULL)

/* Starts it with standard error on a terminal; returns the terminal's other end. */
int program_terminal(const char *const arguments[], pid_t *child);

/* The same with standard output on a terminal of so many columns, whole; a line ends as the terminal ends it, "\r\n". The
 * caller frees. */
char *program_window(const char *const arguments[], int columns);

/* Starts it without waiting; what it prints is dropped. */
pid_t program_launch(const char *const arguments[]);

/* Waits, and gives the status as above. */
int program_wait(pid_t child);

/* A file of the folder, whole; the caller frees. NULL where there is none. */
char *program_read(const char *name);
void program_write(const char *name, const char *text);
void program_script(const char *name, const char *text); /* may be executed */
void program_remove(const char *name);
void program_pipe(const char *name); /* a named pipe */

const char *program_folder(void);

/* The commands that its help names, each once, up to an empty name. */
enum { PROGRAM_COMMANDS = 32, PROGRAM_COMMAND_MAX = 32 };
void program_commands(char names[PROGRAM_COMMANDS][PROGRAM_COMMAND_MAX]);

/* What a command of the shell prints in the folder, both streams, and its status; the program is $SPANSCOPE there. */
struct program program_shell(const char *line);

/* Number of entries of the folder. */
int program_files(void);

#endif
