"""Windows built from files, to the base."""

from collections import Counter
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest
from toy import DECOYS, SITES, UNIT, WIDTH, plain_reverse_complement, write_toy

from lrpgen.errors import InputError
from lrpgen.files import sha256
from lrpgen.sequences import WindowOptions, WindowSet, build_windows, open_windows, read_windows, write_windows
from lrpgen.sequences.onehot import decode_array

DATA = Path(__file__).parents[2] / "data" / "hla"


def toy_options(folder: Path, **changes) -> WindowOptions:
    fasta, bed, _ = write_toy(folder)
    given: dict[str, Any] = {"width": WIDTH, "decoys_per_site": 1, "validation_start": UNIT, "test_start": 2 * UNIT}
    return WindowOptions(source="splice-sites", fasta=fasta, bed=bed, **{**given, **changes})


def rows_of(table: Any) -> list[Any]:
    return [SimpleNamespace(**row) for row in table.to_dict("records")]


def letters(windows: WindowSet) -> list[str]:
    return [decode_array(row) for row in windows.onehot]


def test_planted_sites_and_decoys_to_the_base(tmp_path: Path):
    windows = build_windows(toy_options(tmp_path))
    sequence = write_toy(tmp_path)[2]
    assert windows.classes == ["donor", "acceptor", "decoy"]
    found = {
        (r.chrom, r.start, r.strand, r.label, r.split): (r.end, text)
        for r, text in zip(rows_of(windows.regions), letters(windows), strict=True)
    }
    assert len(found) == len(windows) == 24
    for unit, part in enumerate(("train", "validation", "test")):
        for group, decoy in ((SITES, False), (DECOYS, True)):
            for _, _, boundary, strand, kind in group:
                start = unit * UNIT + boundary - 10
                end, text = found["toy", start, strand, "decoy" if decoy else kind, part]
                assert end == start + 20
                forward = sequence[start:end].upper()
                assert text == (forward if strand == "+" else plain_reverse_complement(forward))
                # The exon/intron boundary lies between index 9 and 10: GT starts at 10, AG ends at 9.
                assert (text[10:12] if kind == "donor" else text[8:10]) == ("GT" if kind == "donor" else "AG")


def test_names_point_at_the_g(tmp_path: Path):
    windows = build_windows(toy_options(tmp_path))
    sequence = write_toy(tmp_path)[2]
    train = set(windows.regions.loc[windows.regions["split"] == "train", "name"])
    assert train == {
        "donor:toy:150:+",
        "acceptor:toy:249:+",
        "donor:toy:449:-",
        "acceptor:toy:350:-",
        "decoy-GT:toy:50:+",
        "decoy-GT:toy:71:-",
        "decoy-AG:toy:101:+",
        "decoy-AG:toy:120:-",
    }
    for name in windows.regions["name"]:
        _, _, position, strand = name.split(":")
        assert sequence[int(position)] == ("G" if strand == "+" else "C")


def test_odd_width_keeps_the_boundary_in_place(tmp_path: Path):
    windows = build_windows(toy_options(tmp_path, width=21))
    for row, text in zip(rows_of(windows.regions), letters(windows), strict=True):
        assert text[10:12] == "GT" if row.name.startswith(("donor", "decoy-GT")) else text[8:10] == "AG"


def test_summary_counts(tmp_path: Path):
    options = toy_options(tmp_path)
    windows = build_windows(options)
    assert windows.summary == {
        "source": "splice-sites",
        "width": 20,
        "counts": {p: {"donor": 2, "acceptor": 2, "decoy": 4} for p in ("train", "validation", "test")},
        "ambiguous_bases": 16,
        "windows_with_ambiguous": 16,
        "dropped": {},
        "contigs": {"toy": 1800},
        "introns": 6,
        "noncanonical": {"donor": 0, "acceptor": 0},
        "regions_in": 6,
        "split": {"kind": "position", "validation_start": 600, "test_start": 1200},
        "decoys_wanted": 12,
    }


def test_too_few_candidates_are_all_taken_and_none_may_be_left_out(tmp_path: Path):
    many = build_windows(toy_options(tmp_path, decoys_per_site=50))
    assert (len(many), many.summary["decoys_wanted"]) == (24, 600)
    none = build_windows(toy_options(tmp_path, decoys_per_site=0))
    assert (len(none), none.classes) == (12, ["donor", "acceptor"])


