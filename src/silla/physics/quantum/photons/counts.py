"""Counts of a simulated link: they add, and every rate comes with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError

__all__ = ["SlotCounts"]


@dataclass(frozen=True, eq=False)
class SlotCounts:
    """What happened in n slots.

    labels : name -> uint8 [n_settings]. sent : int64 [n_settings] slots of that setting.
    clicks : int64 [n_settings, n_results, 8] slots with a click, by what was read (`machine.READ`; of two stations
    first + 5 second) and by photons sent (7: seven or more).
    """

    labels: Mapping[str, NDArray[np.uint8]]
    sent: NDArray[np.int64]
    clicks: NDArray[np.int64]

    def __add__(self, other: SlotCounts) -> SlotCounts:
        same = self.labels.keys() == other.labels.keys() and self.clicks.shape == other.clicks.shape
        if not same or any((self.labels[k] != other.labels[k]).any() for k in self.labels):
            raise ArgumentError("counts of different links do not add; simulate them alike")
        return SlotCounts(self.labels, self.sent + other.sent, self.clicks + other.clicks)

    @property
    def n_slots(self) -> int:
        return int(self.sent.sum())

    def where(self, **values: int) -> NDArray[np.bool_]:
        """[n_settings] whether the labels have these values."""
        chosen = np.ones(len(self.sent), bool)
        for name, value in values.items():
            if name not in self.labels:
                raise ArgumentError(f"settings have no label {name!r}; known: {', '.join(self.labels)}")
            chosen &= self.labels[name] == value
        return chosen

    def n_sent(self, **values: int) -> int:
        """Slots whose setting has these labels."""
        return int(self.sent[self.where(**values)].sum())

    def of(self, chosen: NDArray[np.bool_], results: Iterable[int] | None = None, photons: Any = None) -> int:
        """Slots with a click of these settings, results (all that are not nothing) and photon numbers (all)."""
        part = self.clicks[chosen]
        part = part if results is None else part[:, list(results)]
        return int((part if photons is None else part[..., photons]).sum())
