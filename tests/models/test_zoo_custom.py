"""A class from the user's own file: what it gets, what it may do, and one sentence for everything that goes wrong."""

import sys

import pytest
import torch

import lrpgen
from lrpgen.errors import InputError
from lrpgen.models import Card, save_model
from lrpgen.models.zoo import build

NETS = '''
from dataclasses import dataclass

import torch
from torch import nn

from beside import KERNEL

NOT_A_CLASS = 3


@dataclass
class Settings:
    filters: int = 5


class Plain(nn.Module):
    """Takes classes, not width."""

    def __init__(self, classes, filters=Settings().filters):
        super().__init__()
        self.conv, self.head = nn.Conv1d(4, filters, KERNEL, padding="same"), nn.Linear(filters, classes)

    def forward(self, x):
        return self.head(self.conv(x).relu().mean(2))


class Flat(nn.Module):
    """Takes both."""

    def __init__(self, classes, width):
        super().__init__()
        self.norm, self.head = nn.BatchNorm1d(4), nn.Linear(4 * width, classes)
        self.norm.eval()

    def forward(self, x):
        return self.head(self.norm(x).flatten(1))


class Greedy(Plain):
    def __init__(self, **kwargs):
        self.got = dict(kwargs)
        super().__init__(kwargs["classes"])


class Fixed(nn.Module):
    """Takes neither."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(4, 3, 5)

    def forward(self, x):
        return self.conv(x).amax(2)


class Named(Fixed):
    def forward(self, x):
        return {"counts": self.conv(x).amax(2), "profile": self.conv(x)}


class NoNetwork:
    pass


class Breaks(nn.Module):
    def __init__(self, classes):
        super().__init__()
        raise RuntimeError("no luck\\nwith a second line")


class Transposed(Fixed):
    def forward(self, x):
        return self.conv(x.transpose(1, 2)).amax(2)
'''


@pytest.fixture
def nets(tmp_path):
    (tmp_path / "beside.py").write_text("KERNEL = 7\n")
    path = tmp_path / "my nets.py"
    path.write_text(NETS)
    yield f"module:{path}"
    sys.modules.pop("beside", None)


def test_it_is_built_explained_saved_and_loaded(nets, tmp_path):
    torch.manual_seed(0)
    name, kwargs = f"{nets}:Plain", {"classes": 3, "width": 40, "filters": 6}
    net = build(name, **kwargs).eval()
    save_model(tmp_path / "m.safetensors", net, Card(name, kwargs, list("abc"), 40, 1, 0))
    again = lrpgen.load_model(tmp_path / "m.safetensors")
    x = lrpgen.encode(["ACGTACGTTT" * 4, "TTGCATTTGA" * 4])
    assert torch.equal(net(x.float()), again(x.float()))
    found = lrpgen.explain(again, x, target=1)
    torch.testing.assert_close(found.output, net(x.float()).detach())
    assert found.relevance.shape == (2, 4, 40)


def test_classes_and_width_go_to_those_who_take_them(nets):
    assert build(f"{nets}:Flat", classes=2, width=10).head.weight.shape == (2, 40)
    assert build(f"{nets}:Greedy", classes=2, width=10).got == {"classes": 2, "width": 10}
    assert build(f"{nets}:Fixed", classes=3, width=10)(torch.zeros(1, 4, 10)).shape == (1, 3)
    assert build(f"{nets}:Fixed")(torch.zeros(1, 4, 10)).shape == (1, 3)
    assert set(build(f"{nets}:Named", classes=3, width=10)(torch.zeros(1, 4, 10))) == {"counts", "profile"}


def test_trying_it_out_leaves_it_as_it_was(nets):
    """The constructor's choice of mode and the running statistics survive the two windows it is tried on."""
    net = build(f"{nets}:Flat", classes=2, width=10)
    assert net.training
    assert net.head.training
    assert not net.norm.training
    assert int(net.norm.num_batches_tracked) == 0


