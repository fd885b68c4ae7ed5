"""A grammar: which motifs are planted, how often, where, and what label follows from them. Read from YAML or JSON."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..files import existing
from ..motifs.matrixfile import Known, Library, open_jaspar, read_jaspar, read_meme
from ..sequences.onehot import encode_array
from .background import Background
from .logic import Counts, read_logic

HERE = Path(__file__).parent
DEFAULT = HERE / "default.yaml"
SCHEMA = HERE / "grammar.schema.yaml"


@dataclass(frozen=True)
class Count:
    """How many of something a region gets: evenly `low` to `high`, or Poisson of `mean`, or one in a `share` of regions."""

    low: int = 0
    high: int = 0
    mean: float | None = None
    share: float | None = None

    @classmethod
    def of(cls, value: Any) -> Count:
        if isinstance(value, dict):
            return cls(mean=value.get("poisson"), share=value.get("share"))
        return cls(value, value) if isinstance(value, int) else cls(*value)

    def draw(self, regions: int, random: np.random.Generator) -> np.ndarray:
        """int64 (regions,). A share is met exactly, up to rounding, by regions in random order."""
        if self.share is not None:
            return (random.permutation(regions) < round(self.share * regions)).astype(np.int64)
        if self.mean is not None:
            return random.poisson(self.mean, regions)
        return random.integers(self.low, self.high, size=regions, endpoint=True)


@dataclass(frozen=True)
class Motif:
    """ppm (4, W); `strand` both, + or - of the region; `position` the bases [first, last) of the region it lies in."""

    source: str
    ppm: np.ndarray
    consensus: bool
    shuffled: bool
    count: Count
    strand: str
    position: tuple[int, int]
    weight: float

    @property
    def width(self) -> int:
        return self.ppm.shape[1]


@dataclass(frozen=True)
class Pair:
    """`second` follows `first` after `spacing` bp, in the direction that `first` reads on `strand`; `orientation` is that
    of `second` to `first`: same, opposite or any."""

    first: str
    second: str
    spacing: tuple[int, int]
    orientation: str
    count: Count
    strand: str
    position: tuple[int, int]
    weight: float


@dataclass(frozen=True)
class Grammar:
    """Everything a simulation needs but its seed. `positive` tells the class from counts, or `value` names the output."""

    text: str
    regions: int
    width: int
    gap: int
    contigs: int
    minus: float
    spacing: int
    background: Background
    motifs: dict[str, Motif]
    pairs: dict[str, Pair]
    positive: Callable[[Counts], np.ndarray] | None
    value: str | None
    noise: float

    @cached_property
    def weights(self) -> dict[str, float]:
        return {name: one.weight for name, one in {**self.motifs, **self.pairs}.items()}


def read_grammar(path: str | os.PathLike[str] = DEFAULT) -> Grammar:
    """The grammar of a YAML or JSON file; files that it names are looked for beside it.

    Raises `InputError` with the place of the key for whatever does not fit, and what the library's reader raises.
    """
    import yaml

    path = Path(path)
    try:
        text = existing(path, "grammar").read_text(encoding="utf-8")
        content = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"grammar {path} is not valid YAML ({' '.join(str(error).split())}); correct it") from error
    _check(path, content)
    width = content.get("width", 200)
    motifs = _motifs(path, content, width)
    pairs = {name: _pair(f"{path}: pairs.{name}", one, width, motifs) for name, one in content.get("pairs", {}).items()}
    if both := motifs.keys() & pairs.keys():
        raise InputError(f"{path}: {min(both)} is both a motif and a pair; give each its own name")
    label = content["label"]
    logic = read_logic(label["class"], [*motifs, *pairs], f"{path}: label.class") if "class" in label else None
    return Grammar(
        text=text,
        regions=content.get("regions", 4000),
        width=width,
        gap=content.get("gap", 50),
        contigs=content.get("contigs", 4),
        minus=content.get("minus", 0.5),
        spacing=content.get("spacing", 2),
        background=_background(path, content.get("background", {"gc": 0.5})),
        motifs=motifs,
        pairs=pairs,
        positive=logic,
        value=label.get("value"),
        noise=float(label.get("noise", 0)),
    )


def _check(path: Path, content: Any) -> None:
    """Raise `InputError` for the deepest thing that the schema does not allow."""
    import yaml
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))).iter_errors(content))
    if error is None:
        return
    while error.parent is not None and "description" not in _mapping(error.schema):
        error = error.parent
    place = ".".join(str(part) for part in error.absolute_path) or "the file"
    if error.validator in ("additionalProperties", "required"):
        raise InputError(f"{path}: {place}: {error.message}; give {_mapping(error.schema).get('description')}")
    shown = repr(error.instance)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    raise InputError(f"{path}: {place} is {shown}, not {_mapping(error.schema).get('description')}; correct it")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _background(path: Path, content: dict[str, Any]) -> Background:
    if "gc" in content:
        return Background.of_gc(content["gc"])
    return Background.of_fasta(path.parent / content["fasta"], content.get("order", 1))


def _motifs(path: Path, content: dict[str, Any], width: int) -> dict[str, Motif]:
    entries = content["motifs"]
    known: dict[str, Known] = {}
    if any("matrix" in entry for entry in entries.values()):
        library = _library(path, content)
        known = {one.id: one for one in library.motifs}
        for name, entry in entries.items():
            if "matrix" in entry and entry["matrix"] not in known:
                raise InputError(
                    f"{path}: motifs.{name}.matrix: {library.source} has no {entry['matrix']}{_near(entry['matrix'], known)}"
                )
    return {name: _motif(f"{path}: motifs.{name}", entry, width, known) for name, entry in entries.items()}


def _library(path: Path, content: dict[str, Any]) -> Library:
    source = content.get("library", "jaspar")
    if source != "jaspar":
        return read_meme(path.parent / source)
    taxon = content.get("taxon", "vertebrates")
    return read_jaspar(open_jaspar(content.get("release"), taxon), taxon)


def _near(wanted: str, known: Mapping[str, Known]) -> str:
    same = [one for one in known if one.split(".")[0] == wanted.split(".")[0]]
    return f", but {same[0]}; write that or name another release" if same else "; choose an id that it has"


def _motif(place: str, entry: dict[str, Any], width: int, known: Mapping[str, Known]) -> Motif:
    source = entry.get("matrix") or entry["sequence"]
    ppm = known[source].ppm if "matrix" in entry else encode_array(source).astype(np.float64)
    return Motif(
        source=source,
        ppm=ppm,
        consensus=entry.get("draw") == "consensus",
        shuffled=entry.get("shuffled", False),
        count=_count(place, entry["count"]),
        strand=entry.get("strand", "both"),
        position=_position(place, entry, width, ppm.shape[1]),
        weight=float(entry.get("weight", 1)),
    )


def _pair(place: str, entry: dict[str, Any], width: int, motifs: dict[str, Motif]) -> Pair:
    for key in ("first", "second"):
        if entry[key] not in motifs:
            raise InputError(f"{place}.{key}: there is no motif {entry[key]}; name one of {', '.join(motifs)}")
    spacing = _ordered(f"{place}.spacing", entry["spacing"])
    longest = motifs[entry["first"]].width + spacing[1] + motifs[entry["second"]].width
    return Pair(
        first=entry["first"],
        second=entry["second"],
        spacing=spacing,
        orientation=entry.get("orientation", "same"),
        count=_count(place, entry["count"]),
        strand=entry.get("strand", "both"),
        position=_position(place, entry, width, longest),
        weight=float(entry.get("weight", 0)),
    )


def _count(place: str, value: Any) -> Count:
    return Count.of(_ordered(f"{place}.count", value) if isinstance(value, list) else value)


def _position(place: str, entry: dict[str, Any], width: int, needed: int) -> tuple[int, int]:
    first, last = _ordered(f"{place}.position", entry.get("position", [0, width]))
    if last > width or last - first < needed:
        raise InputError(
            f"{place}.position: bases {first} to {last} of a region of {width} bp do not hold {needed} bp; "
            "widen the position or the region"
        )
    return first, last


def _ordered(place: str, value: list[int]) -> Any:
    if value[0] > value[1]:
        raise InputError(f"{place}: {value[0]} comes before {value[1]}; write the smaller one first")
    return tuple(value)
