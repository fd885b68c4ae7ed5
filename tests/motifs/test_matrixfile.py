"""Reading libraries of known motifs: JASPAR offline, MEME files, and every way a MEME file can be wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from lrpgen.errors import InputError, MissingFeatureError
from lrpgen.motifs.matrixfile import open_jaspar, read_jaspar, read_meme

HEAD = (
    "MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\nBackground letter frequencies\nA 0.25 C 0.25 G 0.25 T 0.25\n\n"
)
MATRIX = "letter-probability matrix: alength= 4 w= 2 nsites= 20 E= 0\n"
ROWS = "0.1 0.2 0.3 0.4\n1 0 0 0\n"


def test_two_motifs_with_and_without_a_second_name(tmp_path: Path) -> None:
    path = tmp_path / "known.meme"
    other = "MOTIF alone\nletter-probability matrix:\n 0.3333 0.3333 0.3333 0 \nURL http://example.org\n"
    path.write_text(f"{HEAD}MOTIF MA1.1 Foo::Bar\n{MATRIX}{ROWS}\n{other}")
    library = read_meme(path)
    assert library.source == "known.meme"
    assert [(known.id, known.name) for known in library.motifs] == [("MA1.1", "Foo::Bar"), ("alone", "alone")]
    np.testing.assert_allclose(library.motifs[0].ppm, [[0.1, 1], [0.2, 0], [0.3, 0], [0.4, 0]])
    np.testing.assert_allclose(library.motifs[1].ppm[:, 0], [1 / 3, 1 / 3, 1 / 3, 0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f"{HEAD}MOTIF one\n{MATRIX}0.1 0.2 0.3 0.4\n0.5 0.5 0.5 0\n",
            r"motif one of .*, row 2: '0.5 0.5 0.5 0' is not",
        ),
        (f"{HEAD}MOTIF one\n{MATRIX}0.1 0.2 0.7\n", r"motif one of .*, row 1: '0.1 0.2 0.7' is not four shares"),
        (f"{HEAD}MOTIF one\n{MATRIX}nan 0.2 0.3 0.4\n", "row 1: 'nan 0.2 0.3 0.4' is not four shares"),
        (f"{HEAD}MOTIF one\n{MATRIX}1.5 -0.5 0 0\n", "row 1: '1.5 -0.5 0 0' is not four shares"),
        (f"{HEAD}MOTIF one\n{MATRIX}a b c d\n", "row 1: 'a b c d' is not four shares"),
        (
            f"{HEAD}MOTIF one\n{MATRIX}0.1 0.2 0.3 0.4\n",
            "motif one of .* has 1 rows instead of 2; is the file cut short",
        ),
        (f"{HEAD}MOTIF one\n{ROWS}", "motif one of .* has no letter-probability matrix"),
        (f"{HEAD}MOTIF one\n{MATRIX}{ROWS}\nMOTIF one\n{MATRIX}{ROWS}", "has motif one twice"),
        (f"{HEAD}MOTIF\n{MATRIX}{ROWS}", "a MOTIF line without a name"),
        (HEAD, "holds no motifs"),
        (HEAD.replace("ACGT", "ACDEFGHIKLMNPQRSTVWY"), "is not of DNA"),
        (HEAD.replace("= ACGT", ' "mine" RNA-LIKE\nA\nC\nG\nU\nEND ALPHABET'), "is not of DNA"),
        (">MA0004.1 Arnt\nA [4 19 0]\n", "is not a MEME file"),
        ("", "is empty"),
    ],
)
def test_a_bad_file_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.meme"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_meme(path)


def test_not_text_and_not_there(tmp_path: Path) -> None:
    (tmp_path / "x.meme").write_bytes(b"\x89HDF\r\n\xff\xfe")
    with pytest.raises(InputError, match="not a MEME file"):
        read_meme(tmp_path / "x.meme")
    with pytest.raises(InputError, match=r"motif file .* does not exist"):
        read_meme(tmp_path / "y.meme")


def test_jaspar_comes_offline_in_the_release_asked_for() -> None:
    library = read_jaspar(open_jaspar("JASPAR2018", "insects"), "insects")
    assert library.source == "JASPAR2018 CORE, insects"
    ids = [known.id for known in library.motifs]
    assert ids == sorted(set(ids))
    named = {known.name: known.ppm for known in library.motifs}
    np.testing.assert_allclose(named["Trl"].sum(axis=0), 1)  # the GAGA factor
    assert "".join("ACGT"[i] for i in named["Trl"].argmax(axis=0)) in ("TTGCTCTCTC", "GAGAGAGCAA")


def test_the_newest_release_is_the_default() -> None:
    import pyjaspar

    assert open_jaspar().release == pyjaspar.JASPAR_LATEST_RELEASE == max(pyjaspar.jaspar_releases)


def test_unknown_release_and_taxon() -> None:
    with pytest.raises(InputError, match="no JASPAR release 'JASPAR1999'; choose one of JASPAR2026"):
        open_jaspar("JASPAR1999")
    with pytest.raises(InputError, match="JASPAR2014 has no taxon group 'mammals'; choose one of fungi, insects"):
        open_jaspar("JASPAR2014", "mammals")


def test_without_pyjaspar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyjaspar", None)
    with pytest.raises(MissingFeatureError, match=r"pip install 'lrpgen\[motifs\]'"):
        open_jaspar()
