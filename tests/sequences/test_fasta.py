import gzip
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from Bio import bgzf
from toy import plain_reverse_complement

from lrpgen.errors import InputError
from lrpgen.sequences import Genome, read_fasta
from lrpgen.sequences.faidx import index_cache


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def bgzip(path: Path, text: str) -> Path:
    with bgzf.BgzfWriter(str(path)) as handle:
        handle.write(text)
    return path


def letters(count: int, seed: int) -> str:
    return "".join(random.Random(seed).choices("ACGTacgtN", k=count))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_fetch_by_hand(tmp_path: Path, packed: bool, end: str):
    text = ">one first\nACGTA\nCCGgt\nAN\n>two\nTTTGC" + end
    path = bgzip(tmp_path / "g.fa.gz", text) if packed else write(tmp_path / "g.fa", text)
    with Genome(path) as genome:
        assert genome.contigs == {"one": 12, "two": 5}
        assert genome.fetch("one", 0, 12) == "ACGTACCGgtAN"
        assert genome.fetch("one", 4, 6) == "AC"
        assert genome.fetch("one", 7, 11, "-") == "TacC"
        assert genome.fetch("two", 3, 5) == "GC"
        assert genome.onehot("two", 2, 5, "-").tolist() == [[0, 0, 1], [0, 1, 0], [1, 0, 0], [0, 0, 0]]


def test_every_block_edge_of_a_bgzip_file(tmp_path: Path):
    """Blocks of the full 65,536 bytes, as Biopython writes them, once broke a fetch that began at an edge."""
    sequence = letters(200_000, 1)
    path = bgzip(tmp_path / "g.fa.gz", ">a\n" + sequence + "\n")
    with Genome(path) as genome:
        for edge in (65_536, 131_072, 196_608):
            for start in range(edge - 6, edge + 3):
                assert genome.fetch("a", start, start + 50) == sequence[start : start + 50]
        assert genome.fetch("a", 0, 200_000) == sequence


def test_random_intervals_against_the_string(tmp_path: Path):
    contigs = {"a": letters(1000, 2), "b": letters(121, 3), "c": letters(60, 4)}
    text = "".join(
        f">{n}\n" + "\n".join(s[i : i + 60] for i in range(0, len(s), 60)) + "\n" for n, s in contigs.items()
    )
    with Genome(write(tmp_path / "g.fa", text)) as genome:
        assert list(genome.contigs) == ["a", "b", "c"]
        generator = random.Random(5)
        for _ in range(500):
            name = generator.choice("abc")
            start, end = sorted(generator.sample(range(len(contigs[name]) + 1), 2))
            expected = contigs[name][start:end]
            assert genome.fetch(name, start, end) == expected
            assert genome.fetch(name, start, end, "-").upper() == plain_reverse_complement(expected)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.fa", b"", "is empty"),
        ("blank.fa", b"\n\n\n", "only blank lines"),
        ("notes.fa", b"hello\n>a\nACGT\n", "notes.fa:1: not FASTA"),
        ("binary.fa", b"\xff\xfe\x00\x80\n", "not a text file"),
        (
            "plain.fa.gz",
            gzip.compress(b">a\nACGT\n", mtime=0),
            "gzip but not bgzip.*gunzip plain.fa.gz && bgzip plain.fa",
        ),
        ("plain.fa", gzip.compress(b">a\nACGT\n", mtime=0), "gzip but not bgzip"),
        ("liar.fa.gz", b">a\nACGT\n", "named as compressed but is not"),
        ("ragged.fa", b">a\nACGT\nAC\nACGT\n", "cannot be indexed: .*line"),
        ("twice.fa", b">a\nACGT\n>a\nACGT\n", "two contigs named 'a'"),
        ("noname.fa", b">\nACGT\n", "cannot be indexed"),
    ],
)
def test_files_that_are_no_genome(tmp_path: Path, name: str, content: bytes, words: str):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=words):
        Genome(path)
    assert [f.name for f in tmp_path.iterdir()] == [name]


def test_missing_file_and_folder(tmp_path: Path):
    with pytest.raises(InputError, match="does not exist"):
        Genome(tmp_path / "none.fa")
    with pytest.raises(InputError, match="is a folder; give a file"):
        Genome(tmp_path)


