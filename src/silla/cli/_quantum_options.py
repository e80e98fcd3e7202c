"""What the verbs of quantum links share: how options are read, and a bar for a table."""

from __future__ import annotations

import math

import numpy as np

from silla.base.errors import ArgumentError

__all__ = ["bar", "distances", "one_of"]


def one_of(option: str, value: str, allowed: tuple[str, ...]) -> None:
    """Raise ArgumentError unless `value` is one of `allowed`."""
    if value not in allowed:
        raise ArgumentError(f"{option} is {value!r}, allowed {', '.join(allowed)}")


def distances(text: str) -> np.ndarray:
    """Kilometres of '0,50,100' or '0:150:10' (both ends included)."""
    try:
        if ":" in text:
            start, stop, step = (float(part) for part in text.split(":"))
            if not (step > 0.0 and stop >= start and math.isfinite(stop) and (stop - start) / step <= 100_000):
                raise ValueError
            return start + step * np.arange(math.floor((stop - start) / step + 1e-9) + 1)
        return np.array([float(part) for part in text.split(",")])
    except ValueError:
        raise ArgumentError(f"--km is {text!r}, allowed distances as 0,50,100 or from:to:step as 0:150:10") from None


def bar(rate: float, rates: np.ndarray, width: int = 12) -> str:
    """A bar whose length is the logarithm of the rate, from the least positive rate of the table to the greatest."""
    positive = rates[rates > 0.0]
    if rate <= 0.0 or positive.size == 0:
        return ""
    low, high = math.log10(positive.min()) - 0.5, math.log10(positive.max())
    return "█" * max(1, round(width * (math.log10(rate) - low) / (high - low)))
