"""`lrpgen simulate` as a person meets it."""

import json

GRAMMAR = """
regions: 30
width: 60
motifs:
  A: {sequence: GATTACAGCC, count: [0, 1]}
label: {class: A}
"""


def test_the_folder_is_what_lrpgen_windows_reads(call, tmp_path):
    (tmp_path / "g.yaml").write_text(GRAMMAR)
    code, _, err = call("simulate", tmp_path / "g.yaml", "-o", tmp_path / "sim", "--seed", 3)
    assert code == 0, err
    summary = json.loads((tmp_path / "sim" / "summary.json").read_text())
    sim = tmp_path / "sim"
    places = ["--fasta", sim / "genome.fa", "--bed", sim / "positives.bed", "--negatives", sim / "negatives.bed"]
    code, _, err = call("windows", "--source", "regions", *places, "--split", "none", "-o", tmp_path / "w.h5")
    assert code == 0, err
    assert summary["positives"] + summary["negatives"] == 30
    assert (sim / "grammar.yaml").read_text() == GRAMMAR


def test_bad_input_is_one_line_and_exit_2(call, tmp_path):
    (tmp_path / "g.yaml").write_text(GRAMMAR.replace("[0, 1]", "often"))
    code, _, err = call("simulate", tmp_path / "g.yaml", "-o", tmp_path / "sim")
    assert code == 2
    assert "g.yaml: motifs.A.count is 'often', not a number" in err.splitlines()[-1]
    assert not (tmp_path / "sim").exists()
