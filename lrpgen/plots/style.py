"""One place for how figures look and how they are saved: no global matplotlib state, the same bytes every time."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..files import atomic, writing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PALETTES = {
    # Okabe-Ito colours: told apart with every common colour vision deficiency.
    "cvd": {"A": "#009E73", "C": "#0072B2", "G": "#E69F00", "T": "#D55E00"},
    "classic": {"A": "#109648", "C": "#255C99", "G": "#F7B32B", "T": "#D62839"},
}
INK, FAINT, LINE = "#222222", "#8a8a8a", "#0072B2"
CYCLE = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9")  # Okabe-Ito, for lines and points
DPI, PRINT_DPI = 150, 300
SUFFIXES = (".svg", ".pdf", ".png")
SETTINGS: Any = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same letters on every machine
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.linewidth": 0.8,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "none",  # text stays text: searchable, editable
    "svg.hashsalt": "lrpgen",  # ids that do not change from run to run
    "pdf.fonttype": 42,  # TrueType: text that other programs can edit
}


def colours(palette: str) -> dict[str, str]:
    """Letter -> colour. Raises `InputError` for an unknown palette."""
    if palette not in PALETTES:
        raise InputError(f"there is no palette {palette!r}; choose one of {', '.join(PALETTES)}")
    return PALETTES[palette]


@contextlib.contextmanager
def styled() -> Iterator[None]:
    """matplotlib's settings for the block only; draw and save inside."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # nothing of a user's matplotlibrc: figures do not depend on who draws them
        matplotlib.rcParams.update(SETTINGS)
        yield


def new_figure(width: float, height: float) -> Figure:
    """A figure of `width` x `height` inches that no global state knows of. Call inside `styled`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, stem: Path) -> None:
    """Write `stem`.svg and `stem`.png, byte for byte the same for the same figure."""
    with styled():
        _write(figure, Path(f"{stem}.svg"))
        _write(figure, Path(f"{stem}.png"))


def save_all(figures: dict[str, Figure], folder: Path) -> None:
    """Write each figure into `folder`, which is made where there is none, under its name."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, figure in figures.items():
            save(figure, folder / name)


def check_suffix(path: Path) -> None:
    """Raise `InputError` unless the name of a figure says how it is written: one of SUFFIXES."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path} does not end in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}; name the figure so")


def save_as(figure: Figure, path: Path) -> None:
    """Write one file, SVG, PDF or PNG (at PRINT_DPI) by its suffix, whole or not at all; the same bytes every time."""
    check_suffix(path)
    with atomic(path) as tmp, styled():
        _write(figure, tmp, PRINT_DPI)


def _write(figure: Figure, path: Path, dpi: int = DPI) -> None:
    kind = path.suffix.lower().removeprefix(".")
    if kind == "svg":
        text = io.StringIO()
        figure.savefig(text, format="svg", dpi=dpi, metadata={"Date": None, "Creator": None})
        path.write_text(_shorter(text.getvalue()), encoding="utf-8")
    else:
        nameless = {"CreationDate": None, "Creator": None, "Producer": None} if kind == "pdf" else {"Software": None}
        figure.savefig(path, format=kind, dpi=dpi, metadata=nameless)


def _shorter(svg: str) -> str:
    """Paths in hundredths of a point, one line each: letters as outlines take less than half the bytes."""

    def path(match: re.Match[str]) -> str:
        rounded = re.sub(r"-?\d+\.\d+", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), match[1])
        return f' d="{" ".join(rounded.split())}"'

    return re.sub(r'\sd="([^"]*)"', path, svg)
