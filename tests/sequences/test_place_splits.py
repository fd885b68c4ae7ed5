"""Parts by contig, by somebody's folds, by name, and no parts at all."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_genome import four_contigs, letters, mutate, write_bed, write_fasta
from toy import plain_reverse_complement, write_toy

from lrpgen.errors import InputError
from lrpgen.sequences import WindowOptions, WindowSet, build_windows
from lrpgen.sequences.onehot import codes
from lrpgen.sequences.similarity import join_similar
from lrpgen.sequences.spool import Spool

HLA = Path(__file__).parents[2] / "data" / "hla"


def made(folder: Path, **changes: Any) -> WindowSet:
    fasta, bed, _ = four_contigs(folder)
    return build_windows(WindowOptions("regions", fasta, bed, **changes))


def contigs_of(windows: WindowSet) -> dict[str, set[str]]:
    regions = windows.regions
    return {part: set(regions.loc[regions["split"] == part, "chrom"]) for part in ("train", "validation", "test")}


def test_contigs(tmp_path: Path):
    windows = made(tmp_path, split="contig", validation_contigs=("c3",), test_contigs=("c1",))
    assert contigs_of(windows) == {"train": {"c2", "c4"}, "validation": {"c3"}, "test": {"c1"}}
    assert windows.summary["split"] == {"kind": "contig", "validation": ["c3"], "test": ["c1"]}
    assert windows.summary["counts"]["train"] == {"positive": 78, "negative": 78}


def test_folds_of_contigs_leave_out_what_they_do_not_name(tmp_path: Path):
    folds = tmp_path / "fold_0.json"
    folds.write_text(json.dumps({"test": ["c1"], "valid": ["c3"], "train": ["c2"]}))
    windows = made(tmp_path, split="file", split_file=folds)
    assert contigs_of(windows) == {"train": {"c2"}, "validation": {"c3"}, "test": {"c1"}}
    assert windows.summary["dropped"] == {"in no part of the split": 39}


def test_folds_of_names(tmp_path: Path):
    parts = {f"r{number}": ("train", "valid", "test")[number % 3] for number in range(150)}
    table = tmp_path / "parts.tsv"
    table.write_text("# name and part\n" + "".join(f"{name}\t{part}\n" for name, part in parts.items()))
    windows = made(tmp_path, split="file", split_file=table)
    assert windows.summary["dropped"] == {"in no part of the split": 6}
    for name, part in zip(windows.regions["name"], windows.regions["split"], strict=True):
        assert parts[name.split(":")[-1]] == {"validation": "valid"}.get(part, part)


def test_names_of_sequences(tmp_path: Path):
    random = np.random.default_rng(1)
    fasta = write_fasta(tmp_path / "s.fa", {f"s{number}": letters(random, 30) for number in range(40)})
    table = tmp_path / "parts.tsv"
    table.write_text("".join(f"s{number}\t{('train', 'valid', 'test')[number % 3]}\n" for number in range(30)))
    windows = build_windows(WindowOptions("sequences", fasta, split="file", split_file=table))
    assert all(counts == {"positive": 10, "negative": 10} for counts in windows.summary["counts"].values())
    found = dict(zip(windows.regions["name"], windows.regions["split"], strict=True))
    assert (found["s3"], found["s4"], found["shuffle-1:s5"]) == ("train", "validation", "test")


def test_none_puts_everything_in_test(tmp_path: Path):
    windows = made(tmp_path, split="none")
    assert windows.summary["counts"] == {
        "train": {"positive": 0, "negative": 0},
        "validation": {"positive": 0, "negative": 0},
        "test": {"positive": 156, "negative": 156},
    }
    assert made(tmp_path, split="none", negatives_per_positive=0).classes == ["positive"]


def test_splice_sites_at_random():
    """Real sites: no base of the contig is in windows of two parts, and each part has every kind."""
    given: dict[str, Any] = {"decoys_per_site": 2, "split": "fraction"}
    windows = build_windows(
        WindowOptions("splice-sites", HLA / "BA000025.2.fa.gz", HLA / "BA000025.2.cds.bed", **given)
    )
    owners = np.zeros(2_229_817, dtype=np.uint8)
    regions = windows.regions
    for start, end, part in zip(regions["start"], regions["end"], regions["split"], strict=True):
        owners[start:end] |= {"train": 1, "validation": 2, "test": 4}[part]
    assert set(np.unique(owners)) == {0, 1, 2, 4}
    assert all(min(counts.values()) > 0 for counts in windows.summary["counts"].values())
    assert windows.summary["split"] == {"kind": "random", "validation_fraction": 0.1, "test_fraction": 0.2}


def test_splice_sites_by_contig(tmp_path: Path):
    fasta, bed, sequence = write_toy(tmp_path)
    random = np.random.default_rng(2)
    units = {name: list(sequence[at : at + 600]) for name, at in (("a", 0), ("b", 600), ("d", 1200))}
    for name, unit in units.items():  # bases that are no part of a GT or AG keep the contigs apart
        for at in range(2, 598):
            if "".join(unit[at - 1 : at + 2]).upper() == "CCC" and random.random() < 0.3:
                unit[at] = {"a": "C", "b": "N", "d": "C"}[name]
    write_fasta(fasta, {name: "".join(unit) for name, unit in units.items()})
    rows = [line.split("\t") for line in bed.read_text().splitlines() if line.startswith("toy")]
    for number, row in enumerate(rows):
        row[0] = "abd"[number // 2]
        for column in (1, 2, 6, 7):
            row[column] = str(int(row[column]) - number // 2 * 600)
    write_bed(bed, [tuple(row) for row in rows])
    given: dict[str, Any] = {"validation_contigs": ("b",), "test_contigs": ("d",)}
    windows = build_windows(WindowOptions("splice-sites", fasta, bed, width=20, split="contig", **given))
    assert contigs_of(windows) == {"train": {"a"}, "validation": {"b"}, "test": {"d"}}


@pytest.mark.parametrize("split", ["fraction", "contig"])
def test_no_similar_pair_across_the_split(tmp_path: Path, split: str):
    """Copies of 0 to 10 % changed bases, half of them on the other strand; all pairs, with sets of strings."""
    random = np.random.default_rng(4)
    bases = [letters(random, 200) for _ in range(60)]
    copies = [mutate(random, one, share) for one in bases for share in (0.0, 0.05, 0.1)]
    copies = [plain_reverse_complement(one) if number % 2 else one for number, one in enumerate(copies)]
    order = random.permutation(len(bases) + len(copies))
    texts = [(bases + copies)[number] for number in order]
    records = {f"c{number}": letters(random, 50).join(texts[number::3]) for number in range(3)}
    width, step = 200, 250
    fasta = write_fasta(tmp_path / "g.fa", records)
    rows = [(name, at, at + width) for name, one in records.items() for at in range(0, len(one), step)]
    bed = write_bed(tmp_path / "r.bed", rows)
    contigs: dict[str, Any] = {"validation_contigs": ("c1",), "test_contigs": ("c2",)} if split == "contig" else {}
    threshold = 0.15
    options = WindowOptions("regions", fasta, bed, split=split, similarity=threshold, **contigs)
    if split == "contig":  # nearly every family has a member in each contig, so few are left
        options = WindowOptions(**{**options.__dict__, "negatives_per_positive": 4})
    windows = build_windows(options)
    regions = windows.regions
    cut = zip(regions["chrom"], regions["start"], regions["end"], regions["split"], regions["label"], strict=True)
    sets = [(kmers(records[chrom][start:end]), part) for chrom, start, end, part, label in cut if label == "positive"]
    close = sum(jaccard(a, b) >= threshold for (a, _), (b, _) in pairs(sets))
    across = [1 for (a, one), (b, two) in pairs(sets) if one != two and jaccard(a, b) >= threshold]
    assert not across
    if split == "fraction":
        assert close > 150  # families of four: the test would pass on nothing otherwise
    else:
        assert windows.summary["dropped"]["similar sequence in another part"] > 50
    assert windows.summary["split"]["similarity"] == threshold


@pytest.mark.parametrize("threshold", [0.15, 0.3, 0.6, 1.0])
def test_groups_are_those_of_all_pairs(threshold: float):
    """Families, unrelated windows, repeats, an N in the middle and a window of N: groups as by comparing all pairs."""
    random = np.random.default_rng(11)
    bases = [letters(random, 150) for _ in range(30)] + ["AC" * 75, "A" * 150]
    texts = [mutate(random, one, share) for one in bases for share in (0.0, 0.02, 0.05)]
    texts += [texts[0][:70] + "N" + texts[0][71:], "N" * 150, "N" * 150, texts[3][75:] + letters(random, 75)]
    texts += [plain_reverse_complement(one) for one in bases] + [letters(random, 150) for _ in range(200)]
    spool = Spool(150)
    spool.append(np.stack([codes(text) for text in texts]))
    found = join_similar(spool, np.arange(len(texts)), threshold)
    sets = [kmers(text) for text in texts]
    expected = list(range(len(texts)))
    for one, two in pairs(list(range(len(texts)))):
        if sets[one] and sets[two] and jaccard(sets[one], sets[two]) >= threshold:
            low, high = sorted((expected[one], expected[two]))
            expected = [low if number == high else number for number in expected]
    assert len(set(expected)) < len(texts) - 20
    assert [expected.index(number) for number in expected] == [found.tolist().index(number) for number in found]
    spool.close()


def kmers(text: str) -> set[str]:
    words = (text[at : at + 12] for at in range(len(text) - 11))
    return {min(one, plain_reverse_complement(one)) for one in words if "N" not in one}


def jaccard(one: set[str], two: set[str]) -> float:
    return len(one & two) / len(one | two)


def pairs(sets: list) -> list:
    return [(a, b) for number, a in enumerate(sets) for b in sets[:number]]


FOLDS: dict[str, tuple[str, str]] = {
    "unknown contigs": ('{"train": ["c1", "chrQ"], "valid": ["c2"], "test": ["chrZ"]}', "chrQ, chrZ not in the FASTA"),
    "part missing": ('{"train": ["c1"], "valid": ["c2"]}', "names no contig for test"),
    "in two parts": ('{"train": ["c1"], "valid": ["c1"], "test": ["c2"]}', "contig c1 is in two parts"),
    "other part": ('{"train": ["c1"], "dev": ["c1"], "test": ["c2"]}', "has a part 'dev'"),
    "no list": ('{"train": "c1", "valid": ["c1"], "test": ["c2"]}', "train is not a list of contig names"),
    "no JSON": ('{"train": ["c1"', "is not valid JSON"),
    "no part": ("r1\ttrain\nr2\tdev\n", ":2: not a name, a tab and train, valid or test"),
    "name twice": ("r1\ttrain\nr2\ttrain\nr1\ttest\n", ":3: 'r1' is already on line 1"),
    "unknown name": ("r1\ttrain\nr999\ttest\n", ":2: no region or sequence is named 'r999'"),
    "empty part": ("r1\ttrain\nr2\ttest\n", "the validation part is empty; change the table of --split-file"),
}


@pytest.mark.parametrize(("content", "words"), FOLDS.values(), ids=FOLDS)
def test_folds_that_cannot_be_used(tmp_path: Path, content: str, words: str):
    path = tmp_path / "folds"
    path.write_text(content)
    with pytest.raises(InputError, match=words):
        made(tmp_path, split="file", split_file=path)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"split": "contig", "validation_contigs": ("c9",), "test_contigs": ("c1",)}, "c9 not in the FASTA"),
        ({"split": "contig", "validation_contigs": ("c1",), "test_contigs": ("c1",)}, "c1 is in two parts"),
        ({"split": "contig", "validation_contigs": ("c1",)}, "give each at least one contig"),
        ({"split": "contig"}, "--validation-contigs, --test-contigs belong together"),
        (
            {"split": "contig", "validation_contigs": ("c1", "c2"), "test_contigs": ("c3", "c4")},
            "none is left to train",
        ),
        ({"split": "file"}, "--split file and --split-file belong together"),
        ({"split": "chromosome"}, "--split 'chromosome' is unknown; choose from position, contig"),
        ({"split": "position", "validation_start": 9000, "test_start": 9500}, "the validation part is empty"),
        ({"similarity": 0.01}, "--similarity 0.01 is out of range"),
        ({"similarity": 0.5, "split": "none"}, "--similarity needs parts"),
    ],
)
def test_splits_that_cannot_be_used(tmp_path: Path, given: dict[str, Any], words: str):
    with pytest.raises(InputError, match=words):
        made(tmp_path, **given)
