"""Small random nets for the engine's tests: drawn from a seed, 1-D or 2-D, with everything that breaks hook-based LRP.

Two kinds. `exact` nets have no bias, gate or normalisation and only activations with f(cx) = c f(x), c > 0, so that
lrp0 = gradient * input must hold element by element. The others have all of that, and what must hold is conservation.
"""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

OUTPUTS = 2
LARGEST = 600  # values per sample at which a net stops growing
Shape = tuple[int, ...]  # (channels, *spatial)


class Do(nn.Module):
    """A function of x and some modules, as a module."""

    def __init__(self, function: Callable[..., Tensor], *modules: nn.Module) -> None:
        super().__init__()
        self.function, self.parts = function, nn.ModuleList(modules)

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, *self.parts)


class Constant(nn.Module):
    """Mixes x with a fixed tensor."""

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor], *shape: int) -> None:
        super().__init__()
        self.function = function
        self.register_buffer("value", torch.randn(shape) / math.sqrt(shape[0]))

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, self.value)


class Draw:
    """The dice, and the parts that need them."""

    def __init__(self, seed: int, dims: int, exact: bool) -> None:
        self.random, self.dims, self.exact = random.Random(seed), dims, exact
        self.bias = not exact
        layers = ((nn.Conv1d, nn.ConvTranspose1d, nn.BatchNorm1d), (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d))
        self.conv_type, self.transpose_type, self.norm_type = layers[dims - 1]

    def one(self, *choices):
        return self.random.choice(choices)

    def divisor(self, a: int, b: int) -> int:
        return self.one(*(d for d in range(1, min(a, b) + 1) if a % d == 0 and b % d == 0))

    def same(self, channels: int, out: int | None = None) -> nn.Module:
        """A convolution that keeps the spatial shape."""
        out = out or channels
        groups = self.divisor(channels, out)
        kernel, dilation = self.one(1, 2, 3), self.one(1, 2)
        return self.conv_type(channels, out, kernel, padding="same", dilation=dilation, groups=groups, bias=self.bias)

    def norm(self, channels: int) -> nn.Module:
        """Batch norm with statistics of its own; in an exact net one that only scales."""
        norm = self.norm_type(channels, affine=self.one(True, False))
        norm.running_var.uniform_(0.3, 3)
        if norm.affine:
            nn.init.uniform_(norm.weight, 0.3, 2)
        if not self.exact:
            norm.running_mean.uniform_(-1, 1)
            if norm.affine:
                nn.init.uniform_(norm.bias, -1, 1)
        return norm

    def activation(self) -> nn.Module:
        exact = (
            nn.ReLU(),
            nn.ReLU(),
            nn.LeakyReLU(0.1),
            Do(F.relu),
            Do(lambda x: torch.relu(x)),
            Do(lambda x: x.clamp(min=0)),
        )
        others = (
            nn.GELU(),
            nn.SiLU(),
            nn.ELU(),
            nn.Softplus(),
            nn.Tanh(),
            Do(torch.sigmoid),
            Do(torch.exp),
            nn.Hardtanh(),
        )
        return self.one(*exact) if self.exact or self.one(0, 1) else self.one(*others)

    def any_conv(self, channels: int) -> nn.Module:
        """Stride, padding, dilation and groups as they fall."""
        out = self.one(2, 3, 4, 6)
        options = {"stride": self.one(1, 2, 3), "padding": self.one(0, 1, 2), "dilation": self.one(1, 2)}
        groups = self.divisor(channels, out)
        if self.one(0, 0, 1):
            options["output_padding"] = self.one(0, max(options["stride"], options["dilation"]) - 1)
            return self.transpose_type(channels, out, self.one(2, 3), groups=groups, bias=self.bias, **options)
        return self.conv_type(channels, out, self.one(1, 2, 3, 4), groups=groups, bias=self.bias, **options)

    def keeps(self, shape: Shape) -> nn.Module:
        """A step that keeps the shape, so that it can stand inside a skip."""
        c, last = shape[0], shape[-1]
        conv, again = self.same(c), self.same(c)
        routes = [
            Do(lambda x: x.flip(-1)),
            Do(lambda x: x.flip(1).flip(-1)),
            Do(lambda x: torch.roll(x, 1, -1)),
            Do(lambda x: x.flatten(2).transpose(1, 2).transpose(1, 2).reshape(x.shape)),
            Do(lambda x: torch.cat(list(x.split(1, 1))[::-1], 1)),
            Do(lambda x: F.pad(x, (1, 2))[..., 1:-2]),
            Do(lambda x: torch.stack(x.unbind(1)[::-1], 1)),
            nn.Dropout(0.5),
        ]
        linear = [
            nn.Sequential(conv, nn.ReLU(inplace=True)),
            nn.Sequential(conv, self.norm(c), nn.ReLU(inplace=True)),
            nn.Sequential(self.norm(c), conv),
            Do(lambda x, f, g: f(g(F.relu(f(x)))), conv, again),
            Do(lambda x, f: f(x) - f(x.flip(-1)).flip(-1), conv),
            Do(lambda x, f, g: torch.sub(f(x), g(x), alpha=0.5), conv, again),
            Do(lambda x, f: f(x).mul_(0.5).add_(x), conv),
            Do(lambda x, f: F.relu_(f(x)) + x, conv),
            nn.Linear(last, last, bias=self.bias),
            Constant(lambda x, w: torch.matmul(x.transpose(1, -1), w).transpose(1, -1), c, c),
            Constant(lambda x, w: x * w, c, *[1] * self.dims),
            Constant(lambda x, w: x / (2 + w.abs()), last),
            Do(lambda x: -0.7 * x),
            Do(lambda x: x.cumsum(-1) * 0.5),
            Do(lambda x: x - 0.5 * x.mean(-1, keepdim=True)),
            Do(lambda x: x - x.amax(1, keepdim=True) * 0.5),
        ]
        pools = (F.max_pool1d, F.avg_pool1d) if self.dims == 1 else (F.max_pool2d, F.avg_pool2d)
        linear += [Do(lambda x, pool=pool: pool(x, 3, 1, 1)) for pool in pools]
        if self.exact:
            return self.one(*routes, *linear, *linear)
        groups = self.divisor(c, c)
        loud = [
            Do(lambda x, f, g: g(x) * torch.sigmoid(f(x)), conv, again),
            Do(lambda x, f, g: torch.sigmoid(f(x)) * g(x), conv, again),
            Do(lambda x, f, g: g(x) * f(x).mean(-1, keepdim=True).sigmoid(), conv, again),
            Do(lambda x, f: x.mean(-1, keepdim=True) * f(x).sigmoid(), conv),
            nn.LayerNorm(shape[-1:]),
            nn.LayerNorm(shape, elementwise_affine=False),
            nn.GroupNorm(groups, c),
            nn.Sequential(conv, nn.GroupNorm(1, c), nn.GELU()),
            Constant(lambda x, w: x + w, c, *[1] * self.dims),
            Do(lambda x: 1 - x),
            Do(lambda x: F.pad(x, (1, 1), value=0.5)[..., 2:]),
        ]
        return self.one(*routes, *linear, *loud, *loud)

    def step(self, shape: Shape) -> nn.Module:
        c, d = shape[0], self.dims
        kind = self.one("keep", "act", "act", "skip", "skip", "two", "conv", "conv", "conv", "pool", "route")
        if kind == "keep":
            return self.keeps(shape)
        if kind == "act":
            return nn.Sequential(self.same(c, self.one(2, 4)), self.activation())
        if kind == "skip":
            return Do(lambda x, f, g: x + g(f(x)), self.keeps(shape), self.keeps(shape))
        if kind == "two":
            return Do(lambda x, f, g: torch.cat([f(x), g(x), x[:, :1]], 1), self.keeps(shape), self.keeps(shape))
        if kind == "conv":
            return self.any_conv(c)
        if kind == "pool":
            return self.pool(d)
        return self.one(
            Do(lambda x: x[..., 1:]),
            Do(lambda x: x[..., ::2]),
            Do(lambda x: x[:, -2:]),
            Do(lambda x: F.pad(x, (2, 1))),
            Do(lambda x: F.pad(x, (-1, 1))),
            Do(lambda x: x.select(1, 0).unsqueeze(1)),
            Do(lambda x: F.interpolate(x, scale_factor=2)),
            Do(lambda x: x.repeat(1, 2, *[1] * d)),
            Do(lambda x: x.transpose(1, 2)),
            Do(lambda x: torch.index_select(x, 1, torch.tensor([0, 0])))
            if self.one(0, 1)
            else Do(lambda x: x.narrow(1, 0, 1)),
        )

    def pool(self, d: int) -> nn.Module:
        one = d == 1
        return self.one(
            (nn.MaxPool1d if one else nn.MaxPool2d)(self.one(2, 3), self.one(1, 2), ceil_mode=self.one(True, False)),
            (nn.MaxPool1d if one else nn.MaxPool2d)(3, 2, padding=1),
            (nn.MaxPool1d if one else nn.MaxPool2d)(2, 1, dilation=2),
            (nn.AvgPool1d if one else nn.AvgPool2d)(2, ceil_mode=self.one(True, False)),
            (nn.AvgPool1d if one else nn.AvgPool2d)(3, 2, padding=1, count_include_pad=self.one(True, False)),
            (nn.AdaptiveAvgPool1d if one else nn.AdaptiveAvgPool2d)(self.one(2, 3)),
            (nn.AdaptiveMaxPool1d if one else nn.AdaptiveMaxPool2d)(self.one(2, 3)),
        )

    def head(self, shape: Shape) -> nn.Module:
        """Global pool or flatten, then a dense layer written in one of several ways."""
        dims = tuple(range(2, 2 + self.dims))
        squeeze, features = self.one(
            (Do(lambda x: x.mean(dims)), shape[0]),
            (Do(lambda x: x.amax(dims)), shape[0]),
            (Do(lambda x: x.sum(dims) * 0.3), shape[0]),
            (Do(lambda x: x.max(-1).values.flatten(1)), math.prod(shape[:-1])),
            (
                Do(lambda x: (F.adaptive_avg_pool1d if len(dims) == 1 else F.adaptive_avg_pool2d)(x, 1).flatten(1)),
                shape[0],
            ),
            (nn.Flatten(), math.prod(shape)),
            (Do(lambda x: x.reshape(x.shape[0], -1)), math.prod(shape)),
        )
        dense = self.one(
            nn.Linear(features, OUTPUTS, bias=self.bias),
            nn.Sequential(
                nn.Linear(features, 4, bias=self.bias), nn.ReLU(inplace=True), nn.Linear(4, OUTPUTS, bias=self.bias)
            ),
            Constant(lambda x, w: x @ w, features, OUTPUTS),
            Constant(lambda x, w: torch.mm(x, w), features, OUTPUTS),
        )
        return nn.Sequential(squeeze, dense)


