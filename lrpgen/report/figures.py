"""Figures as inline SVG strings: curves, training history, split picture, ledger. Colours come from the page's CSS.

Every text that enters is escaped; every figure carries an `aria-label` with its numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

from .collect import SPLIT_BINS, SPLITS, Contig
from .ledger import Ledger
from .numbers import NARROW, count, number, offset, share, signed

LETTERS = "ACGT"
WIDEST = 26  # pixels of a letter in a logo of few
LABEL = 22  # characters that fit beside a bar


@dataclass(frozen=True)
class Line:
    """One curve. `style` is a CSS class (c0, c1, ... for classes); `level` a horizontal reference (base rate).

    `mark`: index of a point to dot; `dots`: dot them all.
    """

    x: Sequence[float]
    y: Sequence[float]
    style: str
    level: float | None = None
    mark: int | None = None
    dots: bool = False


@dataclass(frozen=True)
class Frame:
    """Plot area in the SVG's units and the data range it shows."""

    width: int = 340
    height: int = 260
    left: int = 44
    right: int = 12
    top: int = 12
    bottom: int = 40
    x: tuple[float, float] = (0.0, 1.0)
    y: tuple[float, float] = (0.0, 1.0)

    def px(self, value: float) -> float:
        span = (self.x[1] - self.x[0]) or 1
        return self.left + (value - self.x[0]) / span * (self.width - self.left - self.right)

    def py(self, value: float) -> float:
        span = (self.y[1] - self.y[0]) or 1
        return self.height - self.bottom - (value - self.y[0]) / span * (self.height - self.top - self.bottom)


def svg(width: float, height: float, label: str, body: str, css: str = "", fit: str = "") -> Markup:
    """Wrap shapes into an accessible, scaling SVG; `fit`: further attributes that say how it scales."""
    box = f'class="figure {css}" viewBox="0 0 {width:g} {height:g}" {fit}'
    return Markup(f'<svg {box} role="img" aria-label="{escape(label)}">{body}</svg>')


