"""Compiled loops for the CPU: what torch reads and writes memory many times for, once.

Threads share the rows (`sums.on_threads`). Importing this module starts numba: it is done when first needed.
"""

from __future__ import annotations

import numpy as np

from ..cache import use_numba_cache

use_numba_cache()

from numba import njit, prange  # noqa: E402

FIRST_DIGIT = {4: 12, 8: 15}  # leading bits of a magnitude, all of the exponent among them
NEXT_DIGIT = 12


# No Python lock; sums may change their order, so that they use vectors; a division by 0 is no error.
OPTIONS = {"nogil": True, "cache": True, "fastmath": {"reassoc", "contract"}, "error_model": "numpy"}
loop, part = njit(parallel=True, **OPTIONS), njit(**OPTIONS)


@loop
def divide(R, s, eps, sums):
    """s, which holds d, becomes R / (d + eps * sign(d)), sign(0) = 1; with eps = 0: 0 where d is 0. All (rows, m).

    sums (rows, 5), of R, of s, of s * sign(d), of R where nothing divides it, and the number of s that are not 0.
    """
    for i in prange(len(sums)):
        arrived, total, signed, lost, count = 0.0, 0.0, 0.0, 0.0, 0
        for j in range(R.shape[1]):
            below = s[i, j] < 0
            by = s[i, j] - eps if below else s[i, j] + eps
            quotient = R[i, j] / by if by != 0 else by
            arrived += R[i, j]
            lost += R[i, j] if by == 0 else 0.0
            s[i, j] = quotient
            total += quotient
            signed += -quotient if below else quotient
            count += quotient != 0
        sums[i, 0], sums[i, 1], sums[i, 2], sums[i, 3], sums[i, 4] = arrived, total, signed, lost, count


@loop
def tally(r, sums):
    """sums (rows, 3): sum, sum of magnitudes, number of zeros of r (rows, m)."""
    for i in prange(len(sums)):
        total, mass, zeros = 0.0, 0.0, 0
        for j in range(r.shape[1]):
            total += r[i, j]
            mass += abs(r[i, j])
            zeros += r[i, j] == 0
        sums[i, 0], sums[i, 1], sums[i, 2] = total, mass, zeros


@loop
def multiply(a, r, sums):
    """r, which holds multipliers, becomes a * r; sums: its tally."""
    for i in prange(len(sums)):
        total, mass, zeros = 0.0, 0.0, 0
        for j in range(a.shape[1]):
            product = a[i, j] * r[i, j]
            r[i, j] = product
            total += product
            mass += abs(product)
            zeros += product == 0
        sums[i, 0], sums[i, 1], sums[i, 2] = total, mass, zeros


@part
def _edge(mass, below, limit):
    """Digit at which the running mass passes the limit, or the highest that has mass, and the mass below it."""
    edge, before = 0, below
    for digit in range(len(mass)):
        if mass[digit] > 0:
            edge, before = digit, below
            below += mass[digit]
            if below > limit:
                break
    return edge, before


@part
def _threshold(values, bits, count, shift, below, limit):
    """The magnitude at which the limit is passed, digit by digit: its bits, mass below it, how many of its ties drop.

    values, bits : magnitudes that agree in all bits from `shift` up, the first `count` of them; reordered.
    """
    mass = np.empty(1 << NEXT_DIGIT)
    while shift > 0 and count > 1:
        lower = max(shift - NEXT_DIGIT, 0)
        mask = (1 << (shift - lower)) - 1
        mass[:] = 0.0
        for j in range(count):
            mass[(bits[j] >> lower) & mask] += values[j]
        edge, below = _edge(mass, below, limit)
        same = 0
        for j in range(count):
            if (bits[j] >> lower) & mask == edge:
                values[same], bits[same] = values[j], bits[j]
                same += 1
        count, shift = same, lower
    value, ties = np.float64(values[0]), 0
    while ties < count - 1 and below + (ties + 1) * value <= limit:
        ties += 1
    return bits[0], below + ties * value, ties


