"""From SINR to bits per second: rate tables, spatial layers, overheads and the peak rate of TS 38.306."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation, ModelCard, Reference, register
from silla.physics.radio.modulation import BITS_PER_SYMBOL, RateTable, rate_table

__all__ = [
    "OVERHEAD",
    "TS38306",
    "RateTable",
    "efficiency_of",
    "n_prb",
    "peak_rate_bit_per_s",
    "rate_table",
    "spectral_efficiency",
]

_F64 = NDArray[np.float64]
TS38306 = Citation("TS38306", "3GPP TS 38.306, NR; User Equipment radio access capabilities, V17.5.0", "clause 4.1.2")
OVERHEAD = {("downlink", 1): 0.14, ("downlink", 2): 0.18, ("uplink", 1): 0.08, ("uplink", 2): 0.10}  # clause 4.1.2
_SYMBOLS_PER_SUBFRAME = 14

# Maximum transmission bandwidth in resource blocks: TS 38.101-1 Table 5.3.2-1, TS 38.101-2 Table 5.3.2-1; MHz -> N_RB
_PRB = {
    (1, 15): {5: 25, 10: 52, 15: 79, 20: 106, 25: 133, 30: 160, 35: 188, 40: 216, 45: 242, 50: 270},
    (1, 30): {5: 11, 10: 24, 15: 38, 20: 51, 25: 65, 30: 78, 35: 92, 40: 106, 45: 119, 50: 133, 60: 162, 70: 189,
              80: 217, 90: 245, 100: 273},
    (1, 60): {10: 11, 15: 18, 20: 24, 25: 31, 30: 38, 35: 44, 40: 51, 45: 58, 50: 65, 60: 79, 70: 93, 80: 107, 90: 121,
              100: 135},
    (2, 60): {50: 66, 100: 132, 200: 264},
    (2, 120): {50: 32, 100: 66, 200: 132, 400: 264},
    (2, 480): {400: 66, 800: 124, 1600: 248},
    (2, 960): {400: 33, 800: 62, 1600: 124, 2000: 148},
}  # fmt: skip


def efficiency_of(sinr: ArrayLike, table: RateTable) -> _F64:
    """Spectral efficiency in bit/s/Hz of one layer: that of the highest entry whose threshold the SINR reaches."""
    index = np.searchsorted(table.sinr_threshold, np.asarray(sinr, dtype=float), side="right")
    return np.concatenate([[0.0], table.efficiency])[index]


def spectral_efficiency(sinr: ArrayLike, table: RateTable, max_layers: int = 1, overhead: float = 0.0) -> _F64:
    """Spectral efficiency in bit/s/Hz over the best number of layers, after overhead.

    max over l of l eff(sinr / l) (1 - overhead): l equal layers share the power and do not interfere, the bound of a
    well-conditioned channel. Left out: the channel's rank and its eigenvalue spread.

    Parameters
    ----------
    sinr : linear, any shape; max_layers : at least 1; overhead : share of resource elements without data, 0 to 1.

    >>> float(spectral_efficiency(1e6, rate_table("qam256"), max_layers=4))
    29.625
    """
    if max_layers < 1 or not 0.0 <= overhead < 1.0:
        raise ArgumentError("spectral_efficiency: max_layers must be at least 1 and overhead in [0, 1)")
    s = np.asarray(sinr, dtype=float)
    best = efficiency_of(s, table)
    for layers in range(2, max_layers + 1):
        best = np.maximum(best, layers * efficiency_of(s / layers, table))
    return best * (1.0 - overhead)


def n_prb(bandwidth_mhz: float, scs_khz: int, frequency_range: int = 1) -> int:
    """Resource blocks of a standard channel bandwidth (TS 38.101-1 and -2 Table 5.3.2-1).

    >>> n_prb(100, 30)
    273
    """
    widths = _PRB.get((frequency_range, scs_khz), {})
    if int(bandwidth_mhz) != bandwidth_mhz or int(bandwidth_mhz) not in widths:
        allowed = ", ".join(f"{w}" for w in widths) or "none"
        raise ArgumentError(
            f"{bandwidth_mhz:g} MHz is no NR channel of FR{frequency_range} at {scs_khz} kHz; channels (MHz): {allowed}"
        )
    return widths[int(bandwidth_mhz)]


def peak_rate_bit_per_s(
    n_resource_blocks: int, scs_khz: int, layers: int, modulation: str, *, overhead: float = 0.14, scaling: float = 1.0,
    code_rate: float = 948.0 / 1024.0,
) -> float:  # fmt: skip
    """Approximate peak rate of one carrier in bit/s.

    v Q_m f R_max (12 N_PRB / T_s) (1 - OH), T_s = 1 ms / (14 2^mu): TS 38.306 clause 4.1.2. `OVERHEAD` has its OH.

    >>> round(peak_rate_bit_per_s(273, 30, 4, "qam256") / 1e9, 3)
    2.337
    """
    if modulation not in BITS_PER_SYMBOL:
        raise ArgumentError(f"modulation {modulation!r} is not known; known: {', '.join(BITS_PER_SYMBOL)}")
    symbols_per_s = _SYMBOLS_PER_SUBFRAME * 1e3 * scs_khz / 15.0
    bits = BITS_PER_SYMBOL[modulation]
    return layers * bits * scaling * code_rate * 12.0 * n_resource_blocks * symbols_per_s * (1.0 - overhead)


register(
    ModelCard(
        id="radio.rate.peak_nr",
        title="Peak rate of an NR carrier",
        function=peak_rate_bit_per_s,
        sources=(TS38306,),
        references=(
            Reference(
                {"n_resource_blocks": 273, "scs_khz": 30, "layers": 4, "modulation": "qam256"},
                2.337e9,
                "the 2.34 Gbit/s commonly quoted for 100 MHz, 4 layers, 256QAM",
                rel=1e-3,
            ),
        ),
        increasing=("n_resource_blocks", "layers"),
        decreasing=("overhead",),
        left_out="TDD pattern, retransmissions",
    )
)
