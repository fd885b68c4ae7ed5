"""patterns.modisco.h5 through modisco-lite's own readers."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from memelite.io import read_meme
from modiscolite import descriptive_report, io, report
from modiscolite.util import MemeDataType
from planted import NEGATIVE, POSITIVE, WIDTH, Planted, encode, plant

from lrpgen.motifs.frames import Frame
from lrpgen.motifs.modiscofile import write_modisco
from lrpgen.motifs.patterns import Pattern, Reads
from lrpgen.relevance import export


def planted_pattern(data: Planted, name: str, motif: str, rows: slice = slice(None)) -> Pattern:
    """The pattern of all places of `motif` (some with a base before and after it), read along it."""
    forward, backward = encode(motif), encode(motif)[::-1, ::-1]
    found = []
    for window, onehot in enumerate(data.onehot):
        for reverse, wanted in ((False, forward), (True, backward)):
            hits = np.lib.stride_tricks.sliding_window_view(onehot, wanted.shape[1], axis=1)
            at = np.flatnonzero((hits.transpose(1, 0, 2) == wanted).all(axis=(1, 2)))
            found += [(window, start, reverse) for start in at]
    window, start, reverse = (np.array(column)[rows] for column in zip(*found, strict=True))
    frame = Frame(window, start, reverse, len(motif)).cut(-1, len(motif) + 1)
    contributions = (data.onehot * data.relevance[:, None]).astype(np.float32)
    reads = Reads(frame.read(data.onehot), frame.read(contributions), frame.read(data.multipliers.astype(np.float32)))
    return Pattern(name, "+" if motif == POSITIVE else "-", frame, reads)


@pytest.fixture(scope="module")
def data() -> Planted:
    return plant(40, 0.5, seed=3)


@pytest.fixture(scope="module")
def patterns(data: Planted) -> list[Pattern]:
    return [
        planted_pattern(data, "pos_0", POSITIVE),
        planted_pattern(data, "pos_1", POSITIVE, slice(0, 20, 2)),
        planted_pattern(data, "neg_0", NEGATIVE),
    ]


@pytest.fixture(scope="module")
def path(data: Planted, patterns: list[Pattern], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("modisco") / "patterns.modisco.h5"
    write_modisco(path, patterns, data.regions, WIDTH)
    return path


def test_every_matrix_is_ours(path: Path, patterns: list[Pattern]) -> None:
    found = descriptive_report.extract_seqlet_data(str(path), ["pos_patterns", "neg_patterns"])
    assert list(found) == ["pos_patterns.pattern_0", "pos_patterns.pattern_1", "neg_patterns.pattern_0"]
    for pattern, theirs in zip(patterns, found.values(), strict=True):
        assert theirs["n_seqlets"] == pattern.seqlets
        np.testing.assert_array_equal(theirs["ppm"].T * pattern.seqlets, pattern.pfm)
        np.testing.assert_array_equal(theirs["cwm"].T, pattern.cwm)
        np.testing.assert_array_equal(theirs["hcwm"].T, pattern.hypothetical_cwm)
        np.testing.assert_array_equal(theirs["seqlet_contribs"], pattern.reads.contributions.transpose(0, 2, 1))


def test_places_are_those_of_exported_rows(path: Path, data: Planted, patterns: list[Pattern], tmp_path: Path) -> None:
    """A seqlet cut out of ohe.npz at its place, turned over where the file says so, is the seqlet's sequence."""
    from planted import write

    export.export(write(tmp_path / "store.h5", data), tmp_path / "modisco")
    with np.load(tmp_path / "modisco" / "ohe.npz") as file:
        rows = file["arr_0"].transpose(0, 2, 1)
    with h5py.File(path) as file:
        assert file.attrs["window_size"] == WIDTH
        for name in ("pos_patterns/pattern_0", "neg_patterns/pattern_0"):
            keys = ("example_idx", "start", "end", "is_revcomp", "sequence")
            table = [np.asarray(file[f"{name}/seqlets/{key}"]) for key in keys]
            assert table[3].any()
            assert not table[3].all()
            for window, start, end, reverse, sequence in zip(*table, strict=True):
                cut = rows[window, start:end]
                np.testing.assert_array_equal(cut[::-1, ::-1] if reverse else cut, sequence)


def test_converters_and_report_run(path: Path, data: Planted, patterns: list[Pattern], tmp_path: Path) -> None:
    meme, bed, regions = tmp_path / "m.meme", tmp_path / "s.bed", tmp_path / "regions.bed"
    io.write_meme_from_h5(path, MemeDataType.PFM, meme, True)
    matrices = list(read_meme(str(meme)).values())
    np.testing.assert_allclose(matrices[0], patterns[0].pfm / patterns[0].seqlets, atol=1e-4)
    data.regions.to_csv(regions, sep="\t", header=False, index=False)
    io.write_bed_from_h5(path, regions, bed, "*", None, True)
    lines = [line.split() for line in bed.read_text().splitlines() if line and not line.startswith("track")]
    places = {(chrom, int(start) - 1, int(end)) for chrom, start, end, *_ in lines}  # its starts are one too many
    assert {(chrom, start - 1, end + 1) for chrom, start, end, _ in data.places[NEGATIVE]} <= places
    report.report_motifs(path, tmp_path / "report", "./", None, False)
    assert (tmp_path / "report" / "motifs.html").read_text().count("<img") == 2 * len(patterns)


def test_subpatterns_and_signs_without_patterns(data: Planted, tmp_path: Path) -> None:
    parts = (planted_pattern(data, "neg_0.0", NEGATIVE, slice(0, 9)), planted_pattern(data, "neg_0.1", NEGATIVE))
    whole = planted_pattern(data, "neg_0", NEGATIVE)
    with_parts = Pattern(whole.name, whole.sign, whole.frame, whole.reads, parts)
    write_modisco(tmp_path / "p.h5", [with_parts], data.regions, WIDTH)
    with h5py.File(tmp_path / "p.h5") as file:
        assert list(file) == ["neg_patterns"]
        assert np.asarray(file["neg_patterns/pattern_0/subpattern_0/seqlets/n_seqlets"]).tolist() == [9]
        np.testing.assert_array_equal(
            np.asarray(file["neg_patterns/pattern_0/subpattern_1/contrib_scores"]).T, parts[1].cwm
        )
    write_modisco(tmp_path / "none.h5", [], data.regions, WIDTH)
    assert descriptive_report.extract_seqlet_data(str(tmp_path / "none.h5"), ["pos_patterns", "neg_patterns"]) == {}
