"""A network class from the user's own file: `module:path/to/file.py:Class`."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from importlib.abc import SourceLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import InputError
from ...files import existing, sha256

PREFIX = "module:"


def load_class(name: str) -> type[nn.Module]:
    """The class that `module:path/to/file.py:Class` names. Runs the file.

    Raises `InputError` for a missing file, one that cannot be imported, a class that is not there or is no `nn.Module`.
    """
    path, _, wanted = name.removeprefix(PREFIX).rpartition(":")
    if not path or not wanted.isidentifier():
        raise InputError(f"architecture {name!r} does not name a class; write {PREFIX}path/to/file.py:Class")
    file = existing(path, "model code")
    module = _import(file)
    found = getattr(module, wanted, None)
    if isinstance(found, type) and issubclass(found, nn.Module):
        return found
    there = [key for key, value in vars(module).items() if _is_own_network(value, module)]
    what = f"has no class {wanted}" if found is None else f"has a {wanted}, which is no class of torch.nn.Module"
    raise InputError(f"{file} {what}; its networks are: {', '.join(there) or 'none'}")


def settled(name: str) -> tuple[str, str]:
    """A name as a card keeps it, and the SHA-256 of the code it stands for: ("module:/absolute/path.py:Class", "3f...").

    A name of the zoo stays as it is, with an empty hash. Raises `InputError` when the file is missing.
    """
    if not name.startswith(PREFIX):
        return name, ""
    path, _, wanted = name.removeprefix(PREFIX).rpartition(":")
    file = existing(path, "model code").resolve()
    return f"{PREFIX}{file}:{wanted}", sha256(file)


def _is_own_network(value: Any, module: ModuleType) -> bool:
    return isinstance(value, type) and issubclass(value, nn.Module) and value.__module__ == module.__name__


def _import(file: Path) -> ModuleType:
    # A name of its own, so that the file shadows no package, and one file read twice is one module.
    name = f"lrpgen_user_{hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or not isinstance(spec.loader, SourceLoader):
        raise InputError(f"{file} is not a Python file; its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    folder = str(file.resolve().parent)
    sys.modules[name] = module  # dataclasses and torch.export look modules up by name
    sys.path.insert(0, folder)  # as `python file.py` has it: files beside it can be imported
    try:
        # Read, not imported: Python's cache beside the file could hold an older one of the same second and size.
        exec(spec.loader.source_to_code(file.read_bytes(), str(file)), module.__dict__)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise InputError(f"{file} cannot be imported ({_named(error)}); mend the file") from error
    finally:
        if folder in sys.path:
            sys.path.remove(folder)
    return module


def accepted(maker: Callable[..., Any], offered: dict[str, Any]) -> dict[str, Any]:
    """Those of the offered arguments that are not None and that a constructor takes."""
    parameters = inspect.signature(maker).parameters
    takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return {key: value for key, value in offered.items() if value is not None and (takes_all or key in parameters)}


def construct(name: str, maker: Callable[..., nn.Module], kwargs: dict[str, Any]) -> nn.Module:
    """Call the constructor. Raises `InputError` for arguments it does not take and for what it raises itself."""
    signature = inspect.signature(maker)
    try:
        signature.bind(**kwargs)
    except TypeError as error:
        takes = ", ".join(signature.parameters) or "no arguments"
        raise InputError(f"architecture {name}: {error}; it takes {takes}") from error
    try:
        return maker(**kwargs)
    except InputError:
        raise
    except Exception as error:
        given = ", ".join(f"{key}={value!r}" for key, value in kwargs.items()) or "no arguments"
        raise InputError(f"architecture {name} cannot be built with {given} ({_named(error)})") from error


def check_outputs(name: str, net: nn.Module, classes: int, width: int) -> None:
    """Try the network on two windows of zeros: (2, 4, width) must give (2, classes), or several named tensors.

    A network of the user's own would else fail far from its cause, in the loss or in the report.
    """
    weight = next(net.parameters(), torch.zeros(0))
    training = [module for module in net.modules() if module.training]
    try:
        with torch.no_grad():
            out = net.eval()(torch.zeros(2, 4, width, dtype=weight.dtype, device=weight.device))
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"architecture {name} cannot take a batch of shape (2, 4, {width}) ({_named(error)}); "
            "its input is (N, 4, L), rows A C G T"
        ) from error
    finally:
        for module in training:
            module.training = True
    if isinstance(out, Tensor) and out.shape != (2, classes):
        raise InputError(
            f"architecture {name} gives shape {tuple(out.shape)} for two windows, (2, {classes}) is wanted; "
            "return raw outputs (N, K)"
        )


def _named(error: BaseException) -> str:
    """Kind and first line of an error."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
