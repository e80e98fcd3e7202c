"""Oracle: the NumPy twin, bit by bit; on a GPU, or in Triton's interpreter (TRITON_INTERPRET=1)."""

from __future__ import annotations

import numpy as np
import pytest

from silla.base.errors import MachineError
from silla.coding import ldpc_gpu
from silla.coding.codes import nr_code
from silla.coding.crc import append
from silla.coding.encoding import encode
from silla.coding.min_sum import CORRECTION, Correction, decode_numpy, quantise


@pytest.mark.parametrize("with_syndrome", [False, True])
@pytest.mark.parametrize(("graph", "z", "rows"), [(1, 6, 5), (2, 9, 6)])
@pytest.mark.parametrize("correction", [CORRECTION, Correction(13, 1, 31)])
def test_gpu_and_twin_agree_in_every_bit(graph, z, rows, correction, with_syndrome):
    if ldpc_gpu.why_not():
        pytest.skip(ldpc_gpu.why_not())
    code, rng = nr_code(graph, z).cut(rows), np.random.default_rng(z)
    info = append(rng.integers(0, 2, (4, code.k - 16), dtype=np.uint8), "16")
    words = encode(code, info)
    noise = np.array([0.3, 0.6, 0.9, 1.5])[:, None] * rng.normal(size=words.shape)
    llr = quantise(1.0 - 2.0 * words + noise, 20.0)
    syndrome = rng.integers(0, 2, (4, rows * z), dtype=np.uint8) if with_syndrome else None
    crc = ("16", code.k)
    mine = ldpc_gpu.decode(
        code, llr, max_iterations=3, correction=correction, n_out=code.n_cols, syndrome=syndrome, crc=crc
    )
    want = decode_numpy(code, llr, 3, correction, True, code.n_cols, syndrome, crc)
    assert all((a == b).all() for a, b in zip(mine, want))


def test_without_a_gpu_the_reason_is_said(monkeypatch):
    monkeypatch.setattr(ldpc_gpu, "why_not", lambda: "no GPU: none here")
    with pytest.raises(MachineError, match="none here"):
        ldpc_gpu.decode(nr_code(2, 8), np.zeros((1, nr_code(2, 8).n), np.int8))
