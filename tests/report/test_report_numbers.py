"""Every number on the page comes from an input file: checked against what the fake folder holds, worked out apart."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from fake_results import CLASSES, Fake
from page_reading import Report

from lrpgen.report import numbers
from lrpgen.report.figures import ticks
from lrpgen.report.loci import half, pack, sequence


@pytest.fixture(scope="module")
def text(report: Report) -> str:
    return report.text


def test_key_findings(text: str, fake: Fake) -> None:
    assert (
        "Donor on the held-out test part: AUROC 0.991, average precision 0.90 (base rate 0.08; 122 positives)." in text
    )
    assert (
        "Acceptor on the held-out test part: AUROC 0.983, average precision 0.82 (base rate 0.08; 120 positives)."
        in text
    )
    assert "Top pattern of donor: GTRAGT, from 480 seqlets." in text
    assert "The donor score rests most on G at +1, T at +2 and G at +5 (from the splice boundary" in text
    test = (fake.regions["split"] == "test").to_numpy()
    zeros = 100 * (fake.relevance[test] == 0).mean()
    assert f"Over the {test.sum()} explained test sites, PLRP left {zeros:.0f} % of bases at exactly zero" in text
    assert "Caution" not in text


def test_data(text: str, fake: Fake) -> None:
    for name in CLASSES:
        of_class = fake.regions[fake.regions["label"] == name]
        row = [(of_class["split"] == split).sum() for split in ("train", "validation", "test")]
        assert f"{name} {' '.join(map(str, row))} {len(of_class)}" in text
    assert "17 ambiguous bases in 3 windows" in text
    assert "Windows left out: 2 over the contig\u2019s end and 11 across the split." in text
    assert "train up to 220,000 bp, validation from there to 280,000 bp, test beyond" in text


def test_model_and_quality(text: str) -> None:
    assert "15 epochs in 1 min 23 s. The weights kept are those of epoch 12" in text
    assert "Parameters 54,321" in text
    assert "donor test 0.991 0.903 0.081 \u2013 \u2013 122 1,502" in text
    assert "acceptor test 0.983 0.822 0.080 \u2013 \u2013 120 1,502 validation 0.970 0.790 0.090" in text
    assert "25 % of the positive and 12.5 % of the negative relevance mass" in text


def test_ledger(text: str, fake: Fake) -> None:
    test = (fake.regions["split"] == "test").to_numpy()
    score = fake.output[test, fake.target[test]].astype(float)
    bases = fake.relevance[test].sum(1, dtype=float)
    assert f"is {score.mean():.2f}. {bases.mean():.2f} (" in text
    assert f"biases absorbed {(score - bases).mean():.2f}" in text
    assert "Pruning dropped 19 % of the relevance mass" in text  # (0.21 + 0.17) / 2: the first layer is not pruned
    assert "The account closes" in text
    dense = f"dense linear epsilon {score.mean():.2f} {0.1 * (score - bases).mean():.3f} 0 0"
    assert dense in text  # the layer nearest to the output comes first
    assert text.index("dense linear") < text.index("conv1 conv1d")


def test_tracks_and_versions(text: str) -> None:
    assert "one window every 50 bp (15,992 windows). 399,999 bases covered, 31 % of them exactly zero." in text
    assert "numpy " + np.__version__ in text


def test_only_what_was_used_is_cited(text: str) -> None:
    assert "2404.14271" in text
    assert "2501.14322" not in text
    assert "e0130140" in text


def test_loci_are_the_best_and_their_bases_right(report: Report, fake: Fake) -> None:
    data = report.data()
    rows = [dict(zip(data["fields"], row, strict=True)) for row in data["rows"]]
    assert len(rows) == len(fake.regions)
    logit = fake.output[np.arange(len(fake.target)), fake.target]
    for k, name in enumerate(CLASSES[:2]):
        shown = [row["logit"] for row in rows if row["class"] == name]
        assert shown == pytest.approx(sorted(logit[fake.target == k], reverse=True), abs=1e-4)
    first = rows[0]
    i = int(np.flatnonzero(fake.regions["name"] == first["name"])[0])
    region = fake.regions.iloc[i]
    assert (first["start"], first["end"], first["strand"]) == (region["start"], region["end"], region["strand"])
    letters = "".join("ACGT"[column.argmax()] if column.any() else "N" for column in fake.onehot[i].T)
    assert first["sequence"] == letters
    values = np.frombuffer(base64.b64decode(first["relevance"]), "<i2") * first["scale"]
    assert np.abs(values - fake.relevance[i]).max() <= 0.51 * first["scale"]
    assert (values == 0).tolist() == (fake.relevance[i] == 0).tolist()
    assert first["zeros"] == pytest.approx((fake.relevance[i] == 0).mean(), abs=1e-4)
    powers = np.exp(fake.output[i].astype(float))
    assert first["probability"] == pytest.approx(powers[fake.target[i]] / powers.sum(), abs=1e-4)


def test_reverse_complement_of_a_card(report: Report) -> None:
    """GTRAGT's card reads left to right G T A/G A G T; turned round it reads A C T C/T A C."""
    html = report["motifs"].html
    card = html[html.index('aria-label="Pattern pos_0 of donor"') :]
    forward, reverse = card.split('class="forward"')[1].split('class="reverse"')

    def letters(svg: str) -> list[str]:
        return [part[0] for part in svg.split("</div>")[0].split('href="#glyph-')[1:]]

    assert letters(forward) == ["G", "T", "A", "G", "A", "G", "T"]
    assert sorted(letters(reverse)) == sorted("ACTCTAC")
    assert letters(reverse)[:2] == ["A", "C"]
    assert "<code>GTRAGT</code>" in forward
    assert "<code>ACTYAC</code>" in reverse.split("</div>")[0]


