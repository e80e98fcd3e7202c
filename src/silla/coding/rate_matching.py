"""Rate matching of LDPC code blocks and its inverse (TS 38.212 clause 5.4.2), with HARQ combining.

The circular buffer holds the code word without its first 2 z bits. Fillers keep their place in it but are never sent.
Combining is the sum of LLRs at the buffer's places: the same redundancy version again gives chase combining, another
one incremental redundancy.
"""

from __future__ import annotations

import functools

import numpy as np

from silla.base.errors import ArgumentError, DomainError
from silla.base.kernels import kernel
from silla.coding.codes import INFO_COLUMNS, QCCode
from silla.coding.min_sum import quantise

__all__ = [
    "buffer_llr",
    "combine",
    "combine_numpy",
    "deinterleave",
    "output_lengths",
    "rate_dematch",
    "rate_match",
    "rows_needed",
    "rows_reached",
    "selection",
]

_START = {1: (0, 17, 33, 56), 2: (0, 13, 25, 43)}  # Table 5.4.2.1-2, numerators over 66 and 50


def _graph(code: QCCode) -> int:
    graph = {columns: graph for graph, columns in INFO_COLUMNS.items()}.get(code.n_info)
    if graph is None or code.n_cols != (68, 52)[graph - 1]:
        raise ArgumentError("rate matching is defined for the whole codes of TS 38.212: see nr_code()")
    return graph


