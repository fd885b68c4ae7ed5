"""The architectures by name, and `build`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral
from typing import Any

from torch import nn

from ...errors import InputError
from . import bpnet, convnet, deepac, motif_cnn, resnet, stages
from .custom import PREFIX, accepted, check_outputs, construct, load_class
from .options import check_options
from .strands import BothStrands, check_rc


@dataclass(frozen=True)
class Architecture:
    """One entry of the zoo.

    build : makes the network from `classes`, `width` and its options. reference : publication, or Ours.
    width : published window length in bp; None = any. min_width : the shortest window in bp that its defaults take.
    classes : published number of outputs; None = none published. summary : one line. outputs : what they mean.
    """

    build: Callable[..., nn.Module]
    reference: str
    width: int | None
    min_width: int
    summary: str
    outputs: str
    classes: int | None = None


ARCHITECTURES: dict[str, Architecture] = {
    "motif-cnn": Architecture(
        motif_cnn.MotifCNN,
        "Ours, after Kelley et al. 2016",
        None,
        motif_cnn.MIN_WIDTH,
        "three convolutions and a dense layer; trains in a minute on two cores",
        "one logit for each class",
    ),
    "basset": Architecture(
        convnet.basset,
        "Kelley et al. 2016",
        600,
        stages.shortest(convnet.BASSET),
        "three convolutions with batch norm, two dense layers of 1000",
        "accessibility in 164 cell types (labels, logits)",
        164,
    ),
    "deepsea": Architecture(
        convnet.deepsea,
        "Zhou, Troyanskaya 2015",
        1000,
        stages.shortest(convnet.DEEPSEA),
        "three wide convolutions, a dense layer of 925",
        "919 chromatin features (labels, logits)",
        919,
    ),
    "deepstarr": Architecture(
        convnet.deepstarr,
        "de Almeida et al. 2022",
        249,
        stages.shortest(convnet.DEEPSTARR),
        "four convolutions with batch norm, two dense layers of 256",
        "developmental and housekeeping activity (values)",
        2,
    ),
    "deepac-rapid": Architecture(
        deepac.DeePaCRapid,
        "Bartoszewicz et al. 2020",
        250,
        deepac.MIN_WIDTH,
        "two convolutions of 512 filters that share weights between the strands",
        "pathogenic read (one label, logit)",
        1,
    ),
    "bpnet": Architecture(
        bpnet.BPNet,
        "Avsec et al. 2021",
        2114,
        bpnet.shortest(bpnet.edge(), profile=True),
        "dilated residual convolutions, a profile head and a counts head",
        "profile logits at both strands, and log-counts (values)",
        1,
    ),
    "resnet1d": Architecture(
        resnet.ResNet1d,
        "Ours, after He et al. 2016",
        None,
        resnet.shortest(),
        "residual blocks and the mean over positions; windows of any length",
        "one logit for each class",
    ),
}


def is_known(name: str) -> bool:
    """Whether `build` would take `name` for an architecture rather than for the path of a saved model."""
    return name in ARCHITECTURES or name.startswith(PREFIX)


def build(name: str, *, classes: int | None = None, width: int | None = None, **kwargs: Any) -> nn.Module:
    """A new network with initial weights, in training mode.

    Parameters
    ----------
    name : one of `ARCHITECTURES`, or `module:path/to/file.py:Class`: a `torch.nn.Module` class of one's own. The file is
        run, as `python file.py` would run it; its class gets `classes` and `width` if its constructor takes them.
    classes, width : number of outputs K and window length in bp; None = as published.
    kwargs : options of the architecture. For all: `rc="share"` makes f(x) = f(reverse complement of x) (see `strands`),
        `rc="none"` does not. For all of the zoo: `first_activation`, `relu` or `exp`.

    Raises
    ------
    InputError : unknown name, wrong arguments, too narrow windows, a file or class of one's own that cannot be used.
    """
    maker, sizes = _own(name, classes, width) if name.startswith(PREFIX) else _of_the_zoo(name, classes, width)
    for key, value in sizes.items():
        if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < 1:
            raise InputError(f"architecture {name}: {key}={value!r} must be a whole number of at least 1")
    wrapped = "rc" not in inspect.signature(maker).parameters  # the others share weights in a way of their own
    rc = kwargs.pop("rc", "none") if wrapped else "none"
    check_rc(rc)
    if not name.startswith(PREFIX):
        check_options(name, maker, kwargs)
    net = construct(name, maker, {**sizes, **kwargs})
    net = BothStrands(net) if rc == "share" else net
    if name.startswith(PREFIX) and classes is not None and width is not None:
        check_outputs(name, net, classes, width)
    return net


def _of_the_zoo(name: str, classes: int | None, width: int | None) -> tuple[Callable[..., nn.Module], dict[str, Any]]:
    if name not in ARCHITECTURES:
        raise InputError(
            f"architecture {name!r} is not known; choose one of {', '.join(ARCHITECTURES)}, "
            f"or a class of your own as {PREFIX}path/to/file.py:Class"
        )
    entry = ARCHITECTURES[name]
    sizes = {
        "classes": entry.classes if classes is None else classes,
        "width": entry.width if width is None else width,
    }
    for key, value in sizes.items():
        if value is None:
            raise InputError(f"architecture {name} has no published {key}; give {key}=")
    return entry.build, sizes


def _own(name: str, classes: int | None, width: int | None) -> tuple[Callable[..., nn.Module], dict[str, Any]]:
    maker = load_class(name)
    return maker, accepted(maker, {"classes": classes, "width": width})
