"""Labels and values of regions and sequences, from a table."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from small_genome import four_contigs, letters, write_fasta

from lrpgen.errors import InputError
from lrpgen.sequences import WindowOptions, open_windows, read_windows
from lrpgen.sequences.windows import build_windows, make_windows


def table(folder: Path, count: int = 156, **rows: str) -> Path:
    """Labels of r0 ... ; `rows` replaces the line of a region."""
    random = np.random.default_rng(3)
    digits = random.integers(0, 2, (count, 3)).tolist()
    lines = {f"r{number}": "\t".join([f"r{number}", *map(str, one)]) for number, one in enumerate(digits)}
    lines |= rows
    order = random.permutation(list(lines))  # the table need not follow the BED
    path = folder / "labels.tsv"
    path.write_text("\n".join(["name\tA\tB\tC", *(lines[name] for name in order if lines[name])]) + "\n")
    return path


def options(folder: Path, labels: Path, **changes: Any) -> WindowOptions:
    fasta, bed, _ = four_contigs(folder)
    return WindowOptions("regions", fasta, bed, **{"labels": labels, "task": "labels", **changes})


def test_labels_follow_their_regions(tmp_path: Path):
    labels = table(tmp_path)
    given = {
        line.split("\t")[0]: [float(x) for x in line.split("\t")[1:]] for line in labels.read_text().splitlines()[1:]
    }
    make_windows(options(tmp_path, labels), tmp_path / "w.h5")
    with open_windows(tmp_path / "w.h5") as file:
        assert (file.task, file.classes) == ("labels", ["A", "B", "C"])
        assert (file.targets.dtype, file.targets.shape) == (np.float32, (156, 3))
        assert file.targets.tolist() == [given[name] for name in file.regions["name"]]
        assert set(file.regions["label"]) == {"."}
        assert file.summary["counts"] == {
            "train": {"windows": 109}, "validation": {"windows": 16}, "test": {"windows": 31},
        }  # fmt: skip
        assert len(file.rows(split="test")) == 31
    back = read_windows(tmp_path / "w.h5")
    again = build_windows(options(tmp_path, labels))
    assert np.array_equal(back.targets, again.targets)
    assert (back.task, again.task) == ("labels", "labels")
    assert back.regions.equals(again.regions)


def test_values_of_sequences_with_one_left_out(tmp_path: Path):
    random = np.random.default_rng(6)
    texts = {f"s{number}": letters(random, 40) for number in range(30)}
    texts["s7"] = "N" * 20 + texts["s7"][20:]
    fasta = write_fasta(tmp_path / "s.fa", texts)
    labels = tmp_path / "v.tsv"
    labels.write_text("id\tcount\n" + "".join(f"s{number}\t{number / 4}\n" for number in reversed(range(30))))
    given = WindowOptions("sequences", fasta, labels=labels, task="values", max_ambiguous_share=0.25)
    windows = build_windows(given)
    assert windows.summary["dropped"] == {"too many ambiguous bases": 1}
    assert windows.targets[:, 0].tolist() == [number / 4 for number in range(30) if number != 7]
    assert windows.regions["name"].tolist() == [f"s{number}" for number in range(30) if number != 7]


WRONG = {
    "missing": ({"r5": ""}, "has no line for 1 of 156 regions"),
    "not numeric": ({"r5": "r5\t1\tx\t0"}, r":\d+: 'x' in column 'B' is not a number"),
    "nan": ({"r5": "r5\t1\tnan\t0"}, r":\d+: 'nan' in column 'B' is not a number"),
    "not 0 or 1": ({"r5": "r5\t1\t2\t0"}, r":\d+: '2' in column 'B' is not 0 or 1"),
    "columns": ({"r5": "r5\t1\t1"}, r":\d+: 3 columns, the header has 4"),
    "unknown": ({"r5x": "q5\t1\t1\t0"}, r":\d+: no region of .*r.bed has this name \(q5\)"),
    "twice": ({"r5x": "r5\t1\t1\t0"}, r":\d+: this name is already on line \d+"),
}


@pytest.mark.parametrize(("rows", "words"), WRONG.values(), ids=WRONG)
def test_tables_that_cannot_be_used(tmp_path: Path, rows: dict[str, str], words: str):
    with pytest.raises(InputError, match=words):
        build_windows(options(tmp_path, table(tmp_path, **rows)))


def test_the_line_is_the_one_that_is_wrong(tmp_path: Path):
    path = table(tmp_path, r5="r5\t1\t7\t0")
    line = 1 + [text.split("\t")[0] for text in path.read_text().splitlines()].index("r5")
    with pytest.raises(InputError, match=f"labels.tsv:{line}: '7' in column 'B'"):
        build_windows(options(tmp_path, path))


def test_a_constant_column_and_other_headers(tmp_path: Path):
    path = table(tmp_path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], *(line[:-1] + "1" for line in lines[1:])]) + "\n")
    with pytest.raises(InputError, match="column 'C' is 1 everywhere; remove it"):
        build_windows(options(tmp_path, path))
    for header, words in (("name\tA\tA\tC", "repeated column name"), ("r1\t1\t0\t1", "the first line holds numbers")):
        path.write_text("\n".join([header, *lines[1:]]) + "\n")
        with pytest.raises(InputError, match=words):
            build_windows(options(tmp_path, path))
    path.write_text(lines[0] + "\n")
    with pytest.raises(InputError, match="has no line below its header"):
        build_windows(options(tmp_path, path))


def test_options_and_names_that_do_not_go_together(tmp_path: Path):
    labels = table(tmp_path)
    with pytest.raises(InputError, match="--labels and --task labels"):
        options(tmp_path, labels, task="classes")
    with pytest.raises(InputError, match="--task labels takes no --negatives"):
        options(tmp_path, labels, negatives_from="shuffle")
    given = options(tmp_path, labels)
    assert given.bed is not None
    text = given.bed.read_text()
    given.bed.write_text(text.replace("\tr9\t", "\tr8\t"))
    with pytest.raises(InputError, match="has two regions named 'r8', and --labels finds regions by name"):
        build_windows(given)
    given.bed.write_text(text.replace("\tr9\t", "\t.\t"))
    with pytest.raises(InputError, match="has regions without a name"):
        build_windows(given)


def test_a_file_of_version_1_is_read(tmp_path: Path):
    """As the first version wrote it: text columns, no contigs, no task."""
    onehot = np.eye(4, dtype=np.int8)[np.random.default_rng(1).integers(0, 4, (6, 10))].transpose(0, 2, 1)
    text = {
        "chrom": ["b", "a", "b", "a", "b", "a"], "name": [f"n{number}" for number in range(6)],
        "strand": ["+", "-"] * 3, "label": ["x", "y"] * 3, "split": ["train"] * 2 + ["validation"] * 2 + ["test"] * 2,
    }  # fmt: skip
    with h5py.File(tmp_path / "old.h5", "w") as file:
        attrs = {"format": "lrpgen-windows", "version": 1, "classes": '["x", "y"]', "source": "regions", "width": 10}
        for key, value in {**attrs, "seed": 1, "summary": "{}"}.items():
            file.attrs[key] = value
        for name, values in text.items():
            file.create_dataset(f"regions/{name}", data=np.array(values, dtype=object), dtype=h5py.string_dtype())
        for name in ("start", "end", "score"):
            file[f"regions/{name}"] = np.arange(6, dtype=np.float32 if name == "score" else np.int64)
        file["onehot"] = onehot
    with open_windows(tmp_path / "old.h5") as file:
        assert file.task == "classes"
        assert file.targets.tolist() == [0, 1, 0, 1, 0, 1]
        assert file.rows(split="test", labels=["y"]).tolist() == [5]
        assert {name: file.regions[name].tolist() for name in text} == text
        assert file.table([4, 1])["name"].tolist() == ["n4", "n1"]
        assert np.array_equal(file.onehot(np.array([5, 0, 5])), onehot[[5, 0, 5]])