def chart(
    lines: Sequence[Line], frame: Frame, x_label: str, y_label: str, label: str, diagonal: bool = False
) -> Markup:
    """A line chart with ticks on both axes."""
    parts = [_axes(frame, x_label, y_label)]
    if diagonal:
        parts.append(_segment(frame, 0, 0, 1, 1, "reference"))
    for line in lines:
        if line.level is not None:
            parts.append(_segment(frame, frame.x[0], line.level, frame.x[1], line.level, f"level {line.style}"))
    for line in lines:
        points = " ".join(f"{frame.px(x):.1f},{frame.py(y):.1f}" for x, y in zip(line.x, line.y, strict=True))
        parts.append(f'<polyline class="curve {line.style}" points="{points}"/>')
        marked = range(len(line.x)) if line.dots else [] if line.mark is None else [line.mark]
        for i in marked:
            x, y = frame.px(line.x[i]), frame.py(line.y[i])
            parts.append(f'<circle class="mark {line.style}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
    return svg(frame.width, frame.height, label, "".join(parts))


def bars(counts: np.ndarray, span: tuple[float, float], label: str) -> Markup:
    """A histogram: `counts` (B,) in equal columns over `span`, a dashed line at 0, the largest count as only tick."""
    frame = Frame(height=110, left=30, top=10, bottom=24, x=span, y=(0, max(1, int(counts.max(initial=0)))))
    column = (span[1] - span[0]) / max(len(counts), 1)
    parts = [
        f'<rect class="bar" x="{frame.px(span[0] + i * column):.1f}" y="{frame.py(float(n)):.1f}" '
        f'width="{frame.px(column) - frame.px(0) - 0.5:.2f}" height="{frame.py(0) - frame.py(float(n)):.1f}"/>'
        for i, n in enumerate(counts)
        if n
    ]
    parts.append(_segment(frame, span[0], 0, span[1], 0, "grid"))
    parts.append(
        f'<text class="tick" x="{frame.left - 5}" y="{frame.top + 8}" text-anchor="end">{count(frame.y[1])}</text>'
    )
    for value in ticks(*span):
        x, name = frame.px(value), signed(value) if value else "0"
        parts.append(f'<text class="tick" x="{x:.1f}" y="{frame.height - 8}" text-anchor="middle">{name}</text>')
    parts.append(_segment(frame, 0, 0, 0, frame.y[1], "middle"))
    return svg(frame.width, frame.height, label, "".join(parts), "places")


def layers_chart(ledger: Ledger) -> Markup:
    """Per layer, from the output down: relevance that arrives, is handed on, and the share of the mass pruned there."""
    row, left, width = 34, 165, 960
    ends = [value for layer in ledger.layers for value in (layer.sum_in, layer.sum_out)]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    scale, y = (width - left - 380) / ((high - low) or 1), 4.0
    zero = left - low * scale
    parts = []
    for layer in ledger.layers:
        name = shortened(layer.name or layer.op)
        parts.append(f'<text class="row" x="{left - 10}" y="{y + 15:.1f}" text-anchor="end">{escape(name)}</text>')
        for css, value, at in (("score", layer.sum_in, y), ("bases", layer.sum_out, y + 11)):
            x, w = zero + min(0, value) * scale, max(abs(value) * scale, 1)
            parts.append(f'<rect class="fall-{css}" x="{x:.1f}" y="{at:.1f}" width="{w:.1f}" height="10"/>')
        lost = f", {share(layer.dropped)} of the mass pruned" if layer.dropped else ""
        absorbed = f", {number(layer.bias + layer.epsilon + layer.stranded)} absorbed"
        said = f"{number(layer.sum_in)} in, {number(layer.sum_out)} out{absorbed}{lost}"
        end = zero + max(0, layer.sum_in, layer.sum_out) * scale
        parts.append(f'<text class="value" x="{end + 8:.1f}" y="{y + 15:.1f}">{said}</text>')
        y += row
    parts.append(f'<line class="zero" x1="{zero:.1f}" x2="{zero:.1f}" y1="0" y2="{y - 8:.1f}"/>')
    label = "Relevance in and out per layer: " + "; ".join(
        f"{layer.name or layer.op} {number(layer.sum_in)} in, {number(layer.sum_out)} out" for layer in ledger.layers
    )
    return svg(width, y, f"{label}.", "".join(parts), "wide")


def _segment(frame: Frame, x0: float, y0: float, x1: float, y1: float, css: str) -> str:
    a, b, c, d = frame.px(x0), frame.py(y0), frame.px(x1), frame.py(y1)
    return f'<line class="{css}" x1="{a:.1f}" y1="{b:.1f}" x2="{c:.1f}" y2="{d:.1f}"/>'


def _axes(frame: Frame, x_label: str, y_label: str) -> str:
    parts = []
    for value in ticks(*frame.y):
        y = frame.py(value)
        parts.append(
            f'<line class="grid" x1="{frame.left}" x2="{frame.width - frame.right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        parts.append(f'<text class="tick" x="{frame.left - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
    for value in ticks(*frame.x):
        x = frame.px(value)
        y = frame.height - frame.bottom + 16
        parts.append(f'<text class="tick" x="{x:.1f}" y="{y}" text-anchor="middle">{value:g}</text>')
    middle = (frame.left + frame.width - frame.right) / 2
    parts.append(
        f'<text class="axis" x="{middle:.1f}" y="{frame.height - 6}" text-anchor="middle">{escape(x_label)}</text>'
    )
    across = (frame.top + frame.height - frame.bottom) / 2
    turned = f'transform="translate(11 {across:.1f}) rotate(-90)"'
    parts.append(f'<text class="axis" {turned} text-anchor="middle">{escape(y_label)}</text>')
    return "".join(parts)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round values between low and high, at most about + 1 of them."""
    span = high - low
    if not np.isfinite(span) or span <= 0:
        return [low]
    raw = span / about
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(float(power * m) for m in (1, 2, 5, 10) if power * m >= raw * 0.999)
    first = np.ceil(low / step - 1e-9)
    return [float(f"{(first + i) * step:.10g}") for i in range(int((high - first * step) / step + 1e-9) + 1)]


def padded(values: Sequence[float]) -> tuple[float, float]:
    """Range of `values` with a little air, for an axis."""
    low, high = min(values), max(values)
    air = 0.06 * ((high - low) or abs(high) or 1)
    return low - air, high + air


def split_picture(contig: Contig, split: dict) -> Markup:
    """One contig from end to end: columns of windows per bin, coloured by part; boundaries for a split by position."""
    width, height, base = 960, 92, 64
    tallest = max(1, int(contig.bins.sum(0).max()))
    parts = [f'<rect class="spine" x="0" y="{base}" width="{width}" height="3"/>']
    column = width / SPLIT_BINS
    for i in range(SPLIT_BINS):
        y = float(base)
        for row, name in enumerate(SPLITS):
            h = contig.bins[row, i] / tallest * (base - 4)
            if h:
                y -= h
                x = i * column
                box = f'x="{x + 0.5:.1f}" y="{y:.1f}" width="{column - 1:.1f}" height="{h:.1f}"'
                parts.append(f'<rect class="part-{name}" {box}/>')
    if split.get("kind") == "position":
        for key in ("validation_start", "test_start"):
            value = split.get(key)
            if value is not None and 0 < value < contig.length:
                x = value / contig.length * width
                parts.append(f'<line class="boundary" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{base + 6}"/>')
    for value in ticks(0, contig.length, 6):
        x, anchor = value / contig.length * width, "start" if value == 0 else "middle"
        parts.append(f'<text class="tick" x="{x:.1f}" y="{base + 20}" text-anchor="{anchor}">{_bases(value)}</text>')
    numbers = ", ".join(f"{count(contig.bins[row].sum())} {name}" for row, name in enumerate(SPLITS))
    if split.get("kind") == "none":
        numbers = count(contig.windows)
    return svg(width, height, f"Windows along {contig.name}: {numbers}.", "".join(parts), "wide")


def _bases(value: float) -> str:
    for unit, size in (("Mb", 1e6), ("kb", 1e3)):
        if value >= size:
            return f"{value / size:g}{NARROW}{unit}"
    return f"{value:g}"


def waterfall(ledger: Ledger, ends: str = "bases") -> Markup:
    """From the class score down to what the input is made of: one bar per layer that absorbed something, then what arrived."""
    steps = [(f"{layer.name or layer.op}", layer.bias, layer.epsilon + layer.stranded) for layer in ledger.layers]
    steps = [step for step in steps if abs(step[1]) + abs(step[2]) > 1e-4 * abs(ledger.score)]
    edges, running = [0.0, ledger.score, ledger.relevance], ledger.score
    for _, bias, other in steps:
        running -= bias + other
        edges.append(running)
    low, high = min(edges), max(edges)
    row, left, width = 26, 165, 960
    scale = (width - left - 90) / ((high - low) or 1)
    parts, y, running = [], 4.0, ledger.score

    def bar(name: str, start: float, stop: float, css: str) -> None:
        nonlocal y
        x, w = left + (min(start, stop) - low) * scale, max(abs(stop - start) * scale, 1)
        value = number(stop - start) if css in ("score", "bases") else signed(stop - start)
        parts.append(
            f'<text class="row" x="{left - 10}" y="{y + 15:.1f}" text-anchor="end">{escape(shortened(name))}</text>'
        )
        parts.append(f'<rect class="fall-{css}" x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{row - 8}" rx="2"/>')
        parts.append(f'<text class="value" x="{x + w + 6:.1f}" y="{y + 14:.1f}">{value}</text>')
        y += row

    bar("class score", 0, ledger.score, "score")
    for name, bias, other in steps:
        if bias:
            bar(f"{name}: bias", running, running - bias, "bias")
            running -= bias
        if abs(other) > 1e-4 * abs(ledger.score):
            bar(f"{name}: epsilon", running, running - other, "epsilon")
            running -= other
    bar(f"on the {ends}", 0, ledger.relevance, "bases")
    label = (
        f"Class score {number(ledger.score)}; on the {ends} {number(ledger.relevance)}; biases {number(ledger.bias)}."
    )
    return svg(width, y + 2, label, "".join(parts), "wide")


def shortened(name: str) -> str:
    """The end of a long layer name, which tells layers apart: '…dense_1.linear: bias'."""
    return name if len(name) <= LABEL else f"\u2026{name[1 - LABEL :]}"


def logo(matrix: np.ndarray, label: str, css: str = "", origin: int | None = None, tall: int = 100) -> Markup:
    """Letters scaled by `matrix` (4, W): positive stacks up, negative hang down, the largest outermost.

    origin : column that is +1 on a ruler below; None for no ruler. tall : height of the letters' area; a column is 20
        wide.
    """
    cell = 20
    up, down = np.clip(matrix, 0, None).sum(0), np.clip(-matrix, 0, None).sum(0)
    top, bottom = float(up.max(initial=0)), float(down.max(initial=0))
    unit = tall / ((top + bottom) or 1)
    zero = top * unit
    parts = [f'<line class="zero" x1="0" x2="{cell * matrix.shape[1]}" y1="{zero:.1f}" y2="{zero:.1f}"/>']
    for i in range(matrix.shape[1]):
        parts += _column(matrix[:, i], i * cell, cell, zero, unit)
    if origin is not None:
        parts.append(_ruler(matrix.shape[1], origin, cell, tall))
    height = tall + 4 if origin is None else tall + 24
    most = WIDEST * matrix.shape[1]
    fit = f'style="max-width:{most}px;min-width:min(640px,{most}px)"'
    if origin is None:  # a card gives every pattern the same height: letters become narrower in long ones
        fit = f'preserveAspectRatio="none" style="max-width:{most}px"'
    return svg(cell * matrix.shape[1], height, label, "".join(parts), f"logo {css}", fit)


def _ruler(columns: int, origin: int, cell: int, tall: int) -> str:
    """A line before column `origin`, and every tenth place from it (in a narrow window every fifth)."""
    x, gap = cell * origin, 10 if columns > 30 else 5
    parts = [f'<line class="middle" x1="{x}" x2="{x}" y1="0" y2="{tall + 6}"/>']
    for i in range(columns):
        place = i - origin + 1 if i >= origin else i - origin
        if place == 1 or place % gap == 0:
            anchor = "start" if i == 0 else "end" if i == columns - 1 else "middle"
            x = cell * {"start": i, "middle": i + 0.5, "end": i + 1}[anchor]
            parts.append(
                f'<text class="tick" x="{x:g}" y="{tall + 18}" text-anchor="{anchor}">{offset(i, origin)}</text>'
            )
    return "".join(parts)


def _column(values: np.ndarray, x: float, cell: float, zero: float, unit: float) -> list[str]:
    parts = []
    above = below = zero
    for base in np.argsort(np.abs(values), kind="stable"):
        h = abs(float(values[base])) * unit
        if h < 0.4:
            continue
        letter = LETTERS[base]
        if values[base] > 0:
            above -= h
            place = f"translate({x:g} {above:.1f}) scale({cell / 100:g} {h / 100:.4f})"
        else:
            place = f"translate({x:g} {below + h:.1f}) scale({cell / 100:g} {-h / 100:.4f})"
            below += h
        parts.append(f'<use href="#glyph-{letter}" class="base-{letter}" transform="{place}"/>')
    return parts