@loop
def prune(r, all_bits, shares, digit, sums):
    """What PLRP drops of each row of r (rows, m) becomes 0, the rest is scaled; see `prune.pruned`.

    all_bits : r seen as signed integers. shares (2,) of the negative and positive mass. digit : leading bits that make the
    first digit. sums (rows, 4) : tally of what r becomes, and the mass dropped.
    """
    width = 8 * all_bits.itemsize - 1
    shift = width - digit
    magnitude = np.iinfo(all_bits.dtype).max
    for i in prange(len(sums)):
        mass = np.zeros((2, 1 << digit))
        values, bits = np.empty_like(r[i]), np.empty_like(all_bits[i])
        at, ties, scale = np.empty(2, all_bits.dtype), np.empty(2, np.int64), np.empty(2, r.dtype)
        for j in range(r.shape[1]):
            b = all_bits[i, j]
            mass[int(b >= 0), (b & magnitude) >> shift] += abs(r[i, j])
        dropped = 0.0
        for sign in range(2):
            total = mass[sign].sum()
            at[sign], ties[sign], scale[sign] = 0, 0, 1.0
            if not total > 0:
                continue
            limit = shares[sign] * total if shares[sign] < 1 else np.inf
            edge, below = _edge(mass[sign], 0.0, limit)
            count = 0
            for j in range(r.shape[1]):
                b = all_bits[i, j]
                values[count], bits[count] = abs(r[i, j]), b & magnitude
                count += (int(b >= 0) == sign) & ((b & magnitude) >> shift == edge) & (b & magnitude != 0)
            at[sign], gone, ties[sign] = _threshold(values, bits, count, shift, below, limit)
            scale[sign] = total / max(total - gone, np.finfo(np.float64).tiny)
            dropped += gone
        _drop(r[i], all_bits[i], at, ties)
        total, mass_left, zeros = 0.0, 0.0, 0
        for j in range(r.shape[1]):
            kept = r[i, j] * (scale[1] if r[i, j] > 0 else scale[0])
            r[i, j] = kept
            total += kept
            mass_left += abs(kept)
            zeros += kept == 0
        sums[i, 0], sums[i, 1], sums[i, 2], sums[i, 3] = total, mass_left, zeros, dropped


@part
def _drop(r, bits, at, ties):
    """0 where the magnitude is below `at` of its sign, and at the first `ties` of those equal to it."""
    magnitude = np.iinfo(bits.dtype).max
    for j in range(len(r)):
        b = bits[j]
        r[j] = r[j] if b & magnitude >= (at[1] if b >= 0 else at[0]) else r[j] * 0
    for sign in range(2):
        j = 0
        while ties[sign] > 0:
            if bits[j] & magnitude == at[sign] and int(bits[j] >= 0) == sign:
                r[j] = 0
                ties[sign] -= 1
            j += 1


@loop
def spread(s, weight, bases, offsets, out):
    """Transposed convolution of the entries of s (N, C, T) that are not 0; out (N, size), zeros to begin with.

    weight (C, runs, run) : of each channel, so that what one entry adds lies together in runs. bases (T,), offsets (runs,) :
    entry t adds its run i at bases[t] + offsets[i].
    """
    run = weight.shape[2]
    for n in prange(len(s)):
        filled = np.empty(s.shape[1], np.int64)
        for t in range(s.shape[2]):
            count = 0
            for c in range(s.shape[1]):
                filled[count] = c
                count += s[n, c, t] != 0
            for o in range(len(offsets) if count else 0):
                at = bases[t] + offsets[o]
                place, c = out[n, at : at + run], 0
                while c + 4 <= count:  # four at a time: the sum is read and written once for all of them
                    i, j, k, m = filled[c], filled[c + 1], filled[c + 2], filled[c + 3]
                    at_i, at_j, at_k, at_m = s[n, i, t], s[n, j, t], s[n, k, t], s[n, m, t]
                    w_i, w_j, w_k, w_m = weight[i, o], weight[j, o], weight[k, o], weight[m, o]
                    for q in range(run):
                        place[q] += at_i * w_i[q] + at_j * w_j[q] + at_k * w_k[q] + at_m * w_m[q]
                    c += 4
                for i in filled[c:count]:
                    at_i, w_i = s[n, i, t], weight[i, o]
                    for q in range(run):
                        place[q] += at_i * w_i[q]


@loop
def redistribute(s, a, kept, weight, bases, offsets, out, sums):
    """PLRP-M of the entries of s (N, C, T) that are not 0; see `prune.matrix_relevance`. out (N, size), zeros to begin with.

    a, kept (N, size) : inputs, laid out as `spread` lays out its sums; kept is 0 where they were pruned. Contributions above
    and below 0 are taken apart; sums (N, 2) : relevance, by its sign, of those that have no kept contribution.
    """
    run, zero = weight.shape[2], s.dtype.type(0)
    for n in prange(len(s)):
        sums[n] = 0.0
        for c in range(s.shape[1]):
            for t in range(s.shape[2]):
                if s[n, c, t] == 0:
                    continue
                up, down, kept_up, kept_down = zero, zero, zero, zero
                for o in range(len(offsets)):
                    at, w = bases[t] + offsets[o], weight[c, o]
                    here, left = a[n, at : at + run], kept[n, at : at + run]
                    for q in range(run):
                        whole, part = w[q] * here[q], w[q] * left[q]
                        up += max(whole, zero)
                        down += min(whole, zero)
                        kept_up += max(part, zero)
                        kept_down += min(part, zero)
                due_up, due_down = s[n, c, t] * up, s[n, c, t] * down
                if kept_up == 0:
                    sums[n, int(due_up > 0)] += due_up
                if kept_down == 0:
                    sums[n, int(due_down > 0)] += due_down
                by_up = due_up / kept_up if kept_up != 0 else kept_up
                by_down = due_down / kept_down if kept_down != 0 else kept_down
                for o in range(len(offsets)):
                    at, w = bases[t] + offsets[o], weight[c, o]
                    left, place = kept[n, at : at + run], out[n, at : at + run]
                    for q in range(run):
                        part = w[q] * left[q]
                        place[q] += part * (by_up if part > 0 else by_down)