def test_bgzip_cut_short_or_misnamed(tmp_path: Path):
    whole = bgzip(tmp_path / "g.fa.gz", ">a\n" + letters(100_000, 6)).read_bytes()
    (tmp_path / "cut.fa.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="damaged or cut short"):
        Genome(tmp_path / "cut.fa.gz")
    (tmp_path / "g.fa").write_bytes(whole)
    with pytest.raises(InputError, match=r"rename it to g\.fa\.gz"):
        Genome(tmp_path / "g.fa")


def test_what_is_not_in_the_genome(tmp_path: Path):
    with Genome(write(tmp_path / "g.fa", ">chr1\nACGT\n>chr2\nACGT\n>chr3\nACxT\n>chr4\nA\n")) as genome:
        with pytest.raises(InputError, match=r"'1' is not in the FASTA, which calls it 'chr1'.*'chr' prefix"):
            genome.fetch("1", 0, 2)
        with pytest.raises(InputError, match=r"'MT' is not in the FASTA, which has chr1, chr2, chr3 and 1 more"):
            genome.fetch("MT", 0, 2)
        for start, end in ((-1, 2), (2, 2), (3, 2), (0, 5), (4, 5)):
            with pytest.raises(InputError, match=rf"chr1:{start}-{end} is not inside the contig of 4 bp"):
                genome.fetch("chr1", start, end)
        with pytest.raises(InputError, match=r"strand '\.'"):
            genome.fetch("chr1", 0, 2, ".")
        with pytest.raises(InputError, match=r"contig chr3: letter 'x' at position 3"):
            genome.onehot("chr3", 1, 4)


def test_the_other_way_round_with_chr(tmp_path: Path):
    with (
        Genome(write(tmp_path / "g.fa", ">1\nACGT\n")) as genome,
        pytest.raises(InputError, match="which calls it '1'"),
    ):
        genome.fetch("chr1", 0, 2)


def test_index_follows_the_file_and_a_broken_one_is_made_again(tmp_path: Path):
    path = write(tmp_path / "g.fa", ">a\nACGT\n")
    Genome(path).close()
    index = tmp_path / "g.fa.fai"
    assert index.read_text() == "a\t4\t3\t4\t5\n"
    write(path, ">b\nACGTACGT\n")
    os.utime(index, (1, 1))
    assert Genome(path).contigs == {"b": 8}
    for broken in ("", "b\t8", "b\teight\t3\t8\t9\n"):
        index.write_text(broken)
        assert Genome(path).contigs == {"b": 8}
    os.utime(path, (4e9, 4e9))  # a clock that is ahead must not make every index look old
    Genome(path).close()
    made = index.stat().st_ino
    Genome(path).close()
    assert index.stat().st_ino == made


def test_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Tests may run as root, who can write anywhere: the refusal is made, not asked of the file system."""
    from lrpgen.sequences import faidx

    folder = tmp_path / "readonly"
    folder.mkdir()
    path = bgzip(folder / "g.fa.gz", ">a\nACGT\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    real = faidx.tempfile.mkstemp

    def refuse(prefix: str, dir: Path):
        if Path(dir) == folder:
            raise PermissionError(13, "Permission denied")
        return real(prefix=prefix, dir=dir)

    monkeypatch.setattr(faidx.tempfile, "mkstemp", refuse)
    assert Genome(path).fetch("a", 1, 3) == "CG"
    assert [f.name for f in folder.iterdir()] == ["g.fa.gz"]
    assert sorted(f.name for f in index_cache(path).iterdir()) == ["g.fa.gz.fai", "g.fa.gz.gzi"]
    monkeypatch.setattr(faidx, "_build", lambda *_: pytest.fail("the cached index was not used"))
    assert Genome(path).fetch("a", 1, 3) == "CG"


def test_several_jobs_start_at_once(tmp_path: Path):
    sequence = letters(300_000, 7)
    path = bgzip(tmp_path / "g.fa.gz", ">a\n" + sequence + "\n>b\nACGT\n")
    code = (
        "import sys; from lrpgen.sequences import Genome; g = Genome(sys.argv[1]);"
        "print(g.fetch('a', 299990, 300000), g.contigs)"
    )
    jobs = [
        subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) for _ in range(6)
    ]
    answers = {job.communicate()[0] for job in jobs}
    assert answers == {f"{sequence[-10:]} {{'a': 300000, 'b': 4}}\n"}
    assert sorted(f.name for f in tmp_path.iterdir()) == ["g.fa.gz", "g.fa.gz.fai", "g.fa.gz.gzi"]


@pytest.mark.parametrize("kind", ["plain", "gzip", "bgzip"])
def test_read_fasta(tmp_path: Path, kind: str):
    text = ">one first\nACG\n\nTA\n>two\r\nnnA\r\n"
    path = tmp_path / "s.fa.gz"
    if kind == "plain":
        path.write_text(text)
    elif kind == "gzip":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        bgzip(path, text)
    assert list(read_fasta(path)) == [("one", "ACGTA"), ("two", "nnA")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ACGT\n", ":1: not FASTA"),
        ("\n\n", "only blank lines"),
        (">a\n>b\nACGT\n", ":1: record 'a' has no sequence"),
        (">a\nACGT\n>b\n", ":3: record 'b' has no sequence"),
        (">a\nACGT\n>\nACGT\n", ":3: the header has no name"),
        (">a\nACGT\n>b\nAC\n>a\nACGT\n", ":5: the name 'a' is already used on line 1"),
        (">a\nACGT\nACJ\n", ":3: record 'a': letter 'J' at position 7"),
    ],
)
def test_sequence_sets_that_cannot_be_used(tmp_path: Path, text: str, words: str):
    with pytest.raises(InputError, match=words):
        list(read_fasta(write(tmp_path / "s.fa", text)))


def test_gzip_cut_short(tmp_path: Path):
    path = tmp_path / "s.fa.gz"
    path.write_bytes(gzip.compress((">a\n" + letters(10_000, 8)).encode())[:-200])
    with pytest.raises(InputError, match="damaged or cut short"):
        list(read_fasta(path))


def test_embedded_genome_is_the_record():
    path = Path(__file__).parents[2] / "data" / "hla" / "BA000025.2.fa.gz"
    with gzip.open(path, "rt") as handle:
        sequence = "".join(line.strip() for line in handle if not line.startswith(">"))
    with Genome(path) as genome:
        assert genome.contigs == {"BA000025.2": 2_229_817}
        for start in np.random.default_rng(0).integers(0, len(sequence) - 200, 300).tolist():
            assert genome.fetch("BA000025.2", start, start + 200) == sequence[start : start + 200]
