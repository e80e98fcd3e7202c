"""Precoding matrices: the PUSCH codebook for 2 and 4 ports (TS 38.211 Tables 6.3.1.5-1 to -7) and the type I
single-panel codebook of PDSCH (TS 38.214 clause 5.2.2.2.1)."""

from __future__ import annotations

import functools
import re

import numpy as np

from silla.base.errors import ArgumentError

__all__ = ["PANELS", "pusch_precoder", "type1_precoder"]

# One row of entries for each layer: 1, -1, j and -j as + - j i. Layers are parted by spaces, indices by commas.
_FOUR_PHASES = {12: "++", 16: "+j", 20: "+-", 24: "+i"}
_SINGLE_2 = "+0,0+,++,+-,+j,+i"
_SINGLE_4 = "+000,0+00,00+0,000+,+0+0,+0-0,+0j0,+0i0,0+0+,0+0-,0+0j,0+0i,"
_TABLES = {  # (ports, layers, transform precoding): (entries, norms as (first index, divisor))
    (2, 1, False): (_SINGLE_2, ((0, 2),)),
    (2, 1, True): (_SINGLE_2, ((0, 2),)),
    (4, 1, True): (
        _SINGLE_4 + "+++-,++jj,++-+,++ii,+j+j,+jj+,+j-i,+ji-,+-++,+-ji,+---,+-ij,+i+i,+ij-,+i-j,+ii+",
        ((0, 4),),
    ),
    (4, 1, False): (
        _SINGLE_4 + "++++,++jj,++--,++ii,+j+j,+jj-,+j-i,+ji+,+-+-,+-ji,+--+,+-ij,+i+i,+ij+,+i-j,+ii-",
        ((0, 4),),
    ),
    (2, 2, False): ("+0 0+,++ +-,+j +i", ((0, 2), (1, 4))),
    (4, 2, False): (
        "+000 0+00,+000 00+0,+000 000+,0+00 00+0,0+00 000+,00+0 000+,+0+0 0+0i,+0+0 0+0j,+0i0 0+0+,+0i0 0+0-,"
        "+0-0 0+0i,+0-0 0+0j,+0j0 0+0+,+0j0 0+0-,++++ ++--,++jj ++ii,+j+j +j-i,+jj- +ji+,+-+- +--+,+-ji +-ij,"
        "+i+i +i-j,+ij+ +ii-",
        ((0, 4), (14, 8)),
    ),
    (4, 3, False): (
        "+000 0+00 00+0,+0+0 0+00 000+,+0-0 0+00 000+,++++ +-+- ++--,++jj +-ji ++ii,+-+- ++++ +--+,+-ji ++jj +-ij",
        ((0, 4), (3, 12)),
    ),
    (4, 4, False): (
        "+000 0+00 00+0 000+,+0+0 +0-0 0+0+ 0+0-,+0j0 +0i0 0+0j 0+0i,++++ +-+- ++-- +--+,++jj +-ji ++ii +-ij",
        ((0, 4), (1, 8), (3, 16)),
    ),
}  # fmt: skip
_VALUE = {"0": 0, "+": 1, "-": -1, "j": 1j, "i": -1j}

PANELS = {
    4: {(2, 1): (4, 1)},
    8: {(2, 2): (4, 4), (4, 1): (4, 1)},
    12: {(3, 2): (4, 4), (6, 1): (4, 1)},
    16: {(4, 2): (4, 4), (8, 1): (4, 1)},
    24: {(4, 3): (4, 4), (6, 2): (4, 4), (12, 1): (4, 1)},
    32: {(4, 4): (4, 4), (8, 2): (4, 4), (16, 1): (4, 1)},
}
"""(N1, N2): (O1, O2) for each number of ports, TS 38.214 Table 5.2.2.2.1-2."""


