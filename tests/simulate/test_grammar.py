"""A grammar that does not fit is one sentence with the place of the key."""

import numpy as np
import pytest
from grammars import A, motif, save

from lrpgen.errors import InputError
from lrpgen.simulate import read_grammar, simulate
from lrpgen.simulate.background import Background
from lrpgen.simulate.logic import read_logic


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"regions": 1}, "regions is 1, not a number of regions, at least 2"),
        ({"motfs": {}}, "'motfs' was unexpected"),
        ({"motifs": {}}, "motifs is {}, not at least one motif by name"),
        ({"motifs": {"A": motif(count="x")}}, "motifs.A.count is 'x', not a number, [fewest, most]"),
        ({"motifs": {"A": motif(count={"share": 2})}}, "motifs.A.count.share is 2, not a share from 0 to 1"),
        ({"motifs": {"A": motif(count=[3, 1])}}, "motifs.A.count: 3 comes before 1"),
        ({"motifs": {"A": motif("GATNACA")}}, "motifs.A.sequence is 'GATNACA', not letters A C G T"),
        ({"motifs": {"A": {"sequence": A}}}, "motifs.A: 'count' is a required property"),
        ({"motifs": {"A": {"count": 1}}}, "motifs.A"),
        ({"motifs": {"A": motif(strand="x")}}, "motifs.A.strand is 'x', not both, + or -"),
        ({"motifs": {"A": motif(position=[95, 100])}}, "motifs.A.position: bases 95 to 100"),
        ({"motifs": {"a b": motif()}}, "'a b', not a name of letters, digits and _"),
        (
            {"motifs": {"A": {"matrix": "MA0139.9", "count": 1}}},
            "motifs.A.matrix: JASPAR2026 CORE, vertebrates has no MA0139.9, but MA0139.2",
        ),
        ({"label": {"class": "A and"}}, "label.class: 'A and' cannot be read"),
        ({"label": {"class": "A and C"}}, "label.class: there is no 'C' among A"),
        ({"label": {"class": "f(A)"}}, "label.class: 'f(A)' is no part of such an expression"),
        ({"label": {"class": "A"}}, "label.class makes every region positive"),
        ({"label": {}}, "label is {}, not {class: expression}"),
        (
            {"pairs": {"P": {"first": "A", "second": "X", "spacing": [1, 2], "count": 1}}},
            "pairs.P.second: there is no motif X",
        ),
        ({"background": {"gc": 1.5}}, "background.gc is 1.5, not a share"),
        ({"background": {"fasta": "none.fa"}}, "none.fa does not exist"),
        ({"motifs": {"A": motif(count=9)}, "spacing": 5}, "a region of 100 bp does not hold 9 A"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, keys, words):
    with pytest.raises(InputError) as found:
        simulate(save(tmp_path, **keys), tmp_path / "out")
    assert words in str(found.value)
    assert "\n" not in str(found.value)
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_no_grammar(tmp_path):
    path = tmp_path / "g.yaml"
    for text, words in (("a: [", "is not valid YAML"), ("just words", "not a grammar")):
        path.write_text(text)
        with pytest.raises(InputError, match=words):
            read_grammar(path)


def test_an_id_that_a_meme_file_lacks(tmp_path):
    simulate(save(tmp_path), tmp_path / "sim")
    path = save(tmp_path, library="sim/motifs.meme", motifs={"B": {"matrix": "B", "count": 1}})
    with pytest.raises(InputError, match=r"motifs\.B\.matrix: motifs\.meme has no B; choose an id that it has"):
        read_grammar(path)


def test_the_shipped_grammar_is_one():
    grammar = read_grammar()
    assert {motif.weight for motif in grammar.motifs.values()} == {1, 0, -1}


def test_expressions_by_hand():
    counts = {"A": np.array([0, 1, 2, 3]), "N": np.array([0, 1, 0, 1])}
    for text, expected in {
        "A": [0, 1, 1, 1],
        "not A": [1, 0, 0, 0],
        "A and not N": [0, 0, 1, 0],
        "not A or N": [1, 1, 0, 1],
        "A >= 2 and N == 0": [0, 0, 1, 0],
        "(A or N) and A != 3": [0, 1, 1, 0],
    }.items():
        assert read_logic(text, counts, "here")(counts).tolist() == [bool(one) for one in expected]


def test_the_background_has_the_gc_share():
    drawn = Background.of_gc(0.3).draw(100, 1000, np.random.default_rng(1))
    assert np.bincount(drawn.ravel(), minlength=4) / drawn.size == pytest.approx([0.35, 0.15, 0.15, 0.35], abs=0.005)


def test_a_markov_background_has_the_words_of_its_fasta(tmp_path):
    path = tmp_path / "g.fa"
    path.write_text(">a\n" + "ACGT" * 500 + "NNNN" + "AACC" * 500 + "\n")
    words = "AACC" * 500  # by hand: after A comes C (3 of 4), A (1 of 4); after T always A
    chain = Background.of_fasta(path, 1)
    assert chain.step[0] == pytest.approx([1 / 3, 2 / 3, 0, 0], abs=0.002)
    assert chain.step[3, 0] == pytest.approx(1, abs=0.01)
    drawn = chain.draw(200, 400, np.random.default_rng(2))
    pairs = np.bincount((drawn[:, :-1] * 4 + drawn[:, 1:]).ravel(), minlength=16) / (drawn[:, 1:].size)
    text = "ACGT" * 500 + words
    for first, second in ("AC", "AA", "CG", "CC", "CA", "TA", "AT"):
        expected = sum(text[i : i + 2] == first + second for i in range(len(text) - 1)) / len(text)
        assert pairs["ACGT".index(first) * 4 + "ACGT".index(second)] == pytest.approx(expected, abs=0.02)


def test_order_two_remembers_two_letters(tmp_path):
    path = tmp_path / "g.fa"
    path.write_text(">a\n" + "AACAG" * 2000 + "\n")
    drawn = Background.of_fasta(path, 2).draw(1, 5000, np.random.default_rng(3))[0]
    text = "".join("ACGT"[code] for code in drawn)
    after = [text[i + 2] for i in range(len(text) - 2) if text[i : i + 2] == "CA"]
    assert after.count("G") / len(after) > 0.99  # at order 1 A is followed by A, C and G alike