def test_an_annotated_site_is_never_a_decoy(tmp_path: Path):
    """AG|GT at a donor: its AG would be a decoy with the very window of the donor."""
    options = toy_options(tmp_path)
    text = options.fasta.read_text()
    lines = text.splitlines()
    for unit in range(3):  # line of 60 bp with bases 120-179 of the unit: AG at 148
        line = list(lines[1 + unit * 10 + 2])
        line[28:30] = "AG"
        lines[1 + unit * 10 + 2] = "".join(line)
    options.fasta.write_text("\n".join(lines) + "\n")
    windows = build_windows(toy_options_of(options, decoys_per_site=50))
    keys = windows.regions[["chrom", "start", "strand"]].apply(tuple, axis=1)
    assert keys.is_unique
    assert not windows.regions["name"].str.startswith("decoy-AG:toy:149").any()


def toy_options_of(options: WindowOptions, **changes) -> WindowOptions:
    return WindowOptions(**{**options.__dict__, **changes})


def test_sites_that_are_dropped_are_counted(tmp_path: Path):
    options = toy_options(tmp_path)
    bed = options.bed
    assert bed is not None
    rows = [
        "toy\t0\t160\tedge\t0\t+\t0\t160\t0\t2\t5,10\t0,150",  # donor at 5: there are no 10 bp before it
        "toy\t500\t640\tacross\t0\t+\t500\t640\t0\t2\t50,35\t0,105",  # acceptor at 605: window 595-615
        "toy\t100\t300\tagain\t0\t+\t100\t300\t0\t2\t50,50\t0,150",  # the intron of the first line once more
        # Its acceptor, like that of "edge", is the first line's donor: acceptor and donor are left out.
        "toy\t100\t170\tmixed\t0\t+\t100\t170\t0\t2\t20,20\t0,50",
    ]
    bed.write_text(bed.read_text() + "\n".join(rows) + "\n")
    windows = build_windows(options)
    summary = windows.summary
    assert summary["dropped"] == {
        "donor and acceptor at once": 2,
        "over the contig's end": 1,
        "across the split": 1,
    }
    assert summary["introns"] == 9
    # Donors 120 and 550 on '+', 450 on '-'; acceptors 250 on '+', 350 on '-'. No GT is written at 120 and 550.
    assert summary["counts"]["train"] == {"donor": 3, "acceptor": 2, "decoy": 4}
    assert summary["noncanonical"] == {"donor": 2, "acceptor": 0}
    assert "donor:toy:150:+" not in set(windows.regions["name"])
    assert (140, "+") not in set(zip(windows.regions["start"], windows.regions["strand"], strict=True))


def test_copies_across_the_split_leave_the_earlier_part(tmp_path: Path):
    options = toy_options(tmp_path)
    options.fasta.write_text(">toy\n" + write_toy(tmp_path)[2].upper().replace("N", "C") + "\n")
    with pytest.raises(InputError, match="the train part is empty"):
        build_windows(options)


def test_writing_and_reading_back(tmp_path: Path):
    windows = build_windows(toy_options(tmp_path))
    path = tmp_path / "deep" / "windows.h5"
    write_windows(path, windows)
    back = read_windows(path)
    assert back.regions.equals(windows.regions)
    assert np.array_equal(back.onehot, windows.onehot)
    assert (back.classes, back.summary, back.width) == (windows.classes, windows.summary, 20)
    assert back.targets.tolist() == [windows.classes.index(label) for label in windows.regions["label"]]
    opened: Any = h5py.File(path)
    with opened as file:
        assert file.attrs["format"] == "lrpgen-windows"
        assert file.attrs["version"] == 2
        assert (file["onehot"].dtype, file["onehot"].shape) == (np.int8, (24, 4, 20))
        assert file["regions/start"].dtype == file["regions/end"].dtype == np.int64
        assert file["regions/score"].dtype == np.float32
    with open_windows(path) as file:
        index = np.array([5, 5, 0, 23, 7])
        seen = list(file.batches(index, 2))
        assert [rows.tolist() for rows, _ in seen] == [[5, 5], [0, 23], [7]]
        assert np.array_equal(np.concatenate([onehot for _, onehot in seen]), windows.onehot[index])
        assert list(file.batches([], 2)) == []
        donors = file.rows(split="test", labels=["donor"])
        assert file.regions.loc[donors, ["label", "split"]].to_numpy().tolist() == [["donor", "test"]] * 2
        wrongs: list[dict[str, Any]] = [{"split": "tset"}, {"labels": ["doner"]}]
        for wrong in wrongs:
            with pytest.raises(InputError, match=r"has no (split|class) '(tset|doner)'; choose from"):
                file.rows(**wrong)


