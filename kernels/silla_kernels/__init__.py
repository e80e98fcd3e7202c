"""Hot CPU loops in C++: arrays in, arrays out, the interpreter lock released.

`isa()` names the instruction set in use, `supported()` lists those that this processor has, best first, and
`set_isa(name)` takes another. The environment variable `SILLA_KERNELS` (baseline, avx2, avx512) forces one from the
start.
"""

from __future__ import annotations

import os

from silla_kernels._core import (
    Cascade,
    anneal,
    cascade_run,
    coupling,
    crc_remainder,
    enumerate_states,
    ep_detect,
    front_end,
    gf128_multiply,
    isa,
    ising_diagonal,
    k_best,
    ldpc_decode,
    ldpc_encode,
    live_clicks,
    lmmse_detect,
    los,
    n_environments,
    ofdm,
    pair_rotations,
    photon_clicks,
    polynomial_diagonal,
    polynomial_hash,
    propagate,
    qam_demap_float,
    qam_demap_int8,
    qam_map,
    qam_search,
    qaoa_run,
    rate_combine,
    rate_match,
    set_isa,
    sphere,
    strongest,
    supported,
    syndrome_decode,
    syndrome_of,
    tabu,
    toeplitz,
    weigh_cells,
    weigh_users,
)

__all__ = [
    "INTERFACE",
    "Cascade",
    "anneal",
    "cascade_run",
    "coupling",
    "crc_remainder",
    "enumerate_states",
    "ep_detect",
    "front_end",
    "gf128_multiply",
    "isa",
    "ising_diagonal",
    "k_best",
    "ldpc_decode",
    "ldpc_encode",
    "live_clicks",
    "lmmse_detect",
    "los",
    "n_environments",
    "ofdm",
    "pair_rotations",
    "photon_clicks",
    "polynomial_diagonal",
    "polynomial_hash",
    "propagate",
    "qam_demap_float",
    "qam_demap_int8",
    "qam_map",
    "qam_search",
    "qaoa_run",
    "rate_combine",
    "rate_match",
    "set_isa",
    "sphere",
    "strongest",
    "supported",
    "syndrome_decode",
    "syndrome_of",
    "tabu",
    "toeplitz",
    "weigh_cells",
    "weigh_users",
]

INTERFACE = 4  # raised whenever the arguments or results of a kernel change

_forced = os.environ.get("SILLA_KERNELS", "")
if _forced not in ("", "auto", "off"):
    try:
        set_isa(_forced)
    except ValueError as error:
        raise ImportError(f"SILLA_KERNELS={_forced}: {error}") from error
