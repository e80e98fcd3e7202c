"""The layered min-sum decoder of `min_sum` on a GPU, in Triton: the same arithmetic, equal in every bit.

One program works on one block and one lane on one check of a circulant. Needs the packages torch and triton, which are
loaded when `decode` is called. Written for clarity first: how fast it is has not been measured.
"""

from __future__ import annotations

import functools
import os
from typing import Any

import numpy as np

from silla.base.errors import MachineError
from silla.coding import crc as crc_module
from silla.coding.codes import QCCode
from silla.coding.min_sum import CORRECTION, Correction, Decoded, check_input

__all__ = ["decode", "why_not"]


def why_not() -> str:
    """Why there is no decoding on a GPU here, an empty string where there is."""
    try:
        import torch  # pyright: ignore[reportMissingImports]
        import triton  # noqa: F401  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        return f"no GPU decoder: {error.name or error} is not installed"
    if not torch.cuda.is_available() and os.environ.get("TRITON_INTERPRET") != "1":
        return "no GPU: torch finds no CUDA device"
    return ""


@functools.cache
def _kernels() -> tuple[Any, Any]:
    """The Triton kernels (one iteration; which rows hold), made when they are first wanted."""
    import triton  # pyright: ignore[reportMissingImports]
    import triton.language as tl  # pyright: ignore[reportMissingImports]

    @triton.jit
    def iterate(
        belief, message, first, col, shift, order, target, active, n_rows, n_edges, n_cols, z, sixteenths, offset,
        limit, HAS_TARGET: tl.constexpr, LANES: tl.constexpr,
    ):  # fmt: skip
        block = tl.program_id(0).to(tl.int64)
        if tl.load(active + block) != 0:
            lane = tl.arange(0, LANES)
            there = lane < z
            beliefs, messages = belief + block * n_cols * z, message + block * n_edges * z
            for i in range(n_rows):
                row = tl.load(order + i)
                begin, end = tl.load(first + row), tl.load(first + row + 1)
                least = tl.zeros((LANES,), tl.int32) + limit
                second = least
                odd = tl.zeros((LANES,), tl.int32)
                if HAS_TARGET:
                    odd = tl.load(target + (block * n_rows + row) * z + lane, mask=there, other=0).to(tl.int32)
                for e in range(begin, end):
                    place = tl.load(col + e) * z + (lane + tl.load(shift + e)) % z
                    t = tl.load(beliefs + place, mask=there, other=0).to(tl.int32)
                    t = t - tl.load(messages + e * z + lane, mask=there, other=0).to(tl.int32)
                    t = tl.minimum(tl.maximum(t, -128), 127)
                    size = tl.minimum(tl.abs(t), limit)
                    second = tl.minimum(second, tl.maximum(least, size))
                    least = tl.minimum(least, size)
                    odd = odd ^ (t < 0).to(tl.int32)
                common = tl.maximum(((least * sixteenths + 8) >> 4) - offset, 0)
                own = tl.maximum(((second * sixteenths + 8) >> 4) - offset, 0)
                for e in range(begin, end):
                    place = tl.load(col + e) * z + (lane + tl.load(shift + e)) % z
                    t = tl.load(beliefs + place, mask=there, other=0).to(tl.int32)
                    t = t - tl.load(messages + e * z + lane, mask=there, other=0).to(tl.int32)
                    t = tl.minimum(tl.maximum(t, -128), 127)
                    new = tl.where(tl.minimum(tl.abs(t), limit) == least, own, common)
                    new = tl.where((odd ^ (t < 0).to(tl.int32)) != 0, -new, new)
                    tl.store(messages + e * z + lane, new.to(tl.int8), mask=there)
                    tl.store(beliefs + place, tl.minimum(tl.maximum(t + new, -128), 127).to(tl.int8), mask=there)
                tl.debug_barrier()  # the next row reads what other lanes wrote

    @triton.jit
    def unmet(
        belief, first, col, shift, target, active, out, n_rows, n_cols, z, HAS_TARGET: tl.constexpr, LANES: tl.constexpr
    ):
        block, row = tl.program_id(0).to(tl.int64), tl.program_id(1)
        if tl.load(active + block) != 0:
            lane = tl.arange(0, LANES)
            there = lane < z
            odd = tl.zeros((LANES,), tl.int32)
            if HAS_TARGET:
                odd = tl.load(target + (block * n_rows + row) * z + lane, mask=there, other=0).to(tl.int32)
            for e in range(tl.load(first + row), tl.load(first + row + 1)):
                place = tl.load(col + e) * z + (lane + tl.load(shift + e)) % z
                odd = odd ^ (tl.load(belief + block * n_cols * z + place, mask=there, other=0) < 0).to(tl.int32)
            tl.store(out + block * n_rows + row, tl.max(odd, axis=0))

    return iterate, unmet


def decode(
    code: QCCode,
    llr: np.ndarray,
    *,
    max_iterations: int = 10,
    correction: Correction = CORRECTION,
    early_stop: bool = True,
    n_out: int | None = None,
    syndrome: np.ndarray | None = None,
    crc: tuple[str, int] | None = None,
) -> Decoded:
    """What `min_sum.decode` answers to the same arguments, arrays on the host; MachineError where there is no GPU."""
    reason = why_not()
    if reason:
        raise MachineError(f"{reason}; use coding.min_sum.decode, which answers the same")
    import torch  # pyright: ignore[reportMissingImports]

    llr, n_out = check_input(code, llr, max_iterations, n_out, syndrome, crc)
    iterate, unmet = _kernels()
    device = "cuda" if torch.cuda.is_available() else "cpu"

    def there(x: np.ndarray) -> Any:
        return torch.tensor(np.ascontiguousarray(x)).to(device)

    n, z = len(llr), code.z
    belief, first, col, shift = there(llr), there(code.row_first), there(code.col), there(code.shift)
    order, c = there(code.schedule), correction
    target = there(np.zeros(1, np.uint8) if syndrome is None else np.asarray(syndrome, np.uint8) & 1)
    message = torch.zeros(n * code.n_edges * z, dtype=torch.int8, device=device)
    iterations, satisfied, active = np.zeros(n, np.int32), np.zeros(n, bool), np.ones(n, bool)
    lanes, has_target = 1 << (z - 1).bit_length(), syndrome is not None
    for iteration in range(1, max_iterations + 1):
        if not active.any():
            break
        on = there(active.astype(np.int32))
        iterate[(n,)](
            belief, message, first, col, shift, order, target, on, code.n_rows, code.n_edges, code.n_cols, z,
            c.sixteenths, c.offset, c.limit, HAS_TARGET=has_target, LANES=lanes,
        )  # fmt: skip
        iterations[active] = iteration
        if not (early_stop or iteration == max_iterations):
            continue
        rows = torch.ones(n * code.n_rows, dtype=torch.int32, device=device)
        unmet[(n, code.n_rows)](
            belief, first, col, shift, target, on, rows, code.n_rows, code.n_cols, z, HAS_TARGET=has_target, LANES=lanes
        )
        wrong = rows.cpu().numpy().reshape(n, -1)
        hold = ~wrong.any(axis=1)
        if crc is not None:
            bits = (belief[:, : crc[1]] < 0).cpu().numpy().view(np.uint8)
            hold = hold | (~wrong[:, :4].any(axis=1) & crc_module.check(bits, crc[0]))
        hold &= active
        satisfied |= hold
        if early_stop:
            active = active & ~hold
    bits = (belief[:, : n_out * z] < 0).cpu().numpy().view(np.uint8)
    return Decoded(bits, iterations, satisfied)