def test_files_that_are_no_windows(tmp_path: Path):
    path = tmp_path / "windows.h5"
    write_windows(path, build_windows(toy_options(tmp_path)))
    whole = path.read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.h5").write_text("hello")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file.attrs["format"] = "lrpgen-relevance"
    (tmp_path / "part.h5").write_bytes(whole)
    with h5py.File(tmp_path / "part.h5", "a") as file:
        file.attrs["task"] = "values"
        del file["contigs"]
    for name, change in (("old.h5", ("version", 0)), ("bare.h5", ("summary", None))):
        (tmp_path / name).write_bytes(whole)
        with h5py.File(tmp_path / name, "a") as file:
            key, value = change
            if value is None:
                del file.attrs[key], file["onehot"]
            else:
                file.attrs[key] = value
    expected = {
        "none.h5": "does not exist",
        "cut.h5": "not a readable HDF5 file",
        "text.h5": "not a readable HDF5 file",
        "other.h5": "is not a windows file; give the output of `lrpgen windows`",
        "old.h5": "has version 0 of a windows file, this lrpgen reads 1 and 2",
        "bare.h5": "lacks summary, onehot",
        "part.h5": "lacks contigs, targets; make it again",
    }
    for name, words in expected.items():
        with pytest.raises(InputError, match=words):
            read_windows(tmp_path / name)


def random_genome(folder: Path, length: int = 20_000) -> tuple[Path, str]:
    sequence = "".join(np.random.default_rng(3).choice(list("ACGT"), length))
    path = folder / "g.fa"
    path.write_text(f">g\n{sequence}\n")
    return path, sequence


def write_bed(folder: Path, rows: list[tuple]) -> Path:
    path = folder / "r.bed"
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    return path


def dinucleotides(text: str) -> Counter:
    return Counter(a + b for a, b in pairwise(text))