@functools.lru_cache(maxsize=256)
def pusch_precoder(n_ports: int, n_layers: int, tpmi: int, transform_precoding: bool = False) -> np.ndarray:
    """W of codebook transmission, complex128 [n_ports, n_layers] (TS 38.211 clause 6.3.1.5).

    tpmi : transmitted precoding matrix indicator, the row of the table.

    >>> (pusch_precoder(2, 1, 5) * np.sqrt(2)).round().tolist()
    [[(1+0j)], [-1j]]
    """
    if n_ports == 1 and n_layers == 1 and tpmi == 0:
        return np.ones((1, 1), complex)
    key = (n_ports, n_layers, bool(transform_precoding))
    if key not in _TABLES:
        kind = "with transform precoding " if transform_precoding else ""
        raise ArgumentError(
            f"PUSCH codebook: no table {kind}for {n_layers} layers on {n_ports} ports (TS 38.211 clause 6.3.1.5)"
        )
    text, norms = _TABLES[key]
    rows = text.split(",")
    if not 0 <= tpmi < len(rows):
        raise ArgumentError(
            f"PUSCH codebook: TPMI {tpmi} for {n_layers} layers on {n_ports} ports; allowed: 0 to {len(rows) - 1} "
            "(TS 38.211 clause 6.3.1.5)"
        )
    divisor = [d for first, d in norms if tpmi >= first][-1]
    out = np.array([[_VALUE[c] for c in layer] for layer in rows[tpmi].split()]).T / np.sqrt(divisor)
    out.setflags(write=False)
    return out


def _beam(n: int, over: int, index: int, factor: int = 2, length: int | None = None) -> np.ndarray:
    return np.exp(1j * factor * np.pi * index * np.arange(n if length is None else length) / (over * n))


def _offsets(n1: int, n2: int, o1: int, o2: int, n_layers: int) -> list[tuple[int, int]]:
    """(k1, k2) for i_1,3: Tables 5.2.2.2.1-3 (two layers) and -4 (three and four)."""
    if n_layers == 2:
        if n2 == 1:
            return [(k * o1, 0) for k in range(2 if n1 == 2 else 4)]
        return [(0, 0), (o1, 0), (0, o2), (o1, o2) if n1 == n2 else (2 * o1, 0)]
    if n2 == 1:
        return [(k * o1, 0) for k in range(1, {2: 2, 4: 4, 6: 5}[n1])]
    return [(o1, 0), (0, o2), (o1, o2)] + ([(2 * o1, 0)] if n1 == 3 else [])


_MANY = {  # layers: (beam of each, phase between polarisations of each, p standing for that of i2)
    5: ((0, 0, 1, 1, 2), "p-p+-+"),
    6: ((0, 0, 1, 1, 2, 2), "p-pp-p+-"),
    7: ((0, 0, 1, 2, 2, 3, 3), "p-pp+-+-"),
    8: ((0, 0, 1, 1, 2, 2, 3, 3), "p-pp-p+-+-"),
}
"""Tables 5.2.2.2.1-9 to -12."""


def _many_layers(n1: int, n2: int, o1: int, o2: int, i11: int, i12: int, phase: complex, n_layers: int) -> np.ndarray:
    """Five to eight layers on three or four orthogonal beams, unit entries."""
    if n2 == 1:
        places = [(i11 + k * o1, 0) for k in range(4)]
    else:
        places = [(i11, i12), (i11 + o1, i12), (i11, i12 + o2), (i11 + o1, i12 + o2)]
        if n_layers < 7:
            places = [(i11, i12), (i11 + o1, i12), (i11 + o1, i12 + o2)]
    which, text = _MANY[n_layers]
    beams = np.stack([np.kron(_beam(n1, o1, places[b][0]), _beam(n2, o2, places[b][1])) for b in which], axis=1)
    turns = {"p": phase, "-p": -phase, "+": 1.0, "-": -1.0}
    return np.concatenate([beams, np.array([turns[t] for t in re.findall(r"-?p|[+-]", text)]) * beams])


def _counts_many(n1: int, n2: int, o1: int, o2: int, n_layers: int) -> tuple[int, int]:
    """Values of i11 and i12 for five to eight layers; none where the panel is too small."""
    if n1 * n2 < (3 if n_layers < 7 else 4):
        return 0, 0
    half = n_layers > 6
    return n1 * o1 // (2 if half and (n1, n2) == (4, 1) else 1), (
        1 if n2 == 1 else n2 * o2 // (2 if half and n1 > 2 and n2 == 2 else 1)
    )


