"""Single-photon detectors: background per gate, dead time, after-pulses; a few published ones as data.

Background of a gate comes from dark counts and from light that is not signal (Raman photons of classical channels),
both Poisson:  Y0 = 1 - exp(-(n r_dark + eta r_light) T)
Dead time (non-paralysable):  measured = true / (1 + true tau)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register

__all__ = [
    "DETECTORS",
    "Detector",
    "afterpulse_clicks",
    "background_per_gate",
    "dead_time_factor",
    "gated_share",
    "measured_rate_per_s",
]

RATE = Range(0.0, 1e15, "per s")
GATE = Range(1e-13, 1e-3, "s")
FILTER = Range(1e-13, 5e-8, "m")  # a width of nothing lets nothing through


@dataclass(frozen=True)
class Detector:
    """One detector at its working point."""

    efficiency: float
    dark_counts_per_s: float
    dead_time_s: float
    jitter_s: float
    afterpulse: float
    temperature_k: float
    source: Citation


_HADFIELD = Citation(
    "hadfield2009",
    "R. H. Hadfield, Single-photon detectors for optical quantum information applications, Nat. Photonics 3, 696 "
    "(2009), Table 1",
    "https://doi.org/10.1038/nphoton.2009.230",
)
_WALENTA = Citation(
    "walenta2012",
    "N. Walenta et al., Sine gating detector with simple filtering for low-noise infra-red single photon detection at "
    "room temperature, J. Appl. Phys. 112, 063106 (2012); as used in Lim et al. 2014, section IV (6e-7 per 1 ns gate, "
    "after-pulses 4 %)",
    "https://doi.org/10.1063/1.4749802",
)
_BOARON = Citation(
    "boaron2018",
    "A. Boaron et al., Secure quantum key distribution over 421 km of optical fiber, Phys. Rev. Lett. 121, 190502 "
    "(2018): SNSPDs with 0.1 dark counts per s and efficiencies about 50 %",
    "https://doi.org/10.1103/PhysRevLett.121.190502",
)

_CHANG = Citation(
    "chang2021",
    "J. Chang et al., Detecting telecom single photons with 99.5 % system detection efficiency and high time "
    "resolution, "
    "APL Photonics 6, 036114 (2021); rounded to what is sold: 90 %, 10 dark counts per s",
    "https://doi.org/10.1063/5.0039772",
)
_SILICON = Citation(
    "hadfield2009",
    "R. H. Hadfield, Single-photon detectors for optical quantum information applications, Nat. Photonics 3, 696 "
    "(2009), Table 1, thick silicon diode: 25 dark counts per s, jitter 400 ps; efficiency near 850 nm, dead time and "
    "after-pulses as makers state them",
    "https://doi.org/10.1038/nphoton.2009.230",
)

DETECTORS = {
    "ingaas-sine-gated": Detector(0.10, 600.0, 8e-9, 100e-12, 0.04, 293.0, _WALENTA),
    "ingaas-gated": Detector(0.10, 16_000.0, 10e-6, 370e-12, 0.03, 200.0, _HADFIELD),
    "snspd": Detector(0.50, 0.1, 100e-9, 40e-12, 0.0, 0.8, _BOARON),
    "snspd-bright": Detector(0.90, 10.0, 30e-9, 15e-12, 0.0, 2.5, _CHANG),
    "silicon": Detector(0.50, 25.0, 30e-9, 400e-12, 0.005, 250.0, _SILICON),
}


def background_per_gate(
    dark_counts_per_s: ArrayLike,
    gate_s: ArrayLike,
    *,
    detectors: int = 2,
    light_photons_per_s: ArrayLike = 0.0,
    efficiency: ArrayLike = 1.0,
):
    """Y0: probability that background alone makes a click in a gate; broadcast shape of the inputs.

    Parameters
    ----------
    dark_counts_per_s : of one detector. gate_s : width of the gate, or of the window that is kept.
    detectors : how many watch the line; their dark counts add.
    light_photons_per_s : unwanted photons at the receiver's input within its filter.
    efficiency : from there to a click.

    >>> float(background_per_gate(600.0, 1e-9).round(9))
    1.2e-06
    """
    what = "detector background"
    check_domain("dark_counts_per_s", dark_counts_per_s, RATE, what=what)
    check_domain("gate_s", gate_s, GATE, what=what, advice="gates of 0.1 to 2 ns are usual")
    check_domain("light_photons_per_s", light_photons_per_s, RATE, what=what)
    check_domain("efficiency", efficiency, Range(0.0, 1.0, ""), what=what)
    rate = detectors * np.asarray(dark_counts_per_s, float) + np.asarray(efficiency) * np.asarray(light_photons_per_s)
    return (-np.expm1(-rate * np.asarray(gate_s, float)))[()]


def gated_share(gate_s: ArrayLike, jitter_s: ArrayLike, pulse_s: ArrayLike = 0.0):
    """Share of signal clicks within a gate centred on the pulse, for normal jitter and pulse shape.

    Parameters
    ----------
    gate_s : width of the gate. jitter_s, pulse_s : full widths at half maximum of the detector's jitter and the pulse.

        erf(gate / (2 sqrt(2) sigma)),   sigma^2 = (jitter^2 + pulse^2) / (8 ln 2)

    >>> float(gated_share(100e-12, 100e-12).round(3))  # a gate as wide as the jitter
    0.761
    """
    from scipy.special import erf

    check_domain("gate_s", gate_s, GATE, what="gate", advice="gates of 0.1 to 2 ns are usual")
    check_domain("jitter_s", jitter_s, Range(0.0, 1e-3, "s"), what="gate")
    check_domain("pulse_s", pulse_s, Range(0.0, 1e-3, "s"), what="gate")
    sigma = np.hypot(np.asarray(jitter_s, float), np.asarray(pulse_s, float)) / np.sqrt(8.0 * np.log(2.0))
    gate = np.asarray(gate_s, float)
    return np.where(sigma > 0.0, erf(gate / (2.0 * np.sqrt(2.0) * np.where(sigma > 0.0, sigma, 1.0))), 1.0)[()]


def measured_rate_per_s(true_rate_per_s: ArrayLike, dead_time_s: ArrayLike):
    """Counts per second of a detector that is blind for `dead_time_s` after each count: r / (1 + r tau).

    Non-paralysable model; Knoll, Radiation Detection and Measurement, 4th ed., Eq. (4.23). Tends to 1 / tau.

    >>> float(measured_rate_per_s(1e7, 100e-9))
    5000000.0
    """
    return np.asarray(true_rate_per_s, float) * dead_time_factor(true_rate_per_s, dead_time_s)


def dead_time_factor(true_rate_per_s: ArrayLike, dead_time_s: ArrayLike):
    """Share of clicks that survive the dead time, 1 / (1 + r tau): what a key rate per second is multiplied by."""
    check_domain("true_rate_per_s", true_rate_per_s, RATE, what="dead time")
    check_domain("dead_time_s", dead_time_s, Range(0.0, 1.0, "s"), what="dead time")
    return (1.0 / (1.0 + np.asarray(true_rate_per_s, float) * np.asarray(dead_time_s, float)))[()]


def afterpulse_clicks(clicks: ArrayLike, afterpulse: ArrayLike):
    """All clicks, with the false ones that follow them and that are followed in turn: n / (1 - p).

    `channel.gain_and_error` keeps the first generation only, n (1 + p), as Lim et al. do.

    >>> float(afterpulse_clicks(100.0, 0.5))
    200.0
    """
    check_domain("afterpulse", afterpulse, Range(0.0, 0.9, ""), what="after-pulses", advice="lengthen the dead time")
    return (np.asarray(clicks, float) / (1.0 - np.asarray(afterpulse, float)))[()]


register(
    ModelCard(
        id="quantum.detectors.background",
        title="Background clicks per gate from dark counts and stray light",
        function=background_per_gate,
        sources=(_WALENTA,),
        valid={"dark_counts_per_s": RATE, "gate_s": GATE, "light_photons_per_s": RATE},
        references=(
            Reference(
                {"dark_counts_per_s": 600.0, "gate_s": 1e-9},
                1.2e-6,
                "Lim et al. 2014: 6e-7 per gate and detector, two detectors",
                rel=1e-5,
            ),
        ),
        increasing=("dark_counts_per_s", "gate_s", "light_photons_per_s"),
    )
)
register(
    ModelCard(
        id="quantum.detectors.dead_time",
        title="Non-paralysable dead time",
        function=measured_rate_per_s,
        sources=(
            Citation(
                "knoll2010", "G. F. Knoll, Radiation Detection and Measurement, 4th ed., Wiley (2010), section 4.VII"
            ),
        ),
        valid={"true_rate_per_s": RATE, "dead_time_s": Range(0.0, 1.0, "s")},
        references=(
            Reference({"true_rate_per_s": 1e7, "dead_time_s": 1e-7}, 5e6, "half at r tau = 1, closed form", rel=1e-12),
        ),
        increasing=("true_rate_per_s",),
        decreasing=("dead_time_s",),
    )
)
