"""Negatives that are neither shuffles nor sequences of the user: loci of the genome, and the user's own of either kind."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_genome import four_contigs, letters, write_bed, write_fasta

from lrpgen.errors import InputError
from lrpgen.sequences import WindowOptions, WindowSet, build_windows
from lrpgen.sequences.onehot import decode_array


def gc(text: str) -> float:
    return sum(base in "GC" for base in text) / len(text)


def varied_genome(folder: Path) -> tuple[Path, Path, dict[str, str]]:
    """Three contigs whose GC content changes every 1000 bp from 30 % to 60 %; regions lie in its rich stretches only."""
    random = np.random.default_rng(9)
    records = {name: "".join(letters(random, 1000, share) for share in (0.3, 0.6) * 40) for name in ("c1", "c2", "c3")}
    records["c1"] = records["c1"][:5000] + "N" * 400 + records["c1"][5400:]
    records["c4"] = letters(random, 9000)  # no region here
    rows = [
        (name, at, at + 100, ".", 0, "+-"[at // 2000 % 2])
        for name in ("c1", "c2", "c3")
        for at in range(9300, 79_000, 2000)
    ]
    return write_fasta(folder / "g.fa", records), write_bed(folder / "r.bed", rows), records


def negatives(windows: WindowSet) -> Any:
    regions = windows.regions.assign(text=[decode_array(one) for one in windows.onehot])
    return regions[regions["label"] == "negative"], regions[regions["label"] == "positive"]


@pytest.mark.parametrize("split", ["contig", "fraction"])
def test_loci_match_in_gc_and_touch_no_region(tmp_path: Path, split: str):
    fasta, bed, records = varied_genome(tmp_path)
    contigs: dict[str, Any] = {"validation_contigs": ("c2",), "test_contigs": ("c3",)} if split == "contig" else {}
    options = WindowOptions(
        "regions", fasta, bed, split=split, negatives_from="genome", negatives_per_positive=2, **contigs
    )
    windows = build_windows(options)
    found, positives = negatives(windows)
    assert len(positives) == 105
    assert len(found) == windows.summary["negatives_wanted"] == 210
    assert "N" not in "".join(found["text"])
    assert set(found["chrom"]) == {"c1", "c2", "c3"}
    taken = {name: np.zeros(len(text), dtype=bool) for name, text in records.items()}
    for chrom, start, end in zip(positives["chrom"], positives["start"], positives["end"], strict=True):
        taken[chrom][start:end] = True
    assert not any(taken[c][s:e].any() for c, s, e in zip(found["chrom"], found["start"], found["end"], strict=True))
    # The genome has 45 % GC on average: only matching brings the negatives to the positives' share.
    for part in ("train", "validation", "test") if split == "contig" else ("train",):
        share = [np.mean([gc(text) for text in one.loc[one["split"] == part, "text"]]) for one in (found, positives)]
        assert abs(share[0] - share[1]) < 0.01
    for row in found.to_dict("records"):
        forward = records[row["chrom"]][row["start"] : row["end"]]
        assert (row["text"] == forward) == (row["strand"] == "+")
        assert row["name"] == f"genome:{row['chrom']}:{row['start']}-{row['end']}:{row['strand']}"
    if split == "contig":
        assert {(c, s) for c, s in zip(found["chrom"], found["split"], strict=True)} == {
            ("c1", "train"), ("c2", "validation"), ("c3", "test"),
        }  # fmt: skip
    again = build_windows(options)
    assert again.regions.equals(windows.regions)


def test_no_locus_is_left(tmp_path: Path):
    random = np.random.default_rng(1)
    fasta = write_fasta(tmp_path / "g.fa", {"c": letters(random, 2000)})
    bed = write_bed(tmp_path / "r.bed", [("c", at, at + 50) for at in range(0, 2000, 50)])
    with pytest.raises(InputError, match="no locus outside the regions matches"):
        build_windows(WindowOptions("regions", fasta, bed, negatives_from="genome"))


def test_own_regions_as_negatives(tmp_path: Path):
    fasta, bed, records = four_contigs(tmp_path)
    rows = [(name, at, at + 70, f"n{at}") for name in records for at in range(160, 7800, 400)]
    own = write_bed(tmp_path / "n.bed", rows)
    given: dict[str, Any] = {"split": "contig", "validation_contigs": ("c3",), "test_contigs": ("c1",)}
    windows = build_windows(WindowOptions("regions", fasta, bed, negatives=own, **given))
    found, positives = negatives(windows)
    assert (len(positives), len(found)) == (156, 80)
    assert windows.summary["regions_in"] == 236
    assert sorted(zip(found["chrom"], found["start"], found["name"], strict=True)) == sorted(
        (name, at + 35 - 25, called) for name, at, _, called in rows
    )
    for row in found.to_dict("records"):
        assert row["text"] == records[row["chrom"]][row["start"] : row["end"]]
        assert row["split"] == {"c3": "validation", "c1": "test"}.get(row["chrom"], "train")


def test_own_sequences_as_negatives_of_regions(tmp_path: Path):
    fasta, bed, _ = four_contigs(tmp_path)
    random = np.random.default_rng(2)
    texts = {f"m{number}": letters(random, 50) for number in range(60)}
    own = write_fasta(tmp_path / "n.fa", texts)
    found, positives = negatives(build_windows(WindowOptions("regions", fasta, bed, negatives=own)))
    assert dict(zip(found["name"], found["text"], strict=True)) == texts
    assert (found["chrom"] == found["name"]).all()
    assert set(positives["name"]) == {f"r{number}" for number in range(156)}
    with pytest.raises(InputError, match="holds sequences, which lie on no contig, so --split position cannot"):
        build_windows(
            WindowOptions("regions", fasta, bed, negatives=own, split="position", validation_start=9, test_start=4000)
        )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"negatives_from": "file"}, "--negatives-from file and --negatives belong together"),
        ({"negatives_from": "shuffle", "negatives": Path("n.fa")}, "--negatives-from file and --negatives belong"),
        ({"negatives_from": "elsewhere"}, "choose from shuffle, genome, file"),
        ({"source": "sequences", "bed": None, "negatives_from": "genome"}, "needs --source regions"),
        ({"source": "splice-sites", "negatives_from": "shuffle"}, "--source splice-sites takes no --negatives"),
    ],
)
def test_negatives_that_do_not_go_together(given: dict[str, Any], words: str):
    with pytest.raises(InputError, match=words):
        WindowOptions(**{"source": "regions", "fasta": Path("g.fa"), "bed": Path("r.bed"), **given})
