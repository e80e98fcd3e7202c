"""NR modulation and coding: the MCS tables of TS 38.214, a stated extension to 4096QAM, and the rate-table seam.

A `RateTable` maps a signal-to-interference-and-noise ratio to the spectral efficiency that link adaptation reaches: by
thresholds from link-level curves, which ship with silla, or by Shannon's bound moved by a stated implementation loss.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Sequence
from importlib import resources
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation, ModelCard, Reference, register

__all__ = [
    "BITS_PER_SYMBOL", "MCS_TABLES", "RATE_MODELS", "TS38214", "McsTable", "RateTable", "link_thresholds", "mcs_table",
    "rate_table",
]  # fmt: skip

TS38214 = Citation("TS38214", "3GPP TS 38.214, NR; Physical layer procedures for data, V17.5.0", "clause 5.1.3.1")
_F64 = NDArray[np.float64]

RATE_MODELS = ("link", "shannon")
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


def rate_table(name: str, implementation_loss: float = 1.0, *, n_prb: float = 273.0, model: str = "link") -> RateTable:
    """SINR thresholds and efficiencies Q_m R of an MCS table.

    "link": the SINR at which 10 % of the transport blocks of `n_prb` resource blocks are lost on AWGN with the real
    code and decoder (`link_thresholds`), times the loss. "shannon": loss (2^efficiency - 1), the attenuated Shannon
    form of TR 36.942 Annex A expressed as an SINR loss.

    Parameters
    ----------
    implementation_loss : linear SINR ratio, at least 1. With "link" it is what comes on top of the code and decoder:
        channel estimation, fading within a block, hardware. With "shannon" it is everything.
    n_prb : resource blocks of a transport block; thresholds between the sizes that were simulated are interpolated over
        the logarithm, beyond them the outermost hold.
    MCS entries that a later entry dominates (higher efficiency at no higher SINR) are left out, so both arrays increase
    strictly.

    >>> table = rate_table("qam64")
    >>> round(float(10 * np.log10(table.sinr_threshold[-1]))), round(float(table.efficiency[-1]), 2)
    (20, 5.55)
    """
    if not implementation_loss >= 1.0:
        raise ArgumentError(f"rate_table: implementation loss is {implementation_loss:g}, must be at least 1 (0 dB)")
    if model not in RATE_MODELS:
        raise ArgumentError(f"rate_table: model {model!r} is not known; known: {', '.join(RATE_MODELS)}")
    if model == "shannon":
        efficiency = np.unique(mcs_table(name).efficiency)
        return RateTable(implementation_loss * np.expm1(efficiency * np.log(2.0)), efficiency)
    efficiency, threshold = mcs_table(name).efficiency, 10.0 ** (link_thresholds(name, n_prb) / 10.0)
    order = np.lexsort((-threshold, efficiency))
    efficiency, threshold = efficiency[order], threshold[order]
    least = np.minimum.accumulate(threshold[::-1])[::-1]
    keep = np.append(threshold[:-1] < least[1:], True)  # nothing better needs as little
    return RateTable(implementation_loss * threshold[keep], efficiency[keep])


def link_thresholds(name: str, n_prb: float = 273.0) -> _F64:
    """SNR in dB at which 10 % of transport blocks are lost on AWGN, of each index of an MCS table.

    From nr_awgn.csv, which `silla link table` computes: 156 resource elements a resource block, one layer, max-log
    demapping, ten iterations of the 8-bit decoder.
    """
    if not n_prb > 0:
        raise ArgumentError(f"link_thresholds: {n_prb!r} resource blocks; must be above 0")
    sizes, curves = _link_curves()
    table, at = mcs_table(name), np.log(np.clip(n_prb, sizes[0], sizes[-1]))
    rows = [curves[int(bits), float(rate)] for bits, rate in zip(table.bits, table.code_rate * 1024.0)]
    return np.array([np.interp(at, np.log(sizes), row) for row in rows])


@functools.cache
def _link_curves() -> tuple[_F64, dict[tuple[int, float], _F64]]:
    """(numbers of resource blocks, thresholds in dB at each of them by (bits per symbol, 1024 times the code rate))."""
    text = resources.files("silla.physics.radio").joinpath("data").joinpath("nr_awgn.csv").read_text()
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    sizes = np.unique([int(row["n_prb"]) for row in rows])
    found: dict[tuple[int, float], dict[int, float]] = {}
    for row in rows:
        key = int(row["bits_per_symbol"]), float(row["rate_1024"])
        found.setdefault(key, {})[int(row["n_prb"])] = float(row["snr_db"])
    return sizes.astype(float), {key: np.array([by[n] for n in sizes]) for key, by in found.items()}


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
        left_out="the 4096QAM rows are an extension by silla",
        version=2,
    )
)


def _link_threshold_db(table: str, index: int, n_prb: float) -> float:
    return float(link_thresholds(table, n_prb)[index])


register(
    ModelCard(
        id="radio.modulation.link_curves",
        title="SNR that an NR modulation and coding scheme needs: 10 % of transport blocks lost on AWGN",
        function=_link_threshold_db,
        sources=(TS38214,),
        references=(
            Reference(
                {"table": "qam64", "index": 4, "n_prb": 273},
                -1.77,
                "between the finite-block bound, -2.77 dB, and 2 dB above it, which ten iterations of min-sum on code "
                "blocks of at most 8448 bits may lose",
                absolute=1.0,
            ),
            Reference(
                {"table": "qam64", "index": 28, "n_prb": 273},
                19.64,
                "likewise; the finite-block bound is 18.64 dB",
                absolute=1.0,
            ),
        ),
        left_out="fading, channel estimation (the scenario's implementation loss), HARQ: a block that is lost costs "
        "nothing here, at most 10 % within some tenths of a dB of a threshold",
    )
)
