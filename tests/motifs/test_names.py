"""Names: what Tomtom aligns, what counts as a name, and that what JASPAR does not hold gets none."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lrpgen.errors import InputError, MissingFeatureError
from lrpgen.motifs import names
from lrpgen.motifs.matrixfile import Known, Library, open_jaspar, read_jaspar
from lrpgen.motifs.names import (
    COLUMNS,
    SUMMARY,
    Naming,
    best_name,
    described,
    name_patterns,
    similarity,
)
from lrpgen.motifs.qvalues import adjusted
from lrpgen.sequences import WindowOptions, build_windows

HLA = Path(__file__).parents[2] / "data" / "hla"

# Position frequencies of human splice sites (percent, rounded), as textbooks show them: made here, not by lrpgen.
DONOR = np.array(
    [[35, 60, 9, 0, 0, 50, 70, 7, 16], [35, 13, 3, 0, 0, 3, 8, 6, 16], [19, 13, 80, 100, 0, 45, 12, 81, 22]]
)
TRACT = [[10, 30, 12, 48]] * 4 + [[8, 32, 10, 50]] * 4 + [[8, 40, 8, 44]] * 2 + [[24, 30, 20, 26]]
ACCEPTOR = np.array([*TRACT, [5, 65, 1, 29], [100, 0, 0, 0], [0, 0, 100, 0], [25, 14, 50, 11]]).T / 100


@pytest.fixture(scope="module")
def jaspar() -> Library:
    return read_jaspar(open_jaspar("JASPAR2026"))


def sampled(ppm: np.ndarray, sites: int, seed: int) -> np.ndarray:
    """Frequencies of `sites` sequences drawn from `ppm`."""
    random = np.random.default_rng(seed)
    return np.stack([random.multinomial(sites, column / column.sum()) / sites for column in ppm.T], axis=1)


@pytest.fixture(scope="module")
def hla_acceptors() -> dict[str, np.ndarray]:
    """Frequencies of the acceptors of the embedded data: of all, and of draws of 45 as TF-MoDISco's small patterns."""
    windows = build_windows(WindowOptions("splice-sites", HLA / "BA000025.2.fa.gz", HLA / "BA000025.2.cds.bed", seed=1))
    onehot = windows.onehot[(windows.regions["label"] == "acceptor").to_numpy()][:, :, 82:104].astype(float)
    random = np.random.default_rng(1)
    draws = {f"draw {i}": onehot[random.choice(len(onehot), 45, replace=False)].mean(axis=0) for i in range(8)}
    return {"all": onehot.mean(axis=0), **draws}


def tract_and_core(width: int, seed: int) -> np.ndarray:
    """An acceptor's frequencies from 300 sites: a tract of `width`, any base, CAG."""
    tract = np.tile([[0.06], [0.44], [0.06], [0.44]], width)
    return sampled(np.hstack([tract, np.full((4, 1), 0.25), np.eye(4)[:, [1, 0, 2]]]), 300, seed)


def splice_sites() -> dict[str, np.ndarray]:
    donor = np.vstack([DONOR, 100 - DONOR.sum(axis=0)]) / 100
    longer = {f"acceptor {width}": tract_and_core(width, width) for width in (14, 18, 24)}
    return {"donor": donor, "acceptor": ACCEPTOR, "tract": ACCEPTOR[:, :10], **longer}


@pytest.fixture(scope="module")
def tracts() -> dict[str, np.ndarray]:
    """Pyrimidine tracts, 300 sites each: what passes for a zinc finger's motif by p-values alone."""
    random = np.random.default_rng(1)
    made = {}
    for width in (14, 18):
        for i in range(2):
            c = random.uniform(0.3, 0.6)
            column = np.array([0.06, 0.88 * c, 0.06, 0.88 * (1 - c)])
            made[f"{width}.{i}"] = sampled(np.tile(column[:, None], width), 300, 10 * width + i)
    return made


def nothing_but_q_would_name(found: pd.DataFrame) -> None:
    """By Tomtom alone some have a name (else the test shows nothing); with all tests none has."""
    assert found["q"].to_numpy().min() <= 0.05
    assert not found["named"].to_numpy().any(), found.loc[found["named"]]


