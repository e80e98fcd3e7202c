"""What links between telescopes, through the air or from a satellite, have in common: their columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["column", "stores", "telescopes"]

_COLUMNS = {
    "wavelength_m": ("wavelength_nm", 1e-9),
    "transmitter_m": ("transmitter_m", 1.0),
    "receiver_m": ("receiver_m", 1.0),
    "divergence_rad": ("divergence_urad", 1e-6),
    "jitter_rad": ("jitter_urad", 1e-6),
    "optics": ("optics", 1.0),
    "field_rad": ("field_urad", 1e-6),
    "filter_m": ("filter_nm", 1e-9),
    "gate_s": ("gate_ns", 1e-9),
    "pulse_rate_hz": ("pulse_rate_mhz", 1e6),
}


def column(links: Sequence[Any], name: str, scale: float = 1.0) -> np.ndarray:
    """[n] a field of each link times `scale`; NaN for None."""
    values = [getattr(link, name) for link in links]
    return np.array([np.nan if v is None else v for v in values], dtype=float) * scale


def telescopes(links: Sequence[Any]) -> dict[str, np.ndarray]:
    """Columns of the telescopes, filters and clocks of downlinks or links through the air, SI."""
    return {name: column(links, field, scale) for name, (field, scale) in _COLUMNS.items()}


def stores(links: Sequence[Any]) -> dict[str, np.ndarray]:
    """Columns of their key stores, in bits."""
    stock = column(links, "stock_mbit", 1e6)
    return {"stock_bits": stock, "initial_bits": stock * column(links, "initial_fraction")}
