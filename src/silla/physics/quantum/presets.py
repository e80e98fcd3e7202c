"""Published sets of system parameters, as data: what a receiver and its source are worth."""

from __future__ import annotations

from dataclasses import dataclass

from silla.base.provenance import Citation

__all__ = ["GYS", "LIM", "PRESETS", "RUSCA", "ZHANG", "QkdSystem"]


@dataclass(frozen=True)
class QkdSystem:
    """One prepare-and-measure system.

    detector_efficiency : receiver optics and detectors together. y0 : background clicks per gate, all detectors.
    misalignment : error rate of signal clicks. afterpulse : false clicks per click. sifting : share of equal bases.
    """

    attenuation_db_per_km: float
    detector_efficiency: float
    y0: float
    misalignment: float
    error_correction: float
    source: Citation
    afterpulse: float = 0.0
    sifting: float = 0.5
    mu: float = 0.48
    nu: float = 0.05
    clock_hz: float = 1e6
    dead_time_s: float = 0.0
    decoys: str = "infinite"


GYS = QkdSystem(
    attenuation_db_per_km=0.21,
    detector_efficiency=0.045,
    y0=1.7e-6,
    misalignment=0.033,
    error_correction=1.22,
    clock_hz=2e6,
    source=Citation(
        "gobby2004",
        "C. Gobby, Z. L. Yuan, A. J. Shields, Quantum key distribution over 122 km of standard telecom fiber, Appl. "
        "Phys. Lett. 84, 3762 (2004); parameters as in Ma et al. 2005, Table I",
        "https://doi.org/10.1063/1.1738173",
    ),
)

LIM = QkdSystem(
    attenuation_db_per_km=0.2,
    detector_efficiency=0.1,
    y0=1.2e-6,  # two detectors of 6e-7 each
    misalignment=5e-3,
    error_correction=1.16,
    afterpulse=0.04,
    clock_hz=1e9,
    source=Citation(
        "lim2014",
        "C. C. W. Lim, M. Curty, N. Walenta, F. Xu, H. Zbinden, Concise security bounds for practical decoy-state "
        "quantum key distribution, Phys. Rev. A 89, 022307 (2014)",
        "https://doi.org/10.1103/PhysRevA.89.022307",
    ),
)

RUSCA = QkdSystem(
    attenuation_db_per_km=0.2,
    detector_efficiency=0.5,
    y0=1e-8,
    misalignment=0.01,
    error_correction=1.16,
    clock_hz=1e9,
    dead_time_s=100e-9,
    source=Citation(
        "rusca2018",
        "D. Rusca, A. Boaron, F. Gruenenfelder, A. Martin, H. Zbinden, Finite-key analysis for the 1-decoy state QKD "
        "protocol, Appl. Phys. Lett. 112, 171104 (2018)",
        "https://doi.org/10.1063/1.5023340",
    ),
)

ZHANG = QkdSystem(
    attenuation_db_per_km=0.18,
    detector_efficiency=0.7,  # assumed, as y0: usual for superconducting detectors
    y0=1e-8,
    misalignment=5e-4,  # below 0.1 % over both ways
    error_correction=1.16,
    clock_hz=50e6,
    source=Citation(
        "zhang2022",
        "H. Zhang et al., Realization of quantum secure direct communication over 100 km fiber with time-bin and phase "
        "quantum states, Light Sci. Appl. 11, 83 (2022); receiver efficiency and background assumed",
        "https://doi.org/10.1038/s41377-022-00769-w",
    ),
)

PRESETS = {"gys": GYS, "lim": LIM, "rusca": RUSCA, "zhang": ZHANG}
