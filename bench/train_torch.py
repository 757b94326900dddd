#!/usr/bin/env python3
"""Steps of training in PyTorch: the yardstick for the speed of `spanscope train`.

    train_torch.py LAYERS WIDTH BATCH [PRECISION]        PRECISION single (default) or double

A SpanNorm language model with ReLU and ScaleInit, 2 heads, 32 tokens a sequence, causal mask, learned embeddings and
positions, cross-entropy over 4 symbols, Adam without its own fusions; one thread. Tokens are drawn once: data cost
nothing here. Prints the median milliseconds of processor time of a step (forward, backward, update). Exit status 77: no PyTorch here.
"""
import math
import os
import statistics
import sys
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
try:
    import torch
except (ImportError, OSError) as missing:
    print(f"train_torch.py: PyTorch cannot be imported ({missing})", file=sys.stderr)
    sys.exit(77)

HEADS, TOKENS, SYMBOLS, WARM, STEPS = 2, 32, 4, 3, 15


def norm(x):
    return x * torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + 1e-6)


class Model:
    def __init__(self, layers, width):
        def draw(rows, columns, deviation):
            return (torch.randn(rows, columns) * deviation).requires_grad_()

        unit, deep = 1 / math.sqrt(width), 1 / math.sqrt(layers)
        self.tokens = draw(SYMBOLS, width, math.sqrt(0.5))
        self.positions = draw(TOKENS, width, math.sqrt(0.5))
        self.readout = draw(width, SYMBOLS, unit)
        self.blocks = [(draw(width, 3 * width, unit), draw(width, width, unit * deep), draw(width, 4 * width, unit),
                        draw(4 * width, width, math.sqrt(2 / (4 * width)) * deep)) for _ in range(layers)]
        self.mask = torch.full((TOKENS, TOKENS), -math.inf).triu(1)

    def parameters(self):
        return [self.tokens, self.positions, self.readout] + [matrix for block in self.blocks for matrix in block]

    def attention(self, u, wqkv):
        batch, tokens, width = u.shape
        q, k, v = (part.view(batch, tokens, HEADS, width // HEADS).transpose(1, 2)
                   for part in (u @ wqkv).split(width, dim=-1))
        a = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(width // HEADS) + self.mask, dim=-1)
        return (a @ v).transpose(1, 2).reshape(batch, tokens, width)

    def loss(self, x, y):
        s = self.tokens[x] + self.positions
        for number, (wqkv, wo, w1, w2) in enumerate(self.blocks):
            u = norm(s + self.attention(norm(s) if number == 0 else s, wqkv) @ wo)
            s = norm(s + torch.relu(u @ w1) @ w2)
        return torch.nn.functional.cross_entropy((s @ self.readout).flatten(0, 1), y.flatten())


def main():
    layers, width, batch = (int(text) for text in sys.argv[1:4])
    torch.set_default_dtype(torch.float64 if sys.argv[4:] == ["double"] else torch.float32)
    torch.set_num_threads(1)
    torch.manual_seed(1)
    model = Model(layers, width)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, betas=(0.9, 0.95))
    x, y = (torch.randint(SYMBOLS, (batch, TOKENS)) for _ in range(2))
    seconds = []
    for _ in range(WARM + STEPS):
        start = time.process_time()
        optimiser.zero_grad()
        model.loss(x, y).backward()
        optimiser.step()
        seconds.append(time.process_time() - start)
    print(f"{1e3 * statistics.median(seconds[WARM:]):.6f}")


main()
