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
def share(u, v, R, z, eps, sums):
    """z = u + v becomes u * s and R becomes v * s, s as in `divide`. All (rows, m).

    sums (rows, 9), of R, of s * sign(z), of R where nothing divides it, and the tallies of both.
    """
    for i in prange(len(sums)):
        arrived, signed, lost = 0.0, 0.0, 0.0
        total_u, mass_u, zeros_u, total_v, mass_v, zeros_v = 0.0, 0.0, 0, 0.0, 0.0, 0
        for j in range(R.shape[1]):
            below = z[i, j] < 0
            by = z[i, j] - eps if below else z[i, j] + eps
            arriving = R[i, j]
            quotient = arriving / by if by != 0 else by
            arrived += arriving
            lost += arriving if by == 0 else 0.0
            signed += -quotient if below else quotient
            first, second = u[i, j] * quotient, v[i, j] * quotient
            z[i, j], R[i, j] = first, second
            total_u += first
            mass_u += abs(first)
            zeros_u += first == 0
            total_v += second
            mass_v += abs(second)
            zeros_v += second == 0
        sums[i, 0], sums[i, 1], sums[i, 2] = arrived, signed, lost
        sums[i, 3], sums[i, 4], sums[i, 5] = total_u, mass_u, zeros_u
        sums[i, 6], sums[i, 7], sums[i, 8] = total_v, mass_v, zeros_v


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
    """The magnitude at which the limit is passed, digit by digit, the mass dropped, how many of its ties are.

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
    return values[0], below + ties * value, ties


@loop
def prune(r, all_bits, shares, digit, sums):
    """What PLRP drops of each row of r (rows, m) becomes 0, the rest is scaled; see `prune.pruned`.

    all_bits : r seen as unsigned integers, whose highest bit is the sign. shares (2,) of the positive and negative mass.
    digit : leading bits of a magnitude that make the first digit. sums (rows, 4) : tally of what r becomes, and the mass
    dropped.
    """
    shift = 8 * all_bits.itemsize - 1 - digit
    for i in prange(len(sums)):
        row, bits = r[i], all_bits[i]
        mass = np.zeros((2, 1 << digit))
        by_digit = mass.reshape(-1)
        for j in range(len(row)):
            by_digit[bits[j] >> shift] += abs(row[j])
        edges, below, total = np.zeros(2, np.int64), np.zeros(2), np.zeros(2)
        limit, at, scale = np.zeros(2), np.zeros(2, r.dtype), np.ones(2, r.dtype)
        for sign in range(2):
            for digit_mass in mass[sign]:
                total[sign] += digit_mass
            limit[sign] = shares[sign] * total[sign] if shares[sign] < 1 else np.inf
            edges[sign], below[sign] = _edge(mass[sign], 0.0, limit[sign])
        first, second, places, count = edges[0], edges[1] + (1 << digit), np.empty(len(row), np.int64), 0
        for j in range(len(row)):
            places[count] = j
            count += (bits[j] >> shift == first) | (bits[j] >> shift == second)
        dropped = 0.0
        for sign in range(2):
            if total[sign] > 0:
                at[sign], gone = _cut(row, bits, places[:count], sign, shift, below[sign], limit[sign])
                scale[sign] = total[sign] / max(total[sign] - gone, np.finfo(np.float64).tiny)
                dropped += gone
        above, under, by_above, by_under = at[0], at[1], scale[0], scale[1]
        sum_left, mass_left, zeros = 0.0, 0.0, 0
        for j in range(len(row)):
            value = row[j]
            up = value > 0
            stays = abs(value) >= (above if up else under)
            kept = value * (by_above if up else by_under) if stays else value * 0
            row[j] = kept
            sum_left += kept
            mass_left += abs(kept)
            zeros += kept == 0
        sums[i, 0], sums[i, 1], sums[i, 2], sums[i, 3] = sum_left, mass_left, zeros, dropped


@part
def _cut(row, bits, places, sign, shift, below, limit):
    """The magnitude from which entries of a sign stay, and the mass dropped; those equal to it that go are 0 already.

    places : of the entries, of either sign, among which it lies. below : mass under them.
    """
    values, magnitudes, mine = (
        np.empty(len(places), row.dtype),
        np.empty(len(places), bits.dtype),
        np.empty_like(places),
    )
    highest, count = 8 * bits.itemsize - 1, 0
    for j in places:
        if row[j] != 0 and bits[j] >> highest == sign:
            values[count], magnitudes[count], mine[count] = abs(row[j]), bits[j] - (bits[j] >> highest << highest), j
            count += 1
    at, gone, ties = _threshold(values, magnitudes, count, shift, below, limit)
    for j in mine[:count]:
        if ties > 0 and abs(row[j]) == at:
            row[j] = 0
            ties -= 1
    return at, gone


@loop
def spread(s, weight, bases, offsets, parts, out):
    """Transposed product of the entries of s (N, C, T) that are not 0; out (N, size), zeros to begin with.

    weight (C, runs, run) : of each channel, so that what one entry adds lies together in runs. bases (T,), offsets (runs,),
    both rising : entry t adds its run i at bases[t] + offsets[i]. parts : of each sample's sums, for as many threads.
    """
    run, size = weight.shape[2], out.shape[1]
    for piece in prange(len(s) * parts):
        n, low, high = piece // parts, size * (piece % parts) // parts, size * (piece % parts + 1) // parts
        filled = np.empty(s.shape[1], np.int64)
        for t in range(s.shape[2]):
            if bases[t] + offsets[0] >= high or bases[t] + offsets[-1] + run <= low:
                continue
            count = 0
            for c in range(s.shape[1]):
                filled[count] = c
                count += s[n, c, t] != 0
            for o in range(len(offsets) if count else 0):
                at = bases[t] + offsets[o]
                begin, end = max(at, low), min(at + run, high)
                if begin >= end:
                    continue
                place, inside, c = out[n, begin:end], slice(begin - at, end - at), 0
                while c + 4 <= count:  # four at a time: the sum is read and written once for all of them
                    i, j, k, m = filled[c], filled[c + 1], filled[c + 2], filled[c + 3]
                    at_i, at_j, at_k, at_m = s[n, i, t], s[n, j, t], s[n, k, t], s[n, m, t]
                    w_i, w_j, w_k, w_m = weight[i, o], weight[j, o], weight[k, o], weight[m, o]
                    w_i, w_j, w_k, w_m = w_i[inside], w_j[inside], w_k[inside], w_m[inside]
                    for q in range(len(place)):
                        place[q] += at_i * w_i[q] + at_j * w_j[q] + at_k * w_k[q] + at_m * w_m[q]
                    c += 4
                for i in filled[c:count]:
                    at_i, w_i = s[n, i, t], weight[i, o][inside]
                    for q in range(len(place)):
                        place[q] += at_i * w_i[q]


@loop
def redistribute(s, a, kept, weight, bases, offsets, parts, out, sums):
    """PLRP-M of the entries of s (N, C, T) that are not 0; see `prune.matrix_relevance`.

    a, kept (N, size) : inputs, laid out as `spread` lays out its sums; kept is 0 where they were pruned. parts : of each
    sample's channels, for as many threads. out (N * parts, size), zeros to begin with. Contributions above and below 0 are
    taken apart; sums (N * parts, 2) : relevance, by its sign, of those that have no kept contribution, zeros too.
    """
    run, zero, channels = weight.shape[2], s.dtype.type(0), s.shape[1]
    for piece in prange(len(s) * parts):
        n, own = piece // parts, piece % parts
        for c in range(channels * own // parts, channels * (own + 1) // parts):
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
                    sums[piece, int(due_up > 0)] += due_up
                if kept_down == 0:
                    sums[piece, int(due_down > 0)] += due_down
                by_up = due_up / kept_up if kept_up != 0 else kept_up
                by_down = due_down / kept_down if kept_down != 0 else kept_down
                for o in range(len(offsets)):
                    at, w = bases[t] + offsets[o], weight[c, o]
                    left, place = kept[n, at : at + run], out[piece, at : at + run]
                    for q in range(run):
                        part = w[q] * left[q]
                        place[q] += part * (by_up if part > 0 else by_down)
