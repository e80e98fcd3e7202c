"""Oracles: the roofline by hand, the published shape of a model, limits."""

from __future__ import annotations

import numpy as np
import pytest

from silla.base.errors import DomainError
from silla.physics.compute.gpu import (
    Gpu,
    LanguageModel,
    decode_step_s,
    kv_bytes_per_token,
    max_batch,
    power_w,
    prefill_s,
)

H100 = Gpu(989e12, 3.35e12, 80e9, 70.0, 700.0)
A100 = Gpu(312e12, 2.039e12, 80e9, 50.0, 400.0, mfu_prefill=0.38, mfu_decode=0.18)
LLAMA_8B = LanguageModel(8.03e9, 32, 8, 128, hidden=4096)


def test_cache_of_llama_8b_is_128_kib_per_token():
    assert kv_bytes_per_token(LLAMA_8B) == 128 * 1024  # 32 layers, 8 heads of 128, keys and values, 2 bytes


def test_prefill_is_compute_bound_for_long_prompts_and_memory_bound_for_one_token():
    plain = LanguageModel(8.03e9, 32, 8, 128)
    assert prefill_s(H100, plain, 1155) == pytest.approx(2 * 8.03e9 * 1155 / (0.45 * 989e12))
    assert prefill_s(H100, plain, 1) == pytest.approx((16.06e9 + 131072) / 3.35e12)
    with_attention = prefill_s(H100, LLAMA_8B, 1155) / prefill_s(H100, plain, 1155)
    # 2 L d n^2 against 2 P n
    assert with_attention == pytest.approx(1 + 32 * 4096 * 1155 / 8.03e9)


def test_decode_reads_weights_once_and_every_cache():
    step = decode_step_s(H100, LLAMA_8B, np.array([1, 64]), 1000.0)
    np.testing.assert_allclose(step, (16.06e9 + np.array([1, 64]) * 1000 * 131072) / 3.35e12)
    assert decode_step_s(A100, LLAMA_8B, 512, 1.0) == pytest.approx(2 * 8.03e9 * 512 / (0.18 * 312e12))


def test_batch_limit_fills_memory_and_no_more():
    context = 1366.0
    batch = max_batch(H100, LLAMA_8B, context)
    used = 16.06e9 + batch * context * 131072
    assert used <= 72e9 < used + context * 131072
    assert max_batch(H100, LanguageModel(70e9, 80, 8, 128), context) == 0  # 140 GB of weights


def test_power_runs_from_idle_to_tdp():
    np.testing.assert_allclose(power_w(H100, [0.0, 0.5, 1.0]), [70.0, 385.0, 700.0])
    with pytest.raises(DomainError, match="utilisation"):
        power_w(H100, 1.1)
