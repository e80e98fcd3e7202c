"""Power amplifiers without memory: Rapp's saturation with the phase term of 3GPP and IEEE (modified Rapp).

|y| = G |x| / [1 + |G x / V_sat|^(2p)]^(1/(2p)),   phase = A |x|^q1 / [1 + (|x| / B)^q2] in degrees.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError, DomainError
from silla.base.provenance import Citation, ModelCard, Reference, register

__all__ = [
    "AMPLIFIERS",
    "Amplifier",
    "amplifier",
    "amplify",
    "amplify_normalised",
    "bussgang",
    "drive_for_backoff",
    "gain_table",
]

RAPP = Citation(
    "Rapp1991",
    "C. Rapp, Effects of HPA-nonlinearity on a 4-DPSK/OFDM-signal for a digital sound broadcasting system, 2nd "
    "European Conf. on Satellite Communications, 1991",
)
R4163314 = Citation("R4-163314", "3GPP R4-163314, Realistic power amplifier model for the new radio evaluation, 2016")


@dataclass(frozen=True)
class Amplifier:
    """Small-signal gain G, output saturation V_sat, smoothness p, and the phase term in degrees (0 for none)."""

    name: str
    gain: float = 1.0
    saturation: float = 1.0
    smoothness: float = 2.0
    phase_gain_deg: float = 0.0
    phase_corner: float = 1.0
    phase_exponents: tuple[float, float] = (4.0, 4.0)
    source: str = ""

    def __post_init__(self) -> None:
        if not (self.gain > 0 and self.saturation > 0 and self.smoothness > 0 and self.phase_corner > 0):
            raise ArgumentError(f"{self}: gain, saturation, smoothness and the phase's corner must lie above 0")


AMPLIFIERS = {
    a.name: a
    for a in (
        Amplifier("r4-163314", 16.0, 1.9, 1.1, -345.0, 0.17, (4.0, 4.0),
                  "3GPP R4-163314 (TR 38.803), CMOS at 30 to 70 GHz"),
        Amplifier("ieee-60ghz-cmos", 4.65, 0.58, 0.81, 2560.0, 0.114, (2.4, 2.3),
                  "IEEE 802.11-09/0296r16, 65 nm CMOS at 60 GHz"),
        Amplifier("rapp-2", 1.0, 1.0, 2.0, source="Rapp 1991, p = 2, no phase term"),
        Amplifier("rapp-3", 1.0, 1.0, 3.0, source="Rapp 1991, p = 3, no phase term"),
    )
}  # fmt: skip
"""The published parameter sets."""


def amplifier(name: str) -> Amplifier:
    """The published set of that name; ArgumentError for another."""
    if name not in AMPLIFIERS:
        raise ArgumentError(f"amplifier {name!r} is not known; known: {', '.join(AMPLIFIERS)}")
    return AMPLIFIERS[name]


def _complex_gain(power: NDArray, model: Amplifier) -> NDArray:
    """y / x for |x|^2."""
    a = np.sqrt(power)
    gain = model.gain / (1.0 + (model.gain * a / model.saturation) ** (2.0 * model.smoothness)) ** (
        0.5 / model.smoothness
    )
    if model.phase_gain_deg == 0.0:
        return gain
    q1, q2 = model.phase_exponents
    turn = np.radians(model.phase_gain_deg) * a**q1 / (1.0 + (a / model.phase_corner) ** q2)
    return gain * np.exp(1j * turn)


def amplify(x: ArrayLike, model: Amplifier) -> NDArray:
    """The output for complex input x, in the model's own units (volts).

    >>> abs(complex(amplify(1e3, AMPLIFIERS["rapp-2"]))).__round__(3)
    1.0
    """
    x = np.asarray(x)
    return x * _complex_gain(np.abs(x) ** 2, model)


_NODES, _WEIGHTS = np.polynomial.laguerre.laggauss(80)


def bussgang(drive: float, model: Amplifier) -> tuple[complex, float, float]:
    """(linear gain, output power, distortion power) for complex Gaussian input of mean power `drive`.

    Output = gain x + d with d uncorrelated to x (Bussgang 1952): gain = E[x* y] / E|x|^2, and E|d|^2 = E|y|^2 -
    |gain|^2 E|x|^2. |x|^2 is exponential, so that the means are Laguerre integrals.
    """
    power = drive * _NODES
    g = _complex_gain(power, model)
    linear = complex(np.sum(_WEIGHTS * g * power) / drive)
    out = float(np.sum(_WEIGHTS * np.abs(g) ** 2 * power))
    return linear, out, max(out - abs(linear) ** 2 * drive, 0.0)


@functools.lru_cache(maxsize=256)
def drive_for_backoff(model: Amplifier, backoff_db: float) -> float:
    """Mean input power at which a Gaussian signal leaves with V_sat^2 / 10^(backoff/10) on average.

    DomainError for a back-off that the model cannot reach (a Gaussian signal driven ever harder saturates at 0 dB).
    """
    if not 0.3 <= backoff_db <= 60.0:
        raise DomainError(f"an output back-off of {backoff_db:g} dB for a Gaussian signal; allowed: 0.3 to 60 dB")
    wanted = model.saturation**2 * 10.0 ** (-backoff_db / 10.0)
    low = high = wanted / model.gain**2
    while bussgang(high, model)[1] < wanted:
        high *= 2.0
        if high > 1e9 * low:
            raise DomainError(f"amplifier {model.name!r} does not reach an output back-off of {backoff_db:g} dB")
    for _ in range(80):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if bussgang(middle, model)[1] < wanted else (low, middle)
    return 0.5 * (low + high)


@functools.lru_cache(maxsize=32)
def gain_table(model: Amplifier, drive: float, size: int) -> tuple[NDArray, float]:
    """(y / (x gain) at |x|^2 = (k + 1/2) / step for unit mean power, step); entries reach to 20 times the mean."""
    step = size / 20.0
    linear, _, _ = bussgang(drive, model)
    power = (np.arange(size + 1) + 0.5) / step * drive
    table = (_complex_gain(power, model) / linear).astype(np.complex64)
    return table, step


def amplify_normalised(x: NDArray, model: Amplifier, backoff_db: float, *, size: int = 8192) -> NDArray[np.complex64]:
    """Output over the Bussgang gain, for input of unit mean power at an output back-off: x plus distortion.

    By a table of the gain over |x|^2, whose steps leave an error 60 dB below the signal at least.
    """
    table, step = gain_table(model, drive_for_backoff(model, float(backoff_db)), size)
    parts = np.asarray(x, np.complex64).view(np.float32).reshape(*np.shape(x), 2)
    power = np.einsum("...k,...k->...", parts, parts)
    power *= np.float32(step)
    place = np.minimum(power, np.float32(size)).astype(np.int32)
    return x * table[place]


def _output(amplitude: float, smoothness: float) -> float:
    return float(abs(amplify(amplitude, Amplifier("card", smoothness=smoothness))))


register(
    ModelCard(
        id="radio.link.power_amplifier",
        title="Power amplifier, modified Rapp model",
        function=_output,
        sources=(RAPP, R4163314),
        references=(
            Reference(
                {"amplitude": 1.0, "smoothness": 2.0}, 2.0**-0.25, "Rapp 1991: 2^(-1/2p) V_sat at V_sat / G", rel=1e-12
            ),
        ),
        increasing=("amplitude",),
        left_out="memory, heating, the coupling of elements of an array",
    )
)  # fmt: skip
