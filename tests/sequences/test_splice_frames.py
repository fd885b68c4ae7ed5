"""Splice windows whose boundary is not in the middle, as models of others want them."""

from pathlib import Path
from typing import Any

import pytest
from toy import DECOYS, SITES, UNIT, plain_reverse_complement, write_toy

from lrpgen.errors import InputError
from lrpgen.sequences import WindowOptions, build_windows
from lrpgen.sequences.onehot import decode_array


def options(folder: Path, **changes: Any) -> WindowOptions:
    fasta, bed, _ = write_toy(folder)
    given = {"decoys_per_site": 2, "validation_start": UNIT, "test_start": 2 * UNIT}
    return WindowOptions("splice-sites", fasta, bed, **{**given, **changes})


@pytest.mark.parametrize(("kind", "exon", "intron"), [("acceptor", 3, 20), ("donor", 5, 13), ("donor", 0, 9)])
def test_exon_and_intron_to_the_base(tmp_path: Path, kind: str, exon: int, intron: int):
    # Without parts: cut so short, windows of this genome of C are copies of each other.
    windows = build_windows(options(tmp_path, sites=kind, exon=exon, intron=intron, split="none"))
    sequence = write_toy(tmp_path)[2].upper()
    assert windows.classes == [kind, "decoy"]
    assert windows.width == exon + intron
    assert windows.summary["frame"] == {"exon": exon, "intron": intron}
    assert windows.summary["noncanonical"] == {kind: 0}
    texts = [decode_array(one) for one in windows.onehot]
    for text in texts:
        assert text[exon : exon + 2] == "GT" if kind == "donor" else text[intron - 2 : intron] == "AG"
    expected = set()
    for unit in range(3):
        for group, label in ((SITES, kind), (DECOYS, "decoy")):
            for _, _, boundary, strand, one in group:
                if one == kind:
                    at = unit * UNIT + boundary
                    before, after = (exon, intron) if kind == "donor" else (intron, exon)
                    low, high = (at - before, at + after) if strand == "+" else (at - after, at + before)
                    text = sequence[low:high]
                    expected.add((low, strand, label, text if strand == "+" else plain_reverse_complement(text)))
    regions = windows.regions
    columns = (regions[name] for name in ("start", "strand", "label"))
    assert set(zip(*columns, texts, strict=True)) == expected


def test_both_kinds_share_a_width(tmp_path: Path):
    windows = build_windows(options(tmp_path, exon=4, intron=12, decoys_per_site=1))
    assert windows.classes == ["donor", "acceptor", "decoy"]
    for name, one in zip(windows.regions["name"], windows.onehot, strict=True):
        text = decode_array(one)
        assert text[4:6] == "GT" if name.startswith(("donor", "decoy-GT")) else text[10:12] == "AG"


def test_one_kind_in_the_middle(tmp_path: Path):
    both = build_windows(options(tmp_path, width=20, decoys_per_site=1)).regions
    one = build_windows(options(tmp_path, width=20, decoys_per_site=1, sites="donor")).regions
    assert set(one["label"]) == {"donor", "decoy"}
    donors = both["name"].str.startswith(("donor", "decoy-GT"))
    assert one["name"].tolist() == both.loc[donors, "name"].tolist()


def test_everything_is_test_for_a_model_trained_elsewhere(tmp_path: Path):
    windows = build_windows(options(tmp_path, sites="acceptor", exon=3, intron=20, split="none", decoys_per_site=1))
    assert windows.summary["counts"]["test"] == {"acceptor": 6, "decoy": 6}
    assert set(windows.regions["split"]) == {"test"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"exon": 3}, "--exon and --intron belong together"),
        ({"exon": 3, "intron": 1}, "are too small; the intron needs the 2 bases"),
        ({"exon": 3, "intron": 20, "width": 23}, "--width and --exon with --intron both set the width"),
        ({"sites": "exons"}, "--sites 'exons' is unknown; choose from both, donor, acceptor"),
        ({"source": "regions", "sites": "donor"}, "--source regions takes no --sites"),
        ({"max_ambiguous_share": 1.5}, "--max-ambiguous-share 1.5 is no share"),
    ],
)
def test_frames_that_cannot_be_used(given: dict[str, Any], words: str):
    with pytest.raises(InputError, match=words):
        WindowOptions(**{"source": "splice-sites", "fasta": Path("g.fa"), "bed": Path("r.bed"), **given})
