"""Figures and rasters as compact text for one HTML file: rounded JSON, gzip, base64.

The page unpacks them with the browser's own DecompressionStream, so a report with the whole of Plotly stays small.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["dumps", "pack", "quantise", "rounded"]


def rounded(values: ArrayLike, digits: int = 4) -> list[Any]:
    """A flat list of numbers with `digits` significant digits; what is not finite becomes None (a gap)."""
    array = np.asarray(values, dtype=float).ravel()
    with np.errstate(divide="ignore", invalid="ignore"):
        exponent = np.floor(np.log10(np.abs(array)))
    out: list[Any] = []
    for value, e in zip(array.tolist(), exponent.tolist()):
        if not math.isfinite(value):
            out.append(None)
        elif value == 0:
            out.append(0)
        else:
            short = round(value, int(digits - 1 - e))
            out.append(int(short) if short.is_integer() else short)
    return out


def quantise(values: ArrayLike, low: float, high: float) -> NDArray[np.uint8]:
    """Bytes 0..254 for `low`..`high` (clipped), 255 where the value is missing.

    The step is (high - low)/254, so a reader recovers values to half of that.
    """
    array = np.asarray(values, dtype=float)
    scaled = np.clip((array - low) / (high - low), 0.0, 1.0) * 254.0
    return np.where(np.isfinite(array), np.rint(np.nan_to_num(scaled)), 255.0).astype(np.uint8)


def dumps(value: Any) -> str:
    """JSON without spaces, any script kept; NumPy scalars allowed, NaN refused."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"not JSON: {type(value).__name__}")


def pack(data: bytes | str) -> str:
    """gzip and base64; the same bytes give the same text (no time stamp)."""
    raw = data.encode() if isinstance(data, str) else data
    return base64.b64encode(gzip.compress(raw, 9, mtime=0)).decode("ascii")
