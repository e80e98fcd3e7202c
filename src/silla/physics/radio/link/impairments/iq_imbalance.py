"""IQ imbalance of direct-conversion radios: y = k1 x + k2 conj(x), the image that it makes, and taking it out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation, ModelCard, Reference, register

__all__ = ["circularity_restored", "image_rejection_db", "imbalance", "imbalance_for_rejection", "imbalanced"]

ANTTILA2008 = Citation(
    "Anttila2008",
    "L. Anttila, M. Valkama & M. Renfors, Circularity-based I/Q imbalance compensation in wideband direct-conversion "
    "receivers, IEEE Trans. Veh. Technol. 57 (2008) 2099-2113",
    "https://doi.org/10.1109/TVT.2007.909269",
)


def imbalance(gain_db: float, phase_deg: float) -> tuple[complex, complex]:
    """(k1, k2) of a mixer whose Q branch is g times as strong and turned by phi: k1 = (1 + g e^-j phi) / 2,
    k2 = (1 - g e^j phi) / 2.

    >>> imbalance(0.0, 0.0)
    ((1+0j), 0j)
    """
    if not (abs(gain_db) <= 20 and abs(phase_deg) < 90):
        raise ArgumentError(f"an imbalance of {gain_db:g} dB and {phase_deg:g} degrees; allowed: +-20 dB, below +-90")
    g, phi = 10.0 ** (gain_db / 20.0), np.radians(phase_deg)
    return complex((1 + g * np.exp(-1j * phi)) / 2), complex((1 - g * np.exp(1j * phi)) / 2)


def image_rejection_db(gain_db: float, phase_deg: float) -> float:
    """Power of the signal over that of its image: (1 + 2 g cos phi + g^2) / (1 - 2 g cos phi + g^2) in dB.

    >>> round(image_rejection_db(0.5, 2.0), 2)
    29.46
    """
    g, c = 10.0 ** (gain_db / 20.0), np.cos(np.radians(phase_deg))
    with np.errstate(divide="ignore"):
        return float(10.0 * np.log10((1 + 2 * g * c + g * g) / max(1 - 2 * g * c + g * g, 0.0)))


def imbalance_for_rejection(rejection_db: float) -> tuple[complex, complex]:
    """(k1, k2) of an image rejection, of gain and phase in equal parts and |k1|^2 + |k2|^2 = 1."""
    if not 5.0 <= rejection_db <= 120.0:
        raise ArgumentError(f"an image rejection of {rejection_db!r} dB; allowed: 5 to 120 dB")
    ratio = 10.0 ** (-rejection_db / 20.0)
    k1 = 1.0 / np.sqrt(1.0 + ratio**2)
    return complex(k1), complex(k1 * ratio * np.exp(0.25j * np.pi))


def imbalanced(x: NDArray, k1: complex, k2: complex) -> NDArray:
    """k1 x + k2 conj(x)."""
    y = np.conj(x)
    y *= np.complex64(k2)
    y += np.complex64(k1) * x
    return y


def circularity_restored(y: ArrayLike, axis: int = -1) -> NDArray:
    """y - w conj(y) along an axis with the w that makes its pseudo-variance vanish, as that of any circular signal.

    w = c / (v + sqrt(v^2 - |c|^2)), v = E|y|^2, c = E[y^2] from the samples themselves, of which some thousands are
    needed: what is left of the image is about 1 / (4 n). Source: Anttila et al. 2008.
    """
    y = np.asarray(y)
    n = y.shape[axis]
    c = np.einsum("...i,...i->...", *(2 * [np.moveaxis(y, axis, -1)]))[..., None] / n
    parts = np.moveaxis(y, axis, -1)
    v = np.einsum("...i,...i->...", parts, parts.conj()).real[..., None] / n
    w = c / (v + np.sqrt(np.maximum(v * v - np.abs(c) ** 2, 0.0)))
    return np.moveaxis(parts - w.astype(y.dtype) * parts.conj(), -1, axis)


register(
    ModelCard(
        id="radio.link.iq_imbalance",
        title="Image rejection under IQ imbalance",
        function=image_rejection_db,
        sources=(ANTTILA2008,),
        references=(
            Reference({"gain_db": 0.0, "phase_deg": 2.0}, -20.0 * np.log10(np.tan(np.radians(1.0))),
                      "closed form: cot^2(phi / 2) for equal gains", rel=1e-9),
        ),
        left_out="imbalance that varies over the band",
    )
)  # fmt: skip
