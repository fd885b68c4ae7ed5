"""The relevance store: what goes in comes out, shards join only when they belong together, zeros are cheap."""

import hashlib
import subprocess
import sys

import h5py
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


def test_a_checksum_is_that_of_the_content_not_of_its_batches(tmp_path):
    """Ten regions in one batch, in three, and through shards; then one letter of one name changes."""
    one = batch(10)
    found = [write(tmp_path / "a.h5", [one]), write(tmp_path / "b.h5", cut(one, 3, 9))]
    shards = [write(tmp_path / f"{i}.h5", [part]) for i, part in enumerate(cut(one, 4))]
    gather(shards, tmp_path / "c.h5")
    one.regions.loc[7, "name"] = "R7"
    other = write(tmp_path / "d.h5", [one])
    sums = []
    for path in (*found, tmp_path / "c.h5", other):
        with open_store(path) as store:
            store.verify()
            sums.append(store.attrs["content_sha256"])
    assert sums[0] == sums[1] == sums[2] != sums[3]


def cut(whole, *places):
    """A batch in pieces."""
    edges = [0, *places, len(whole.regions)]
    for rows in map(slice, edges, edges[1:]):
        parts = {key: None if (v := getattr(whole, key)) is None else v[rows] for key in ("start", "spread")}
        keys = ("relevance", "output", "target", "onehot", "multipliers")
        parts |= {key: getattr(whole, key)[rows] for key in keys}
        yield Batch(whole.regions[rows], ledger={k: v[rows] for k, v in whole.ledger.items()}, **parts)


def test_names_of_any_length_and_alphabet(tmp_path):
    names = ["", "β-globin", "x" * 15, "x" * 16, "y" * 500, "z"]
    parts = [batch(1, first=i) for i in range(len(names))]
    for part, name in zip(parts, names, strict=True):
        part.regions["name"] = name
    with open_store(write(tmp_path / "s.h5", parts)) as store:
        store.verify()
        assert store.regions["name"].tolist() == names
        assert store.file["regions/name"].asstr()[1] == "β-globin"


def test_regions_are_found_by_place(tmp_path):
    one = batch(20)  # c:0-6, c:1-7, ...
    one.regions.loc[10:, "chrom"] = "d"
    with open_store(write(tmp_path / "s.h5", [one])) as store:
        assert store.overlapping("c", 6, 8).tolist() == [1, 2, 3, 4, 5, 6, 7]
        assert store.overlapping("d", 0, 11).tolist() == [10]
        assert store.overlapping("d", 0, 10).tolist() == []
        assert store.overlapping("e", 0, 100).tolist() == []
        rows = store.overlapping("d", 12, 13)[::-1]
        np.testing.assert_array_equal(store.relevance(rows), one.relevance[rows].astype(np.float32))


def test_rows_by_slice_number_mask_and_list(tmp_path):
    one = batch(150)
    expected = one.relevance.astype(np.float32)
    with open_store(write(tmp_path / "s.h5", [one])) as store:
        for rows in (slice(5, 9), 7, np.arange(150) % 3 == 0, [149, 0, 0, 70], np.array([], dtype=int)):
            np.testing.assert_array_equal(store.relevance(rows), expected[rows])


def test_wide_windows_have_small_chunks(tmp_path):
    """One region of 100 kb is read without its 63 neighbours."""
    one = batch(2)
    one.relevance = np.zeros((2, 100_000))
    one.onehot = one.multipliers = np.zeros((2, 4, 100_000))
    with open_store(write(tmp_path / "s.h5", [one])) as store:
        chunks = {key: store.file[key].chunks for key in ("relevance", "onehot", "multipliers")}
    assert chunks == {"relevance": (2, 100_000), "onehot": (2, 4, 100_000), "multipliers": (1, 4, 100_000)}


def test_multipliers_too_large_for_their_type_are_refused(tmp_path):
    one = batch(3)
    one.multipliers[1, 0, 0] = 1e5
    with pytest.raises(InputError, match="multipliers of region r1 is too large for 16 bits; explain with --no-mult"):
        write(tmp_path / "s.h5", [one])


def test_version_1_is_still_read(tmp_path):
    """Texts of variable length, no checksum, no shard number."""
    path = write(tmp_path / "s.h5", [batch(5)])
    with h5py.File(path, "r+") as file:
        for name in ("chrom", "name", "strand", "label", "split"):
            values = file[f"regions/{name}"].asstr()[:]
            del file[f"regions/{name}"]
            file.create_dataset(f"regions/{name}", data=values, dtype=h5py.string_dtype())
        file.attrs["version"] = 1
        del file.attrs["content_sha256"]
    assert gather([path, path], tmp_path / "all.h5") == 10
    with open_store(tmp_path / "all.h5") as store:
        assert store.regions["name"].tolist() == [f"r{i}" for i in range(5)] * 2
        assert store.attrs["version"] == 2


READ = """
import hashlib, sys
from lrpgen.relevance.store import open_store
with open_store(sys.argv[1]) as store:
    input()  # all have it open at once
    store.verify()
    print(hashlib.sha256(store.relevance().tobytes()).hexdigest())
"""


def test_many_processes_read_at_once(tmp_path):
    one = batch(300)
    path = write(tmp_path / "s.h5", [one])
    path.chmod(0o444)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    readers = [subprocess.Popen([sys.executable, "-c", READ, path], **pipes) for _ in range(4)]
    said = {reader.communicate("\n", timeout=60)[0].strip() for reader in readers}
    assert said == {hashlib.sha256(one.relevance.astype(np.float32).tobytes()).hexdigest()}


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
    path = tmp_path / "x.h5"
    if content == "other":
        h5py.File(path, "w").close()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=words), open_store(path):
        pass
