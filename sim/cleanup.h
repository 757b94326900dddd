/* What must not outlive the process: files and folders under construction, and a program that works for it.
 *
 * A signal that ends the process removes them first, whatever signal it is. SIGKILL cannot be caught: what it leaves is
 * said where the files are made (cli/output, plots/publish).
 */
#ifndef SPANSCOPE_SIM_CLEANUP_H
#define SPANSCOPE_SIM_CLEANUP_H

#include <stdbool.h>
#include <sys/types.h>

/* To be called once, before anything is made. Signals that the caller of the program has ignored stay ignored. SIGPIPE
 * and SIGXFSZ are ignored from here on: the write that raised them fails, and is reported like a full disk. */
void cleanup_install(void);

/* From here on a signal that would end the process is given to handler instead, which may call cleanup_die; not a fault of
 * the process itself, which cannot wait. After cleanup_install. */
void cleanup_ask(void (*handler)(int));

/* A path that is to be removed, a folder after what is in it: the last one goes first. The string must stay until
 * cleanup_forget. Of more than CLEANUP_PATHS at a time the rest is not guarded, and false is returned. */
enum { CLEANUP_PATHS = 16 };
bool cleanup_path(const char *path);

/* The path is gone or has become what it should. */
void cleanup_forget(const char *path);

/* A child that leads a process group, to be ended with all of the group; 0: none. */
void cleanup_child(pid_t child);

/* Between the two, signals wait: for steps that must not be left half done. They may be nested. */
void cleanup_hold(void);
void cleanup_release(void);

/* Removes everything that was named and ends the child; the process goes on. Safe in a handler. */
void cleanup_remove(void);

/* Removes everything and ends the process by the signal, as it would have ended without us. Safe in a handler. */
void cleanup_die(int signal);

#endif
