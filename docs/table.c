/* Writes docs/coverage.md from docs/coverage.tsv, once every row of it has been held against the program. */
#include <stdio.h>
#include <stdlib.h>

#include "docs/coverage.h"

int main(int argc, char **argv)
{
    struct error error = {0};
    if (argc != 2)
        return fprintf(stderr, "usage: %s docs/coverage.tsv > docs/coverage.md\n", argv[0]), 2;
    if (coverage_print(argv[1], stdout, &error) != ERROR_NONE)
        return fprintf(stderr, "%s: %s\n", argv[0], error.text), error.code == ERROR_RESOURCE ? 3 : 2;
    return fflush(stdout) == 0 ? 0 : 3;
}
