/* Cheap checks that are always on, for what only a fault of the program can break: a wrong number would go unnoticed.
 * What a user can cause is an error (sim/error.h), never this. */
#ifndef SPANSCOPE_SIM_INVARIANT_H
#define SPANSCOPE_SIM_INVARIANT_H

/* Says "file:line: condition" to the handler and does not go on. Without a handler, and where it returns, the process is
 * aborted, which tests and debuggers see. */
#define invariant(condition) ((condition) ? (void)0 : invariant_fail(__FILE__, __LINE__, #condition))

_Noreturn void invariant_fail(const char *file, int line, const char *condition);

/* main's, which ends the process with a message. May be called from any thread; not to be changed while several run. */
typedef void invariant_handler(const char *file, int line, const char *condition);
void invariant_handle(invariant_handler *handler);

#endif
