"""Oracle: the NumPy twin bit by bit, on a GPU or in Triton's interpreter (TRITON_INTERPRET=1); Triton's compiler."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from silla.base.errors import ArgumentError, MachineError
from silla.coding import crc as crc_module
from silla.coding import ldpc_gpu
from silla.coding.codes import nr_code
from silla.coding.crc import append
from silla.coding.encoding import encode
from silla.coding.min_sum import CORRECTION, Correction, decode_numpy, quantise


def compare(
    graph, z, rows, n_blocks, correction=CORRECTION, with_syndrome=False, early_stop=True, crc=True, programs=0
):
    """Blocks of rising noise, so that those of one group stop at different iterations."""
    code, rng = nr_code(graph, z).cut(rows), np.random.default_rng(z)
    info = append(rng.integers(0, 2, (n_blocks, code.k - 16), dtype=np.uint8), "16")
    words = encode(code, info)
    noise = np.linspace(0.3, 1.5, n_blocks)[:, None] * rng.normal(size=words.shape)
    llr = quantise(1.0 - 2.0 * words + noise, 20.0)
    syndrome = rng.integers(0, 2, (n_blocks, rows * z), dtype=np.uint8) if with_syndrome else None
    stop = ("16", code.k) if crc else None
    if programs:  # fewer than groups: each takes several
        setattr(ldpc_gpu, "_n_programs", lambda *_: programs)  # noqa: B010
    mine = ldpc_gpu.decode(
        code, llr, max_iterations=3, correction=correction, n_out=code.n_cols, syndrome=syndrome, crc=stop,
        early_stop=early_stop,
    )  # fmt: skip
    want = decode_numpy(code, llr, 3, correction, early_stop, code.n_cols, syndrome, stop)
    assert all((a == b).all() for a, b in zip(mine, want))
    assert not early_stop or with_syndrome or len(set(want.iterations.tolist())) > 1


@pytest.mark.parametrize("with_syndrome", [False, True])
@pytest.mark.parametrize(("graph", "z", "rows"), [(1, 6, 5), (2, 9, 6)])
@pytest.mark.parametrize("correction", [CORRECTION, Correction(13, 1, 31)])
def test_gpu_and_twin_agree_in_every_bit(graph, z, rows, correction, with_syndrome):
    if ldpc_gpu.why_not():
        pytest.skip(ldpc_gpu.why_not())
    compare(graph, z, rows, 4, correction, with_syndrome)


@pytest.mark.parametrize(
    "call",
    [
        "compare(2, 4, 4, 5, programs=1)",
        pytest.param("compare(2, 3, 5, 5, early_stop=False, crc=False)", marks=pytest.mark.slow),
        pytest.param("compare(2, 3, 5, 6, Correction(13, 1, 31), with_syndrome=True)", marks=pytest.mark.slow),
        pytest.param("compare(1, 2, 6, 9, programs=2)", marks=pytest.mark.slow),
    ],
)
def test_interpreted_kernel_and_twin_agree_in_every_bit(call):
    """In an interpreter of its own, as Triton decides once whether it compiles."""
    pytest.importorskip("torch")
    pytest.importorskip("triton")
    program = f"import runpy; g = runpy.run_path({__file__!r}); exec({call!r}, g)"
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "TRITON_INTERPRET": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr[-2000:]


@pytest.mark.parametrize(("capability", "syndrome"), [(80, False), (90, False), (90, True)])
def test_the_kernel_compiles_for_gpus_that_are_not_here(capability, syndrome):
    if ldpc_gpu.why_not_compile():
        pytest.skip(ldpc_gpu.why_not_compile())
    made = ldpc_gpu.compiled(capability, 384, syndrome=syndrome)
    assert f".target sm_{capability}" in made.ptx and made.warps == 16
    # A processor has 65536 registers and 2048 threads: two programs of 16 warps have 64 registers a thread.
    assert made.registers <= 64 and made.spilled_bytes <= 64 and made.shared_bytes <= 4096
    # Beliefs and messages of the four blocks go as whole words.
    assert made.ptx.count("ld.global.b32") >= 10 and made.ptx.count("ld.global.b8") == 0
    with pytest.raises(ArgumentError, match="capability"):
        ldpc_gpu.compiled(50)


@pytest.mark.parametrize("name", ["24A", "24B", "24C", "16", "11", "6"])
def test_remainders_of_single_bits_add_up_to_nothing_in_a_word_with_its_crc(name):
    words = append(np.random.default_rng(3).integers(0, 2, (5, 90), dtype=np.uint8), name)
    each = crc_module.remainders_of_bits(name, words.shape[1])
    assert (np.bitwise_xor.reduce(np.where(words, each, 0), axis=1) == 0).all()
    words[:, 7] ^= 1
    assert (np.bitwise_xor.reduce(np.where(words, each, 0), axis=1) == each[7]).all() and each[7]


def test_without_a_gpu_the_reason_is_said(monkeypatch):
    monkeypatch.setattr(ldpc_gpu, "why_not", lambda: "no GPU: none here")
    with pytest.raises(MachineError, match="none here"):
        ldpc_gpu.decode(nr_code(2, 8), np.zeros((1, nr_code(2, 8).n), np.int8))
