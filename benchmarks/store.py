"""How relevance is laid out on disk: size, time to write and time to read one window, by the share of zeros.

Writes benchmarks/store.json. Relevance is that of test windows of the embedded default, explained for their own class
by a network trained for four epochs. Times are the shortest of REPEATS. Zeros come in two ways: `rank` sets the share p of
smallest magnitudes of each window to zero; `pruned` is what PLRP itself leaves when it prunes the share p of the mass at
the input too.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

from lrpgen.files import write_json
from lrpgen.lrp import Prune, capture, explain
from lrpgen.models import load_model
from lrpgen.models.training import Training, train
from lrpgen.provenance import versions
from lrpgen.sequences import WindowOptions, make_windows, open_windows

ROOT = Path(__file__).parents[1]
DATA = ROOT / "data" / "hla"
SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9)
WINDOWS, COPIES, READS, REPEATS, ROWS = 1024, 8, 400, 1, 64
GZIP: dict[str, Any] = {"compression": "gzip", "compression_opts": 4, "shuffle": True}
Reader = Callable[[Any, int], np.ndarray]


def dense(file: Any, r: np.ndarray, **packing: Any) -> Reader:
    """(N, L) as it is, in chunks of 64 windows."""
    file.create_dataset("relevance", data=r, chunks=(ROWS, r.shape[1]), **packing)
    return lambda file, row: file["relevance"][row]


def rows(file: Any, r: np.ndarray) -> Reader:
    """Compressed sparse rows: values, their positions, and where each window ends."""
    row, position = np.nonzero(r)
    chunk = (min(ROWS * r.shape[1], len(row)),)
    file.create_dataset("value", data=r[row, position], chunks=chunk, **GZIP)
    file.create_dataset("position", data=position.astype(np.uint16), chunks=chunk, **GZIP)
    file.create_dataset("end", data=np.cumsum((r != 0).sum(1)), chunks=(4096,), **GZIP)

    def read(file: Any, row: int) -> np.ndarray:
        start, end = (0, file["end"][0]) if row == 0 else file["end"][row - 1 : row + 1]
        found = np.zeros(r.shape[1], np.float32)
        found[file["position"][start:end]] = file["value"][start:end]
        return found

    return read


def bits(file: Any, r: np.ndarray) -> Reader:
    """One bit per base, the values of those that are not zero, and where each window ends."""
    file.create_dataset("there", data=np.packbits(r != 0, axis=1), chunks=(ROWS, -(-r.shape[1] // 8)), **GZIP)
    file.create_dataset("value", data=r[r != 0], chunks=(min(ROWS * r.shape[1], int((r != 0).sum())),), **GZIP)
    file.create_dataset("end", data=np.cumsum((r != 0).sum(1)), chunks=(4096,), **GZIP)

    def read(file: Any, row: int) -> np.ndarray:
        start, end = (0, file["end"][0]) if row == 0 else file["end"][row - 1 : row + 1]
        found = np.zeros(r.shape[1], np.float32)
        found[np.unpackbits(file["there"][row], count=r.shape[1]).astype(bool)] = file["value"][start:end]
        return found

    return read


LAYOUTS: dict[str, Callable[[Any, np.ndarray], Reader]] = {
    "dense": dense,
    "dense, gzip": lambda file, r: dense(file, r, **GZIP),
    "sparse rows, gzip": rows,
    "bit mask, gzip": bits,
}


def measure(r: np.ndarray, folder: Path) -> dict[str, dict[str, float]]:
    """Bytes per window on disk, microseconds to write and to read one (a random one, alone), by layout."""
    found: dict[str, dict[str, float]] = {}
    chosen = np.random.default_rng(1).integers(0, len(r), READS)
    for name, layout in REPEATS * list(LAYOUTS.items()):
        path = folder / "r.h5"
        begun = time.perf_counter()
        with h5py.File(path, "w") as file:
            read = layout(file, r)
        written = time.perf_counter()
        with h5py.File(path) as file:
            opened = time.perf_counter()
            same = all(np.array_equal(read(file, row), r[row]) for row in chosen)
            done = time.perf_counter()
        assert same, name
        new = {
            "bytes": round(path.stat().st_size / len(r), 1),
            "write_us": round(1e6 * (written - begun) / len(r), 1),
            "read_us": round(1e6 * (done - opened) / READS, 1),
        }
        found[name] = {key: min(value, found.get(name, new)[key]) for key, value in new.items()}
    return found


def without_smallest(r: np.ndarray, share: float) -> np.ndarray:
    """The share of smallest magnitudes of each window set to zero."""
    drop = np.argsort(np.abs(r), axis=1)[:, : round(share * r.shape[1])]
    found = r.copy()
    np.put_along_axis(found, drop, 0, axis=1)
    return found


def example(folder: Path, epochs: int) -> tuple[Any, torch.Tensor, torch.Tensor]:
    """A trained network, windows of the test part and their classes."""
    fasta, bed = DATA / "BA000025.2.fa.gz", DATA / "BA000025.2.cds.bed"
    make_windows(WindowOptions("splice-sites", fasta, bed=bed, seed=1), folder / "w.h5")
    train(folder / "w.h5", folder / "m.safetensors", Training(epochs=epochs, seed=1, device="cpu"))
    with open_windows(folder / "w.h5") as windows:
        chosen = windows.rows(split="test")[:WINDOWS]
        return (
            load_model(folder / "m.safetensors"),
            torch.from_numpy(windows.onehot(chosen)),
            torch.from_numpy(windows.targets[chosen]),
        )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--epochs", type=int, default=4)
    epochs = arguments.parse_args().epochs
    torch.set_num_threads(1)
    tables: dict[str, list[dict[str, Any]]] = {"rank": [], "pruned": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model, x, target = example(folder, epochs)
        graph = capture(model, x[:1].float())
        for share in SHARES:
            pruned = Prune(share, share, prune_input=True) if share else None
            plain = explain(graph, x, target=target, device="cpu", batch_size=256).relevance.sum(1).numpy()
            sparse = (
                explain(graph, x, target=target, prune=pruned, device="cpu", batch_size=256).relevance.sum(1).numpy()
            )
            for way, r in (("rank", without_smallest(plain, share)), ("pruned", sparse)):
                many = np.concatenate([np.roll(r, i, axis=1) * np.float32(1 + i / 7) for i in range(COPIES)])
                tables[way].append({"p": share, "zeros": round(float((r == 0).mean()), 3), **measure(many, folder)})
                print(way, tables[way][-1])
    write_json(
        ROOT / "benchmarks" / "store.json",
        {"width": x.shape[2], "windows": WINDOWS * COPIES, "versions": versions(), **tables},
    )


if __name__ == "__main__":
    main()