def type1_precoder(
    n_ports: int,
    n_layers: int,
    i2: int,
    *,
    panel: tuple[int, int] | None = None,
    i11: int = 0,
    i12: int = 0,
    i13: int = 0,
) -> np.ndarray:
    """W of the type I single-panel codebook, mode 1, complex128 [n_ports, n_layers], 1 to 8 layers.

    Two ports: Table 5.2.2.2.1-1, i2 alone. Otherwise panel (N1, N2) of dual-polarised antennas, the first polarisation
    in the first half of the ports: beams l = i11, m = i12 of the oversampled DFT, i13 the offset of the second beam
    (from 16 ports on with 3 and 4 layers: the phase of the panel's halves), i2 the phase between polarisations.
    Five to eight layers take three or four neighbouring orthogonal beams, without i13. Columns are orthogonal, each of
    power 1 / n_layers. Left out: mode 2.

    >>> w = type1_precoder(8, 2, 1, panel=(4, 1), i11=3, i13=1)
    >>> bool(np.allclose(w.conj().T @ w, np.eye(2) / 2))
    True
    """
    where = "type I codebook"
    if not 1 <= n_layers <= min(8, max(n_ports, 1)):
        raise ArgumentError(f"{where}: {n_layers} layers on {n_ports} ports; allowed: 1 to {max(1, min(8, n_ports))}")
    n_phases = 4 if n_layers == 1 else 2
    if not 0 <= i2 < n_phases:
        raise ArgumentError(f"{where}: i2 is {i2}; allowed: 0 to {n_phases - 1} (TS 38.214 clause 5.2.2.2.1)")
    phase = np.exp(0.5j * np.pi * i2)
    if n_ports == 2:
        return np.array([[1, 1], [phase, -phase]])[:, :n_layers] / np.sqrt(2 * n_layers)
    if n_ports not in PANELS or (panel is not None and panel not in PANELS[n_ports]):
        raise ArgumentError(
            f"{where}: no panel {panel} of {n_ports} ports (TS 38.214 Table 5.2.2.2.1-2); known: "
            f"{ {n: list(p) for n, p in PANELS.items()} }"
        )
    n1, n2 = panel or next(iter(PANELS[n_ports]))
    o1, o2 = PANELS[n_ports][n1, n2]
    halves = n_layers > 2 and n_ports >= 16
    counts = (n1 * o1 // (2 if halves else 1), n2 * o2 if n2 > 1 else 1)
    if n_layers > 4:
        halves, counts = False, _counts_many(n1, n2, o1, o2, n_layers)
        if not counts[0]:
            raise ArgumentError(
                f"{where}: {n_layers} layers on a panel of {n1} x {n2}; it has too few orthogonal beams "
                f"(TS 38.214 Table 5.2.2.2.1-{n_layers + 4})"
            )
    offsets = (
        [(0, 0)] if n_layers in (1, 5, 6, 7, 8) else _offsets(n1, n2, o1, o2, n_layers) if not halves else [(0, 0)] * 4
    )
    for name, value, count in (
        ("i11", i11, counts[0]),
        ("i12", i12, counts[1]),
        ("i13", i13, len(offsets)),
    ):
        if not 0 <= value < count:
            raise ArgumentError(f"{where}: {name} is {value}; allowed: 0 to {count - 1} (TS 38.214 clause 5.2.2.2.1)")
    if n_layers > 4:
        w = _many_layers(n1, n2, o1, o2, i11, i12, phase, n_layers)
    elif halves:
        v = np.kron(_beam(n1, o1, i11, 4, n1 // 2), _beam(n2, o2, i12))
        theta = np.exp(0.25j * np.pi * i13)
        signs = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]])[:, :n_layers]
        w = np.kron(signs * np.array([1, theta, phase, phase * theta])[:, None], v[:, None])
    else:
        k1, k2 = offsets[i13]
        first = np.kron(_beam(n1, o1, i11), _beam(n2, o2, i12))
        second = np.kron(_beam(n1, o1, i11 + k1), _beam(n2, o2, i12 + k2))
        beams = np.stack([first, second, first, second], axis=1)[:, :n_layers]
        sign = {1: [1], 2: [1, -1], 3: [1, 1, -1], 4: [1, 1, -1, -1]}[n_layers]
        w = np.concatenate([beams, phase * np.array(sign) * beams])
    return w / np.sqrt(n_layers * n_ports)
