"""Seqlets of a store with a null: error rates, blocks, and what a null must be."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from planted import NEGATIVE, POSITIVE, WIDTH, Planted, plant, read_bed, write

from lrpgen.errors import InputError
from lrpgen.motifs import calling
from lrpgen.motifs.calling import call_store
from lrpgen.motifs.qvalues import q_values
from lrpgen.motifs.reading import explained, open_null
from lrpgen.motifs.run import find_motifs
from lrpgen.relevance.store import open_store

SHUFFLED = {"shuffled": 240}


def test_q_by_hand() -> None:
    """Real 5 4 3 1, null 3.5 2 in as much data: (1 + null as strong) / (real as strong), least over the weaker."""
    q = q_values(np.array([3.0, 5.0, 1.0, 4.0]), np.array([2.0, 3.5]), share=1.0)
    assert q == pytest.approx([2 / 3, 1 / 2, 3 / 4, 1 / 2])
    assert q_values(np.array([3.0, 5.0, 1.0, 4.0]), np.array([2.0, 3.5]), share=10.0) == pytest.approx(
        [2 / 30, 1 / 20, 3 / 40, 1 / 20]
    )


def test_q_of_ties_and_of_none() -> None:
    assert q_values(np.array([2.0, 2.0]), np.array([2.0]), share=1.0).tolist() == [1.0, 1.0]
    assert q_values(np.array([2.0, 2.0]), np.array([]), share=1.0).tolist() == [0.5, 0.5]
    assert len(q_values(np.array([]), np.array([1.0]), share=1.0)) == 0


def test_q_is_the_error_rate_where_it_is_known() -> None:
    """Half signal, half noise drawn as the null is: among calls with q <= 0.1, about 10 % are noise."""
    random = np.random.default_rng(5)
    noise, signal = random.exponential(1, 4000), random.exponential(1, 4000) + 3
    q = q_values(np.concatenate([noise, signal]), random.exponential(1, 8000), share=2.0)
    called = q <= 0.1
    assert called[:4000].sum() / called.sum() == pytest.approx(0.1, abs=0.02)
    assert called[4000:].mean() > 0.95


def with_bumps(data: Planted, seed: int) -> Planted:
    """Spans that mean nothing but are called: four of six bases in each window, up to half as relevant as a motif's."""
    random = np.random.default_rng(seed)
    for i in range(len(data.relevance)):
        for start in random.permutation([173, 181, 189, 197, 376, 388])[:4]:  # where `plant` puts no motif
            start = start if data.regions["strand"][i] == "+" else WIDTH - start - 6
            data.relevance[i, start : start + 6] = random.uniform(-0.5, 0.5)
    return data


def planted_null(path: Path, seed: int, **attrs: object) -> Path:
    """Windows without motifs: what else is in `plant`, and bumps."""
    data = plant(240, 0.3, seed)
    data.relevance[np.abs(data.relevance) > 0.5] = 0.02
    return write(path, with_bumps(data, seed), **{"source": SHUFFLED, **attrs})


@pytest.mark.parametrize("zeros", [0.3, 0.9])
def test_with_a_null_the_planted_places_pass_and_little_else(tmp_path: Path, zeros: float) -> None:
    data = with_bumps(plant(60, zeros, seed=1), 7)
    store = write(tmp_path / "r.h5", data)
    summary = find_motifs(store, "site", tmp_path / "out", null=planted_null(tmp_path / "null.h5", 2))
    rows = read_bed(tmp_path / "out" / "seqlets.bed")
    for motif, sign in ((POSITIVE, "+"), (NEGATIVE, "-")):
        found = {(row[0], int(row[1]), int(row[2])) for row in rows if row[8] == sign}
        planted = {place[:3] for place in data.places[motif]}
        assert planted <= found
        assert len(found - planted) <= 0.1 * len(found)  # 5 % on average
    assert all(float(row[10]) <= 0.05 for row in rows)
    assert summary["called"]["positive"] > 1.5 * summary["seqlets"]["positive"] >= 90
    assert summary["null"]["windows"] == 240


