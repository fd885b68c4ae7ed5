"""Numbers as people read them: sensible digits, thousands separators, units. Used by words, tables and figures."""

from __future__ import annotations

import math

MINUS = "\u2212"  # a real minus sign; a hyphen is too short beside digits
NARROW = "\u202f"  # narrow no-break space, between a number and its unit
MISSING = "\u2013"


def count(value: float | None) -> str:
    """1234567 -> '1,234,567'."""
    return MISSING if value is None else f"{int(value):,}".replace("-", MINUS)


def share(value: float | None) -> str:
    """A share in [0, 1] as a percentage: 0.4321 -> '43 %', 0.0432 -> '4.3 %', never '100 %' or '0 %' unless exact."""
    if value is None or not math.isfinite(value):
        return MISSING
    percent = 100 * value
    if value not in (0, 1):
        if 0 < percent < 0.01:
            return f"<{NARROW}0.01{NARROW}%"
        if 99.9 < percent < 100:
            return f">{NARROW}99.9{NARROW}%"
    size = abs(percent)
    digits = 0 if value in (0, 1) or 10 <= size < 99 else 1 if size >= 1 else 2
    return f"{percent:.{digits}f}{NARROW}%".replace("-", MINUS)


def percent(value: float) -> str:
    """A setting as a percentage, as it was given: 0.125 -> '12.5 %'."""
    return f"{100 * value:g}{NARROW}%"


def plain(value: float) -> str:
    """A count that may be halved, as a median is: 20.0 -> '20', 20.5 -> '20.5'."""
    return f"{value:g}"


def score(value: float | None, digits: int = 3) -> str:
    """A score in [0, 1] with `digits` decimals: 0.99962 -> '> 0.999', since it is not 1."""
    if value is None or not math.isfinite(value):
        return MISSING
    text = f"{value:.{digits}f}"
    if value < 1 and float(text) == 1:
        return f">{NARROW}{1 - 10**-digits:.{digits}f}"
    if value > 0 and float(text) == 0:
        return f"<{NARROW}{10**-digits:.{digits}f}"
    return text.replace("-", MINUS)


def number(value: float | None, digits: int = 3) -> str:
    """A plain number with `digits` significant digits: 6.3127 -> '6.31', 0.000021 -> '2.1e-5' style '2.10×10⁻⁵'."""
    if value is None or not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if -4 <= exponent < 6:
        return f"{value:,.{max(0, digits - 1 - exponent)}f}".replace("-", MINUS)
    power = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{value / 10**exponent:.1f}\u00d710{power}".replace("-", MINUS)


def signed(value: float | None, digits: int = 3) -> str:
    """Like `number` with a leading plus for positive values."""
    text = number(value, digits)
    return f"+{text}" if value is not None and math.isfinite(value) and value > 0 else text


def seconds(value: float | None) -> str:
    """75 -> '1 min 15 s'."""
    if value is None:
        return MISSING
    whole = round(value)
    if whole < 60:
        return f"{value:.1f}{NARROW}s" if value < 10 else f"{whole}{NARROW}s"
    if whole < 3600:
        return f"{whole // 60}{NARROW}min {whole % 60}{NARROW}s"
    return f"{whole // 3600}{NARROW}h {whole % 3600 // 60}{NARROW}min"


def size(value: int) -> str:
    """Bytes -> '1.2 MB' (powers of 1000)."""
    amount, unit = float(value), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            break
        amount /= 1000
    return f"{amount:.0f}{NARROW}{unit}" if unit == "B" or amount >= 100 else f"{amount:.1f}{NARROW}{unit}"


def offset(index: int, origin: int) -> str:
    """Place of window index `index` counted from `origin` without a zero: ... -2, -1 | +1, +2 ..."""
    step = index - origin
    return f"+{step + 1}" if step >= 0 else f"{MINUS}{-step}"
