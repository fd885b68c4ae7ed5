"""Every rule a second time, as explicit matrices.

The engine multiplies with transposed weights through torch's own derivative and never holds a layer's matrix. Here each
layer is written out entry by entry from the formula of its operation (loops over positions, numpy, float64), and a rule is
a table of coefficients (inputs x outputs) applied to the relevance above. Nothing of the engine is used but its door, so an
error would have to be made twice, in two different ways, to go unseen.
"""

from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import nn

import lrpgen
from lrpgen.lrp import capture

EPS = 1e-6  # the rules' own default


class Dense(NamedTuple):
    """A layer as matrices over flattened inputs and outputs: weights and links (J, K), bias (K,)."""

    weights: np.ndarray
    links: np.ndarray
    bias: np.ndarray


def flat_index(channel, place, size):
    return int(np.ravel_multi_index((channel, *place), size))


def dense_linear(layer, shape):
    """On (..., features): the same weights for every position in front."""
    rows = int(np.prod(shape[:-1]))
    weights = np.kron(np.eye(rows), layer.weight.detach().numpy().T)
    links = np.kron(np.eye(rows), np.ones_like(layer.weight.detach().numpy().T)) > 0
    return Dense(weights, links, np.tile(layer.bias.detach().numpy(), rows))


def dense_convolution(layer, shape):
    """w[o, i, k] links input place p = stride * q - padding + dilation * k to output place q; transposed: p and q swapped."""
    transposed = isinstance(layer, nn.ConvTranspose1d)
    w = layer.weight.detach().numpy()
    out_shape = tuple(layer(torch.zeros(1, *shape, dtype=torch.float64)).shape[1:])
    kernel, stride, dilation, groups = w.shape[2:], layer.stride, layer.dilation, layer.groups
    padding = layer.padding
    if padding == "same":  # an odd total puts the larger part behind
        padding = [d * (k - 1) // 2 for d, k in zip(dilation, kernel, strict=True)]
    weights = np.zeros((int(np.prod(shape)), int(np.prod(out_shape))))
    links = np.zeros(weights.shape, dtype=bool)
    per_in, per_out = shape[0] // groups, out_shape[0] // groups
    near, far = (shape, out_shape) if transposed else (out_shape, shape)
    for i, o in product(range(shape[0]), range(out_shape[0])):
        if i // per_in != o // per_out:
            continue
        for q, k in product(product(*map(range, near[1:])), product(*map(range, kernel))):
            p = [s * a - b + d * c for s, a, b, d, c in zip(stride, q, padding, dilation, k, strict=True)]
            if not all(0 <= place < n for place, n in zip(p, far[1:], strict=True)):
                continue
            here, there = (q, p) if transposed else (p, q)
            j, m = flat_index(i, here, shape), flat_index(o, there, out_shape)
            weights[j, m] = w[(i, o % per_out, *k)] if transposed else w[(o, i % per_in, *k)]
            links[j, m] = True
    return Dense(weights, links, np.repeat(layer.bias.detach().numpy(), int(np.prod(out_shape[1:]))))


def dense(layer, shape):
    return (dense_linear if isinstance(layer, nn.Linear) else dense_convolution)(layer, shape)


def over(table, d, eps):
    """table[j, k] / d[k], stabilised with the sign of d (sign(0) = 1); without a stabiliser, 0 where d is 0."""
    if eps:
        return table / (d + np.where(d < 0, -eps, eps))
    return np.divide(table, d, out=np.zeros_like(table), where=np.broadcast_to(d != 0, table.shape))


def coefficients(rule, a, layer):
    """(J, K): r = coefficients @ R. The definitions of METHODS, table by table, for inputs of either sign."""
    w, links, b = layer
    c = a[:, None] * w  # contributions
    up, down, z = np.maximum(c, 0), np.minimum(c, 0), c.sum(0) + b
    if rule == "lrp0":
        return over(c, z, 0)
    if rule == "epsilon(0.05)":
        return over(c, z, 0.05)
    if rule == "gamma(0.3)":  # contributions of the output's own sign count 1.3 times, and so does the bias
        above, below = c + 0.3 * up, c + 0.3 * down
        b_above, b_below = b + 0.3 * np.maximum(b, 0), b + 0.3 * np.minimum(b, 0)
        return np.where(z > 0, over(above, above.sum(0) + b_above, EPS), 0) + np.where(
            z < 0, over(below, below.sum(0) + b_below, EPS), 0
        )
    if rule == "zplus":
        return over(up, up.sum(0) + np.maximum(b, 0), EPS)
    if rule == "alpha_beta(2,1)":
        return 2 * over(up, up.sum(0) + np.maximum(b, 0), EPS) - over(down, down.sum(0) + np.minimum(b, 0), EPS)
    if rule == "wsquare":
        return over(w**2, (w**2).sum(0), EPS)
    if rule == "flat":
        return over(links * 1.0, links.sum(0), EPS)
    if rule == "zbox(-2,3)":
        box = c + 2 * np.maximum(w, 0) - 3 * np.minimum(w, 0)
        return over(box, box.sum(0), EPS)
    if rule == "relative":
        return over(c, np.abs(c).sum(0) + np.abs(b), 0)
    assert rule == "relative_layer"
    return over(c, np.full(len(z), np.abs(z).max()), 0)


RULES = ["lrp0", "epsilon(0.05)", "gamma(0.3)", "zplus", "alpha_beta(2,1)", "wsquare", "flat", "zbox(-2,3)",
         "relative", "relative_layer"]  # fmt: skip
DIFFERENCES = ["lrp0", "epsilon(0.05)", "gamma(0.3)", "zplus", "alpha_beta(2,1)", "relative", "relative_layer"]
LAYERS = {
    "linear": (lambda: nn.Linear(5, 4), (5,)),
    "linear by position": (lambda: nn.Linear(3, 2), (4, 3)),
    "conv1d": (lambda: nn.Conv1d(4, 6, 3, stride=2, padding=2, dilation=2, groups=2), (4, 9)),
    "conv1d same": (lambda: nn.Conv1d(2, 3, 4, padding="same"), (2, 7)),
    "conv2d": (lambda: nn.Conv2d(2, 3, (3, 2), stride=(1, 2), padding=(1, 0)), (2, 4, 5)),
    "conv_transpose1d": (lambda: nn.ConvTranspose1d(2, 4, 3, stride=2, padding=1, output_padding=1, groups=2), (2, 4)),
}


@cache
def setting(kind, hidden):
    """Graph, the layer's matrices, and 4 signed inputs, one of them all zero and one with a patch of zeros.

    hidden: a tanh stands in front, so the layer does not read the network's input."""
    make, shape = LAYERS[kind]
    torch.manual_seed(len(kind))
    layer = make().double()
    a = torch.rand(4, *shape, dtype=torch.float64) * 1.8 - 0.9
    a[1] = 0
    a[2].view(-1)[: a[2].numel() // 2] = 0
    model = nn.Sequential(nn.Tanh() if hidden else nn.Identity(), layer).eval()
    return capture(model, a), dense(layer, shape), a.atanh() if hidden else a, a


def weighed(R, z):
    """A target that makes relevance R (numpy, flattened) enter at the output, whose values are z."""
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = torch.from_numpy(np.where(z == 0, 0.0, R / z))
    return lambda y: (y.flatten(1) * slope).sum(1)


def propagated(found, hidden):
    """Relevance at the input of layer 1; at the network's input with its scale, where a relative rule carries one."""
    if hidden:  # nothing has been scaled on the way to the one layer there is
        return found.layers["1"].flatten(1).numpy()
    r = found.relevance.flatten(1)
    return (r if found.log_scale is None else r * found.log_scale.exp()[:, None]).numpy()


def outputs(layer, a):
    return a.flatten(1).numpy() @ layer.weights + layer.bias


def draw(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("kind", LAYERS)
def test_the_matrices_are_the_layers(kind):
    graph, layer, x, a = setting(kind, False)
    found = lrpgen.explain(graph, x, target=lambda y: y.flatten(1).sum(1))
    np.testing.assert_allclose(found.output.flatten(1).numpy(), outputs(layer, a), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("rule", RULES)
def test_one_layer(rule, kind, hidden):
    graph, layer, x, a = setting(kind, hidden)
    R = draw(7, 4, len(layer.bias))
    expected = [coefficients(rule, row, layer) @ r for row, r in zip(a.flatten(1).numpy(), R, strict=True)]
    found = lrpgen.explain(graph, x, target=weighed(R, outputs(layer, a)), composite=rule, layers=["1"])
    np.testing.assert_allclose(propagated(found, hidden), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("rule", DIFFERENCES)
def test_one_layer_against_a_reference(rule, kind, hidden):
    """The same tables, of differences and without biases: r_j = (a_j - a'_j) sum_k w_jk R_k / (z_k - z'_k)."""
    graph, layer, x, a = setting(kind, hidden)
    there = (torch.rand(1, *a.shape[1:], dtype=torch.float64) - 0.5).atanh() if hidden else a[3:] * 0.5 - 0.1
    change = (a - (there.tanh() if hidden else there)).flatten(1).numpy()
    unbiased = layer._replace(bias=np.zeros_like(layer.bias))
    R = draw(8, 4, len(layer.bias))
    expected = [coefficients(rule, row, unbiased) @ r for row, r in zip(change, R, strict=True)]
    target = weighed(R, change @ layer.weights)
    found = lrpgen.explain(graph, x, target=target, composite=rule, reference=there, layers=["1"])
    np.testing.assert_allclose(propagated(found, hidden), expected, rtol=1e-8, atol=1e-11)


# Pruning: which entries go, and the two ways to redistribute, entry by entry.


def kept_entries(r, positive, negative):
    keep = np.ones(len(r), dtype=bool)
    for sign, share in ((1, positive), (-1, negative)):
        ranked = sorted((j for j in range(len(r)) if sign * r[j] > 0), key=lambda j: abs(r[j]))
        running, mass = 0.0, sum(abs(r[j]) for j in ranked)
        for j in ranked[:-1]:
            running += abs(r[j])
            if running > share * mass:
                break
            keep[j] = False
    return keep


def redistributed_by_lambda(r, keep):
    result = np.where(keep, r, 0.0)
    for sign in (1, -1):
        mine = sign * r > 0
        if mine.any():
            result[mine] *= r[mine].sum() / r[mine & keep].sum()
    return result


def redistributed_by_matrix(a, layer, R, r, keep, eps):
    """Column by column and sign by sign; what finds no kept contributor is pooled by its sign over the kept |r| of it."""
    w, _, b = layer
    z = a @ w + b
    result, pools, pooled = np.zeros(len(a)), {1: 0.0, -1: 0.0}, 0.0
    for k in range(w.shape[1]):
        s = 0.0 if z[k] == 0 and not eps else R[k] / (z[k] + (-eps if z[k] < 0 else eps))
        for sign in (1, -1):
            part = np.where(sign * a * w[:, k] > 0, a * w[:, k], 0.0)
            if (part * keep).any():
                result += part * keep * s * part.sum() / (part * keep).sum()
            elif part.any():
                pools[1 if s * part.sum() > 0 else -1] += s * part.sum()
                pooled += abs(s * part.sum())
    for sign, amount in pools.items():
        weights = np.where(keep, np.maximum(sign * r, 0), 0.0)
        weights = weights if weights.any() else np.abs(r) * keep
        if amount:
            result += amount * weights / weights.sum()
    return result, pooled


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("share", [0.25, 0.6, 0.95])
@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("rule", ["lrp0", "epsilon(0.05)"])
def test_one_pruned_layer(rule, hidden, share, kind):
    graph, layer, x, a = setting(kind, hidden)
    R, rows = draw(9, 4, len(layer.bias)), a.flatten(1).numpy()
    base = np.array([coefficients(rule, row, layer) @ up for row, up in zip(rows, R, strict=True)])
    keep = [kept_entries(r, share, share / 2) for r in base]
    eps = 0.05 if "0.05" in rule else 0
    given = zip(rows, R, base, keep, strict=True)
    by_matrix = [
        (r, 0.0) if row_keep.all() else redistributed_by_matrix(row, layer, up, r, row_keep, eps)
        for row, up, r, row_keep in given
    ]
    expected = {
        "lambda": [redistributed_by_lambda(r, row_keep) for r, row_keep in zip(base, keep, strict=True)],
        "matrix": [r for r, _ in by_matrix],
    }
    for way, rows_expected in expected.items():
        prune = lrpgen.Prune(share, redistribute=way, prune_input=True)
        target = weighed(R, outputs(layer, a))
        found = lrpgen.explain(graph, x, target=target, composite=rule, prune=prune, layers=["1"])
        np.testing.assert_allclose(propagated(found, hidden), rows_expected, rtol=1e-8, atol=1e-11)
        if way == "matrix":
            pooled = found.ledger.query("layer == '1'")["pooled"]
            np.testing.assert_allclose(pooled, [p for _, p in by_matrix], rtol=1e-8, atol=1e-11)


# A whole net: the tables one after the other, with what lies between them.

NET_RULES = {
    "lrp0": ("lrp0", "lrp0", "lrp0"),
    "epsilon(0.05)": ("epsilon(0.05)",) * 3,
    "alpha2_beta1,op:linear=lrp0": ("alpha_beta(2,1)", "alpha_beta(2,1)", "lrp0"),
    "lrp0,depth:0=flat,depth:1=gamma(0.3)": ("flat", "gamma(0.3)", "lrp0"),
    "zplus,first=zbox(-2,3),6=epsilon(0.05)": ("zbox(-2,3)", "zplus", "epsilon(0.05)"),
}


def pooled_winners(values, channels):
    """Max-pool by two over (channels, length), flattened: the values that win, and where they stood (the first of equals)."""
    pairs = values.reshape(channels, -1, 2)
    return pairs.max(2).ravel(), (np.arange(pairs[..., 0].size) * 2 + pairs.argmax(2).ravel())


@cache
def net():
    """conv, ReLU, max-pool, conv, ReLU, flatten, linear on 12 positions, with the matrices of its three layers."""
    torch.manual_seed(5)
    model = nn.Sequential(
        nn.Conv1d(4, 5, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool1d(2),
        nn.Conv1d(5, 4, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16, 3),
    )
    model = model.double().eval()
    x = torch.randn(6, 4, 12, dtype=torch.float64)
    x[1] = 0
    layers = [dense(model[0], (4, 12)), dense(model[3], (5, 6)), dense(model[6], (16,))]
    return capture(model, x), layers, x


@pytest.mark.parametrize(
    ("composite", "redistribute"),
    [*product(NET_RULES, [None, "lambda"]), ("lrp0", "matrix"), ("epsilon(0.05)", "matrix")],
)
def test_a_net(composite, redistribute):
    graph, (one, two, three), x = net()
    rules = NET_RULES[composite]
    prune = None if redistribute is None else lrpgen.Prune(0.4, 0.3, redistribute=redistribute)

    def down(rule, a, layer, R):
        r = coefficients(rule, a, layer) @ R
        if prune is None:
            return r
        keep = kept_entries(r, 0.4, 0.3)
        if redistribute == "lambda" or keep.all():
            return redistributed_by_lambda(r, keep)
        return redistributed_by_matrix(a, layer, R, r, keep, 0.05 if "0.05" in rule else 0)[0]

    expected = []
    for sample in x.flatten(1).numpy():
        a1 = np.maximum(sample @ one.weights + one.bias, 0)
        a2, winners = pooled_winners(a1, 5)
        a3 = np.maximum(a2 @ two.weights + two.bias, 0)
        R = np.array([0.0, 1.0, 0.0]) * (a3 @ three.weights + three.bias)
        R = down(rules[1], a2, two, down(rules[2], a3, three, R))
        unpooled = np.zeros_like(a1)
        unpooled[winners] = R
        expected.append(coefficients(rules[0], sample, one) @ unpooled)  # the network's input is not pruned
    found = lrpgen.explain(graph, x, target=1, composite=composite, prune=prune)
    np.testing.assert_allclose(found.relevance.flatten(1).numpy(), expected, rtol=1e-8, atol=1e-11)
