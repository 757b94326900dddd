#include "sim/expression.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "sim/call.h"
#include "sim/formula.h" // its limits
#include "sim/name.h"
#include "sim/operator.h"

/* Recursive descent, one token ahead:
 *
 *     condition = both { "or" both }
 *     both      = denial { "and" denial }
 *     denial    = { "not" } terms [("<" | "<=" | ">" | ">=" | "==" | "!=") terms]
 *     terms     = factors { ("+" | "-") factors }
 *     factors   = unary { ("*" | "/") unary }
 *     unary     = { "-" } power
 *     power     = primary [ "^" unary ]
 *     primary   = number | name | call | "(" terms ")"
 *
 * Within a condition, parentheses may hold one. Nodes are added as the text is read, so that operands stand before
 * their user. Every recursion passes through unary, which counts the depth; a definition calls only those before it,
 * so that expansions end. */

enum { NUMBER_LENGTH_MAX = 63 };

/* ---- numbers, names, parentheses ---- */

static int parse_number(struct parser *parser)
{
    struct lexer_token token = parser_take(parser);
    char digits[NUMBER_LENGTH_MAX + 1] = "";
    if (token.length > NUMBER_LENGTH_MAX)
        return parser_fail(parser, &token, "a number has at most %d characters", NUMBER_LENGTH_MAX);
    memcpy(digits, token.text, token.length);
    errno = 0;
    double value = strtod(digits, NULL);
    if (isinf(value) || (errno == ERANGE && value == 0))
        return parser_fail(parser, &token, "the number %s is too %s", digits, isinf(value) ? "large" : "small");
    return build_number(&parser->build, &token, value);
}

static int parse_either(struct parser *parser);

static int parse_parentheses(struct parser *parser)
{
    struct lexer_token open = parser_take(parser);
    int node = parser->context == PARSER_CONDITION ? parse_either(parser) : expression_terms(parser);
    int code = node < 0 ? node : parser_close(parser, &open);
    return code != ERROR_NONE ? code : node;
}

static int parse_primary(struct parser *parser)
{
    if (parser->token.kind == LEXER_NUMBER)
        return parse_number(parser);
    if (parser_next_is(parser, "("))
        return parse_parentheses(parser);
    if (parser->token.kind == LEXER_WORD)
        return name_unknown_word(parser);
    if (parser->token.kind != LEXER_NAME || name_is_keyword(&parser->token))
        return parser_expected(parser, "a name, a number, a function or '('");
    struct lexer_token name = parser_take(parser);
    return parser_next_is(parser, "(") ? call_parse(parser, &name) : name_read(parser, &name);
}

/* Whether another operand follows, where an operator should. */
static bool is_beside(const struct parser *parser)
{
    const struct lexer_token *next = &parser->token;
    if (parser->context == PARSER_CONDITION)
        return false; // a section follows it
    if (next->kind == LEXER_NAME)
        return !name_is_keyword(next);
    return next->kind == LEXER_NUMBER || next->kind == LEXER_WORD || lexer_is(next, "(");
}

/* Of operands that stand beside another the first error is told, an unknown name; that an operator is missing is said by
 * who expects one. Nodes that they add are of a text that is wrong anyway. */
static int parse_operand(struct parser *parser)
{
    int node = parse_primary(parser), next = node;
    struct lexer lexer = parser->lexer;
    struct lexer_token token = parser->token;
    while (next >= 0 && is_beside(parser))
        next = parse_primary(parser);
    parser->lexer = lexer;
    parser->token = token;
    return next < 0 ? next : node;
}

/* ---- operators ---- */

/* What operands are is of no matter while one stands beside another. */
static int apply(struct parser *parser, const struct lexer_token *sign, int left, int right)
{
    int node = operator_apply(parser, sign, left, right);
    return node < 0 && is_beside(parser) ? parser_expected(parser, "an operator") : node;
}

static int parse_unary(struct parser *parser);

static int parse_power(struct parser *parser)
{
    int base = parse_operand(parser);
    if (base < 0 || !parser_next_is(parser, "^"))
        return base;
    struct lexer_token sign = parser_take(parser);
    int exponent = parse_unary(parser);
    return exponent < 0 ? exponent : apply(parser, &sign, base, exponent);
}

/* Signs are counted, not nested, so that no run of them can be too deep. */
static int parse_unary(struct parser *parser)
{
    struct lexer_token first = parser->token;
    int signs = 0;
    for (; parser_next_is(parser, "-"); signs++)
        parser_take(parser);
    if (parser->depth == FORMULA_NESTING_MAX)
        return parser_fail(parser, &parser->token, "nested too deeply: at most %d levels", FORMULA_NESTING_MAX);
    parser->depth++;
    int node = parse_power(parser);
    parser->depth--;
    for (; node >= 0 && signs > 0; signs--)
        node = operator_negate(parser, &first, node);
    return node;
}

/* Left-associative. */
static int parse_chain(struct parser *parser, const char *one, const char *other, int (*part)(struct parser *))
{
    int left = part(parser);
    while (left >= 0 && (parser_next_is(parser, one) || parser_next_is(parser, other))) {
        struct lexer_token sign = parser_take(parser);
        int right = part(parser);
        left = right < 0 ? right : apply(parser, &sign, left, right);
    }
    return left;
}

static int parse_factors(struct parser *parser)
{
    return parse_chain(parser, "*", "/", parse_unary);
}

int expression_terms(struct parser *parser)
{
    return parse_chain(parser, "+", "-", parse_factors);
}

/* ---- conditions ---- */

static int parse_comparison(struct parser *parser)
{
    int left = expression_terms(parser);
    if (left < 0 || !operator_compares(&parser->token))
        return left;
    struct lexer_token sign = parser_take(parser);
    int right = expression_terms(parser);
    return right < 0 ? right : operator_apply(parser, &sign, left, right);
}

/* The same of both sides of "and" and "or", and behind "not". */
static int check_truth(const struct parser *parser, int node)
{
    return node < 0 || type_of(parser, node) == TYPE_TRUTH ? node
                                                           : parser_expected(parser, "a comparison (< <= > >= == !=)");
}

static int parse_denial(struct parser *parser)
{
    struct lexer_token first = parser->token;
    int denials = 0;
    for (; parser_next_is(parser, "not"); denials++)
        parser_take(parser);
    int node = parse_comparison(parser);
    if (denials > 0)
        node = check_truth(parser, node);
    for (; node >= 0 && denials > 0; denials--)
        node = build_binary(&parser->build, &first, GRAPH_NOT, node, -1);
    return node;
}

static int parse_joined(struct parser *parser, const char *word, enum graph_kind kind, int (*part)(struct parser *))
{
    int left = part(parser);
    while (left >= 0 && parser_next_is(parser, word)) {
        left = check_truth(parser, left);
        struct lexer_token sign = parser_take(parser);
        int right = left < 0 ? left : check_truth(parser, part(parser));
        left = right < 0 ? right : build_binary(&parser->build, &sign, kind, left, right);
    }
    return left;
}

static int parse_both(struct parser *parser)
{
    return parse_joined(parser, "and", GRAPH_AND, parse_denial);
}

static int parse_either(struct parser *parser)
{
    return parse_joined(parser, "or", GRAPH_OR, parse_both);
}

int expression_condition(struct parser *parser)
{
    return check_truth(parser, parse_either(parser));
}
