"""Step times of language-model inference on a GPU (roofline), batch limits by memory, and power by utilisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register

__all__ = ["Gpu", "LanguageModel", "decode_step_s", "kv_bytes_per_token", "max_batch", "power_w", "prefill_s"]

ROOFLINE = Citation(
    "Williams2009",
    "S. Williams, A. Waterman, D. Patterson, Roofline: an insightful visual performance model for multicore "
    "architectures, Communications of the ACM 52(4), 2009",
    "https://doi.org/10.1145/1498765.1498785",
)
SCALING = Citation(
    "Kaplan2020",
    "J. Kaplan et al., Scaling laws for neural language models, arXiv 2001.08361, 2020: 2 P operations per token",
    "https://arxiv.org/abs/2001.08361",
)
PROVISIONING = Citation(
    "Fan2007",
    "X. Fan, W.-D. Weber, L. A. Barroso, Power provisioning for a warehouse-sized computer, ISCA 2007",
    "https://doi.org/10.1145/1250662.1250665",
)

PROMPT_RANGE = Range(1.0, 1e6, "tokens")
BATCH_RANGE = Range(0.0, 1e6, "requests")


@dataclass(frozen=True)
class Gpu:
    """One GPU; every field may be an array over pools.

    peak_flop_per_s : dense arithmetic peak at the precision served. bandwidth_byte_per_s, memory_byte : its memory.
    mfu_prefill, mfu_decode : reached share of the peak (0.45 and 0.30 on H100, 0.38 and 0.18 on A100).
    memory_share : share of the memory that weights and caches may fill.
    """

    peak_flop_per_s: ArrayLike
    bandwidth_byte_per_s: ArrayLike
    memory_byte: ArrayLike
    idle_w: ArrayLike
    tdp_w: ArrayLike
    mfu_prefill: ArrayLike = 0.45
    mfu_decode: ArrayLike = 0.30
    memory_share: ArrayLike = 0.9


@dataclass(frozen=True)
class LanguageModel:
    """A dense decoder-only transformer; every field may be an array over pools.

    n_parameters : weights. byte_per_parameter, byte_per_kv : 2 for 16-bit, 1 for 8-bit.
    n_layers, n_kv_heads, head_dim : shape of the key-value cache. hidden : width of the attention, 0 leaves the
    attention's own operations out of the prefill.
    """

    n_parameters: ArrayLike
    n_layers: ArrayLike
    n_kv_heads: ArrayLike
    head_dim: ArrayLike
    hidden: ArrayLike = 0
    byte_per_parameter: ArrayLike = 2
    byte_per_kv: ArrayLike = 2


def kv_bytes_per_token(model: LanguageModel):
    """Bytes of keys and values per token of context: 2 layers kv_heads head_dim bytes.

    >>> int(kv_bytes_per_token(LanguageModel(8e9, 32, 8, 128)))
    131072
    """
    heads = np.asarray(model.n_kv_heads, float) * np.asarray(model.head_dim, float)
    return 2.0 * np.asarray(model.n_layers, float) * heads * np.asarray(model.byte_per_kv, float)


def _weights_byte(model: LanguageModel):
    return np.asarray(model.n_parameters, float) * np.asarray(model.byte_per_parameter, float)


def prefill_s(gpu: Gpu, model: LanguageModel, prompt_tokens: ArrayLike):
    """Seconds to process a prompt: max((2 P n + 2 L d n^2) / (MFU peak), (weights + n kv) / bandwidth).

    Parameters
    ----------
    prompt_tokens : n, 1 to 1e6. The second term in the numerator is causal attention (n^2 / 2 pairs, 4 d operations
        each per layer).

    Left out: kernel launches, several GPUs for one model, prefix caches. Event simulators of this kind are about 12 %
    off measurements on average.
    """
    check_domain("prompt_tokens", prompt_tokens, PROMPT_RANGE, what="prefill time")
    n = np.asarray(prompt_tokens, float)
    attention = 2.0 * np.asarray(model.n_layers, float) * np.asarray(model.hidden, float) * n**2
    operations = 2.0 * np.asarray(model.n_parameters, float) * n + attention
    compute = operations / (np.asarray(gpu.mfu_prefill, float) * np.asarray(gpu.peak_flop_per_s, float))
    traffic = _weights_byte(model) + n * kv_bytes_per_token(model)
    return np.maximum(compute, traffic / np.asarray(gpu.bandwidth_byte_per_s, float))


def decode_step_s(gpu: Gpu, model: LanguageModel, batch: ArrayLike, context_tokens: ArrayLike):
    """Seconds of one decode step, which gives one token to each of `batch` requests.

    max(2 P b / (MFU peak), (weights + b c kv) / bandwidth), c the mean context of a request in tokens.
    """
    check_domain("batch", batch, BATCH_RANGE, what="decode step")
    check_domain("context_tokens", context_tokens, Range(0.0, 1e7, "tokens"), what="decode step")
    b = np.asarray(batch, float)
    operations = 2.0 * np.asarray(model.n_parameters, float) * b
    compute = operations / (np.asarray(gpu.mfu_decode, float) * np.asarray(gpu.peak_flop_per_s, float))
    traffic = _weights_byte(model) + b * np.asarray(context_tokens, float) * kv_bytes_per_token(model)
    return np.maximum(compute, traffic / np.asarray(gpu.bandwidth_byte_per_s, float))


def max_batch(gpu: Gpu, model: LanguageModel, context_tokens: ArrayLike):
    """Largest number of requests whose caches fit beside the weights; 0 when the weights themselves do not fit."""
    check_domain("context_tokens", context_tokens, Range(1.0, 1e7, "tokens"), what="batch limit")
    room = np.asarray(gpu.memory_byte, float) * np.asarray(gpu.memory_share, float) - _weights_byte(model)
    return np.maximum(0.0, np.floor(room / (kv_bytes_per_token(model) * np.asarray(context_tokens, float))))


def power_w(gpu: Gpu, utilisation: ArrayLike):
    """Watts of one GPU busy for a share of the time: idle + (TDP - idle) u (Fan et al. 2007).

    TDP bounds the busy power; memory-bound decoding draws less, so this errs high.
    """
    check_domain("utilisation", utilisation, Range(0.0, 1.0 + 1e-9, ""), what="GPU power")
    idle = np.asarray(gpu.idle_w, float)
    return idle + (np.asarray(gpu.tdp_w, float) - idle) * np.asarray(utilisation, float)


def _h100_prefill_s(prompt_tokens: float) -> float:
    """Prefill of an 8 G parameter model on an H100 (989 Tflop/s dense 16-bit, 3.35 TB/s)."""
    return float(prefill_s(_H100, LanguageModel(8e9, 32, 8, 128), prompt_tokens))


def _h100_decode_s(batch: float) -> float:
    """Decode step of an 8 G parameter model on an H100 at 1261 tokens of context."""
    return float(decode_step_s(_H100, LanguageModel(8e9, 32, 8, 128), batch, 1261.0))


def _h100_power_w(utilisation: float) -> float:
    """Power of an H100 SXM, 70 W idle and 700 W thermal design power."""
    return float(power_w(_H100, utilisation))


_H100 = Gpu(989e12, 3.35e12, 80e9, 70.0, 700.0)

register(
    ModelCard(
        id="compute.gpu.prefill",
        title="Roofline time of a prompt's prefill",
        function=_h100_prefill_s,
        sources=(ROOFLINE, SCALING),
        valid={"prompt_tokens": PROMPT_RANGE},
        references=(
            Reference({"prompt_tokens": 1155.0}, 1.848e13 / (0.45 * 9.89e14), "2 P n / (MFU peak), MFU 0.45", rel=1e-9),
        ),
        increasing=("prompt_tokens",),
        left_out="kernel launches, tensor parallelism, prefix caches",
    )
)
register(
    ModelCard(
        id="compute.gpu.decode",
        title="Roofline time of a decode step",
        function=_h100_decode_s,
        sources=(ROOFLINE, SCALING),
        valid={"batch": BATCH_RANGE},
        references=(
            Reference({"batch": 1.0}, (16e9 + 1261 * 131072) / 3.35e12, "weights and one cache read once", rel=1e-9),
        ),
        increasing=("batch",),
        left_out="kernel launches, tensor parallelism, speculative decoding",
    )
)
register(
    ModelCard(
        id="compute.gpu.power",
        title="GPU power, linear in utilisation",
        function=_h100_power_w,
        sources=(PROVISIONING,),
        valid={"utilisation": Range(0.0, 1.0, "")},
        references=(
            Reference({"utilisation": 0.0}, 70.0, "idle power"),
            Reference({"utilisation": 1.0}, 700.0, "thermal design power of the H100 SXM"),
        ),
        increasing=("utilisation",),
    )
)
