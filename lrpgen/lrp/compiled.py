"""Compiled loops for the CPU: what torch reads and writes memory many times for, once.

Each takes a range of rows and touches no others, so that threads share the rows (`sums.by_rows`). Importing this
module starts numba: it is done when first needed.
"""

from __future__ import annotations

import numpy as np

from ..cache import use_numba_cache

use_numba_cache()

from numba import njit  # noqa: E402

FIRST_DIGIT = {4: 12, 8: 15}  # leading bits of a magnitude, all of the exponent among them
NEXT_DIGIT = 12


def loop(function):
    """No Python lock; sums may change their order, so that they use vectors; a division by 0 is no error."""
    return njit(nogil=True, cache=True, fastmath={"reassoc", "contract"}, error_model="numpy")(function)


@loop
def divide(start, stop, R, d, eps, s, sums):
    """s = R / (d + eps * sign(d)), sign(0) = 1; with eps = 0: 0 where d is 0. All (rows, m).

    sums (rows, 4), of s, of s * sign(d), of R where nothing divides it, and the number of s that are not 0.
    """
    for i in range(start, stop):
        total, signed, lost, count = 0.0, 0.0, 0.0, 0
        for j in range(R.shape[1]):
            below = d[i, j] < 0
            by = d[i, j] - eps if below else d[i, j] + eps
            quotient = R[i, j] / by if by != 0 else by
            lost += R[i, j] if by == 0 else 0.0
            s[i, j] = quotient
            total += quotient
            signed += -quotient if below else quotient
            count += quotient != 0
        sums[i, 0], sums[i, 1], sums[i, 2], sums[i, 3] = total, signed, lost, count


@loop
def tally(start, stop, r, sums):
    """sums (rows, 3): sum, sum of magnitudes, number of zeros of r (rows, m)."""
    for i in range(start, stop):
        total, mass, zeros = 0.0, 0.0, 0
        for j in range(r.shape[1]):
            total += r[i, j]
            mass += abs(r[i, j])
            zeros += r[i, j] == 0
        sums[i, 0], sums[i, 1], sums[i, 2] = total, mass, zeros


@loop
def multiply(start, stop, a, m, r, sums):
    """r = a * m, and its tally."""
    for i in range(start, stop):
        total, mass, zeros = 0.0, 0.0, 0
        for j in range(a.shape[1]):
            product = a[i, j] * m[i, j]
            r[i, j] = product
            total += product
            mass += abs(product)
            zeros += product == 0
        sums[i, 0], sums[i, 1], sums[i, 2] = total, mass, zeros


@loop
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


@loop
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
def select(start, stop, r, all_bits, shares, digit, factors, gone):
    """What PLRP drops of each row of r (rows, m), see `prune.prune_factors`.

    all_bits : r seen as signed integers. shares (2,) of the negative and positive mass. digit : leading bits that make the
    first digit. factors : as r. gone (rows, 2) : mass dropped.
    """
    width = 8 * all_bits.itemsize - 1
    shift = width - digit
    magnitude = np.iinfo(all_bits.dtype).max
    mass = np.empty((2, 1 << digit))
    values, bits = np.empty_like(r[0]), np.empty_like(all_bits[0])
    at, ties, scale = np.empty(2, all_bits.dtype), np.empty(2, np.int64), np.empty(2, r.dtype)
    for i in range(start, stop):
        mass[:] = 0.0
        for j in range(r.shape[1]):
            b = all_bits[i, j]
            mass[int(b >= 0), (b & magnitude) >> shift] += abs(r[i, j])
        for sign in range(2):
            total = 0.0
            for digit_mass in mass[sign]:
                total += digit_mass
            at[sign], ties[sign], scale[sign], gone[i, sign] = 0, 0, 1.0, 0.0
            if not total > 0:
                continue
            limit = shares[sign] * total if shares[sign] < 1 else np.inf
            edge, below = _edge(mass[sign], 0.0, limit)
            count = 0
            for j in range(r.shape[1]):
                b = all_bits[i, j]
                if int(b >= 0) == sign and (b & magnitude) >> shift == edge and r[i, j] != 0:
                    values[count], bits[count] = abs(r[i, j]), b & magnitude
                    count += 1
            at[sign], gone[i, sign], ties[sign] = _threshold(values, bits, count, shift, below, limit)
            scale[sign] = total / max(total - gone[i, sign], np.finfo(np.float64).tiny)
        for j in range(r.shape[1]):
            b = all_bits[i, j]
            sign = int(b >= 0)
            size = b & magnitude
            factor = scale[sign]
            if size == 0:
                factor = r.dtype.type(1.0)
            elif size < at[sign]:
                factor = r.dtype.type(0.0)
            elif size == at[sign] and ties[sign] > 0:
                ties[sign] -= 1
                factor = r.dtype.type(0.0)
            factors[i, j] = factor


@loop
def spread(start, stop, s, weight, step, out):
    """Transposed 1-d convolution of the entries of s (N, C, T) that are not 0; out (N, P * inputs), zeros to begin with.

    weight (C, K * inputs) : of each channel, inputs last, so that what one entry adds lies together. step : from one
    position of s to the next, in out.
    """
    width = weight.shape[1]
    filled = np.empty(s.shape[1], np.int64)
    for n in range(start, stop):
        for t in range(s.shape[2]):
            count = 0
            for c in range(s.shape[1]):
                if s[n, c, t] != 0:
                    filled[count] = c
                    count += 1
            place, c = out[n, t * step : t * step + width], 0
            while c + 4 <= count:  # four at a time: the sum is read and written once for all of them
                i, j, k, m = filled[c], filled[c + 1], filled[c + 2], filled[c + 3]
                at_i, at_j, at_k, at_m = s[n, i, t], s[n, j, t], s[n, k, t], s[n, m, t]
                w_i, w_j, w_k, w_m = weight[i], weight[j], weight[k], weight[m]
                for q in range(width):
                    place[q] += at_i * w_i[q] + at_j * w_j[q] + at_k * w_k[q] + at_m * w_m[q]
                c += 4
            for i in filled[c:count]:
                at_i, w_i = s[n, i, t], weight[i]
                for q in range(width):
                    place[q] += at_i * w_i[q]
