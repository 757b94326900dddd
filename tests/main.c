#include <gsl/gsl_errno.h>
#include <stdlib.h>

#include <check.h>

/* build/suites.h has a row SUITE(name) for every tests/?/test_name.c. */
#define SUITE(name) Suite *name##_suite(void);
#include "suites.h"
#undef SUITE

int main(void)
{
    gsl_set_error_handler_off(); /* as the program does */
    /* Check ends a test after 4 seconds by itself, which a busy machine or a sanitizer may need. */
    setenv("CK_DEFAULT_TIMEOUT", "120", 0);
    SRunner *runner = srunner_create(NULL);
#define SUITE(name) srunner_add_suite(runner, name##_suite());
#include "suites.h"
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
