"""What a relevance store holds, in rows: a batch of them, and the checksum over all."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
import pandas as pd

from ..sequences.windowfile import NUMERIC, REGION_COLUMNS

FORMAT, VERSION = "lrpgen-relevance", 2
LEDGER_NAMES = ("layer", "op", "rule")
LEDGER_COLUMNS = (
    "sum_in", "sum_out", "absorbed_bias", "absorbed_epsilon", "stranded", "scaled", "dropped", "pooled", "mass", "zeros",
)  # fmt: skip
JSON_ATTRS = ("classes", "method", "source")  # the attributes that are lists or tables
COLUMN_ROWS = 1 << 12  # rows per chunk of a column


@dataclass
class Batch:
    """What one batch of windows adds to a store; `ledger` maps each of LEDGER_COLUMNS to (n, M)."""

    regions: pd.DataFrame
    relevance: np.ndarray
    output: np.ndarray
    target: np.ndarray
    ledger: dict[str, np.ndarray]
    onehot: np.ndarray | None = None
    multipliers: np.ndarray | None = None
    start: np.ndarray | None = None
    spread: np.ndarray | None = None

    def arrays(self) -> dict[str, np.ndarray]:
        """The rows of every dataset, as they are on disk."""
        found = {f"regions/{name}": _encode(name, self.regions[name]) for name in REGION_COLUMNS}
        kinds = {"relevance": np.float32, "output": np.float32, "target": np.int32, "start": np.float32}
        kinds |= {"spread": np.float32, "onehot": np.int8, "multipliers": np.float16}
        with np.errstate(over="ignore"):  # `Writer.append` refuses what float16 cannot hold
            for name, kind in kinds.items():
                if (values := getattr(self, name)) is not None:
                    found[name] = values.astype(kind)
        return found | {f"ledger/{name}": self.ledger[name].astype(np.float32) for name in LEDGER_COLUMNS}


class Checksum:
    """SHA-256 of what a store holds, whatever the batches it came in and however it is packed."""

    def __init__(self) -> None:
        self._parts: dict[str, Any] = {}

    def add(self, arrays: dict[str, np.ndarray]) -> None:
        """The next rows of some datasets."""
        for key, values in arrays.items():
            part = self._parts.setdefault(key, hashlib.sha256(str(values.shape[1:]).encode()))
            text = values.dtype.kind == "S"
            part.update(b"".join(value + b"\0" for value in values.tolist()) if text else values.tobytes())

    def hexdigest(self) -> str:
        parts = sorted((key, part.hexdigest()) for key, part in self._parts.items())
        return hashlib.sha256("".join(f"{key} {digest}\n" for key, digest in parts).encode()).hexdigest()


def texts(values: Any) -> np.ndarray:
    return np.array([str(value).encode() for value in values], dtype="S")


def text_type(size: int) -> np.dtype:
    return h5py.string_dtype("utf-8", size)


def _encode(column: str, values: Any) -> np.ndarray:
    return values.to_numpy(NUMERIC[column]) if column in NUMERIC else texts(values)
