"""Spatial correlation of MIMO channels: levels of TS 36.101 / 38.101-4 Annex B.2.3 and 38.104 Annex G."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError, DomainError
from silla.base.provenance import Citation

__all__ = ["LEVELS", "TS38101_4", "cross_polarised_correlation", "square_root", "uniform_correlation"]

TS38101_4 = Citation("TS38101-4", "3GPP TS 38.101-4, NR; UE radio transmission and reception, part 4, V19.2", "Annex B")
LEVELS = {"low": (0.0, 0.0), "medium": (0.3, 0.9), "medium-a": (0.3, 0.3874), "high": (0.9, 0.9)}  # transmit, receive
_F64 = NDArray[np.floating]


def _array(n: int, end: float) -> _F64:
    """R_ij = end^(((i - j) / (n - 1))^2): correlation `end` between the outermost of n elements in a line."""
    if n < 1:
        raise ArgumentError(f"an array of {n} antennas")
    if not 0.0 <= end <= 1.0:
        raise ArgumentError(f"a correlation of {end!r}; allowed: 0 to 1")
    apart = np.abs(np.subtract.outer(np.arange(n), np.arange(n))) / max(n - 1, 1)
    return np.where(apart == 0, 1.0, np.power(end, apart**2))


def uniform_correlation(n_rx: int, n_tx: int, level: str | tuple[float, float] = "low") -> _F64:
    """R_rx kron R_tx [n_rx n_tx, n_rx n_tx] of uniform linear arrays, antenna pair (r, t) at r n_tx + t.

    level : "low", "medium", "medium-a", "high", or (transmit, receive) correlations of the outermost antennas:
    TS 38.101-4 Tables B.2.3.1.1-1 to B.2.3.1.2-1 (downlink), TS 38.104 Annex G.2.3.1 (uplink, "low", "medium", "high").

    >>> uniform_correlation(2, 1, "medium").tolist()
    [[1.0, 0.9], [0.9, 1.0]]
    """
    if isinstance(level, str):
        if level not in LEVELS:
            raise ArgumentError(f"correlation level {level!r} is not known; known: {', '.join(LEVELS)}")
        level = LEVELS[level]
    transmit, receive = level
    return np.kron(_array(n_rx, receive), _array(n_tx, transmit))


def cross_polarised_correlation(n_rx: int, n_tx: int, alpha: float, beta: float, gamma: float) -> _F64:
    """Correlation [n_rx n_tx, n_rx n_tx] of cross-polarised arrays at both ends, antenna pair (r, t) at r n_tx + t.

    P (R_tx kron Gamma kron R_rx) P^T of TS 36.101 Annex B.2.3A: alpha and beta between the outermost positions of the
    transmitter and receiver, gamma between polarisations. Antennas are numbered by polarisation first (all of +45
    degrees, then all of -45 degrees). n_rx and n_tx must be even.
    """
    if n_rx % 2 or n_tx % 2 or n_rx < 2 or n_tx < 2:
        raise ArgumentError(f"cross-polarised arrays have even numbers of antennas, found {n_rx} and {n_tx}")
    g = float(gamma)
    polar = np.array([[1, 0, -g, 0], [0, 1, 0, g], [-g, 0, 1, 0], [0, g, 0, 1]])  # (transmit, receive) polarisations
    whole = np.kron(np.kron(_array(n_tx // 2, alpha), polar), _array(n_rx // 2, beta))
    # position i = (transmit position, transmit polarisation, receive polarisation, receive position)
    place = np.arange(n_tx * n_rx).reshape(n_tx // 2, 2, 2, n_rx // 2)
    order = place.transpose(2, 3, 1, 0).reshape(-1)
    return whole[np.ix_(order, order)]


def square_root(correlation: np.ndarray) -> NDArray[np.complex128]:
    """The Hermitian S with S S = R, of a correlation matrix R.

    Raises DomainError for a matrix that is not Hermitian or not positive semidefinite.

    >>> square_root(np.eye(2)).real.tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    r = np.asarray(correlation, complex)
    if r.ndim != 2 or r.shape[0] != r.shape[1] or not np.allclose(r, r.conj().T, atol=1e-9):
        raise DomainError(f"a spatial correlation of shape {r.shape} that is not Hermitian")
    values, vectors = np.linalg.eigh(r)
    if values[0] < -1e-6 * max(values[-1], 1e-30):
        raise DomainError(f"a spatial correlation has the eigenvalue {values[0]:.3g}: it must be positive semidefinite")
    return (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.conj().T