def output_lengths(g: int, n_blocks: int, bits_per_symbol: int, n_layers: int = 1) -> np.ndarray:
    """E of each code block, int64 [n_blocks], for g coded bits in all (clause 5.4.2.1, every block is sent).

    >>> output_lengths(1000, 3, 4).tolist()
    [332, 332, 336]
    """
    unit = bits_per_symbol * n_layers
    if unit < 1 or g < 1 or g % unit:
        raise ArgumentError(f"{g} coded bits are not a whole number of symbols on {n_layers} layers")
    symbols, late = divmod(g // unit, n_blocks)
    if symbols == 0:
        raise ArgumentError(f"{g} coded bits are too few for {n_blocks} code blocks")
    return unit * (symbols + (np.arange(n_blocks) >= n_blocks - late))


@functools.lru_cache(maxsize=64)
def selection(code: QCCode, n_filler: int, rv: int, n_ref: int | None = None) -> np.ndarray:
    """Places of the code word in the order in which they are sent, one turn of the buffer, int64.

    n_filler : filler bits at the end of the information. rv : redundancy version 0..3. n_ref : size of a limited
    buffer in bits (N_ref, clause 5.4.2.1), None for the whole.
    """
    graph = _graph(code)
    if rv not in (0, 1, 2, 3):
        raise ArgumentError(f"redundancy version {rv!r}; allowed: 0, 1, 2, 3")
    if not 0 <= n_filler < code.k:
        raise ArgumentError(f"{n_filler} filler bits; allowed: 0 to {code.k - 1}")
    size = code.n - 2 * code.z
    n_cb = size if n_ref is None else min(size, int(n_ref))
    columns = size // code.z
    start = _START[graph][rv] * n_cb // (columns * code.z) * code.z
    places = (start + np.arange(n_cb)) % n_cb + 2 * code.z
    sent = places[(places < code.k - n_filler) | (places >= code.k)]
    if n_cb < 1 or not len(sent):
        raise DomainError(f"a buffer of {n_cb} bits holds nothing to send")
    sent.setflags(write=False)
    return sent


@functools.lru_cache(maxsize=64)
def _runs(code: QCCode, n_filler: int, rv: int, n_ref: int | None) -> np.ndarray:
    """`selection` as stretches of consecutive places: int64 [n_runs, 2], first place and length."""
    turn = selection(code, n_filler, rv, n_ref)
    first = np.flatnonzero(np.diff(turn, prepend=-2) != 1)
    runs = np.stack([turn[first], np.diff(first, append=len(turn))], axis=1)
    return np.ascontiguousarray(runs, np.int64)


def _interleave(length: int, bits_per_symbol: int) -> np.ndarray:
    if bits_per_symbol < 1 or length < 1 or length % bits_per_symbol:
        raise ArgumentError(f"{length} bits are not a whole number of symbols of {bits_per_symbol} bits")
    return np.arange(length).reshape(bits_per_symbol, -1).T.reshape(-1)


def rate_match(
    code: QCCode,
    words: np.ndarray,
    e: int,
    *,
    n_filler: int = 0,
    rv: int = 0,
    bits_per_symbol: int = 1,
    n_ref: int | None = None,
) -> np.ndarray:
    """The e bits sent of each code word, [n_blocks, e], interleaved over the bits of a symbol (clause 5.4.2.2).

    words : [n_blocks, code.n] from `encoding.encode`. bits_per_symbol : modulation order Q_m (1: no interleaving).

    >>> from silla.coding.codes import nr_code
    >>> rate_match(nr_code(1, 2), np.arange(136)[None] % 2, 8, rv=2).tolist()
    [[0, 1, 0, 1, 0, 1, 0, 1]]
    """
    words = np.asarray(words)
    if words.ndim != 2 or words.shape[1] != code.n:
        raise ArgumentError(f"words have the shape {words.shape}; expected [n_blocks, {code.n}]")
    fast = kernel("rate_match") if words.dtype == np.uint8 else None
    if fast is not None and e >= 1 and bits_per_symbol >= 1 and e % bits_per_symbol == 0:
        return fast(np.ascontiguousarray(words), _runs(code, n_filler, rv, n_ref), int(e), int(bits_per_symbol))
    turn = selection(code, n_filler, rv, n_ref)
    return words[:, turn[_interleave(e, bits_per_symbol) % len(turn)]]


def deinterleave(llr: np.ndarray, bits_per_symbol: int) -> np.ndarray:
    """LLRs [n_blocks, e] in the order in which they left the buffer."""
    llr = np.asarray(llr)
    n, e = llr.shape
    if bits_per_symbol < 1 or e % bits_per_symbol:
        raise ArgumentError(f"{e} bits are not a whole number of symbols of {bits_per_symbol} bits")
    return llr.reshape(n, -1, bits_per_symbol).transpose(0, 2, 1).reshape(n, e)


def rate_dematch(
    code: QCCode,
    llr: np.ndarray,
    *,
    n_filler: int = 0,
    rv: int = 0,
    bits_per_symbol: int = 1,
    n_ref: int | None = None,
    buffer: np.ndarray | None = None,
) -> np.ndarray:
    """LLRs at the places of the code word, float32 [n_blocks, code.n]: 0 where nothing came, sums where more came.

    llr : [n_blocks, e], log P(0)/P(1). buffer : what earlier transmissions of the same blocks gave; the answer is their
    sum with this one (the buffer itself is not changed). Fillers stay 0 here: `buffer_llr` fixes them.
    """
    llr = np.asarray(llr, np.float32)
    if llr.ndim != 2 or llr.shape[1] < 1:
        raise ArgumentError(f"llr has the shape {llr.shape}; expected [n_blocks, e]")
    if np.isnan(llr).any():
        raise ArgumentError("an LLR is not a number")
    ordered = deinterleave(llr, bits_per_symbol)
    total = np.zeros((len(llr), code.n), np.float32) if buffer is None else np.array(buffer, np.float32)
    if total.shape != (len(llr), code.n):
        raise ArgumentError(f"buffer has the shape {total.shape}; expected {(len(llr), code.n)}")
    turn = selection(code, n_filler, rv, n_ref)
    for start in range(0, ordered.shape[1], len(turn)):
        part = ordered[:, start : start + len(turn)]
        total[:, turn[: part.shape[1]]] += part
    return total


def buffer_llr(code: QCCode, buffer: np.ndarray, n_filler: int = 0) -> np.ndarray:
    """The buffer as decoders want it: fillers at +infinity (they are zeros)."""
    out = np.array(buffer, np.float32)
    out[:, code.k - n_filler : code.k] = np.inf
    return out


def rows_needed(code: QCCode, buffer: np.ndarray) -> int:
    """Rows of the base graph that can say anything: up to the last parity column that was received, at least 4.

    A row whose own parity bit was not received sends messages of 0 alone.
    """
    received = np.abs(buffer).max(axis=0).reshape(code.n_cols, code.z).any(axis=1)
    last = int(np.flatnonzero(received)[-1]) + 1 if received.any() else 0
    return max(4, last - code.n_info)


@functools.lru_cache(maxsize=256)
def rows_reached(code: QCCode, e: int, *, n_filler: int = 0, rv: int = 0, n_ref: int | None = None) -> int:
    """`rows_needed` of a transmission of e bits, from its places alone.

    >>> from silla.coding.codes import nr_code
    >>> rows_reached(nr_code(1, 8), 25 * 8)
    5
    """
    last = int(selection(code, n_filler, rv, n_ref)[:e].max())
    return max(4, last // code.z + 1 - code.n_info)


@functools.lru_cache(maxsize=64)
def _arrivals(code: QCCode, e: int, bits_per_symbol: int, n_filler: int, rv: int, n_ref: int | None):
    """(places of the code word, number of the received LLR) of each turn of the buffer, in rising places."""
    turn, order = selection(code, n_filler, rv, n_ref), _interleave(e, bits_per_symbol)
    arrived = np.empty(e, np.int64)
    arrived[order] = np.arange(e)
    out = []
    for start in range(0, e, len(turn)):
        source = arrived[start : start + len(turn)]
        places = turn[: len(source)]
        rising = np.argsort(places)
        out.append((places[rising], source[rising]))
    return out


def combine(
    code: QCCode,
    llr: np.ndarray,
    total: np.ndarray,
    numbers: np.ndarray,
    *,
    n_filler: int = 0,
    rv: int = 0,
    bits_per_symbol: int = 1,
    n_ref: int | None = None,
) -> None:
    """Add received LLRs to a soft buffer of 8-bit integers in place, each sum kept within +-127.

    llr : float or int8 [n, n_blocks, e]. total : int8 [n, C, code.n], of which the blocks `numbers` are meant. Every
    turn of the buffer is kept within +-127 by itself.
    """
    steps = llr if llr.dtype == np.int8 else quantise(llr)
    fast = kernel("rate_combine") if total.flags.c_contiguous and total.dtype == np.int8 else None
    if fast is None or steps.shape[-1] % bits_per_symbol:
        combine_numpy(code, steps, total, numbers, bits_per_symbol, n_filler, rv, n_ref)
        return
    if steps.strides[-1] != 1:
        steps = np.ascontiguousarray(steps)
    fast(steps, _runs(code, n_filler, rv, n_ref), int(bits_per_symbol), np.ascontiguousarray(numbers, np.int64), total)


def combine_numpy(
    code: QCCode, steps: np.ndarray, total: np.ndarray, numbers: np.ndarray, bits_per_symbol: int, n_filler: int,
    rv: int, n_ref: int | None,
) -> None:  # fmt: skip
    """`combine` of int8 in NumPy."""
    for places, source in _arrivals(code, steps.shape[-1], bits_per_symbol, n_filler, rv, n_ref):
        for i, number in enumerate(numbers):
            word = total[:, number]
            sums = word[:, places].astype(np.int16) + steps[:, i, source]
            word[:, places] = np.clip(sums, -127, 127)
