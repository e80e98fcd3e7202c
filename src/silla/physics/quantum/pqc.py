"""Post-quantum key encapsulation, the fallback where quantum keys run out: sizes of FIPS 203 and cost of a handshake.

NIST FIPS 203 (August 2024), Module-Lattice-Based Key-Encapsulation Mechanism Standard, Tables 2 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation

__all__ = ["FIPS_203", "KEMS", "Kem", "handshake_byte"]

FIPS_203 = Citation(
    "fips203",
    "NIST FIPS 203, Module-Lattice-Based Key-Encapsulation Mechanism Standard (2024)",
    "https://doi.org/10.6028/NIST.FIPS.203",
)


@dataclass(frozen=True)
class Kem:
    """Sizes in bytes, NIST security category, and the greatest decapsulation failure rate as a power of two."""

    encapsulation_key_byte: int
    decapsulation_key_byte: int
    ciphertext_byte: int
    shared_secret_byte: int
    category: int
    failure_log2: float


KEMS = {
    "ml-kem-512": Kem(800, 1632, 768, 32, 1, -138.8),
    "ml-kem-768": Kem(1184, 2400, 1088, 32, 3, -164.8),
    "ml-kem-1024": Kem(1568, 3168, 1568, 32, 5, -174.8),
}


def handshake_byte(rekeys: ArrayLike, kem: str = "ml-kem-768"):
    """Bytes that `rekeys` fresh shared secrets put on the wire: one encapsulation key and one ciphertext each.

    Raises ArgumentError for an unknown KEM. Left out: signatures that authenticate them, framing.

    >>> float(handshake_byte(1))
    2272.0
    """
    if kem not in KEMS:
        raise ArgumentError(f"post-quantum fallback: {kem!r} is unknown, allowed {', '.join(KEMS)}")
    sizes = KEMS[kem]
    return np.asarray(rekeys, float) * float(sizes.encapsulation_key_byte + sizes.ciphertext_byte)
