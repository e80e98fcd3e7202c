"""NR modulation and coding: the MCS tables of TS 38.214, a stated extension to 4096QAM, and the rate-table seam.

A `RateTable` maps a signal-to-interference-and-noise ratio to the spectral efficiency that link adaptation reaches.
Here it is built from thresholds, Shannon's bound moved by a stated implementation loss; link-level curves can take its
place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation, ModelCard, Reference, register

__all__ = ["BITS_PER_SYMBOL", "MCS_TABLES", "TS38214", "McsTable", "RateTable", "mcs_table", "rate_table"]

TS38214 = Citation("TS38214", "3GPP TS 38.214, NR; Physical layer procedures for data, V17.5.0", "clause 5.1.3.1")
_F64 = NDArray[np.float64]

BITS_PER_SYMBOL = {"qpsk": 2, "qam16": 4, "qam64": 6, "qam256": 8, "qam1024": 10, "qam4096": 12}


class McsTable(NamedTuple):
    """Modulation order Q_m in bits per symbol and code rate R of each MCS index, and where the table is from."""

    bits: NDArray[np.int64]
    code_rate: _F64
    source: str

    @property
    def efficiency(self) -> _F64:
        """Q_m R in bit per symbol and layer, equal to bit/s/Hz without overhead."""
        return self.bits * self.code_rate


class RateTable(NamedTuple):
    """Least SINR (linear, increasing) for each spectral efficiency (bit/s/Hz per layer, increasing)."""

    sinr_threshold: _F64
    efficiency: _F64


def _table(bits: list[tuple[int, int]], rates: Sequence[float], source: str) -> McsTable:
    order = np.repeat([b for b, _ in bits], [n for _, n in bits])
    return McsTable(order, np.array(rates) / 1024.0, source)


_QPSK_16_64 = [
    120, 157, 193, 251, 308, 379, 449, 526, 602, 679, 340, 378, 434, 490, 553, 616, 658, 438, 466, 517, 567, 616, 666,
    719, 772, 822, 873, 910, 948,
]  # fmt: skip
_TO_256 = [
    120, 193, 308, 449, 602, 378, 434, 490, 553, 616, 658, 466, 517, 567, 616, 666, 719, 772, 822, 873, 682.5, 711, 754,
    797, 841, 885, 916.5, 948,
]  # fmt: skip
_LOW = [
    30, 40, 50, 64, 78, 99, 120, 157, 193, 251, 308, 379, 449, 526, 602, 340, 378, 434, 490, 553, 616, 438, 466, 517,
    567, 616, 666, 719, 772,
]  # fmt: skip
_TO_1024 = [
    120, 193, 449, 378, 490, 616, 466, 517, 567, 616, 666, 719, 772, 822, 873, 682.5, 711, 754, 797, 841, 885, 916.5,
    948, 805.5, 853, 900.5, 948,
]  # fmt: skip
_AT_4096 = [805.5, 853, 900.5, 948]  # the rates of the 1024QAM rows, two bits per symbol more

MCS_TABLES = {
    "qam64": _table([(2, 10), (4, 7), (6, 12)], _QPSK_16_64, "TS 38.214 Table 5.1.3.1-1"),
    "qam256": _table([(2, 5), (4, 6), (6, 9), (8, 8)], _TO_256, "TS 38.214 Table 5.1.3.1-2"),
    "qam64-low": _table([(2, 15), (4, 6), (6, 8)], _LOW, "TS 38.214 Table 5.1.3.1-3"),
    "qam1024": _table([(2, 3), (4, 3), (6, 9), (8, 8), (10, 4)], _TO_1024, "TS 38.214 Table 5.1.3.1-4"),
    "qam4096": _table(
        [(2, 3), (4, 3), (6, 9), (8, 8), (10, 4), (12, 4)],
        _TO_1024 + _AT_4096,
        "TS 38.214 Table 5.1.3.1-4 extended by silla to 4096QAM; not in any standard",
    ),
}


def mcs_table(name: str) -> McsTable:
    """The MCS table named by its highest modulation ("qam64", "qam256", "qam1024", "qam4096", and "qam64-low").

    >>> round(float(mcs_table("qam256").efficiency[-1]), 3)
    7.406
    """
    if name not in MCS_TABLES:
        raise ArgumentError(f"MCS table {name!r} is not known; known: {', '.join(MCS_TABLES)}")
    return MCS_TABLES[name]


def rate_table(name: str, implementation_loss: float = 2.0) -> RateTable:
    """SINR thresholds and efficiencies of an MCS table, for SINR thresholds by Shannon plus an implementation loss.

    threshold = loss (2^efficiency - 1): the SINR at which Shannon's capacity, its SINR divided by `loss`, equals the
    MCS's efficiency (the attenuated and truncated Shannon form of TR 36.942 Annex A, expressed as an SINR loss).

    Parameters
    ----------
    implementation_loss : linear SINR ratio, at least 1 (2.0 is 3 dB). MCS entries that a later entry dominates
        (higher efficiency at no higher SINR) are left out, so both arrays increase strictly.
    """
    if not implementation_loss >= 1.0:
        raise ArgumentError(f"rate_table: implementation loss is {implementation_loss:g}, must be at least 1 (0 dB)")
    efficiency = np.unique(mcs_table(name).efficiency)
    return RateTable(implementation_loss * np.expm1(efficiency * np.log(2.0)), efficiency)


def _top_efficiency(table: str) -> float:
    return float(mcs_table(table).efficiency[-1])


register(
    ModelCard(
        id="radio.modulation.nr_mcs",
        title="NR modulation and coding schemes",
        function=_top_efficiency,
        sources=(TS38214,),
        references=(
            Reference({"table": "qam64"}, 5.5547, "TS 38.214 Table 5.1.3.1-1, MCS 28", absolute=5e-5),
            Reference({"table": "qam1024"}, 9.2578, "TS 38.214 Table 5.1.3.1-4, MCS 26", absolute=5e-5),
        ),
        left_out="BLER curves, HARQ; the 4096QAM rows are an extension by silla",
    )
)
