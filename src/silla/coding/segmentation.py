"""From a transport block to code blocks and back (TS 38.212 clauses 5.2.2, 6.2.1-6.2.3, 7.2.1-7.2.3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from silla.base.errors import ArgumentError, DomainError
from silla.coding import crc
from silla.coding.codes import INFO_COLUMNS, LIFTING_SIZES, QCCode, nr_code

__all__ = ["Segmentation", "desegment", "segment", "segmentation", "select_base_graph"]

_LARGEST = {1: 8448, 2: 3840}  # K_cb


@dataclass(frozen=True)
class Segmentation:
    """How a transport block of `a` bits is cut.

    graph, z : the code. crc : name of the transport block's CRC. n_blocks : code blocks (C). k_used : bits of a code
    block with its CRC (K'). The k - k_used filler bits follow them.
    """

    a: int
    graph: int
    crc: str
    n_blocks: int
    k_used: int
    z: int

    @property
    def k(self) -> int:
        return INFO_COLUMNS[self.graph] * self.z

    @property
    def n_filler(self) -> int:
        return self.k - self.k_used

    @property
    def code(self) -> QCCode:
        return nr_code(self.graph, self.z)


def select_base_graph(a: int, rate: float) -> int:
    """Base graph of a transport block of `a` bits at the code rate of its MCS (clauses 6.2.2 and 7.2.2).

    >>> select_base_graph(292, 0.9), select_base_graph(8000, 0.5), select_base_graph(8000, 0.25)
    (2, 1, 2)
    """
    if not 0.0 < rate <= 1.0:
        raise DomainError(f"code rate {rate}; allowed: above 0, at most 1")
    return 2 if a <= 292 or (a <= 3824 and rate <= 0.67) or rate <= 0.25 else 1


def segmentation(a: int, rate: float | None = None, graph: int | None = None) -> Segmentation:
    """The cut of a transport block of `a` bits (without CRC).

    Give the code rate, from which the base graph follows, or the base graph. Clause 5.2.2: K_b of base graph 2 falls to
    9, 8 and 6 for short blocks; the lifting size is the least with K_b z >= K'. Raises ArgumentError where the code
    blocks would differ in length, which the transport block sizes of TS 38.214 clause 5.1.3.2 avoid.

    >>> s = segmentation(20496, graph=1)
    >>> s.n_blocks, s.k_used, s.z, s.n_filler
    (3, 6864, 320, 176)
    """
    if a < 1:
        raise ArgumentError(f"a transport block of {a} bits; at least 1")
    if graph is None:
        if rate is None:
            raise ArgumentError("give the code rate or the base graph")
        graph = select_base_graph(a, rate)
    if graph not in INFO_COLUMNS:
        raise ArgumentError(f"base graph {graph!r} is not known (TS 38.212 clause 5.3.2); allowed: 1, 2")
    name = "24A" if a > 3824 else "16"
    b = a + crc.CRC_LENGTH[name]
    n_blocks = 1 if b <= _LARGEST[graph] else -(-b // (_LARGEST[graph] - 24))
    total = b + (24 * n_blocks if n_blocks > 1 else 0)
    if total % n_blocks:
        raise ArgumentError(
            f"{a} bits do not cut into {n_blocks} equal code blocks (TS 38.212 clause 5.2.2); use a transport block "
            "size of TS 38.214 clause 5.1.3.2"
        )
    k_used = total // n_blocks
    kb = 22 if graph == 1 else 10 if b > 640 else 9 if b > 560 else 8 if b > 192 else 6
    z = next(z for z in LIFTING_SIZES if kb * z >= k_used)
    return Segmentation(a, graph, name, n_blocks, k_used, z)


def segment(cut: Segmentation, bits: np.ndarray) -> np.ndarray:
    """Code blocks with all CRCs, fillers as zeros: uint8 [n, C, K] for transport blocks [n, a]."""
    bits = np.asarray(bits, np.uint8)
    if bits.ndim != 2 or bits.shape[1] != cut.a:
        raise ArgumentError(f"bits have the shape {bits.shape}; expected [n, {cut.a}]")
    parts = crc.append(bits, cut.crc).reshape(len(bits), cut.n_blocks, -1)
    if cut.n_blocks > 1:
        parts = crc.append(parts, "24B")
    return np.pad(parts, [(0, 0), (0, 0), (0, cut.n_filler)])


def desegment(cut: Segmentation, blocks: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(transport blocks [n, a], transport block CRC holds [n], code block CRCs hold [n, C]) of blocks [n, C, K].

    With one code block its CRC is that of the transport block.

    >>> cut = segmentation(20496, graph=1)
    >>> sent = np.ones((1, 20496), np.uint8)
    >>> got, good, each = desegment(cut, segment(cut, sent))
    >>> bool((got == sent).all()), good.tolist(), each.tolist()
    (True, [True], [[True, True, True]])
    """
    blocks = np.asarray(blocks, np.uint8)
    if blocks.ndim != 3 or blocks.shape[1:] != (cut.n_blocks, cut.k):
        raise ArgumentError(f"blocks have the shape {blocks.shape}; expected [n, {cut.n_blocks}, {cut.k}]")
    parts = blocks[..., : cut.k_used]
    each = None
    if cut.n_blocks > 1:
        each, parts = crc.check(parts, "24B"), parts[..., :-24]
    whole = parts.reshape(len(blocks), -1)
    good = crc.check(whole, cut.crc)
    return whole[:, : cut.a], good, good[:, None] if each is None else each
