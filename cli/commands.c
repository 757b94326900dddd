#include "cli/commands.h"

#include <string.h>

#include "cli/completion.h"
#include "cli/diagram.h"
#include "cli/explore.h"
#include "cli/inspect.h"
#include "cli/list.h"
#include "cli/manual.h"
#include "cli/map.h"
#include "cli/merge.h"
#include "cli/plot.h"
#include "cli/predict.h"
#include "cli/run.h"
#include "cli/schema.h"
#include "cli/sheet.h"
#include "cli/solve.h"
#include "cli/store.h"
#include "cli/tour.h"
#include "cli/train.h"
#include "cli/verify.h"

/* NAME_command and NAME_options. */
#define ROW(name) #name, name##_command, &name##_options

const struct commands_row commands[] = {
    {ROW(run), "sample a model and write its profile", true},
    {ROW(predict), "the profile that a model's samples have, without sampling it", true},
    {ROW(inspect), "one sample from within: histograms of its entries, attention maps", false},
    {ROW(map), "predict over a grid of two numbers of the configuration", true},
    {ROW(solve), "where a predicted quantity takes a value", false},
    {ROW(train), "train models on tasks whose best loss is known", true},
    {ROW(verify), "decide the claims of the ledger", false},
    {ROW(plot), "draw saved profiles", false},
    {ROW(diagram), "draw a block formula as text or picture", false},
    {"report", sheet_command, &sheet_options, "saved results on one page of HTML", false},
    {ROW(explore), "see it in the browser: theory, bounds and samples while you drag", false},
    {ROW(tour), "the same lessons in the terminal", false},
    {ROW(merge), "profiles from the samples that several runs kept", false},
    {ROW(store), "what a store of samples holds", false},
    {ROW(list), "the tables that names come from", false},
    {ROW(schema), "what its JSON is, as JSON Schemas", false},
    {ROW(manual), "a page of the manual, for man(1)", false},
    {ROW(completion), "what a shell completes, as a script for it", false},
};
const size_t commands_count = sizeof commands / sizeof *commands;

const struct commands_row *commands_find(const char *name)
{
    for (size_t i = 0; i < commands_count; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}
