"""`torch.export` archives (`.pt2`), opened so that nothing in them is run.

torch.export.load unpickles some members without limits, evaluates the text of shape expressions, looks operators up anywhere in
`torch`, and compiles guards from source. So the archive is read once, refused when it holds such a member or such text, and only
then given to torch; guards are not compiled.
"""

from __future__ import annotations

import io
import json
import os
import re
import warnings
import zipfile
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from ...errors import InputError
from .embedded import Embedded, content_of, leave_out_activation, open_embedded
from .opened import Opened
from .sniff import UNREADABLE
from .states import check_finite

OPERATORS = re.compile(
    r"torch\.ops\.aten\.\w+\.\w+|_operator\.(getitem|add|sub|mul|floordiv|mod|neg|eq|ge|gt|le|lt|ne)"
)
WORDS = re.compile(r"[A-Za-z_]\w*")
MEMBERS = re.compile(  # everything else (compiled code, Python objects, files of other names) is refused
    r"models/\w+\.json|data/weights/(weight_\d+|\w+_config\.json|\w+\.pt)|data/sample_inputs/\w+\.pt"
    r"|data/constants/(tensor_\d+|\w+_config\.json|\w+\.pt)|extra/[\w.]+"
    r"|archive_format|archive_version|byteorder|\.format_version|\.storage_alignment|version|\.data/\w+"
)
SYMBOL = re.compile(r"'[su]\d+'")
ALLOWED = re.compile(
    r"[su]\d+|Symbol|positive|nonnegative|integer|Add|Mul|Pow|Rational|Max|Min|Mod|FloorDiv|CeilToInt|Integer"
    r"|Eq|Ne|Ge|Gt|Le|Lt|True|False|int_oo|oo"
)
EXPRESSION = re.compile(r"[\w\s+\-*/(),<>=&|]*")
AGAIN = "export it again from its Python source with torch.export.save"


def open_exported(path: str | os.PathLike[str]) -> Opened:
    """Open a `.pt2` file.

    Raises
    ------
    InputError : damaged; members that could run code; several inputs; weights that are not finite.
    """
    return open_embedded(path, _load, "pt2", "torch.export")


def rebuild(kwargs: dict[str, Any], tensors: dict[str, Tensor], where: str) -> Embedded:
    """The network of a converted file."""
    return _load(content_of(tensors), where)[0]


def _load(content: bytes, where: str) -> tuple[Embedded, tuple[int | None, ...], str]:
    check_harmless(content, where)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            program = torch.export.load(io.BytesIO(content))
            module = program.module(check_guards=False)
        except Exception as error:  # torch raises whatever its reader met
            first = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise InputError(f"{where} cannot be read by this torch {torch.__version__} ({first}); {AGAIN}") from error
    inputs = [node for node in program.graph.nodes if node.op == "placeholder"]
    users = [node for node in inputs if node.name in program.graph_signature.user_inputs]
    if len(users) != 1:
        raise InputError(f"{where} has {len(users)} inputs, lrpgen explains models with one; export the part with one")
    for name, value in program.state_dict.items():
        check_finite(name, value, where)
    found = leave_out_activation(module)
    # A free axis is a symbol, no number.
    shape = tuple(size if isinstance(size, int) else None for size in users[0].meta["val"].shape[1:])
    names = [str(i) for i in range(len(program.graph_signature.user_outputs))]
    return Embedded(module, content, names), shape, found


def check_harmless(content: bytes, where: str) -> None:
    """Raise `InputError` unless torch can load `content` without running anything that it brings."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            _check_members(names, where)
            for name in names:
                if name.endswith(".json"):
                    _check_json(json.loads(archive.read(name)), where)
                elif name.endswith(".pt"):
                    _check_tensors(archive.read(name), name, where)
    except UNREADABLE as error:
        raise InputError(f"{where} is a damaged torch.export archive ({error}); copy or export it again") from error


def _check_members(names: list[str], where: str) -> None:
    top = {name.partition("/")[0] for name in names}
    if "serialized_exported_program.json" in names:
        raise InputError(f"{where} is an archive of torch 2.7 or older; {AGAIN} of a newer torch")
    if len(set(names)) != len(names) or len(top) != 1:
        raise InputError(f"{where} is an archive with doubtful members (repeated, or in several folders); {AGAIN}")
    for name in names:
        inside = name.partition("/")[2]
        if not MEMBERS.fullmatch(inside):
            raise InputError(f"{where} holds {inside}, code or objects of Python that lrpgen never runs; {AGAIN}")


def _check_tensors(data: bytes, name: str, where: str) -> None:
    """torch falls back to unlimited unpickling only where this fails."""
    try:
        torch.load(io.BytesIO(data), weights_only=True)
    except Exception as error:
        raise InputError(
            f"{where}: its part {name} holds Python objects that lrpgen never unpickles; {AGAIN}"
        ) from error


def _check_json(value: Any, where: str) -> None:
    for key, text in _items(value):
        if key == "use_pickle" and text:
            raise InputError(f"{where} holds pickled weights, which lrpgen never unpickles; {AGAIN}")
        if key == "path_name" and isinstance(text, str) and text.startswith(("custom_obj", "opaque_obj")):
            raise InputError(f"{where} holds Python objects, which lrpgen never unpickles; {AGAIN}")
        if key in ("in_spec", "out_spec") and "default_factory" in str(text):
            raise InputError(f"{where} returns containers that name Python code to import; {AGAIN}")
        if key in ("target", "as_operator") and isinstance(text, str) and not OPERATORS.fullmatch(text):
            raise InputError(f"{where} calls {text[:60]}, which is no plain tensor operation; {AGAIN}")
        if key == "expr_str" and not _plain_expression(str(text)):
            raise InputError(
                f"{where} has the shape expression {str(text)[:60]!r}, which lrpgen does not evaluate; {AGAIN}"
            )


def _plain_expression(text: str) -> bool:
    text = SYMBOL.sub("", text)
    return bool(EXPRESSION.fullmatch(text)) and all(ALLOWED.fullmatch(word) for word in WORDS.findall(text))


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(inner, dict | list):
                yield key, inner
            yield from _items(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _items(inner)
