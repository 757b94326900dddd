#include <math.h>

#include "explore/lesson_measure.h"

// clang-format off
const struct lesson lessons[] = {
    {.id = "depth", .title = "Sixty-four blocks",
     .question = "Every branch at full strength (init unit), 64 blocks. Which placement keeps the gradient at the input closest in "
                 "size to the gradient at the output?",
     .scene = "placement=prenorm init=unit layers=64", .kind = LESSON_CHOOSE, .measure = &lesson_gradient, .smallest = true,
     .answers = {"PreNorm", "PostNorm", "SpanNorm"},
     .cases = {"placement=prenorm", "placement=postnorm", "placement=spannorm"}, .right = "2", .wrong = "1",
     .reveal = "PreNorm's stream grows from block to block, so a block near the input turns it more than one near the end, and "
               "gradients grow on the way down. The normed streams lose some. But size alone misleads: look at r, where "
               "PostNorm's tokens have all become one."},
    {.id = "factor-two", .title = "A factor of two",
     .question = "PreNorm with ScaleInit, 64 blocks: move c until the gradient at the input is twice the one at the output "
                 "(1.9 to 2.1).",
     .scene = "placement=prenorm init=scaleinit layers=64", .kind = LESSON_FIND, .measure = &lesson_gradient,
     .least = 0.278753600952829, .most = 0.322219294733919, .free = "c", .right = "c=0.87", .wrong = "c=2",
     .reveal = "Each of the 2L branches adds c^2/L to the stream's variance, so c alone sets the growth from end to end, "
               "whatever the depth: try 640 blocks."},
    {.id = "comes-back", .title = "It falls, and comes back",
     .question = "PostNorm with Xavier weights, 64 blocks. The token-specific gradient falls from the output down, and then rises "
                 "again towards the input. At which layer is it smallest?",
     .scene = "placement=postnorm init=xavier layers=64", .kind = LESSON_NUMBER, .measure = &lesson_deepest, .tolerance = 2,
     .right = "37", .wrong = "5",
     .reveal = "Where tokens are all alike (r = 1), softmax attention averages what is specific to a token away, forward and in "
               "reverse. Near the input tokens still differ, and there the gradient of one token's own direction survives."},
    {.id = "one-character", .title = "Break it with one character",
     .question = "SpanNorm, ScaleInit, 64 blocks: change one character of the formula so that two tokens end with a cosine above 0.38 "
                 "(it is 0.25 now).",
     .scene = "placement=spannorm init=scaleinit layers=64", .kind = LESSON_FIND, .measure = &lesson_tokens,
     .least = 0.38, .most = 1, .free = "placement", .edits = 1,
     .right = "placement='first: y = norm(x + attn(norm(x))); x = norm(x + ffn(y)); block: y = norm(x + attn(x)); x = norm(y + ffn(y))'",
     .wrong = "placement='first: y = norm(x + attn(norm(x))); x = norm(x + ffn(y)); block: y = norm(x + attn(x)); x = norm(x + ffn(x))'",
     .reveal = "norm(y + ffn(y)) in place of norm(x + ffn(y)) makes it PostNorm: the one skip that spans the block is gone, and "
               "what attention has averaged is passed on in full."},
    {.id = "repair", .title = "What repairs PostNorm?",
     .question = "PostNorm, 64 blocks. Which initialisation brings the token-specific gradient at the input closest to the one at the "
                 "output?",
     .scene = "placement=postnorm init=unit layers=64", .kind = LESSON_CHOOSE, .measure = &lesson_specific, .smallest = true,
     .answers = {"unit: every branch has gain 1", "Xavier", "ScaleInit: branches times 1/sqrt(L)"},
     .cases = {"init=unit", "init=xavier", "init=scaleinit"}, .right = "3", .wrong = "2",
     .reveal = "With branches of size 1/sqrt(L) the skips carry nearly everything, and it hardly matters where the norm stands: "
               "ScaleInit alone nearly repairs PostNorm."},
    {.id = "loose", .title = "A loose bound",
     .question = "The shaded ceiling on the gradient holds for every stack. For which placement is it loosest at the input (ScaleInit, "
                 "64 blocks)?",
     .scene = "placement=prenorm init=scaleinit layers=64", .kind = LESSON_CHOOSE, .measure = &lesson_slack,
     .answers = {"PreNorm", "PostNorm", "SpanNorm"},
     .cases = {"placement=prenorm", "placement=postnorm", "placement=spannorm"}, .right = "2", .wrong = "3",
     .reveal = "A ceiling takes each branch at its worst. SpanNorm passes the gradient of a block through one skip and two norms "
               "that nearly cancel, so little is left to be guessed."},
    {.id = "collapse", .title = "Make the tokens collapse",
     .question = "SpanNorm, ScaleInit, 64 blocks: by c alone, bring the cosine of two tokens at the end above 0.9.",
     .scene = "placement=spannorm init=scaleinit layers=64", .kind = LESSON_FIND, .measure = &lesson_tokens, .least = 0.9,
     .most = 1, .free = "c", .right = "c=4", .wrong = "c=2",
     .reveal = "Attention averages tokens, and a ReLU moves them closer; each block does so in proportion to its branches, c^2/L. "
               "No norm undoes it. Depth alone does not do it: c does."},
    {.id = "activation", .title = "Which nonlinearity makes tokens alike?",
     .question = "PostNorm, ScaleInit, 64 blocks. With which activation do two tokens end closest together?",
     .scene = "placement=postnorm init=scaleinit layers=64", .kind = LESSON_CHOOSE, .measure = &lesson_tokens,
     .answers = {"identity", "tanh", "GELU", "ReLU"},
     .cases = {"activation=identity", "activation=tanh", "activation=gelu", "activation=relu"}, .right = "4", .wrong = "2",
     .reveal = "What is never negative has a mean that all tokens share. Odd functions (identity, tanh) add nothing in common: "
               "there attention alone draws tokens together."},
    {.id = "growth", .title = "PreNorm's growing stream",
     .question = "PreNorm, branches of gain 1 (init unit), 64 blocks. By what factor does the activation variance grow from the input to "
                 "the end (within 5)?",
     .scene = "placement=prenorm init=unit layers=64", .kind = LESSON_NUMBER, .measure = &lesson_growth, .tolerance = 5,
     .right = "115", .wrong = "64",
     .reveal = "Each block adds two branches of variance at most 1: 1 + 2L = 129 would be the most. Attention's is less than 1 as "
               "long as tokens differ, for it is an average."},
    {.id = "idle", .title = "Layers that do nothing",
     .question = "SpanNorm, ScaleInit: choose a depth at which the last block turns the stream so little that the cosine of the last two "
                 "layers is above 0.999.",
     .scene = "placement=spannorm init=scaleinit layers=64", .kind = LESSON_FIND, .measure = &lesson_turn, .least = 0.999, .most = 1,
     .free = "layers", .right = "layers=640", .wrong = "layers=128",
     .reveal = "A block of size 1/sqrt(L) turns the stream by an angle of about that size: the cosine is 1 - 1/(2L) or so. The price "
               "of a stack that deep networks pass through unharmed is that no layer does much."},
    {.id = "quiet-input", .title = "A quiet input",
     .question = "PreNorm, ScaleInit, 64 blocks: by the input scale alone, make the gradient at the input at least 100 times the one at "
                 "the output.",
     .scene = "placement=prenorm init=scaleinit layers=64", .kind = LESSON_FIND, .measure = &lesson_gradient, .least = 2,
     .most = INFINITY, .free = "input-scale", .right = "input-scale=0.03", .wrong = "input-scale=0.5",
     .reveal = "norm(x) blows a small input up, and its derivative is one over the input's size: the first block's gradient grows "
               "like 1/scale^2. Embeddings that are too small make the first block learn alone."},
};
// clang-format on
const size_t lesson_count = sizeof lessons / sizeof *lessons;
