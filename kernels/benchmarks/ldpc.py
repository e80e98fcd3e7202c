"""LDPC of base graph 1, z = 384 (K = 8448): Mbit/s of information decoded in 10 iterations, Gbit/s encoded, one core.

The base matrix has the degrees of the standard's and random circulants: speed depends on nothing else.
"""

from __future__ import annotations

import time

import numpy as np
import silla_kernels

Z, K_COLUMNS, N_BLOCKS = 384, 22, 24
DEGREES = [19] * 4 + [3, 8, 9, 7, 10, 9, 7, 8, 7, 6, 7, 7, *[6] * 6, 5, 5, 6, 5, 5, 4, *[5] * 9]
DEGREES += [4, 5, 5, 4, 5, 4, 5, 5, 4]


def graph(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(row_first, col, shift) with the parity part of TS 38.212."""
    rows, shifts = [], []
    for r, degree in enumerate(DEGREES):
        core = {0: {22: 1, 23: 0}, 1: {22: 0, 23: 0, 24: 0}, 2: {24: 0, 25: 0}, 3: {22: 1, 25: 0}}
        parity = core.get(r, {K_COLUMNS + r: 0})
        info = np.sort(rng.choice(K_COLUMNS, degree - len(parity), replace=False))
        rows.append([*info.tolist(), *parity])
        shifts += [*rng.integers(0, Z, len(info)).tolist(), *parity.values()]
    first = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int32)
    return first, np.concatenate(rows).astype(np.int32), np.array(shifts, np.int32)


def seconds(call) -> float:
    """Least processor time of a few calls."""
    times = []
    for _ in range(5):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    rng = np.random.default_rng(0)
    first, col, shift = graph(rng)
    n_cols = K_COLUMNS + len(DEGREES)
    info = rng.integers(0, 2, (N_BLOCKS, K_COLUMNS * Z), dtype=np.uint8)
    for isa in silla_kernels.supported():
        silla_kernels.set_isa(isa)
        words = silla_kernels.ldpc_encode(info, first, col, shift, Z, n_cols)
        spent = seconds(lambda: silla_kernels.ldpc_encode(info, first, col, shift, Z, n_cols))
        print(f"{isa:9s} encoder {info.size / spent / 1e9:6.2f} Gbit/s")
        packed = np.packbits(info, axis=1)
        spent = seconds(lambda given=packed: silla_kernels.ldpc_encode(given, first, col, shift, Z, n_cols, True))
        print(f"{isa:9s} encoder, packed {info.size / spent / 1e9:6.2f} Gbit/s")
        noisy = 1.0 - 2.0 * words + rng.normal(0, 0.8, words.shape)
        llr = np.clip(np.rint(10 * noisy), -127, 127).astype(np.int8)
        for name, rows in (("8/9", 5), ("1/2", 24), ("1/3", 46)):
            part = np.ascontiguousarray(llr[:, : (K_COLUMNS + rows) * Z])
            edges = slice(0, int(first[rows]))
            order = np.arange(rows, dtype=np.int32)
            arguments = (part, first[: rows + 1], col[edges], shift[edges], order, Z, K_COLUMNS, 10, 16, 2, 127, False)
            spent = seconds(lambda given=arguments: silla_kernels.ldpc_decode(*given))
            print(f"{isa:9s} rate {name} {info.size / spent / 1e6:6.1f} Mbit/s")


if __name__ == "__main__":
    main()
