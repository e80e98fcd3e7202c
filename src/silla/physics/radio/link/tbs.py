"""Transport block size and MCS of shared channels (TS 38.214 clauses 5.1.3, 5.1.3.2, 6.1.4.1), in exact arithmetic."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from silla.base.errors import ArgumentError
from silla.base.provenance import ModelCard, Reference, register
from silla.physics.radio.modulation import MCS_TABLES, TS38214

__all__ = ["MCS_TABLE_NAMES", "TBS_TABLE", "Mcs", "mcs", "n_re_for_tbs", "transport_block_size"]

TBS_TABLE = (
    24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128, 136, 144, 152, 160, 168, 176, 184, 192, 208, 224, 240,
    256, 272, 288, 304, 320, 336, 352, 368, 384, 408, 432, 456, 480, 504, 528, 552, 576, 608, 640, 672, 704, 736, 768,
    808, 848, 888, 928, 984, 1032, 1064, 1128, 1160, 1192, 1224, 1256, 1288, 1320, 1352, 1416, 1480, 1544, 1608, 1672,
    1736, 1800, 1864, 1928, 2024, 2088, 2152, 2216, 2280, 2408, 2472, 2536, 2600, 2664, 2728, 2792, 2856, 2976, 3104,
    3240, 3368, 3496, 3624, 3752, 3824,
)  # fmt: skip
"""Table 5.1.3.2-1: sizes for N_info <= 3824."""

# Tables 6.1.4.1-1 and -2: the first rows have q = 1 (pi/2-BPSK) or 2 bits per symbol and rate x / (1024 q).
_TRANSFORM = {
    "qam64": (
        (240, 314),
        [(2, x) for x in (193, 251, 308, 379, 449, 526, 602, 679)]
        + [(4, x) for x in (340, 378, 434, 490, 553, 616, 658)]
        + [(6, x) for x in (466, 517, 567, 616, 666, 719, 772, 822, 873, 910, 948)],
    ),
    "qam64-low": (
        (60, 80, 100, 128, 156, 198),
        [(2, x) for x in (120, 157, 193, 251, 308, 379, 449, 526, 602, 679)]
        + [(4, x) for x in (378, 434, 490, 553, 616, 658, 699, 772)]
        + [(6, x) for x in (567, 616, 666, 772)],
    ),
}
MCS_TABLE_NAMES = tuple(MCS_TABLES)


class Mcs(NamedTuple):
    """Bits per symbol Q_m and the exact target code rate R."""

    bits: int
    rate: Fraction


def mcs(table: str, index: int, *, transform_precoding: bool = False, pi2_bpsk: bool = False) -> Mcs:
    """Modulation and code rate of an MCS index.

    table : "qam64", "qam256", "qam64-low", "qam1024" (TS 38.214 Tables 5.1.3.1-1 to -4), or "qam4096", silla's
        extension. transform_precoding : Tables 6.1.4.1-1 and -2 take the place of "qam64" and "qam64-low" (PUSCH).
        pi2_bpsk : tp-pi2BPSK is configured, so that the lowest indices use pi/2-BPSK.

    >>> mcs("qam256", 27)
    Mcs(bits=8, rate=Fraction(237, 256))
    """
    if table not in MCS_TABLES:
        raise ArgumentError(f"MCS table {table!r} is not known; known: {', '.join(MCS_TABLES)}")
    if pi2_bpsk and not transform_precoding:
        raise ArgumentError("pi/2-BPSK needs transform precoding (TS 38.214 clause 6.1.4.1)")
    clause = MCS_TABLES[table].source
    if transform_precoding and table in _TRANSFORM:
        first, rest = _TRANSFORM[table]
        q = 1 if pi2_bpsk else 2
        rows = [Mcs(q, Fraction(x, 1024 * q)) for x in first] + [Mcs(b, Fraction(x, 1024)) for b, x in rest]
        clause = f"TS 38.214 Table 6.1.4.1-{1 if table == 'qam64' else 2}"
    else:
        known = MCS_TABLES[table]
        rows = [Mcs(int(b), Fraction(float(r))) for b, r in zip(known.bits, known.code_rate)]
    if not 0 <= index < len(rows):
        kind = "is reserved: it has no code rate" if len(rows) <= index <= 31 else "does not exist"
        raise ArgumentError(f"MCS index {index} {kind} in {clause}; allowed: 0 to {len(rows) - 1}")
    return rows[index]


def n_re_for_tbs(n_symbols: int, n_dmrs: int, n_prb: int, overhead: int = 0) -> int:
    """N_RE = min(156, 12 n_symbols - n_dmrs - overhead) n_prb (clause 5.1.3.2, step 1).

    n_dmrs : resource elements of DM-RS in a PRB, those of CDM groups without data among them. overhead : xOverhead,
        0, 6, 12 or 18.
    """
    if overhead not in (0, 6, 12, 18):
        raise ArgumentError(f"overhead is {overhead}; allowed: 0, 6, 12, 18 (TS 38.214 clause 5.1.3.2)")
    per_prb = 12 * n_symbols - n_dmrs - overhead
    if per_prb <= 0:
        raise ArgumentError(
            f"{n_symbols} symbols leave {per_prb} resource elements in a PRB; at least 1 (TS 38.214 clause 5.1.3.2)"
        )
    return min(156, per_prb) * n_prb


def transport_block_size(n_re: int, scheme: Mcs, n_layers: int, scaling: float | Fraction = 1) -> int:
    """Bits of a transport block, without CRC (clause 5.1.3.2, steps 2 to 4).

    n_re : see `n_re_for_tbs`. scaling : S of Table 5.1.3.2-2 (1, 1/2 or 1/4).

    >>> transport_block_size(156 * 273, mcs("qam256", 27), 4)
    1277992
    """
    if n_re < 1 or n_layers < 1:
        raise ArgumentError(f"{n_re} resource elements on {n_layers} layers; at least 1 of each")
    if scaling not in (1, 0.5, 0.25):
        raise ArgumentError(f"scaling is {scaling}; allowed: 1, 0.5, 0.25 (TS 38.214 Table 5.1.3.2-2)")
    n_info = Fraction(scaling) * n_re * scheme.rate * scheme.bits * n_layers
    if n_info <= 3824:
        n = max(3, int(n_info).bit_length() - 1 - 6)
        quantised = max(24, (int(n_info) >> n) << n)
        return next(size for size in TBS_TABLE if size >= quantised)
    n = int(n_info - 24).bit_length() - 1 - 5
    rounded = int((n_info - 24) / 2**n + Fraction(1, 2))  # ties go up
    total = max(3840, rounded << n) + 24
    largest = 3816 if scheme.rate <= Fraction(1, 4) else 8424
    # At R > 1/4 the standard compares N'_info, not N'_info + 24, with 8424.
    blocks = -(-total // largest) if largest == 3816 or total - 24 > 8424 else 1
    return 8 * blocks * -(-total // (8 * blocks)) - 24


def _slot_bits(n_prb: int, layers: int, index: int) -> int:
    return transport_block_size(156 * int(n_prb), mcs("qam256", int(index)), int(layers))


register(
    ModelCard(
        id="radio.link.transport_block_size",
        title="Transport block size of NR shared channels",
        function=_slot_bits,
        sources=(TS38214,),
        references=(
            Reference(
                {"n_prb": 273, "layers": 4, "index": 27},
                1277992,
                "TS 38.214 clause 5.1.3.2: the largest block of 100 MHz at 30 kHz, four layers of 256QAM",
            ),
        ),
        left_out="P-RNTI and RA-RNTI scaling other than 1, 1/2 and 1/4",
    )
)
