"""What other tools' own readers find in an exported folder."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pytest
from modiscolite.cli import _load_input
from planted import plant, write

from lrpgen.errors import InputError
from lrpgen.relevance import export as module
from lrpgen.relevance.export import export

DATA = plant(30, 0.5)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "BASES", 7 * 400)  # several blocks, the last one short
    return write(tmp_path / "store.h5", DATA)


def genomic(row: int) -> str:
    """The + strand under a window, from the genome itself."""
    region = DATA.regions.iloc[row]
    return DATA.genome[region["chrom"]][region["start"] : region["end"]]


def letters(onehot: np.ndarray) -> str:
    return "".join("ACGT"[i] for i in onehot.argmax(axis=0))


def test_modisco_reads_the_arrays_along_the_plus_strand(store: Path, tmp_path: Path) -> None:
    assert export(store, tmp_path / "out", target="site") == 30
    onehot, hypothetical = (_load_input(tmp_path / "out" / name) for name in ("ohe.npz", "hyp.npz"))
    assert onehot.shape == hypothetical.shape == (30, 4, 400)
    assert (onehot.dtype, hypothetical.dtype) == (np.int8, np.float16)
    for name, array in (("ohe.npz", onehot), ("hyp.npz", hypothetical)):
        with np.load(tmp_path / "out" / name) as file:
            np.testing.assert_array_equal(file["arr_0"], array)
    assert [letters(row) for row in onehot] == [genomic(i) for i in range(30)]
    minus = DATA.regions["strand"].tolist().index("-")
    along = DATA.relevance[minus, ::-1].astype(np.float16)  # the window reads the other way
    np.testing.assert_array_equal((hypothetical[minus] * onehot[minus]).sum(axis=0), along)


def test_regions_say_which_row_is_where(store: Path, tmp_path: Path) -> None:
    export(store, tmp_path / "out")
    lines = (tmp_path / "out" / module.REGIONS).read_text().splitlines()
    assert lines[0] == f"chrA\t7\t407\tw0\t0\t{DATA.regions['strand'][0]}\t0\t-1\t-1\t200"
    assert [line.split("\t")[3] for line in lines] == [f"w{i}" for i in range(30)]


def test_chrombpnet_layout(store: Path, tmp_path: Path) -> None:
    export(store, tmp_path / "npz")
    export(store, tmp_path / "out", form="chrombpnet")
    onehot, hypothetical = (_load_input(tmp_path / "npz" / name) for name in ("ohe.npz", "hyp.npz"))
    with h5py.File(tmp_path / "out" / "scores.h5") as file:
        found = {name: np.asarray(file[f"{name}/seq"]) for name in ("raw", "shap", "projected_shap")}
    assert {name: array.dtype.name for name, array in found.items()} == {
        "raw": "int8", "shap": "float16", "projected_shap": "float16"
    }  # fmt: skip
    np.testing.assert_array_equal(found["raw"], onehot)
    np.testing.assert_array_equal(found["shap"], hypothetical)
    np.testing.assert_array_equal(found["projected_shap"], np.where(onehot == 1, hypothetical, 0))
    assert (tmp_path / "out" / module.REGIONS).read_text() == (tmp_path / "npz" / module.REGIONS).read_text()


@pytest.mark.parametrize("form", ["modisco", "chrombpnet"])
def test_memory_does_not_follow_the_windows(tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BASES", 50 * 400)
    peaks = []
    for windows in (100, 800):
        store = write(tmp_path / f"{windows}.h5", plant(windows, 0.5))
        tracemalloc.start()
        export(store, tmp_path / f"{windows}.{form}", form=form)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]  # eight times the windows


def test_bad_input(store: Path, tmp_path: Path) -> None:
    bare = write(tmp_path / "bare.h5", DATA, multipliers=False)
    for sentence, arguments in {
        "holds no multipliers to export": {"store": bare},
        "has no class 'sites'; choose one of other, site, none": {"store": store, "target": "sites"},
        "explains no window for class 'other'": {"store": store, "target": "other"},
        "no format 'bpnet'; choose one of modisco, chrombpnet": {"store": store, "form": "bpnet"},
    }.items():
        with pytest.raises(InputError, match=sentence):
            export(output=tmp_path / "out", **arguments)
    assert not (tmp_path / "out").exists()
