import gzip
from pathlib import Path

import numpy as np
import pytest

from lrpgen.errors import InputError
from lrpgen.sequences import read_bed

CONTIGS = {"chr1": 1000, "chr2": 50}


def bed(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "r.bed"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_columns_and_types(tmp_path: Path):
    path = bed(
        tmp_path,
        "# a comment",
        "browser position chr1:1-100",
        'track name="x"',
        "chr1\t0\t10",
        "",
        "chr2\t5\t50\tpeak\t12.5\t-\r",
        "chr1\t3\t4\tp\t.\t.\tmore\tand more",
    )
    found = read_bed(path, CONTIGS)
    assert list(found.columns) == ["chrom", "start", "end", "name", "score", "strand", "line"]
    assert found["start"].dtype == found["end"].dtype == np.int64
    assert found["score"].dtype == np.float32
    assert list(found.itertuples(index=False, name=None)) == [
        ("chr1", 0, 10, ".", 0.0, "+", 4),
        ("chr2", 5, 50, "peak", 12.5, "-", 6),
        ("chr1", 3, 4, "p", 0.0, "+", 7),
    ]


def test_gzip_and_blocks(tmp_path: Path):
    path = tmp_path / "r.bed.gz"
    path.write_bytes(gzip.compress(b"chr1\t100\t200\tg\t0\t-\t100\t200\t0\t3\t10,20,30,\t0,30,70,\n"))
    assert read_bed(path, blocks=True)["blocks"].tolist() == [[(100, 110), (130, 150), (170, 200)]]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("chr1\t5", r":2: 2 columns; BED needs at least three"),
        ("chr1 5 10", r":2: no tabs"),
        ("chr1\tx\t10", r":2: start 'x' is not a whole number"),
        ("chr1\t5\t1e3", r":2: end '1e3' is not a whole number"),
        ("chr1\t1_0\t20", r":2: start '1_0'"),
        ("chr1\t-5\t10", r":2: start -5 is negative"),
        ("chr1\t10\t10", r":2: end 10 is not after start 10"),
        ("chr1\t10\t5", r":2: end 5 is not after start 10"),
        ("1\t10\t20", r":2: contig '1' is not in the FASTA, which calls it 'chr1'"),
        ("chr7\t10\t20", r":2: contig 'chr7' is not in the FASTA, which has"),
        ("chr2\t10\t51", r":2: chr2:10-51 goes past the end of the contig \(50 bp\)"),
        ("chr1\t1\t9\tn\t0\tplus", r":2: strand 'plus'"),
        ("chr1\t1\t9\tn\thigh\t+", r":2: score 'high' is not a number"),
        ("chr1\t1\t9\tn\tnan\t+", r":2: score 'nan' is not a number"),
    ],
)
def test_bad_lines(tmp_path: Path, line: str, words: str):
    with pytest.raises(InputError, match=r"r\.bed" + words):
        read_bed(bed(tmp_path, "chr1\t0\t10", line), CONTIGS)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ("chr1\t0\t90\tg\t0\t+", "6 columns; splice sites need BED12"),
        ("chr1\t0\t90\tg\t0\t.\t0\t90\t0\t1\t90\t0", "no strand"),
        ("chr1\t0\t90\tg\t0\t+\t0\t90\t0\t2\t90\t0", "2 blocks announced, 1 sizes and 1 starts"),
        ("chr1\t0\t90\tg\t0\t+\t0\t90\t0\t2\t10,10\t0,70", "the blocks span 0-80, the region 0-90"),
        ("chr1\t0\t90\tg\t0\t+\t0\t90\t0\t2\t10,10\t5,80", "the blocks span 5-90"),
        ("chr1\t0\t90\tg\t0\t+\t0\t90\t0\t2\t50,50\t0,40", r"block 2 \(40-90\) is empty or overlaps"),
        ("chr1\t0\t90\tg\t0\t+\t0\t90\t0\t3\t10,0,10\t0,40,80", r"block 2 \(40-40\) is empty"),
        ("chr1\t0\t90\tg\t0\t+\t0\t90\t0\tx\t90\t0", "block count 'x'"),
        ("chr1\t0\t90\tg\t0\t+\t0\t90\t0\t1\t90\t", "block start ''"),
    ],
)
def test_bad_blocks(tmp_path: Path, fields: str, words: str):
    with pytest.raises(InputError, match=r"r\.bed:1: " + words):
        read_bed(bed(tmp_path, fields), CONTIGS, blocks=True)


def test_nothing_left(tmp_path: Path):
    with pytest.raises(InputError, match="has no regions"):
        read_bed(bed(tmp_path, "# only", "track x", ""), CONTIGS)
    (tmp_path / "empty.bed").touch()
    with pytest.raises(InputError, match="is empty"):
        read_bed(tmp_path / "empty.bed")
    with pytest.raises(InputError, match="does not exist"):
        read_bed(tmp_path / "none.bed")