def test_packing_keeps_small_values_apart_from_zero() -> None:
    scale, packed = pack(np.array([1.0, 1e-9, 0.0, -1e-9], dtype=np.float32))
    assert np.frombuffer(base64.b64decode(packed), "<i2").tolist() == [32767, 1, 0, -1]
    assert scale == pytest.approx(1 / 32767)
    assert pack(np.zeros(3, np.float32))[0] == 0.0


def test_sequence_and_half() -> None:
    onehot = np.zeros((4, 5), np.int8)
    for i, base in enumerate([3, 2, 1, 0]):
        onehot[base, i] = 1
    assert sequence(onehot) == "TGCAN"
    assert half(np.array([[1.0, -1, 1, 1], [5, 1, 1, 1], [0, 0, 0, 0]])).tolist() == [2, 1, 0]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (numbers.share(0.4321), "43 %"), (numbers.share(0.0), "0 %"), (numbers.share(1.0), "100 %"),
        (numbers.share(0.9996), "> 99.9 %"), (numbers.share(0.00001), "< 0.01 %"), (numbers.share(0.0432), "4.3 %"),
        (numbers.share(None), "\u2013"), (numbers.percent(0.125), "12.5 %"),
        (numbers.score(0.99962), "> 0.999"), (numbers.score(0.9912), "0.991"), (numbers.score(0.0001), "< 0.001"),
        (numbers.number(6.3127), "6.31"), (numbers.number(-0.5), "\u22120.500"), (numbers.number(0), "0"),
        (numbers.number(2.1e-6), "2.1\u00d710\u207b\u2076"), (numbers.count(1234567), "1,234,567"),
        (numbers.signed(0.5), "+0.500"), (numbers.seconds(83.2), "1 min 23 s"), (numbers.size(1_234_567), "1.2 MB"),
        (numbers.offset(100, 100), "+1"), (numbers.offset(99, 100), "\u22121"),
    ],
)  # fmt: skip
def test_numbers_read_well(shown: str, expected: str) -> None:
    assert shown.replace("\u202f", " ") == expected


def test_ticks_are_round() -> None:
    assert ticks(0, 1) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert ticks(3, 3) == [3]
    assert ticks(1, 15) == [5, 10, 15]