def test_regions_and_their_shuffles(tmp_path: Path):
    fasta, sequence = random_genome(tmp_path)
    rows = [("g", at, at + 50, f"r{at}", 7, "+-"[at // 100 % 2]) for at in range(100, 5100, 100)]
    rows[3] = ("g", 430, 480, "r430", 0, "+")  # on its own
    rows[5] = ("g", 620, 670, "r620", 0, "-")
    rows[6] = ("g", 640, 690, "r640", 0, "+")  # overlaps the one before
    options = WindowOptions("regions", fasta, write_bed(tmp_path, rows), negatives_per_positive=2)
    windows = build_windows(options)
    table = windows.regions.assign(text=letters(windows))
    positives = table[table["label"] == "positive"].set_index("name")
    assert (len(positives), len(table)) == (50, 150)
    for _, start, end, name, _, strand in rows:
        forward = sequence[start:end]
        assert positives.loc[name, "text"] == (forward if strand == "+" else plain_reverse_complement(forward))
    for row in rows_of(table[table["label"] == "negative"]):
        positive = positives.loc[row.name.split(":", 1)[1]]
        assert row.name.startswith("shuffle-")
        assert row.split == positive["split"]
        assert dinucleotides(row.text) == dinucleotides(positive["text"])
        assert row.text != positive["text"]
    assert positives.loc["r620", "split"] == positives.loc["r640", "split"]
    assert windows.summary["counts"] == {
        "train": {"positive": 35, "negative": 70},
        "validation": {"positive": 5, "negative": 10},
        "test": {"positive": 10, "negative": 20},
    }


def test_regions_cut_around_their_centres(tmp_path: Path):
    fasta, _ = random_genome(tmp_path)
    rows = [("g", at, at + 40 + at % 7) for at in range(1000, 4000, 100)]
    rows += [("g", 3, 20), rows[0]]  # leaves the contig; given twice
    windows = build_windows(WindowOptions("regions", fasta, write_bed(tmp_path, rows), width=30))
    positives: Any = windows.regions[windows.regions["label"] == "positive"]
    assert positives["start"].tolist() == [start + (end - start) // 2 - 15 for _, start, end in rows[:30]]
    assert (positives["end"] - positives["start"]).eq(30).all()
    assert positives["name"].iloc[0] == "g:1008-1038:+"
    assert windows.summary["dropped"] == {"over the contig's end": 1, "region given twice": 1}
    assert windows.summary["regions_in"] == 32


def write_fasta(path: Path, sequences: list[str], name: str = "s") -> Path:
    path.write_text("".join(f">{name}{i}\n{text}\n" for i, text in enumerate(sequences)))
    return path


def random_sequences(count: int, length: int, seed: int) -> list[str]:
    return ["".join(row) for row in np.random.default_rng(seed).choice(list("ACGT"), (count, length))]


def test_sequences_copies_stay_together(tmp_path: Path):
    base = random_sequences(20, 30, 1)
    sequences = base + [plain_reverse_complement(text) for text in base] + base
    windows = build_windows(WindowOptions("sequences", write_fasta(tmp_path / "p.fa", sequences)))
    assert len(windows) == 120
    parts: dict[str, set[str]] = {}
    for text, part in zip(letters(windows), windows.regions["split"], strict=True):
        parts.setdefault(min(text, plain_reverse_complement(text)), set()).add(part)
    assert all(len(found) == 1 for found in parts.values())
    first = windows.regions.iloc[0]
    assert first[["chrom", "start", "end", "name", "strand", "label"]].tolist() == ["s0", 0, 30, "s0", "+", "positive"]


def test_sequences_with_their_own_negatives(tmp_path: Path):
    positives, negatives = random_sequences(40, 30, 1), random_sequences(20, 36, 2)
    negatives[4] = "AAA" + positives[7] + "CCC"  # cut to the middle, it equals a positive
    given: dict[str, Any] = {"fasta": write_fasta(tmp_path / "p.fa", positives)}
    given["negatives"] = write_fasta(tmp_path / "n.fa", negatives)
    windows = build_windows(WindowOptions("sequences", **given, width=30))
    assert windows.summary["dropped"] == {"negative equal to a positive": 1}
    assert sum(counts["negative"] for counts in windows.summary["counts"].values()) == 19
    assert letters(windows)[40] == negatives[0][3:33]
    assert windows.regions.iloc[40][["start", "end"]].tolist() == [3, 33]
    with pytest.raises(InputError, match=r"n\.fa: mixed widths, record 's0' has 36 letters and the first sequence 30"):
        build_windows(WindowOptions("sequences", **given))
    with pytest.raises(InputError, match=r"p\.fa: record 's0' has 30 letters, --width is 31"):
        build_windows(WindowOptions("sequences", **given, width=31))


def test_same_seed_same_file(tmp_path: Path):
    options = toy_options(tmp_path)
    digests = []
    for seed in (1, 1, 2):
        positives = write_fasta(tmp_path / "p.fa", random_sequences(30, 30, 1))
        made = build_windows(WindowOptions("sequences", positives, seed=seed))
        write_windows(tmp_path / "w.h5", made)
        write_windows(tmp_path / "t.h5", build_windows(options))
        digests.append((sha256(tmp_path / "w.h5"), sha256(tmp_path / "t.h5")))
    assert digests[0] == digests[1]
    assert digests[0][0] != digests[2][0]


@pytest.fixture(scope="module")
def hla() -> WindowSet:
    return build_windows(WindowOptions("splice-sites", DATA / "BA000025.2.fa.gz", DATA / "BA000025.2.cds.bed"))


def test_embedded_default(hla: WindowSet):
    assert hla.summary["regions_in"] == 136
    assert hla.summary["introns"] == 554
    assert hla.summary["noncanonical"] == {"donor": 9, "acceptor": 17}
    assert hla.summary["counts"] == {
        "train": {"donor": 381, "acceptor": 381, "decoy": 7620},
        "validation": {"donor": 79, "acceptor": 79, "decoy": 1580},
        "test": {"donor": 94, "acceptor": 94, "decoy": 1880},
    }
    kinds = hla.regions["name"].str.split(":").str[0].value_counts()
    assert kinds.to_dict() == {"decoy-GT": 5540, "decoy-AG": 5540, "donor": 554, "acceptor": 554}
    strands = hla.regions["strand"].to_numpy()[(hla.regions["label"] == "decoy").to_numpy()]
    assert 0.45 < (strands == "+").mean() < 0.55


def test_no_window_is_shared_across_the_split(hla: WindowSet):
    """By marking bases, not by the rule under test: no base of the contig is in windows of two parts."""
    owners = np.zeros(2_229_817, dtype=np.uint8)
    for start, end, part in zip(hla.regions["start"], hla.regions["end"], hla.regions["split"], strict=True):
        owners[start:end] |= {"train": 1, "validation": 2, "test": 4}[part]
    assert set(np.unique(owners)) == {0, 1, 2, 4}
    sequences: dict[str, set[str]] = {}
    for text, part in zip(letters(hla), hla.regions["split"], strict=True):
        sequences.setdefault(min(text, plain_reverse_complement(text)), set()).add(part)
    assert all(len(parts) == 1 for parts in sequences.values())
    assert not hla.regions.duplicated(["chrom", "start", "strand"]).any()
    for row, text in zip(rows_of(hla.regions), letters(hla), strict=True):
        if row.label == "decoy":
            assert (text[100:102] if "GT" in row.name else text[98:100]) == ("GT" if "GT" in row.name else "AG")
