#!/usr/bin/env python3
"""Makes the files beside it: tiny models trained for a few steps by PyTorch autograd in double precision.

    python3 tests/data/training/make.py          (Debian: python3-torch)

Nothing here comes from the project's sources: models, losses and schedules are written from the papers, updates are
torch.optim's and clipping is torch's. Every file holds settings, tokens, initial weights, the gradients of the first
step, the loss of every step, and the weights behind the last.
"""
import math
import os

import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
EPS, STEPS = 1e-6, 4


def rmsnorm(x):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + EPS)


def layernorm(x):
    return torch.nn.functional.layer_norm(x, x.shape[-1:], eps=EPS)


def attention(case, w, l, x):
    B, T, d = x.shape
    H = case["heads"]
    q, k, v = ((x @ w[f"{name}.{l}.0"]).view(B, T, H, d // H).transpose(1, 2) for name in ("wq", "wk", "wv"))
    logits = q @ k.transpose(2, 3) * (case["logits"] / math.sqrt(d / H))
    if case["mask"] == "causal":
        logits = logits.masked_fill(torch.ones(T, T, dtype=torch.bool).triu(1), -math.inf)
    return (torch.softmax(logits, -1) @ v).transpose(1, 2).reshape(B, T, d) @ w[f"wo.{l}.0"]


ACTIVATIONS = {"silu": torch.nn.functional.silu, "gelu": torch.nn.functional.gelu}


def ffn(case, w, l, x, e=0):
    if case["activation"] == "swiglu":
        return (torch.nn.functional.silu(x @ w[f"wg.{l}.{e}"]) * (x @ w[f"w1.{l}.{e}"])) @ w[f"w2.{l}.{e}"]
    return ACTIVATIONS[case["activation"]](x @ w[f"w1.{l}.{e}"]) @ w[f"w2.{l}.{e}"]


def moe(case, w, l, x):
    logits = x @ w[f"wr.{l}.0"]
    best, chosen = logits.topk(case["top-k"], -1)
    p = torch.zeros_like(logits).scatter(-1, chosen, torch.softmax(best, -1))
    return sum(p[..., e : e + 1] * ffn(case, w, l, x, e) for e in range(case["experts"]))


def spannorm(case, w, l, x):
    norm, a, f = case["N"], attention, ffn
    y = norm(x + a(case, w, l, norm(x) if l == 1 else x))
    return norm(x + f(case, w, l, y))


def prenorm(case, w, l, x):
    y = x + attention(case, w, l, case["N"](x))
    return y + ffn(case, w, l, case["N"](y))


def postnorm(case, w, l, x):
    y = case["N"](x + attention(case, w, l, x))
    return case["N"](y + ffn(case, w, l, y))


def mixture(case, w, l, x):
    y = x + attention(case, w, l, case["N"](x))
    return y + moe(case, w, l, case["N"](y))


def adamw(groups, c):
    return torch.optim.AdamW(groups, betas=(0.9, 0.95), eps=1e-8, weight_decay=c["weight_decay"])


def adam(groups, c):
    return torch.optim.Adam(groups, betas=(0.9, 0.95), eps=1e-8, weight_decay=c["weight_decay"])


def momentum(groups, c):
    return torch.optim.SGD(groups, lr=1, momentum=0.9, weight_decay=c["weight_decay"])


def sgd(groups, c):
    return torch.optim.SGD(groups, lr=1, weight_decay=c["weight_decay"])


CASES = {
    "span_silu_adamw": dict(
        placement="spannorm", block=spannorm, activation="silu", norm="rmsnorm", mask="causal",
        optimiser="adamw", make=adamw, rate=0.013, weight_decay=0.17, clip=0.4, warmup=2, decay="linear"),
    "pre_swiglu_momentum": dict(
        placement="y=x+attn(norm(x));x=y+ffn(norm(y));final:x=norm(x)", block=prenorm, final=True,
        activation="swiglu", norm="layernorm", mask="none",
        optimiser="momentum", make=momentum, rate=0.21, weight_decay=0.03, clip=0, warmup=0, decay="cosine"),
    "post_gelu_adam_mup": dict(
        placement="postnorm", block=postnorm, activation="gelu", norm="rmsnorm", mask="causal", base=5,
        optimiser="adam", make=adam, rate=0.011, weight_decay=0.07, clip=0, warmup=3, decay="constant"),
    "post_gelu_sgd_mup": dict(
        placement="postnorm", block=postnorm, activation="gelu", norm="rmsnorm", mask="causal", base=5,
        optimiser="sgd", make=sgd, rate=0.19, weight_decay=0.05, clip=0.7, warmup=0, decay="constant"),
    "moe_silu_adam": dict(
        placement="y=x+attn(norm(x));x=y+moe(norm(y))", block=mixture, activation="silu", norm="rmsnorm",
        mask="causal", experts=5, **{"top-k": 2},
        optimiser="adam", make=adam, rate=0.012, weight_decay=0, clip=0, warmup=0, decay="constant"),
}
SHAPE = dict(layers=2, width=12, heads=3, tokens=5)
F, V, B = 10, 4, 3


def make_weights(case):
    d, T = SHAPE["width"], SHAPE["tokens"]
    w = {"tokens": torch.randn(V, d) * 0.7, "positions": torch.randn(T, d) * 0.6, "readout": torch.randn(d, V) * 0.5}
    for l in range(1, SHAPE["layers"] + 1):
        for name in ("wq", "wk", "wv", "wo"):
            w[f"{name}.{l}.0"] = torch.randn(d, d) * 0.4
        experts = case.get("experts", 1)
        for e in range(experts):
            w[f"w1.{l}.{e}"] = torch.randn(d, F) * 0.4
            if case["activation"] == "swiglu":
                w[f"wg.{l}.{e}"] = torch.randn(d, F) * 0.4
            w[f"w2.{l}.{e}"] = torch.randn(F, d) * 0.5
        if experts > 1:
            w[f"wr.{l}.0"] = torch.randn(d, experts) * 0.4
    return {name: value.requires_grad_() for name, value in w.items()}


def loss_of(case, w, x, y):
    s = w["tokens"][x] + w["positions"]
    for l in range(1, SHAPE["layers"] + 1):
        s = case["block"](case, w, l, s)
    if case.get("final"):
        s = case["N"](s)
    return torch.nn.functional.cross_entropy((s @ w["readout"]).flatten(0, 1), y.flatten(), ignore_index=-1)


def factor(case, step):
    """Of the learning rate."""
    if step < case["warmup"]:
        return (step + 1) / case["warmup"]
    done = (step - case["warmup"]) / (STEPS - case["warmup"])
    return {"constant": 1, "linear": 1 - done, "cosine": 0.5 * (1 + math.cos(math.pi * done))}[case["decay"]]


def class_rate(case, name):
    """Tensor Programs V, Table 3: what the rate of a matrix is multiplied by at m times the base width."""
    m = SHAPE["width"] / case["base"] if "base" in case else 1
    adaptive = case["optimiser"].startswith("adam")
    if name in ("tokens", "positions"):
        return 1 if adaptive else m
    if name == "readout":
        return 1 / m
    return 1 / m if adaptive else 1


def train(case, w, data, write):
    optimiser = case["make"]([{"params": [value], "lr": 1, "name": name} for name, value in w.items()], case)
    for step, (x, y) in enumerate(data):
        optimiser.zero_grad()
        loss = loss_of(case, w, x, y)
        loss.backward()
        write(f"loss.{step}", loss.detach().view(1, 1))
        if step == 0:
            for name, value in w.items():
                write(f"grad_{name}", value.grad)
        if case["clip"] > 0:
            # torch divides by norm + 1e-6; here by the norm, as its paper does
            norm = math.sqrt(sum(float((value.grad**2).sum()) for value in w.values()))
            if norm > case["clip"]:
                for value in w.values():
                    value.grad *= case["clip"] / norm
        for group in optimiser.param_groups:
            group["lr"] = case["rate"] * factor(case, step) * class_rate(case, group["name"])
        optimiser.step()
    for name, value in w.items():
        write(f"after_{name}", value.detach())


def make(number, name, case):
    torch.manual_seed(number)
    case["N"] = rmsnorm if case["norm"] == "rmsnorm" else layernorm
    case["heads"] = SHAPE["heads"]
    case["logits"] = (SHAPE["width"] / case["base"]) ** -0.5 if "base" in case else 1
    w = make_weights(case)
    data = [(torch.randint(V, (B, SHAPE["tokens"])), torch.randint(-1, V, (B, SHAPE["tokens"]))) for _ in range(STEPS)]
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".txt")
    with open(path, "w") as file:
        settings = {key: case[key] for key in ("placement", "activation", "norm", "mask", "experts", "top-k")
                    if key in case}
        for key, value in {**SHAPE, "ffn-width": F, **settings}.items():
            file.write(f"setting {key} {value}\n")
        for key in ("optimiser", "rate", "weight_decay", "clip", "warmup", "decay"):
            file.write(f"{key} {case[key]}\n")
        file.write(f"parametrisation {'mup' if 'base' in case else 'standard'}\nbase {case.get('base', SHAPE['width'])}\n")
        file.write(f"steps {STEPS}\nbatch {B}\nvocabulary {V}\n")

        def write(label, tensor):
            file.write(f"tensor {label} {tensor.shape[0]} {tensor.shape[1]}\n")
            for row in tensor.tolist():
                file.write(" ".join(f"{value:.17g}" for value in row) + "\n")

        for step, (x, y) in enumerate(data):
            write(f"x.{step}", x)
            write(f"y.{step}", y)
        for label, value in w.items():
            write(label, value.detach())
        train(case, w, data, write)


for number, (name, case) in enumerate(CASES.items(), 1):
    make(number, name, case)