def test_jaspar_holds_no_splice_sites_and_names_none(
    jaspar: Library, hla_acceptors: dict[str, np.ndarray], tracts: dict[str, np.ndarray]
) -> None:
    for made in (splice_sites(), hla_acceptors, tracts):
        nothing_but_q_would_name(name_patterns(made, jaspar))


def test_half_a_motif_and_as_much_else_has_no_name(jaspar: Library) -> None:
    one, two = (np.eye(4)[:, np.random.default_rng(seed).integers(4, size=24)] * 0.9 + 0.025 for seed in (1, 2))
    found = name_patterns({"p": np.hstack([one[:, :12], two[:, 12:]])}, library_of(one), filler=jaspar).iloc[0]
    assert found["q"] <= 0.05
    assert found["similarity"] == pytest.approx(0.6, abs=0.15)  # a half, and what else falls on the same letter
    assert np.isnan(found["p_shuffled"])  # no shuffles are drawn for what they cannot make a name
    assert not found["named"]


def test_known_motifs_keep_their_names(jaspar: Library) -> None:
    """Twelve matrices drawn at random, as frequencies of 50 sites, every other one turned over."""
    random = np.random.default_rng(3)
    chosen = [jaspar.motifs[i] for i in random.choice(len(jaspar.motifs), 12, replace=False)]
    drawn = {known.id: sampled(known.ppm, 50, i) for i, known in enumerate(chosen)}
    queries = {name: ppm[::-1, ::-1] if i % 2 else ppm for i, (name, ppm) in enumerate(drawn.items())}
    found = name_patterns(queries, jaspar)
    right = sum((best := best_name(found, name)) is not None and best["target"] == name for name in queries)
    assert right >= 11


def library_of(*ppms: np.ndarray) -> Library:
    return Library("mine", [Known(f"m{i}", f"M{i}", ppm) for i, ppm in enumerate(ppms)])


@pytest.mark.parametrize("reverse", [False, True])
def test_offset_orientation_and_overlap(jaspar: Library, reverse: bool) -> None:
    target = np.eye(4)[:, ["ACGT".index(base) for base in "GATTACAGCC"]] * 0.97 + 0.01
    known = library_of(target[::-1, ::-1] if reverse else target)
    flank = np.full((4, 3), 0.25)
    inner = name_patterns({"p": target[:, 2:9]}, known, filler=jaspar).iloc[0]
    assert (inner["offset"], inner["overlap"], inner["orientation"]) == (2, 7, "-" if reverse else "+")
    outer = name_patterns({"p": np.hstack([flank, target])}, known, filler=jaspar).iloc[0]
    assert (outer["offset"], outer["overlap"], outer["orientation"]) == (-3, 10, "-" if reverse else "+")
    assert outer["named"]


def test_the_filler_is_neither_reported_nor_counted(jaspar: Library) -> None:
    known = library_of(jaspar.motifs[0].ppm, jaspar.motifs[5].ppm)
    found = name_patterns({"p": jaspar.motifs[0].ppm}, known, filler=jaspar)
    assert found["target"].tolist() == ["m0", "m1"]
    assert found.loc[0, "q"] == pytest.approx(min(2 * found["p"].min(), found["p"].max()), rel=1e-3)


def test_a_pattern_that_is_its_own_shuffle_has_no_name(jaspar: Library) -> None:
    runs = library_of(np.tile([[0.97], [0.01], [0.01], [0.01]], 10))
    found = name_patterns({"p": runs.motifs[0].ppm}, runs, filler=jaspar)
    assert found[["similarity", "p_shuffled", "named"]].to_numpy().tolist() == [[1, 1, False]]


def test_similarity_by_hand() -> None:
    half, two_bits = np.array([[0.5], [0.5], [0.0], [0.0]]), np.array([[1.0], [0.0], [0.0], [0.0]])
    both = np.hstack([two_bits, half])  # letters 2; 0.5 and 0.5
    assert similarity(both, both, 0, False) == pytest.approx(1)
    assert similarity(half, two_bits, 0, False) == pytest.approx(2**-0.5)  # 0.5 * 2 over 0.71 * 2
    assert similarity(np.tile(two_bits, 4), np.tile(two_bits, 2), -1, False) == pytest.approx(2**-0.5)  # half of it
    assert similarity(both, both[::-1, ::-1], 0, True) == pytest.approx(1)
    assert similarity(both, both, 1, False) == pytest.approx(0.5 * 2 / 4.5)  # its first on the other's second column
    assert similarity(np.full((4, 3), 0.25), both, 0, False) == 0


