#!/usr/bin/env python3
"""One dense sample in PyTorch: the yardstick for the speed of the C engine.

    dense_torch.py [layers [width [heads [tokens [ffn_width]]]]] [single]     defaults 32 512 8 32 4*width, in double

One sample is a SpanNorm stack with ReLU and ScaleInit (c = 1), no mask, i.i.d. cotangent, in double
or single precision on one thread: draw every weight, run forward with autograd, run backward to every block's
output and every matrix, and compute all the statistics of all layers. The weights' memory is
allocated once and drawn anew by each repetition.

Prints the median seconds of three repetitions after one warm-up. Exit status 77: no PyTorch here;
1: a statistic is not finite; 2: usage.
"""
import math
import os
import statistics
import sys
import time

# The BLAS reads these when it is loaded, before torch.set_num_threads can be called.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
try:
    import torch
except (ImportError, OSError) as missing:  # OSError: a shared library of its is broken
    print(f"dense_torch.py: PyTorch cannot be imported ({missing})", file=sys.stderr)
    sys.exit(77)

REPETITIONS = 3
EPSILON = 1e-6


def norm(x):
    return x * torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + EPSILON)


def scales(layers, width, ffn_width):
    """Standard deviation of each matrix: unit gain (E relu(z)^2 = 1/2), last maps by 1/sqrt(L)."""
    unit, deep = 1 / math.sqrt(width), 1 / math.sqrt(layers)
    return {"wq": unit, "wk": unit, "wv": unit, "wo": unit * deep,
            "w1": unit, "w2": math.sqrt(2 / ffn_width) * deep}


def allocate(layers, width, ffn_width):
    shapes = {name: (width, width) for name in ("wq", "wk", "wv", "wo")}
    shapes |= {"w1": (width, ffn_width), "w2": (ffn_width, width)}
    return [{name: torch.empty(shape, requires_grad=True) for name, shape in shapes.items()}
            for _ in range(layers)]


@torch.no_grad()
def draw(blocks, deviation):
    for weights in blocks:
        for name, matrix in weights.items():
            matrix.normal_(0, deviation[name])


def attention(u, weights, heads):
    """Output [T][d] and attention matrices [H][T][T]."""
    tokens, width = u.shape

    def split(y):  # [T][d] -> [H][T][d/H]
        return y.view(tokens, heads, width // heads).transpose(0, 1)

    query, key, value = (split(u @ weights[name]) for name in ("wq", "wk", "wv"))
    scores = query @ key.transpose(1, 2) / math.sqrt(width // heads)
    probability = torch.softmax(scores, dim=-1)
    merged = (probability @ value).transpose(0, 1).reshape(tokens, width)
    return merged @ weights["wo"], probability


def ffn(u, weights):
    return torch.relu(u @ weights["w1"]) @ weights["w2"]


def mean_square(x):
    return x.square().mean().item()


def token_cosine(x):
    """Mean cosine over ordered pairs of different tokens, from the squared sum of unit rows."""
    tokens = x.shape[0]
    unit = x / x.norm(dim=1, keepdim=True)
    return ((unit.sum(dim=0).square().sum() - tokens) / (tokens * (tokens - 1))).item()


def sample(blocks, deviation, heads, tokens):
    """All statistics of one sample, a dictionary a layer; layer 0 is the input."""
    width = blocks[0]["wq"].shape[0]
    draw(blocks, deviation)
    x = torch.randn(tokens, width, requires_grad=True)
    states, rows = [x], [{}]

    for number, weights in enumerate(blocks, start=1):
        # The skip around block 1's attention is the raw input, its reading is normed.
        mixed, probability = attention(norm(x) if number == 1 else x, weights, heads)
        y = norm(x + mixed)
        fed = ffn(y, weights)
        x = norm(x + fed)
        with torch.no_grad():
            power = mean_square(states[-1])
            entropy = torch.special.entr(probability).sum(dim=-1).mean().item()
            rows.append({
                "attention_entropy": entropy,
                "attention_entropy_relative": entropy / math.log(tokens),
                "branch_ratio.attn": mean_square(mixed) / power,
                "branch_ratio.ffn": mean_square(fed) / power,
                "layer_cosine": torch.cosine_similarity(states[-1].flatten(), x.flatten(),
                                                        dim=0).item(),
            })
        states.append(x)

    parameters = [matrix for weights in blocks for matrix in weights.values()]
    gradients = torch.autograd.grad(x, states + parameters, grad_outputs=torch.randn_like(x))

    with torch.no_grad():
        for row, state, gradient in zip(rows, states, gradients):
            row["activation_variance"] = mean_square(state)
            row["token_cosine"] = token_cosine(state)
            row["gradient_variance"] = mean_square(gradient)
            row["gradient_token_cosine"] = token_cosine(gradient)
            row["gradient_specific"] = mean_square(gradient - gradient.mean(dim=0))
        of_weights = iter(gradients[len(states):])
        for row, weights in zip(rows[1:], blocks):
            for name in weights:
                row["weight_gradient_variance." + name] = mean_square(next(of_weights))
    return rows


def sizes(arguments):
    if len(arguments) > 5:
        raise ValueError("at most five sizes")
    layers, width, heads, tokens = (int(given) for given in
                                    arguments[:4] + ["32", "512", "8", "32"][len(arguments):])
    ffn_width = int(arguments[4]) if len(arguments) == 5 else 4 * width
    if min(layers, width, heads, ffn_width) < 1 or tokens < 2:
        raise ValueError("sizes are at least 1, tokens at least 2")
    if width % heads:
        raise ValueError(f"{heads} heads do not divide width {width}")
    return layers, width, heads, tokens, ffn_width


def main():
    words = sys.argv[1:]
    single = words[-1:] == ["single"]
    try:
        layers, width, heads, tokens, ffn_width = sizes(words[:-1] if single else words)
    except ValueError as wrong:
        print(f"dense_torch.py: {wrong}; usage: dense_torch.py "
              "[layers [width [heads [tokens [ffn_width]]]]] [single]", file=sys.stderr)
        return 2
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float32 if single else torch.float64)
    torch.manual_seed(1)
    blocks = allocate(layers, width, ffn_width)
    deviation = scales(layers, width, ffn_width)
    seconds = []
    for _ in range(1 + REPETITIONS):
        start = time.perf_counter()
        rows = sample(blocks, deviation, heads, tokens)
        seconds.append(time.perf_counter() - start)
        if not all(math.isfinite(value) for row in rows for value in row.values()):
            print("dense_torch.py: a statistic is not finite", file=sys.stderr)
            return 1
    print(f"{statistics.median(seconds[1:]):.6f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
