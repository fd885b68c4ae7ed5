from pathlib import Path

import numpy as np
import pytest
from toy import plain_reverse_complement

from lrpgen.errors import InputError
from lrpgen.sequences import Genome, Tiles
from lrpgen.sequences.onehot import decode_array

CONTIGS = {"a": "ACGTTGCANCCATGGATTACAGG", "tiny": "ACG", "b": "TTTGCACA", "exact": "GATTA"}


@pytest.fixture
def genome(tmp_path: Path) -> Genome:
    path = tmp_path / "g.fa"
    path.write_text("".join(f">{name}\n{sequence}\n" for name, sequence in CONTIGS.items()))
    return Genome(path)


def by_hand(width: int, stride: int) -> list[tuple[str, int, str]]:
    rows = []
    for name, sequence in CONTIGS.items():
        starts = list(range(0, len(sequence) - width + 1, stride))
        if starts and starts[-1] + width < len(sequence):
            starts.append(len(sequence) - width)
        rows += [(name, start, strand) for start in starts for strand in "+-"]
    return rows


@pytest.mark.parametrize(("width", "stride"), [(5, 1), (5, 2), (5, 5), (5, 7), (3, 2), (8, 100)])
def test_all_tiles(genome: Genome, width: int, stride: int):
    tiles = Tiles(genome, width, stride)
    expected = by_hand(width, stride)
    assert len(tiles) == len(expected)
    regions, onehot = tiles.batch(range(len(tiles)))
    assert list(zip(regions["chrom"], regions["start"], regions["strand"], strict=True)) == expected
    assert set(regions["end"].to_numpy() - regions["start"].to_numpy()) == {width}
    for (name, start, strand), row in zip(expected, onehot, strict=True):
        letters = CONTIGS[name][start : start + width]
        assert decode_array(row) == (letters if strand == "+" else plain_reverse_complement(letters))


def test_any_order_gives_the_same_tiles(genome: Genome):
    tiles = Tiles(genome, 5, 2)
    regions, onehot = tiles.batch(range(len(tiles)))
    order = np.random.default_rng(0).permutation(len(tiles))
    shuffled, mixed = tiles.batch(order)
    assert np.array_equal(mixed, onehot[order])
    assert shuffled["name"].tolist() == regions["name"].to_numpy()[order].tolist()
    empty, nothing = tiles.batch(range(0))
    assert (len(empty), nothing.shape) == (0, (0, 4, 5))


def test_far_tiles_do_not_read_what_lies_between(genome: Genome, monkeypatch: pytest.MonkeyPatch):
    tiles = Tiles(genome, 5, 1)
    real, read = genome.onehot, []
    monkeypatch.setattr(genome, "onehot", lambda c, s, e: read.append((s, e)) or real(c, s, e))
    tiles.batch(np.array([0, 2, 30]))
    assert read == [(0, 6), (15, 20)]


def test_what_has_no_tiles(genome: Genome):
    assert Tiles(genome, 5, 1).skipped == {"tiny": 3}
    with pytest.raises(InputError, match="no contig is as long as the width 24"):
        Tiles(genome, 24, 1)
    with pytest.raises(InputError, match="at least 1"):
        Tiles(genome, 5, 0)
    with pytest.raises(InputError, match="does not exist"):
        Tiles(genome, 5, 1).batch(np.array([10_000]))
