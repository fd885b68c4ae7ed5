import pytest

from lrpgen.sequences.windowfile import WindowFile


@pytest.fixture
def targets_file(monkeypatch):
    """Reads `task` and `/targets` of a windows file where `WindowFile` does not do so itself yet."""
    import inspect

    if "task" in inspect.getsource(WindowFile):
        return
    monkeypatch.setattr(WindowFile, "task", property(lambda self: self.attrs.get("task", "classes")), raising=False)
    monkeypatch.setattr(WindowFile, "targets", property(lambda self: self._onehot.file["targets"][:]))
