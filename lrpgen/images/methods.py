"""The methods that are compared on images unless told, and the pixel bounds of the rule zbox."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from ..errors import InputError, MissingFeatureError
from ..evaluate.methods import SHARES, read_method
from ..evaluate.peers import check_installed
from ..progress import say

BOXED = "epsilon_gamma_box"  # whose first layer is given the bounds


def usual() -> list[str]:
    """Peers, rules and ways to prune that images are explained and evaluated with."""
    rules = ["epsilon", "epsilon_plus", BOXED, "alpha2_beta1", "relative", "relative_layer", "sglrp"]
    pruned = ["plrp-lambda:0.25:epsilon_plus", "plrp-lambda:0.25:epsilon", "plrp-matrix:0.25:epsilon"]
    return ["gradient", "gradient*input", "integrated_gradients", *rules, *pruned]


def sweep() -> list[str]:
    """Both ways to prune at every share, and the rule they prune: what the figure `sweep` is drawn of."""
    return ["epsilon", *(f"plrp-{how}:{share:g}:epsilon" for how in ("lambda", "matrix") for share in SHARES)]


GROUPS = {"usual": usual, "sweep": sweep}


def chosen(wanted: Iterable[str] | None, bounds: tuple[np.ndarray, np.ndarray]) -> list[str]:
    """Names of methods, checked before anything is computed; None = `usual`, a name of GROUPS stands for its methods.

    bounds : (low, high) per channel of what black and white pixels are to the network (`ImageFile.bounds`).

    Raises
    ------
    InputError : a method that is not known, or is for DNA. MissingFeatureError : one that was named needs captum and it is
    not installed; of the usual ones it is left out with a line in the log.
    """
    names = [one for name in wanted or ["usual"] for one in (GROUPS[name]() if name in GROUPS else [name])]
    asked = [name for name in wanted or () if name not in GROUPS]
    return list(dict.fromkeys(boxed(name, bounds) for name in _installed(names, asked)))


def boxed(name: str, bounds: tuple[np.ndarray, np.ndarray]) -> str:
    """`epsilon_gamma_box` with the bounds of these images written out; any other name as it is.

    Ours: one box for all channels, the lowest bound to the highest, since zbox takes two numbers.
    """
    if BOXED not in name or "zbox" in name:
        return name
    low, high = (f"{value:.4g}" for value in (float(np.min(bounds[0])), float(np.max(bounds[1]))))
    return name.replace(BOXED, f"{BOXED},first=zbox({low},{high})")


def _installed(names: list[str], asked: list[str]) -> Iterator[str]:
    for name in names:
        read = read_method(name)
        if read.dna_only:
            raise InputError(f"method {name!r} is for DNA; choose another one for images")
        try:
            check_installed(read.name, images=True)
        except MissingFeatureError as error:
            if name in asked:
                raise
            say(f"left out: {error}")
        else:
            yield name
