"""What the user probably meant: near names and unit slips. Pure functions over strings and numbers."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable

__all__ = ["did_you_mean", "listing", "nearest", "unit_of_name", "unit_slip"]


def nearest(word: str, known: Iterable[str], n: int = 3) -> list[str]:
    """Up to `n` of the known words that look like `word`, best first; case and -/_ do not count."""
    folded: dict[str, str] = {}
    for name in known:
        folded.setdefault(_fold(name), name)
    target = _fold(word)
    close = difflib.get_close_matches(target, list(folded), n=n, cutoff=0.6)
    starts = [
        f for f in folded if len(target) >= 3 and (f.startswith(target) or (target.startswith(f) and len(f) >= 3))
    ]
    return [folded[f] for f in dict.fromkeys([*close, *starts])][:n]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``"; did you mean 'x' or 'y'?"``, or an empty string when nothing known is near."""
    found = nearest(word, known)
    return f"; did you mean {' or '.join(repr(f) for f in found)}?" if found else ""


def listing(names: Iterable[str], limit: int = 12) -> str:
    """The names joined by commas, cut after `limit` with the number left out; ``"none"`` when there are none."""
    all_names = list(names)
    shown = ", ".join(all_names[:limit])
    rest = len(all_names) - limit
    return (f"{shown} and {rest} more" if rest > 0 else shown) or "none"


def _fold(text: str) -> str:
    return text.lower().replace("-", "_").replace(" ", "_")


def _times(factor: float) -> Callable[[float], float]:
    return lambda x: x * factor


def _decibel(offset: float) -> Callable[[float], float]:
    return lambda x: 10.0 * math.log10(x) + offset if x > 0 else math.nan


def _metric(*scale: tuple[str, float]) -> dict[str, dict[str, Callable[[float], float]]]:
    """For units of one quantity, unit -> {other unit: value in other -> value in unit}, likeliest slip first."""
    table: dict[str, dict[str, Callable[[float], float]]] = {}
    for unit, size in scale:
        others = sorted((o for o in scale if o[0] != unit), key=lambda o: abs(math.log10(o[1] / size)))
        table[unit] = {name: _times(other / size) for name, other in others}
    return table


# Unit of the field -> the units that are mistaken for it, with the conversion into the field's unit.
_SLIPS: dict[str, dict[str, Callable[[float], float]]] = {
    **_metric(("Hz", 1.0), ("kHz", 1e3), ("MHz", 1e6), ("GHz", 1e9), ("THz", 1e12)),
    **_metric(("mm", 1e-3), ("m", 1.0), ("km", 1e3)),
    **_metric(("nm", 1e-9), ("um", 1e-6)),
    **_metric(("ps", 1e-12), ("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1.0), ("min", 60.0), ("h", 3600.0)),
    **_metric(("mW", 1e-3), ("W", 1.0), ("kW", 1e3)),
    **_metric(("bit/s", 1.0), ("kbit/s", 1e3), ("Mbit/s", 1e6), ("Gbit/s", 1e9), ("Tbit/s", 1e12)),
    **_metric(("byte", 1.0), ("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12)),
    **_metric(("FLOP/s", 1.0), ("GFLOP/s", 1e9), ("TFLOP/s", 1e12)),
    "dB/km": {"dB/m": _times(1e3)},
    "dB/m": {"dB/km": _times(1e-3)},
    "dBm": {"W": _decibel(30.0), "mW": _decibel(0.0), "dBW": lambda x: x + 30.0},
    "dBW": {"W": _decibel(0.0), "dBm": lambda x: x - 30.0},
    "dB": {"a plain ratio": _decibel(0.0)},
    "deg": {"radians": _times(180.0 / math.pi)},
    "km/h": {"m/s": _times(3.6)},
    "m/s": {"km/h": _times(1.0 / 3.6)},
    "%": {"a fraction": _times(100.0)},
    "1": {"per cent": _times(0.01)},
}
_SLIPS["W"]["dBm"] = lambda x: 10.0 ** (x / 10.0 - 3.0)
_SLIPS["GHz"]["m (a wavelength)"] = lambda x: 0.299792458 / x if x > 0 else math.nan

# Ending of a key -> unit, longest ending first wins.
_ENDINGS = {
    "db_per_km": "dB/km", "db_per_m": "dB/m", "dbm": "dBm", "dbw": "dBW", "dbi": "dBi", "db": "dB",
    "ghz": "GHz", "mhz": "MHz", "khz": "kHz", "thz": "THz", "hz": "Hz", "km": "km", "m": "m", "nm": "nm", "um": "um",
    "deg": "deg", "kmh": "km/h", "m_per_s": "m/s", "ps": "ps", "ns": "ns", "us": "us", "ms": "ms", "s": "s",
    "min": "min", "hours": "h", "h": "h", "w": "W", "kw": "kW", "mw": "mW", "mbps": "Mbit/s", "gbps": "Gbit/s",
    "kbps": "kbit/s", "bps": "bit/s", "gb": "GB", "mb": "MB", "fraction": "1", "probability": "1", "percent": "%",
    "per_s": "1/s",
}  # fmt: skip


def unit_of_name(key: str) -> str:
    """The unit that a field's name ends in (``"tx_power_dbm"`` -> ``"dBm"``); empty when it ends in none."""
    parts = key.split("_")
    for i in range(max(0, len(parts) - 3), len(parts)):
        ending = "_".join(parts[i:])
        unit = _ENDINGS.get(ending)
        if unit is not None and (i > 0 or len(parts) == 1):
            # the end of `rain_mm_per_h` is not the unit h
            return unit if "per" not in parts or "per" in ending else ""
    return ""


def unit_slip(value: float, unit: str, low: float, high: float) -> str:
    """Advice when an out-of-range value would fit in another unit, else an empty string.

    Parameters
    ----------
    value : what was found, in the field's unit as written.
    unit : the field's unit, such as ``"dB/km"``.
    low, high : the allowed range in that unit.

    >>> unit_slip(0.0002, "dB/km", 0.1, 1.0)
    'did you mean dB/m? 0.0002 dB/m is 0.2 dB/km'
    """
    fits = [(other, _safely(convert, value)) for other, convert in _SLIPS.get(unit, {}).items()]
    fits = [(other, x) for other, x in fits if low <= x <= high and x != 0.0]
    # a value that lands exactly on a limit is a weaker guess than one inside
    for other, converted in sorted(fits, key=lambda fit: fit[1] in (low, high)):
        return f"did you mean {other}? {_slip_text(value, other, converted, unit)}"
    # a value just beyond a limit is no slip of a factor of a thousand
    factors = (1e3, 1e-3, 1e6, 1e-6, 1e9, 1e-9) if not low / 10 <= value <= high * 10 else ()
    for factor in (*factors, -1.0):
        converted = value * factor
        if low <= converted <= high and converted != 0.0:
            return f"did you mean {converted:g}?"
    return ""


def _safely(convert: Callable[[float], float], value: float) -> float:
    try:
        return convert(value)
    except (OverflowError, ValueError):
        return math.nan


def _slip_text(value: float, other: str, converted: float, unit: str) -> str:
    names = {"a plain ratio": "as a ratio", "a fraction": "as a fraction", "per cent": "per cent"}
    shown = "" if unit == "1" else f" {unit}"
    return f"{value:g} {names.get(other, other)} is {converted:g}{shown}"
