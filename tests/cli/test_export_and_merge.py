"""`lrpgen export` and `lrpgen merge` as a person meets them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from planted import plant, write


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    data = plant(12, 0.5)
    write(tmp_path / "store.h5", data)
    write(tmp_path / "bare.h5", data, multipliers=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_export(call, here: Path) -> None:
    code, _, err = call("export", "store.h5", "--target", "site", "-o", "out")
    assert code == 0, err
    assert "exported 12 windows to out" in err
    with np.load(here / "out" / "hyp.npz") as file:
        assert file["arr_0"].shape == (12, 4, 400)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["export", "bare.h5", "-o", "out"], "bare.h5 holds no multipliers to export; explain windows (not tiles)"),
        (["export", "none.h5", "-o", "out"], "relevance store none.h5 does not exist"),
        (["export", "store.h5", "--target", "x", "-o", "out"], "store.h5 has no class 'x'; choose one of other, site"),
        (["export", "store.h5", "--format", "x", "-o", "out"], "no format 'x'; choose one of modisco, chrombpnet"),
        (["export", "store.h5", "-o", "."], "--output . is a folder that holds store; choose another place"),
        (["merge", "a", "b", "-o", "out"], "a is no folder; give folders of `lrpgen motifs`"),
        (["merge", "a", "b", "-o", "b"], "--output b is also given as folders"),
        (["merge", "in/a", "in/b", "-o", "in"], "--output in is a folder that holds folders"),
        (["merge", "a", "./a", "-o", "out"], "the folder a is given twice"),
        (["merge", "-o", "out"], "Missing argument"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(call, here: Path, arguments: list[str], words: str) -> None:
    code, _, err = call(*arguments)
    assert code == 2
    assert words in err
    assert len(err.splitlines()) == 1
    assert {path.name for path in here.iterdir()} == {"store.h5", "bare.h5"}
