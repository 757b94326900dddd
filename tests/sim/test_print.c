#include "sim/print.h"

#include <string.h>

#include "tests/formula_trip.h"
#include "tests/texts.h"
#include <check.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct {
    const char *text, *printed;
} prints[] = {
    {"y=norm( x+attn(x) ) # c\n\nx=norm(x+ffn(y));", "y = norm(x + attn(x)); x = norm(x + ffn(y))"},
    {"first:x=norm(x)\nblock if l<=L/4:x=x\nblock:x=attn(x)\nfinal:\n x=x",
     "first: x = norm(x); block if l <= L/4: x = x; block: x = attn(x); final: x = x"},
    {"block: x = x", "x = x"},
    {"x = x - (attn(x) - x)", "x = x - (attn(x) - x)"},
    {"x = x - attn(x) + x", "x = x - attn(x) + x"},
    {"x = -attn(x) - -x", "x = -attn(x) - -x"},
    {"x = x*-1", "x = -x"},
    {"x = attn(x)*2*-1", "x = attn(x)*2*-1"},
    {"x = attn(x)/2/(3*d)", "x = attn(x)/2/(3*d)"},
    {"x = attn(x)*(1/3)", "x = attn(x)*(1/3)"},
    {"x = (1/3)*attn(x)", "x = 1/3*attn(x)"},
    {"a = 2; x = a*(x + attn(x))", "a = 2; x = a*(x + attn(x))"},
    {"a = -(2*L)^-(1/4); b = -a; x = b*x*a", "a = -(2*L)^-(1/4); b = -a; x = b*x*a"},
    {"a = 0.1; b = 1e22; c2 = 1.0000000000000002; x = x", "a = 0.1; b = 1e+22; c2 = 1.0000000000000002; x = x"},
    {"y = attn(x); x = 2*d*y - y*(3*d)", "y = attn(x); x = 2*d*y - 3*d*y"},
    {"y = attn(x); z = y; y = norm(x); x = y + z", "y = attn(x); z = y; y = norm(x); x = y + z"},
    {"x=wo( attend(norm(wq(x,2*d),groups=H,eps=1e-5),wk(x),wv(x),mask=causal ,cap=50))",
     "x = wo(attend(norm(wq(x, 2*d), groups=H, eps=1e-05), wk(x), wv(x), mask=causal, cap=50))"},
    {"x = x*attn(x)*2", "x = x*attn(x)*2"},
    {"x = 2*(x*attn(x))", "x = 2*(x*attn(x))"},
    {"x = x*(attn(x)*2)", "x = x*(attn(x)*2)"},
    {"x = attn(x,window=4*mod(l,2))+norm(x,layernorm)", "x = attn(x, window=4*mod(l, 2)) + norm(x, layernorm)"},
    {"def  f(u,a=2*d)=a*norm( u );state x,u;input m;shared wq,attn.wv\nx=f(attn(x,m))+f(x,3);u=u-x",
     "def  f(u,a=2*d)=a*norm( u ); state x, u; input m; shared wq, attn.wv; x = f(attn(x, m)) + f(x, 3); u = u - x"},
    {"def two()=2; x = x*-two()", "def two()=2; x = x*-two()"},
    {"block if not(l<2 or l>3)and l!=1 or mod(l,2)==0:x=x\nblock:x=moe(x,body=glu,top=1)",
     "block if not (l < 2 or l > 3) and l != 1 or mod(l, 2) == 0: x = x; block: x = moe(x, body=glu, top=1)"},
    {"block if not not l<2 and (l<3 and l>1):x=x", "block if not not l < 2 and (l < 3 and l > 1): x = x"},
};

START_TEST(print_is_canonical)
{
    struct formula formula;
    char printed[512];
    texts_parse(prints[_i].text, &formula);
    ck_assert_uint_eq(formula_print(&formula, "; ", printed, sizeof printed), strlen(prints[_i].printed));
    ck_assert_str_eq(printed, prints[_i].printed);
    formula_free(&formula);
    int parsed;
    ck_assert_ptr_null(formula_trip(prints[_i].text, strlen(prints[_i].text), &parsed));
}
END_TEST

START_TEST(print_is_cut_like_snprintf)
{
    struct formula formula;
    texts_parse("first: x = norm(x); block: x = attn(x)", &formula);
    char whole[64], part[64];
    size_t length = formula_print(&formula, "; ", whole, sizeof whole);
    for (size_t size = 0; size <= length + 1; size++) {
        memset(part, '#', sizeof part);
        ck_assert_uint_eq(formula_print(&formula, "; ", part, size), length);
        ck_assert_int_eq(part[size], '#');
        if (size > 0) {
            ck_assert_uint_eq(strlen(part), size - 1);
            ck_assert_int_eq(memcmp(part, whole, size - 1), 0);
        }
    }
    formula_free(&formula);
    formula_free(&formula); /* safe on what is free already */
}
END_TEST

Suite *print_suite(void)
{
    Suite *suite = suite_create("print");
    TCase *tests = tcase_create("print");
    tcase_add_loop_test(tests, print_is_canonical, 0, COUNT(prints));
    tcase_add_test(tests, print_is_cut_like_snprintf);
    suite_add_tcase(suite, tests);
    return suite;
}
