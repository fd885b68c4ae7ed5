"""The relevance store: what goes in comes out, shards join only when they belong together, zeros are cheap."""

import numpy as np
import pandas as pd
import pytest

from lrpgen.errors import InputError
from lrpgen.relevance.gathering import gather
from lrpgen.relevance.store import LEDGER_COLUMNS, Batch, create, open_store

ATTRS = {
    "classes": ["donor", "decoy"],
    "method": {"composite": "epsilon"},
    "model_sha256": "m",
    "width": 6,
    "seed": 1,
    "source": {},
}


def batch(n, first=0, seed=0):
    random = np.random.default_rng(seed + first)
    start = np.arange(first, first + n)
    regions = pd.DataFrame({"chrom": "c", "start": start, "end": start + 6, "name": [f"r{i}" for i in start]})
    regions = regions.assign(score=0.0, strand="+", label="donor", split="test")
    return Batch(
        regions=regions,
        relevance=random.normal(size=(n, 6)),
        output=random.normal(size=(n, 2)),
        target=np.zeros(n),
        ledger={column: random.normal(size=(n, 3)) for column in LEDGER_COLUMNS},
        onehot=random.integers(0, 2, (n, 4, 6)),
        multipliers=random.normal(size=(n, 4, 6)),
    )


def write(path, batches, **attrs):
    with create(path, {**ATTRS, **attrs}) as writer:
        for part in batches:
            if writer.rows == 0:
                writer.layers({"layer": ["a", "b", "c"], "op": ["conv1d"] * 3, "rule": ["epsilon"] * 3})
            writer.append(part)
    return path


def test_round_trip(tmp_path):
    parts = [batch(3), batch(70, first=3)]
    with open_store(write(tmp_path / "s.h5", parts)) as store:
        assert len(store) == 73
        assert store.width == 6
        assert store.classes == ["donor", "decoy"]
        np.testing.assert_array_equal(store.relevance(slice(3, 73)), parts[1].relevance.astype(np.float32))
        np.testing.assert_array_equal(store.multipliers([0, 2]), parts[0].multipliers[[0, 2]].astype(np.float16))
        np.testing.assert_array_equal(store.ledger("sum_in", slice(0, 3)), parts[0].ledger["sum_in"].astype(np.float32))
        assert store.regions["name"].tolist() == [f"r{i}" for i in range(73)]
        assert store.regions["start"].tolist() == list(range(73))
        assert store.ledger_names()["layer"] == ["a", "b", "c"]


def test_gather_keeps_order_and_content(tmp_path):
    parts = [batch(5), batch(4, first=5), batch(1, first=9)]
    shards = [write(tmp_path / f"{i}.h5", [part]) for i, part in enumerate(parts)]
    empty = write(tmp_path / "empty.h5", [])
    assert gather([empty, *shards], tmp_path / "all.h5") == 10
    with open_store(tmp_path / "all.h5") as store:
        assert store.regions["name"].tolist() == [f"r{i}" for i in range(10)]
        expected = np.concatenate([part.relevance for part in parts]).astype(np.float32)
        np.testing.assert_array_equal(store.relevance(), expected)


@pytest.mark.parametrize(("key", "value"), [("model_sha256", "other"), ("method", {"composite": "lrp0"}), ("seed", 2)])
def test_gather_refuses_shards_made_otherwise(tmp_path, key, value):
    shards = [write(tmp_path / "a.h5", [batch(2)]), write(tmp_path / "b.h5", [batch(2)], **{key: value})]
    with pytest.raises(InputError, match=key):
        gather(shards, tmp_path / "all.h5")
    assert not (tmp_path / "all.h5").exists()


def test_a_failure_leaves_the_previous_store(tmp_path):
    path = write(tmp_path / "s.h5", [batch(3)])
    before = path.read_bytes()
    bad = batch(2)
    bad.relevance[1, 3] = np.nan
    with pytest.raises(InputError, match="r1 is not finite"):
        write(path, [bad])
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["s.h5"]


def test_zeros_cost_next_to_nothing(tmp_path):
    random = np.random.default_rng(1)
    dense = random.normal(size=(500, 300))
    sizes = []
    for relevance in (dense, np.where(random.random(dense.shape) < 0.95, 0, dense)):
        part = batch(500)
        part.onehot = part.multipliers = None
        part.relevance = relevance
        with open_store(write(tmp_path / "s.h5", [part])) as store:
            sizes.append(store.file["relevance"].id.get_storage_size())
    assert sizes[1] < 0.15 * sizes[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "does not exist"),
        (b"", "is empty"),
        (b"text, no HDF5", "not a readable HDF5"),
        ("other", "not a relevance"),
    ],
)
def test_what_is_no_store_is_refused(tmp_path, content, words):
    import h5py

    path = tmp_path / "x.h5"
    if content == "other":
        h5py.File(path, "w").close()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=words), open_store(path):
        pass
