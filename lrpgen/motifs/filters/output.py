"""The files of a folder of filters: filters.tsv, filters.meme, filters.h5, logos, summary.json."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pandas as pd

from ... import __version__
from ...files import write_json, write_text
from ...progress import progress
from .. import formats, matrices
from .similarity import SAME, groups, similarity

if TYPE_CHECKING:
    from .run import Found

DIGITS = 6  # significant, of relevance in tables


@dataclass(frozen=True)
class Motif:
    """What the MEME writer reads of a motif."""

    name: str
    pfm: np.ndarray
    seqlets: int


def write_filters(folder: Path, found: Found, origin: dict[str, Any], *, logos: int | None) -> dict[str, Any]:
    """Everything in `folder`; returns what summary.json holds."""
    counts = found.counts
    background = (counts.bases + 1) / (counts.bases + 1).sum()
    names = filter_names(counts.filters)
    ppm = np.stack([matrices.probabilities(pfm, background) for pfm in counts.pfm])
    active = np.flatnonzero(counts.sites > 0)
    similar = np.zeros((counts.filters, counts.filters))  # a filter that is active nowhere is like none
    similar[np.ix_(active, active)] = similarity(ppm[active], background)
    cluster = np.zeros(counts.filters, dtype=int)
    cluster[active] = groups(similar[np.ix_(active, active)])
    table = _table(found, names, ppm, background, similar, cluster)
    drawn = _draw(folder, found, table, background, logos)
    table["logo"] = [f"logos/{name}.svg" if name in drawn else "" for name in names]
    table.to_csv(folder / "filters.tsv", sep="\t", index=False, float_format=f"%.{DIGITS}g")
    motifs: Any = [Motif(names[i], counts.pfm[i], int(counts.sites[i])) for i in active]
    write_text(folder / "filters.meme", formats.meme_text(motifs, background))
    _matrices(folder / "filters.h5", found, names, ppm, background, similar, cluster)
    summary = {
        "layer": found.layer.layer,
        "uses": [{"layer": use.layer, "reverse": use.reverse} for use in found.layer.uses],
        "filters": counts.filters,
        "active": len(active),
        "clusters": int(cluster.max(initial=0)),
        "same_from": SAME,
        "windows": dict(zip(found.groups, counts.windows.tolist(), strict=True)),
        "background": dict(zip("ACGT", background.round(6).tolist(), strict=True)),
        **origin,
        "notes": found.notes,
        "lrpgen_version": __version__,
    }
    write_json(folder / "summary.json", summary)
    return summary


def filter_names(count: int) -> list[str]:
    """filter_00, ...: numbers as in the layer's weights, as many digits as the last one needs."""
    digits = len(str(count - 1))
    return [f"filter_{number:0{digits}d}" for number in range(count)]


def _table(
    found: Found, names: list[str], ppm: np.ndarray, background: np.ndarray, similar: np.ndarray, cluster: np.ndarray
) -> pd.DataFrame:
    """One row per filter, in the order of the weights."""
    counts = found.counts
    active = counts.sites > 0
    overall = counts.relevance.sum(axis=1) / counts.windows.sum()
    others = np.where(np.eye(len(names), dtype=bool), -np.inf, similar)
    near = others.argmax(axis=1)
    has = active & (others.max(axis=1) > 0)
    columns = {
        "filter": names,
        "sites": counts.sites.astype(int),
        "windows": counts.seen.astype(int),
        "effective_sites": counts.effective_sites,
        "max_activation": counts.highest,
        "information_bits": [float(matrices.information(pfm, background).sum()) for pfm in counts.pfm],
        "consensus": [matrices.consensus(one) if ok else "" for one, ok in zip(ppm, active, strict=True)],
        "relevance": overall,
        "share": _share(np.abs(counts.relevance).sum(axis=1)),
        "cluster": np.where(cluster > 0, cluster.astype(object), ""),
        "nearest": [names[i] if ok else "" for i, ok in zip(near, has, strict=True)],
        "correlation": np.where(has, similar[np.arange(len(names)), near], np.nan),
    }
    for at, group in enumerate(found.groups):
        columns[f"relevance.{group}"] = counts.mean[:, at]
        columns[f"sd.{group}"] = counts.sd[:, at]
        columns[f"rank.{group}"] = _ranks(counts.mean[:, at])
    return pd.DataFrame(columns)


def _share(values: np.ndarray) -> np.ndarray:
    total = values.sum()
    return values / total if total > 0 else values


def _ranks(values: np.ndarray) -> np.ndarray:
    """1 for the highest mean relevance; the most negative comes last."""
    rank = np.empty(len(values), dtype=int)
    rank[np.argsort(-values, kind="stable")] = np.arange(1, len(values) + 1)
    return rank


def _matrices(
    path: Path,
    found: Found,
    names: list[str],
    ppm: np.ndarray,
    background: np.ndarray,
    similar: np.ndarray,
    cluster: np.ndarray,
) -> None:
    counts = found.counts
    with h5py.File(path, "w") as file:
        file.attrs["layer"] = found.layer.layer
        file.attrs["background"] = background
        for key, values in (("filters", names), ("classes", found.groups)):
            file[key] = np.array(values, dtype=h5py.string_dtype())
        arrays = {
            "pfm": counts.pfm.astype(np.int64),
            "ppm": ppm,
            "weighted_pfm": counts.weighted,
            "letter_relevance": counts.letter_relevance,
            "sites": counts.sites.astype(np.int64),
            "effective_sites": counts.effective_sites,
            "mean_relevance": counts.mean,
            "sd_relevance": counts.sd,
            "windows": counts.windows,
            "max_activation": counts.highest,
            "similarity": similar,
            "cluster": cluster,
        }
        for key, values in arrays.items():
            file.create_dataset(key, data=values, compression="gzip", shuffle=True)


def _draw(folder: Path, found: Found, table: pd.DataFrame, background: np.ndarray, logos: int | None) -> set[str]:
    """Logos of the filters of the strongest relevance; returns their names."""
    from ...plots.filters import LogoDrawer, ranking_figure
    from ...plots.style import save

    counts = found.counts
    (folder / "logos").mkdir()
    strongest = np.argsort(-np.abs(counts.mean).max(axis=1, initial=0, where=counts.windows > 0), kind="stable")
    chosen = [int(i) for i in strongest if counts.sites[i] > 0][:logos]
    save(ranking_figure(table, found.groups), folder / "ranking")
    with progress("filter logos", len(chosen), "filters") as advance, LogoDrawer() as drawer:
        for i in chosen:
            bits = matrices.information(counts.pfm[i], background)
            ppm = matrices.probabilities(counts.pfm[i], background)
            name = str(table["filter"].iloc[i])
            title = f"{name}: {int(counts.sites[i]):,} sites, mean relevance {table['relevance'].iloc[i]:.3g}"
            drawer.draw(ppm * bits, counts.letter_relevance[i], folder / "logos" / name, title=title)
            advance(1)
    return {str(table["filter"].iloc[i]) for i in chosen}