class RandomNet(nn.Module):
    """One net from one seed: input (N, *shape), output (N, OUTPUTS)."""

    def __init__(self, seed: int, shape: Shape, exact: bool) -> None:
        super().__init__()
        torch.manual_seed(seed)  # of the weights
        draw = Draw(seed, len(shape) - 1, exact)
        self.steps = nn.ModuleList()
        probe = torch.randn(2, *shape)
        self._try(draw.step(shape) if draw.one(0, 0, 1) else nn.Sequential(draw.same(shape[0], 4), nn.ReLU()), probe)
        for _ in range(draw.one(2, 3, 4, 5)):
            now = self.eval()(probe)
            self._try(draw.step(tuple(now.shape[1:])), now)
        now = self.eval()(probe)
        self.steps.append(draw.head(tuple(now.shape[1:])))
        for norm in (module for module in self.modules() if isinstance(module, nn.LayerNorm | nn.GroupNorm)):
            if norm.weight is not None:
                nn.init.normal_(norm.weight)
                nn.init.normal_(norm.bias)
        self.double().eval()

    @torch.no_grad()
    def _try(self, step: nn.Module, x: Tensor) -> None:
        """Keep a step unless the value it makes is too small to go on with, or too large."""
        try:
            with warnings.catch_warnings(action="ignore"):  # 'same' with an even kernel copies its input, and says so
                found = step.eval()(x)
        except RuntimeError:  # a window larger than what it looks at
            return
        if min(found.shape) > 0 and found.shape[-1] > 3 and found[0].numel() <= LARGEST:
            self.steps.append(step)

    def forward(self, x: Tensor) -> Tensor:
        for step in self.steps:
            x = step(x)
        return x


class Forest(nn.Module):
    """Several nets on one input, so that one capture serves them all: net i owns outputs i*OUTPUTS to (i+1)*OUTPUTS."""

    def __init__(self, seeds: range, shape: Shape, exact: bool) -> None:
        super().__init__()
        self.nets = nn.ModuleList(RandomNet(seed, shape, exact) for seed in seeds)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([net(x) for net in self.nets], 1)
