"""Arrays that are steered by phase shifters point elsewhere at other frequencies: loss over the band."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation, ModelCard, Reference, register

__all__ = ["beam_direction_deg", "squint_gain"]

MAILLOUX = Citation("Mailloux", "R. J. Mailloux, Phased Array Antenna Handbook, 3rd ed., Artech House, 2018", "ch. 1")


def squint_gain(
    frequency_hz: ArrayLike, centre_hz: float, n_elements: int, steering_deg: float, *, true_time_delay: bool = False
) -> NDArray[np.float64]:
    """Amplitude gain of a line of n elements half a wavelength apart towards its own steering angle, over that at
    the centre frequency: sin(N psi / 2) / (N sin(psi / 2)), psi = pi (f / f_c - 1) sin theta.

    Phase shifters hold the phases of the centre frequency; with true time delay the gain is 1 everywhere. The phase
    centre is the middle of the line, so that the gain is real.

    >>> float(squint_gain(142e9, 142e9, 16, 40.0))
    1.0
    """
    f = np.asarray(frequency_hz, float)
    if int(n_elements) != n_elements or n_elements < 1 or not abs(steering_deg) <= 90:
        raise ArgumentError(f"{n_elements!r} elements steered by {steering_deg!r} degrees; at least 1, up to +-90")
    if not centre_hz > 0:
        raise ArgumentError(f"the centre frequency is {centre_hz!r} Hz; it must lie above 0")
    if true_time_delay or n_elements == 1:
        return np.ones(f.shape)
    half = 0.5 * np.pi * (f / centre_hz - 1.0) * np.sin(np.radians(steering_deg))
    small = np.abs(np.sin(half)) < 1e-12
    safe = np.where(small, 1.0, np.sin(half))
    return np.where(small, 1.0, np.sin(n_elements * half) / (n_elements * safe))


def beam_direction_deg(frequency_hz: ArrayLike, centre_hz: float, steering_deg: float) -> NDArray[np.float64]:
    """Where the beam points at another frequency: sin theta(f) = (f_c / f) sin theta_0, in degrees (NaN: nowhere)."""
    s = centre_hz / np.asarray(frequency_hz, float) * np.sin(np.radians(steering_deg))
    return np.degrees(np.arcsin(np.where(np.abs(s) <= 1.0, s, np.nan)))


register(
    ModelCard(
        id="radio.link.beam_squint",
        title="Gain over the band of an array of phase shifters",
        function=squint_gain,
        sources=(MAILLOUX,),
        references=(
            Reference(
                {"frequency_hz": 110e9, "centre_hz": 100e9, "n_elements": 2, "steering_deg": 90.0},
                float(np.cos(0.05 * np.pi)), "two elements: cos(psi / 2)", rel=1e-12,
            ),
        ),
        left_out="the elements' own pattern, mutual coupling",
    )
)  # fmt: skip
