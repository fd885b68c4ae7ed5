"""What a store holds, in the files that TF-MoDISco, chrombpnet's tools and Fi-NeMo read.

Those tools take row i to be region i on the genome's + strand. Windows of the - strand are therefore turned over, and
`interpreted_regions.bed` (chrombpnet's name and ten columns, narrowPeak) says which region each row is. The store is
read block by block: memory does not follow the number of windows.
"""

from __future__ import annotations

import contextlib
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import hdf5
from ..errors import InputError
from ..files import atomic_dir
from ..progress import progress
from .store import Store, open_store

BASES = 1 << 20  # of windows in memory at a time
REGIONS = "interpreted_regions.bed"
Append = Callable[[np.ndarray, np.ndarray], None]  # a block's onehot and multipliers


def export(
    store: str | os.PathLike[str], output: str | os.PathLike[str], *, target: str | None = None, form: str = "modisco"
) -> int:
    """Write the folder `output`, whole or not at all; returns the number of windows in it.

    `form` "modisco": ohe.npz and hyp.npz, each with `arr_0` (N, 4, L), one-hot int8 and hypothetical contributions
    float16. "chrombpnet": scores.h5 with raw/seq int8, shap/seq and projected_shap/seq float16, each (N, 4, L), where
    projected is raw times shap. `target`: only windows explained for this class.
    Raises `InputError` for another form, a store without multipliers, a class it lacks, or no window at all.
    """
    if form not in FORMS:
        raise InputError(f"there is no format {form!r}; choose one of {', '.join(FORMS)}")
    with open_store(Path(store)) as opened:
        if not (opened.has("multipliers") and opened.has("onehot")):
            raise InputError(f"{store} holds no multipliers to export; explain windows (not tiles) with them")
        rows = np.arange(len(opened)) if target is None else opened.explained(target)
        if not len(rows):
            raise InputError(f"{store} holds no windows; explain some with `lrpgen explain`")
        with (
            atomic_dir(output) as folder,
            FORMS[form](folder, (len(rows), 4, opened.width)) as append,
            open(folder / REGIONS, "w", encoding="utf-8") as regions,
            progress("export", len(rows), "windows") as advance,
        ):
            for table, onehot, multipliers in _blocks(opened, rows):
                append(onehot, multipliers)
                _peaks(table, opened.width).to_csv(regions, sep="\t", header=False, index=False)
                advance(len(table))
    return len(rows)


def _blocks(store: Store, rows: np.ndarray) -> Iterator[tuple[pd.DataFrame, np.ndarray, np.ndarray]]:
    """(regions, onehot, multipliers) of `rows`, a block at a time, along the + strand."""
    for block in store.blocks(rows, BASES):
        regions = store.regions_slice(block)
        minus = (regions["strand"] == "-").to_numpy()[:, None, None]
        onehot, multipliers = store.onehot(block), store.multipliers(block)
        yield (
            regions,
            np.where(minus, onehot[:, ::-1, ::-1], onehot),
            np.where(minus, multipliers[:, ::-1, ::-1], multipliers),
        )


def _peaks(regions: pd.DataFrame, width: int) -> pd.DataFrame:
    """narrowPeak of `regions`: the summit is the middle, so that a row's bases are summit - width // 2 and on."""
    score = regions["score"].clip(0, 1000).round().astype(int)
    columns = regions[["chrom", "start", "end", "name"]].assign(score=score, strand=regions["strand"])
    return columns.assign(signal=0, p=-1, q=-1, summit=width // 2)


@contextlib.contextmanager
def _modisco(folder: Path, shape: tuple[int, ...]) -> Iterator[Append]:
    with _npz(folder / "ohe.npz", shape, np.int8) as onehot, _npz(folder / "hyp.npz", shape, np.float16) as multipliers:

        def append(o: np.ndarray, m: np.ndarray) -> None:
            onehot(o)
            multipliers(m)

        yield append


@contextlib.contextmanager
def _npz(path: Path, shape: tuple[int, ...], kind: type) -> Iterator[Callable[[np.ndarray], object]]:
    """What `np.savez_compressed` writes, but in pieces along axis 0, and packed at level 1: as small, twice as fast."""
    header = {"descr": np.lib.format.dtype_to_descr(np.dtype(kind)), "fortran_order": False, "shape": shape}
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("arr_0.npy", "w", force_zip64=True) as member,
    ):
        np.lib.format.write_array_header_1_0(member, header)
        yield lambda piece: member.write(np.ascontiguousarray(piece, dtype=kind).tobytes())


@contextlib.contextmanager
def _chrombpnet(folder: Path, shape: tuple[int, ...]) -> Iterator[Append]:
    with hdf5.create(folder / "scores.h5", {}, ()) as file:
        options: dict[str, Any] = {"chunks": (min(64, shape[0]), *shape[1:]), "compression": "gzip", "shuffle": True}
        kinds = {"raw": np.int8, "shap": np.float16, "projected_shap": np.float16}
        data = {name: file.create_dataset(f"{name}/seq", shape, kind, **options) for name, kind in kinds.items()}
        done = 0

        def append(onehot: np.ndarray, multipliers: np.ndarray) -> None:
            nonlocal done
            block = slice(done, done + len(onehot))
            data["raw"][block] = onehot
            data["shap"][block] = multipliers
            data["projected_shap"][block] = onehot * multipliers
            done = block.stop

        yield append


FORMS = {"modisco": _modisco, "chrombpnet": _chrombpnet}