def test_when_nothing_passes_a_note_says_so(tmp_path: Path) -> None:
    data = plant(60, 0.3, seed=1)
    data.relevance[np.abs(data.relevance) > 0.5] = 0.02
    null = planted_null(tmp_path / "null.h5", 2)
    summary = find_motifs(write(tmp_path / "r.h5", with_bumps(data, 7)), "site", tmp_path / "out", null=null)
    assert summary["seqlets"] == {"positive": 0, "negative": 0}
    assert any("shuffles have as strong ones" in note for note in summary["notes"])
    assert (tmp_path / "out" / "seqlets.bed").read_text() == ""


def test_blocks_only_change_the_ranks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = plant(90, 0.8, seed=3)
    path, null = write(tmp_path / "r.h5", data), planted_null(tmp_path / "null.h5", 4)
    with open_store(path) as store, open_null(null, store, "site") as shuffled:
        whole = call_store(explained(store, "site"), shuffled)
        monkeypatch.setattr(calling, "BASES", 31 * store.width)
        parts = call_store(explained(store, "site"), shuffled)
    assert parts.zero_share == whole.zero_share == pytest.approx(0.8, abs=0.001)
    assert parts.bases.tolist() == whole.bases.tolist() == data.onehot.sum(axis=(0, 2)).tolist()
    np.testing.assert_allclose(parts.mean, whole.mean, atol=1e-9)
    np.testing.assert_allclose(whole.mean, (data.onehot * data.relevance[:, None]).mean(axis=0), atol=1e-6)
    for called in (whole, parts):
        passing = called.seqlets[called.seqlets["q"] <= 0.05]
        assert set(zip(passing["window"], passing["sign"], strict=True)) >= {(i, "+") for i in range(90)}
        assert len(passing) == len(data.places[POSITIVE]) + len(data.places[NEGATIVE])


@pytest.mark.parametrize(
    ("attrs", "message"),
    [
        ({"source": {}}, "explains real windows; make a null with `lrpgen explain --shuffled N`"),
        ({"model_sha256": "another"}, "differs from .* in model_sha256"),
        ({"method": {"composite": "gamma"}}, "differs from .* in method"),
    ],
)
def test_a_null_that_does_not_fit(tmp_path: Path, attrs: dict[str, object], message: str) -> None:
    path, null = write(tmp_path / "r.h5", plant(12, 0.9)), planted_null(tmp_path / "null.h5", 1, **attrs)
    with pytest.raises(InputError, match=message):
        find_motifs(path, "site", tmp_path / "out", null=null)
    assert not (tmp_path / "out").exists()


PEAK = """
import json, resource, sys
from lrpgen.motifs.run import find_motifs
import lrpgen.motifs.grouping, lrpgen.plots.logos, tangermeme.seqlet, torch
find_motifs(sys.argv[1], "site", sys.argv[1] + ".warm")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
find_motifs(sys.argv[2], "site", sys.argv[2] + ".out")
print(json.dumps((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024))
"""


@pytest.mark.slow
def test_memory_does_not_hold_the_windows(tmp_path: Path) -> None:
    """40,000 windows of 400 bp: 16 MB of letters a byte each, 64 MB of relevance, 256 MB of multipliers as floats, and as
    much again for contributions. The same motifs once in a hundred windows."""
    from lrpgen.relevance import store

    data = plant(400, 0.9)
    quiet = np.zeros_like(data.relevance)
    small, large = write(tmp_path / "small.h5", data), tmp_path / "large.h5"
    with open_store(small) as source:
        batch = source.batch(slice(None))
        with store.create(large, source.attrs) as writer:
            for part in range(100):
                batch.relevance = data.relevance if part == 50 else quiet
                writer.append(batch)
            writer.layers(source.ledger_names())
    run = subprocess.run([sys.executable, "-c", PEAK, str(small), str(large)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]
    assert json.loads(run.stdout.splitlines()[-1]) < 200  # MB
