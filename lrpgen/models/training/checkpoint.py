"""The state of a training run on disk, whole after every epoch: what is killed goes on as if nothing had happened.

One safetensors file: weights, their running mean, the best so far, the optimizer's moments and the states of the random
generators as tensors, all else as JSON in its header. Nothing is pickled. The file is bound to a key made of
the options, the windows and the code, so that a changed setting starts anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from ...errors import InputError
from ...files import atomic, sha256
from ...progress import say
from ...provenance import code_hash
from .options import Training

HEADER = "lrpgen-checkpoint"
NO_INFLUENCE = ("workers",)  # options that do not change the result


@dataclass
class State:
    """All that changes from epoch to epoch. `best`: weights of `best_epoch`; `score`: what they reached."""

    model: nn.Module
    mean: AveragedModel
    optimizer: torch.optim.Optimizer
    schedule: Any
    shuffle: torch.Generator
    epoch: int = 0
    score: float = -float("inf")
    best_epoch: int = 0
    best: dict[str, Tensor] = field(default_factory=dict)
    epochs: list[dict[str, float]] = field(default_factory=list)
    seconds: float = 0.0


PLAIN = ("epoch", "score", "best_epoch", "epochs", "seconds")


def beside(output: Path) -> Path:
    """Where the checkpoint of the model file `output` lives."""
    return output.with_name(output.name + ".checkpoint")


def run_key(options: Training, sources: Sequence[Path], rooms: Sequence[str]) -> str:
    """A hash of everything that decides the weights: options, samples, code, a network of one's own, torch."""
    chosen = {name: value for name, value in asdict(options).items() if name not in NO_INFLUENCE}
    own = Path(options.architecture.removeprefix("module:").rpartition(":")[0])  # module:path/to/file.py:Class
    files = [sha256(path) for path in (*sources, own) if path.is_file()]
    parts = [chosen, files, code_hash(*rooms), str(torch.__version__)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def save(path: Path, state: State, key: str) -> None:
    """Write the state, whole or not at all."""
    optimizer = state.optimizer.state_dict()
    tensors = {f"model/{name}": value for name, value in state.model.state_dict().items()}
    tensors |= {f"mean/{name}": value for name, value in state.mean.state_dict().items()}
    tensors |= {f"best/{name}": value for name, value in state.best.items()}
    for number, moments in optimizer["state"].items():
        tensors |= {f"optimizer/{number}/{name}": value for name, value in moments.items()}
    tensors |= {"random/cpu": torch.get_rng_state(), "random/shuffle": state.shuffle.get_state()}
    if torch.cuda.is_available():
        tensors["random/cuda"] = torch.cuda.get_rng_state()
    plain = {name: getattr(state, name) for name in PLAIN}
    plain |= {"key": key, "groups": optimizer["param_groups"], "schedule": state.schedule.state_dict()}
    with atomic(path) as tmp:
        copies = {
            name: value.detach().cpu().clone(memory_format=torch.contiguous_format) for name, value in tensors.items()
        }
        save_file(copies, tmp, metadata={HEADER: json.dumps(plain)})


def restore(path: Path, state: State, key: str) -> bool:
    """Bring `state` to where the file left it; False where there is no file that fits, which is said."""
    if not path.is_file():
        return False
    try:
        with safe_open(path, framework="pt") as file:
            plain = json.loads((file.metadata() or {}).get(HEADER, "{}"))
            if not isinstance(plain, dict) or plain.get("key") != key:
                say(f"training: {path} is of other settings, windows or code; starting anew")
                return False
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError, ValueError) as error:  # ValueError: JSON
        say(f"training: {path} is damaged ({error}); starting anew")
        return False
    try:
        _fill(state, plain, tensors)
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:  # `state` is half filled by now
        raise InputError(f"{path} is damaged ({type(error).__name__}); remove it to start anew") from error
    say(f"training: going on after epoch {state.epoch} ({path})")
    return True


def _fill(state: State, plain: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    state.model.load_state_dict(_under(tensors, "model/"))
    state.mean.load_state_dict(_under(tensors, "mean/"))
    state.best = _under(tensors, "best/")
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in _under(tensors, "optimizer/").items():
        number, _, what = name.partition("/")
        moments.setdefault(int(number), {})[what] = value
    state.optimizer.load_state_dict({"state": moments, "param_groups": plain["groups"]})
    state.schedule.load_state_dict(plain["schedule"])
    for name in PLAIN:
        setattr(state, name, plain[name])
    state.shuffle.set_state(tensors["random/shuffle"])
    torch.set_rng_state(tensors["random/cpu"])
    if "random/cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random/cuda"])


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