def test_the_shuffles_of_one_pattern_count_among_all(jaspar: Library) -> None:
    """Benjamini and Hochberg by hand: a p of 0.001 is 0.001 alone and 0.003 beside two that have none."""
    known, flat = jaspar.motifs[7], np.full((4, 8), 0.25)
    alone = name_patterns({"a": known.ppm}, jaspar).iloc[0]
    assert (alone["p_shuffled"], alone["q_shuffled"]) == (0.001, 0.001)
    beside = name_patterns({"a": known.ppm, "b": flat, "c": flat}, jaspar)
    assert beside.iloc[0]["q_shuffled"] == 0.003
    assert beside.loc[beside["pattern"] != "a", "q_shuffled"].isna().all()


def test_the_same_seed_gives_the_same_table(jaspar: Library) -> None:
    queries = {"a": ACCEPTOR[:, 8:], "b": jaspar.motifs[7].ppm}
    one, two = name_patterns(queries, jaspar, seed=3), name_patterns(queries, jaspar, seed=3)
    pd.testing.assert_frame_equal(one, two)


def test_benjamini_and_hochberg_by_hand() -> None:
    np.testing.assert_allclose(adjusted(np.array([0.01, 0.04, 0.03, 0.5])), [0.04, 0.04 * 4 / 3, 0.04 * 4 / 3, 0.5])


def test_no_patterns_give_an_empty_table() -> None:
    found = name_patterns({}, library_of(ACCEPTOR))
    assert found.empty
    assert tuple(found.columns) == COLUMNS
    assert described(found, "p") == dict.fromkeys(SUMMARY)


def test_what_a_pattern_says_of_its_matches() -> None:
    row = {
        "p": 1e-9,
        "q": 1e-6,
        "similarity": 0.9,
        "p_shuffled": 0.001,
        "q_shuffled": 0.002,
        "offset": 0,
        "orientation": "+",
        "overlap": 8,
    }
    matches = pd.DataFrame(
        [
            {**row, "pattern": "a", "rank": 1, "target": "m1", "name": "M1", "named": False},
            {**row, "pattern": "a", "rank": 2, "target": "m2", "name": "m2", "named": True, "q": 1e-5},
            {**row, "pattern": "a", "rank": 3, "target": "m3", "name": "M3", "named": True, "similarity": 0.95},
            {**row, "pattern": "b", "rank": 1, "target": "m1", "name": "M1", "named": False},
        ]
    )
    first, second = described(matches, "a"), described(matches, "b")
    assert (first["name"], first["target"], first["q"], first["matches"]) == ("M3", "m3", 1e-6, "m1 M1; m2; m3 M3")
    assert (second["name"], second["target"]) == ("", "m1")
    assert tuple(first) == SUMMARY


def test_choices_are_checked_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Naming("none").open() is None
    for naming, message in (
        (Naming(max_q=0), "the largest q of a name must be above 0"),
        (Naming(release="X"), "no JASPAR release"),
        (Naming(tmp_path / "a.meme"), "does not exist"),
    ):
        with pytest.raises(InputError, match=message):
            naming.open()
    for module in [m for m in sys.modules if m.split(".")[0] == "memelite"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "memelite", None)
    with pytest.raises(MissingFeatureError, match=r"pip install 'lrpgen\[motifs\]'"):
        names.Naming().open()


def test_few_motifs_of_a_file_are_filled_up(tmp_path: Path) -> None:
    path = tmp_path / "one.meme"
    path.write_text("MEME version 4\n\nMOTIF m\nletter-probability matrix: w= 2\n1 0 0 0\n0 1 0 0\n")
    read = Naming(path).open()
    assert read is not None
    library, filler = read()
    assert [known.id for known in library.motifs] == ["m"]
    assert filler is not None
    assert len(filler.motifs) > 500
