from __future__ import annotations

import numpy as np
from planted import encode

from lrpgen.motifs.frames import Frame, alignment, realigned


def frame(*places: tuple[int, int, bool], width: int) -> Frame:
    window, start, reverse = zip(*places, strict=True)
    return Frame(np.array(window), np.array(start), np.array(reverse), width)


def test_read_turns_and_fills() -> None:
    windows = np.stack([encode("ACCGTT"), encode("GGATCC")])
    read = frame((0, 1, False), (0, 1, True), (1, -1, False), width=3).read(windows)
    assert (read[0] == encode("CCG")).all()
    assert (read[1] == encode("CGG")).all()  # reverse complement of CCG
    assert (read[2] == encode("NGG")).all()  # zeros before the window


def test_cut_follows_the_direction() -> None:
    windows = np.stack([encode("ACCGTTAG")])
    both = frame((0, 2, False), (0, 2, True), width=4)  # CGTT and AACG
    assert (both.cut(1, 3).read(windows) == np.stack([encode("GT"), encode("AC")])).all()
    assert (both.cut(-1, 5).read(windows) == np.stack([encode("CCGTTA"), encode("TAACGG")])).all()


def test_flip_reads_the_other_strand() -> None:
    windows = np.stack([encode("ACCGTT")])
    one = frame((0, 1, False), width=4)
    assert (one.flip().read(windows) == one.read(windows)[:, ::-1, ::-1]).all()


def test_join_keeps_all_places() -> None:
    joined = frame((0, 0, False), width=4).join(frame((0, 2, True), (1, 0, False), width=4))
    assert joined.window.tolist() == [0, 0, 1]
    assert joined.reverse.tolist() == [False, True, False]


def test_alignment_finds_offset_and_direction() -> None:
    random = np.random.default_rng(3)
    a = random.normal(size=(4, 12))
    assert alignment(a, a)[1:] == (0, False)
    score, offset, reverse = alignment(a, a[:, 3:])
    assert (offset, reverse) == (3, False)
    assert score < 1
    padded = np.pad(a, ((0, 0), (2, 0)))[::-1, ::-1]
    score, offset, reverse = alignment(a, padded)
    assert (round(score, 6), offset, reverse) == (1.0, -2, True)


def test_realigned_puts_stray_places_right() -> None:
    motif = encode("GATTACA")
    windows = np.zeros((12, 4, 30))
    places = []
    for i in range(12):
        turned = i % 4 == 3
        windows[i, :, 10:17] = motif[::-1, ::-1] if turned else motif
        places.append((i, 12 if i == 1 else 10, turned if i != 7 else not turned))
    found = realigned(frame(*places, width=7), windows, reach=4)
    assert (found.read(windows) == motif).all()
    assert len(found) == 12


def test_realigned_keeps_what_fits_and_drops_doubles() -> None:
    windows = np.zeros((3, 4, 30))
    windows[:, :, 10:17] = encode("GATTACA")
    found = realigned(frame((0, 10, False), (1, 10, False), (2, 10, False), (2, 12, False), width=7), windows, reach=4)
    assert found.start.tolist() == [10, 10, 10]