def test_its_strands_can_be_shared(nets):
    net = build(f"{nets}:Plain", classes=3, width=12, rc="share").double()
    x = lrpgen.encode(["ACGTTGCATTGA"]).double()
    assert torch.equal(net(x), net(x.flip(1, 2)))
    assert not torch.equal(net.net(x), net.net(x.flip(1, 2)))
    with pytest.raises(InputError, match="cannot average what Named returns"):
        build(f"{nets}:Named", classes=3, width=12, rc="share")


def test_it_leaves_the_interpreter_as_it_was(nets):
    path = list(sys.path)
    build(f"{nets}:Plain", classes=3, width=12)
    assert sys.path == path
    assert "my nets" not in sys.modules
    with pytest.raises(InputError, match="no class Missing"):
        build(f"{nets}:Missing", classes=3, width=12)
    assert sys.path == path


@pytest.mark.parametrize(
    ("what", "kwargs", "message"),
    [
        ("Missing", {}, "my nets.py has no class Missing; its networks are: Plain, Flat, Greedy, Fixed, Named, Breaks"),
        ("NOT_A_CLASS", {}, "has a NOT_A_CLASS, which is no class of torch.nn.Module; its networks are: Plain"),
        ("NoNetwork", {}, "has a NoNetwork, which is no class of torch.nn.Module"),
        (
            "Plain",
            {"depth": 3},
            "my nets.py:Plain: got an unexpected keyword argument 'depth'; it takes classes, filters",
        ),
        ("Fixed", {"depth": 3}, "'depth'; it takes no arguments"),
        ("Breaks", {}, r"my nets.py:Breaks cannot be built with classes=2 \(RuntimeError: no luck\)$"),
        ("Plain", {"filters": -1}, "my nets.py:Plain cannot be built with classes=2, filters=-1"),
        ("Fixed", {}, r"gives shape \(2, 3\) for two windows, \(2, 2\) is wanted"),
        ("Transposed", {}, r"cannot take a batch of shape \(2, 4, 10\) \(RuntimeError: .*rows A C G T"),
        ("Plain", {"rc": "both"}, "rc 'both' is not known"),
        ("not a name", {}, "does not name a class; write module:path/to/file.py:Class"),
    ],
)
def test_what_goes_wrong_is_one_sentence(nets, what, kwargs, message):
    with pytest.raises(InputError, match=message) as caught:
        build(f"{nets}:{what}", classes=2, width=10, **kwargs)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("gone.py", None, "model code .*gone.py does not exist"),
        ("empty.py", "", "model code .*empty.py is empty"),
        ("nets.txt", "x = 1", "nets.txt is not a Python file; its name must end in .py"),
        ("typo.py", "def f(:\n    pass\n", r"typo.py cannot be imported \(SyntaxError: invalid syntax"),
        ("needs.py", "import surely_not_installed\n", "No module named 'surely_not_installed'"),
        ("stops.py", "raise SystemExit(3)\n", r"stops.py cannot be imported \(SystemExit: 3\)"),
        ("none.py", "x = 1\n", "has no class Net; its networks are: none"),
        ("latin.py", b"x = '\xff'\n", r"latin.py cannot be imported \(SyntaxError: "),
    ],
)
def test_files_that_cannot_be_used(tmp_path, file, text, message):
    if text is not None:
        (tmp_path / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    before = set(sys.modules)
    with pytest.raises(InputError, match=message) as caught:
        build(f"module:{tmp_path / file}:Net", classes=2, width=10)
    assert "\n" not in str(caught.value)
    assert not {name for name in set(sys.modules) - before if name.startswith("lrpgen_user")} or file == "none.py"


@pytest.mark.parametrize("name", ["module:", "module:Net", "module:nets.py", "module:nets.py:", "module::Net"])
def test_names_without_a_class(name):
    with pytest.raises(InputError, match=r"does not name a class|does not exist"):
        build(name, classes=2, width=10)


def test_a_file_that_changed_is_read_again(tmp_path):
    path = tmp_path / "nets.py"
    code = "from torch import nn\nclass Net(nn.Linear):\n    def __init__(self): super().__init__(10, {})\n"
    for size in (2, 3):
        path.write_text(code.format(size))
        assert build(f"module:{path}:Net").out_features == size
    assert [file.name for file in tmp_path.iterdir()] == ["nets.py"]
