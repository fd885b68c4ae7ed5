"""Letters to one-hot and back. Rows are A C G T; N and the other IUPAC codes are zero columns; case does not matter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

import numpy as np

from ..errors import InputError

if TYPE_CHECKING:
    import torch

BASES = "ACGT"
AMBIGUOUS = "NRYSWKMBDHV"
UNKNOWN, INVALID = 4, 255  # codes beside 0..3 for A C G T
_COMPLEMENT = bytes.maketrans(b"ACGTNRYSWKMBDHVacgtnryswkmbdhv", b"TGCANYRSWMKVHDBtgcanyrswmkvhdb")


def _table() -> np.ndarray:
    table = np.full(256, INVALID, dtype=np.uint8)
    for code, letter in [*enumerate(BASES), *((UNKNOWN, letter) for letter in AMBIGUOUS)]:
        table[[ord(letter), ord(letter.lower())]] = code
    return table


_CODES = _table()


def codes(sequence: bytes | str, place: str = "sequence", offset: int = 0) -> np.ndarray:
    """Letters as uint8 (L,): 0..3 for A C G T, 4 for N and the other ambiguity codes.

    `place` and `offset` (0-based position of the first letter there) word the `InputError` for any other letter.
    """
    # "replace" turns a letter outside ASCII into one "?", so that positions stay right.
    raw = sequence.encode("ascii", "replace") if isinstance(sequence, str) else sequence
    found = _CODES[np.frombuffer(raw, dtype=np.uint8)]
    if (found == INVALID).any():
        at = int(np.argmax(found == INVALID))
        raise bad_letter(place, chr(sequence[at]) if isinstance(sequence, bytes) else sequence[at], offset + at)
    return found


def bad_letter(place: str, letter: str, position: int) -> InputError:
    """The error for `letter` at 0-based `position` of `place`; people are told the 1-based position."""
    hint = "write T for U" if letter in "Uu" else "use A, C, G, T and IUPAC codes (N where the base is not known)"
    return InputError(f"{place}: letter {letter!r} at position {position + 1} is not a DNA letter; {hint}")


def encode_array(sequence: bytes | str, place: str = "sequence", offset: int = 0) -> np.ndarray:
    """One-hot int8 (4, L) of one sequence; arguments and errors as in `codes`."""
    return onehot_of(codes(sequence, place, offset))


def onehot_of(codes: np.ndarray) -> np.ndarray:
    """One-hot int8 (..., 4, L) of codes (..., L)."""
    return (codes[..., None, :] == np.arange(4, dtype=np.uint8)[:, None]).view(np.int8)


def decode_array(onehot: np.ndarray) -> str:
    """Letters of one (4, L) one-hot array; a zero column is N. Raises `InputError` when it is not one-hot."""
    onehot = np.asarray(onehot)
    if onehot.ndim != 2 or onehot.shape[0] != 4:
        raise InputError(f"a one-hot sequence has shape (4, L), not {onehot.shape}; put the bases first")
    if not np.isin(onehot, (0, 1)).all() or (onehot.sum(axis=0) > 1).any():
        raise InputError("the array is not one-hot: each column may hold a single 1, the rest 0")
    index = np.where(onehot.any(axis=0), onehot.argmax(axis=0), UNKNOWN)
    return np.frombuffer(b"ACGTN", dtype=np.uint8)[index].tobytes().decode()


def reverse_complement(sequence: str) -> str:
    """The other strand, 5'->3'. IUPAC codes are complemented too (R <-> Y ...); case is kept."""
    codes(sequence)
    return sequence.encode("ascii").translate(_COMPLEMENT)[::-1].decode()


def reverse_complement_array(onehot: np.ndarray) -> np.ndarray:
    """The other strand of one-hot (..., 4, L): both axes reversed, since A C G T backwards is T G C A."""
    return np.ascontiguousarray(onehot[..., ::-1, ::-1])


@overload
def encode(sequence: str) -> torch.Tensor: ...
@overload
def encode(sequence: Sequence[str]) -> torch.Tensor: ...
def encode(sequence: str | Sequence[str]) -> torch.Tensor:
    """One-hot int8 tensor: (4, L) of a string, (N, 4, L) of a list of strings of one length.

    Raises `InputError` for a letter outside IUPAC (index of the sequence and 1-based position), for strings of
    different lengths and for an empty list.
    """
    import torch

    if isinstance(sequence, str):
        return torch.from_numpy(encode_array(sequence))
    if not len(sequence):
        raise InputError("no sequences to encode; give at least one")
    for index, one in enumerate(sequence):
        if len(one) != len(sequence[0]):
            raise InputError(
                f"sequence {index} has {len(one)} letters, sequence 0 has {len(sequence[0])}; "
                "encode needs one length, trim or pad with N"
            )
    return torch.from_numpy(np.stack([encode_array(one, f"sequence {i}") for i, one in enumerate(sequence)]))


def decode(onehot: torch.Tensor | np.ndarray) -> str | list[str]:
    """Letters of a (4, L) one-hot tensor or array, or the list of them for (N, 4, L); zero columns are N."""
    array = onehot if isinstance(onehot, np.ndarray) else onehot.detach().cpu().numpy()
    return [decode_array(one) for one in array] if array.ndim == 3 else decode_array(array)
