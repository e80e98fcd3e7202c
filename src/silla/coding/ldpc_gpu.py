"""The layered min-sum decoder of `min_sum` on a GPU, in Triton: the same arithmetic, equal in every bit.

Four blocks lie side by side, the bytes of one bit of each in one word, so that a warp reads whole 128-byte lines
whatever a circulant's shift. One program works on such a group from its LLRs to its bits: all iterations, the checks
and the CRC in one launch, and a block's bits go out when it stops. As many programs run as keep their beliefs and
messages within the cache of level 2 (one for each processor at least), each taking one group after another.

How fast it is has not been measured; `compiled` says what the compiler makes of it, which needs no GPU. Needs the
packages torch and triton (extra `gpu`), which are loaded when something is called.
"""

# Triton's language is Python for its own compiler: what a type checker says of it means little.
# pyright: reportMissingImports=false, reportInvalidTypeForm=false, reportOperatorIssue=false, reportCallIssue=false
# pyright: reportArgumentType=false, reportIndexIssue=false, reportAttributeAccessIssue=false
from __future__ import annotations

import functools
import importlib
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError, MachineError
from silla.coding import crc as crc_module
from silla.coding.codes import QCCode
from silla.coding.min_sum import CORRECTION, Correction, Decoded, check_input

__all__ = ["BLOCKS", "Compiled", "Prepared", "compiled", "decode", "prepare", "why_not", "why_not_compile"]

BLOCKS = 4  # side by side: the bytes of a word
_CORE = 4  # rows that must hold beside a CRC


def _load(name: str) -> Any:
    """A package that need not be there."""
    return importlib.import_module(name)


def why_not() -> str:
    """Why there is no decoding on a GPU here, an empty string where there is."""
    try:
        torch, _ = _load("torch"), _load("triton")
    except ImportError as error:
        return f"no GPU decoder: {error.name or error} is not installed"
    if not torch.cuda.is_available() and os.environ.get("TRITON_INTERPRET") != "1":
        return "no GPU: torch finds no CUDA device"
    return ""


def why_not_compile() -> str:
    """Why the kernel cannot be compiled here, an empty string where it can: that needs no GPU."""
    try:
        _load("triton")
    except ImportError:
        return "the package triton is not installed"
    return "TRITON_INTERPRET=1 interprets instead" if os.environ.get("TRITON_INTERPRET") == "1" else ""


@functools.cache
def _kernel() -> Any:
    """The Triton kernel, made when it is first wanted."""
    import triton
    import triton.language as tl

    global _column, _without, _unmet  # Triton's interpreter looks for what a kernel calls among the module's names

    @triton.jit
    def _column(col, shift, e, lane, z, BLOCKS: tl.constexpr):
        """Where the checks of an edge find their beliefs, [LANES, 1]."""
        turned = lane + tl.load(shift + e)
        return (tl.load(col + e) * z + tl.where(turned >= z, turned - z, turned)) * BLOCKS

    @triton.jit
    def _without(belief, message, place, edge, there, told):
        """A belief without the edge's own message, of which there is none before it was told."""
        own = tl.load(message + edge, mask=told, other=0).to(tl.int32)
        t = tl.load(belief + place, mask=there, other=0).to(tl.int32) - own
        return tl.minimum(tl.maximum(t, -128), 127)

    @triton.jit
    def _unmet(belief, target, first, col, shift, begin, end, n_rows, z, lane, block, there, HAS_TARGET: tl.constexpr,
              LANES: tl.constexpr, BLOCKS: tl.constexpr):  # fmt: skip
        """Of each block, whether a check of the rows begin .. end is unmet, [BLOCKS]."""
        wrong = tl.zeros((LANES, BLOCKS), tl.int32)
        for row in range(begin, end):
            odd = tl.zeros((LANES, BLOCKS), tl.int32)
            if HAS_TARGET:
                odd = tl.load(target + (row * z + lane) * BLOCKS + block, mask=there, other=0).to(tl.int32)
            for e in range(tl.load(first + row), tl.load(first + row + 1)):
                place = _column(col, shift, e, lane, z, BLOCKS) + block
                odd ^= (tl.load(belief + place, mask=there, other=0) < 0).to(tl.int32)
            wrong |= odd
        return tl.max(wrong, axis=0)

    @triton.jit
    def decode_groups(
        llr, target, bits, iterations, satisfied, beliefs, messages, first, col, shift, order, crc_bits, n_programs,
        n_groups, n_rows, n_core, n_edges, n_cols, n_out, n_crc, z, max_iterations, sixteenths, offset, limit,
        EARLY: tl.constexpr, HAS_TARGET: tl.constexpr, HAS_CRC: tl.constexpr, LANES: tl.constexpr, BLOCKS: tl.constexpr,
    ):  # fmt: skip
        lane, block = tl.arange(0, LANES)[:, None], tl.arange(0, BLOCKS)[None, :]
        which = tl.arange(0, BLOCKS)
        there = (lane < z) & (block < BLOCKS)
        program = tl.program_id(0)
        belief = beliefs + program.to(tl.int64) * n_cols * z * BLOCKS
        message = messages + program.to(tl.int64) * n_edges * z * BLOCKS
        for group in range(program, n_groups, n_programs):
            at = program.to(tl.int64) * 0 + group
            aim = target + at * n_rows * z * BLOCKS
            for c in range(n_cols):
                place = (c * z + lane) * BLOCKS + block
                tl.store(
                    belief + place, tl.load(llr + at * n_cols * z * BLOCKS + place, mask=there, other=0), mask=there
                )
            tl.debug_barrier()
            open_ = tl.zeros((BLOCKS,), tl.int32) + 1
            done = 0
            while (done < max_iterations) & (tl.max(open_, axis=0) > 0):
                told = there & (lane < z * done)  # from the second iteration on
                for i in range(n_rows):
                    row = tl.load(order + i)
                    begin, end = tl.load(first + row), tl.load(first + row + 1)
                    least = tl.zeros((LANES, BLOCKS), tl.int32) + limit
                    second = least
                    odd = tl.zeros((LANES, BLOCKS), tl.int32)
                    if HAS_TARGET:
                        odd = -tl.load(aim + (row * z + lane) * BLOCKS + block, mask=there, other=0).to(tl.int32)
                    for e in range(begin, end):
                        place, edge = _column(col, shift, e, lane, z, BLOCKS) + block, (e * z + lane) * BLOCKS + block
                        t = _without(belief, message, place, edge, there, told)
                        size = tl.abs(t)
                        second = tl.minimum(second, tl.maximum(least, size))
                        least = tl.minimum(least, size)
                        odd ^= t
                    common = tl.maximum(((least * sixteenths + 8) >> 4) - offset, 0)
                    own = tl.maximum(((second * sixteenths + 8) >> 4) - offset, 0)
                    for e in range(begin, end):
                        place, edge = _column(col, shift, e, lane, z, BLOCKS) + block, (e * z + lane) * BLOCKS + block
                        t = _without(belief, message, place, edge, there, told)
                        new = tl.where(tl.minimum(tl.abs(t), limit) == least, own, common)
                        new = tl.where((odd ^ t) < 0, -new, new)
                        tl.store(message + edge, new.to(tl.int8), mask=there)
                        tl.store(belief + place, tl.minimum(tl.maximum(t + new, -128), 127).to(tl.int8), mask=there)
                    tl.debug_barrier()  # the next row reads what other lanes wrote
                done += 1
                if EARLY or done == max_iterations:
                    core = _unmet(belief, aim, first, col, shift, 0, n_core, n_rows, z, lane, block, there, HAS_TARGET,
                                 LANES, BLOCKS)  # fmt: skip
                    good = open_ * (1 - core)
                    if tl.max(good, axis=0) > 0:
                        rest = _unmet(belief, aim, first, col, shift, n_core, n_rows, n_rows, z, lane, block, there,
                                     HAS_TARGET, LANES, BLOCKS)  # fmt: skip
                        if HAS_CRC:
                            remainder = tl.zeros((LANES, BLOCKS), tl.int32)
                            for c in range((n_crc + z - 1) // z):
                                bit = c * z + lane
                                known = there & (bit < n_crc)
                                x = tl.load(belief + bit * BLOCKS + block, mask=known, other=0)
                                part = tl.load(crc_bits + bit, mask=(lane < z) & (bit < n_crc), other=0)
                                remainder ^= tl.where(x < 0, part, 0)
                            rest = tl.minimum(rest, (tl.xor_sum(remainder, axis=0) != 0).to(tl.int32))
                        good = good * (1 - rest)
                    ends = good
                    if done == max_iterations:
                        ends = open_
                    if tl.max(ends, axis=0) > 0:
                        for c in range(n_out):
                            place = (c * z + lane) * BLOCKS + block
                            x = (tl.load(belief + place, mask=there, other=0) < 0).to(tl.int8)
                            tl.store(bits + at * n_out * z * BLOCKS + place, x, mask=there & (ends[None, :] != 0))
                        tl.store(iterations + at * BLOCKS + which, tl.zeros((BLOCKS,), tl.int32) + done, mask=ends != 0)
                        tl.store(satisfied + at * BLOCKS + which, good.to(tl.int8), mask=ends != 0)
                    open_ = open_ - ends
            tl.debug_barrier()  # the next group's beliefs go where other lanes may still be reading

    return decode_groups


_POINTERS = {
    "llr": "*i8", "target": "*i8", "bits": "*i8", "iterations": "*i32", "satisfied": "*i8", "beliefs": "*i8",
    "messages": "*i8", "first": "*i32", "col": "*i32", "shift": "*i32", "order": "*i32", "crc_bits": "*i32",
}  # fmt: skip
_NUMBERS = (
    "n_programs", "n_groups", "n_rows", "n_core", "n_edges", "n_cols", "n_out", "n_crc", "z", "max_iterations",
    "sixteenths", "offset", "limit",
)  # fmt: skip


def _lanes(z: int) -> int:
    return max(32, 1 << (z - 1).bit_length())


def _warps(z: int) -> int:
    return min(16, _lanes(z) // 32)


@dataclass(frozen=True)
class Compiled:
    """What the compiler made of the kernel: registers and spilled bytes of a thread, shared ones of a program."""

    registers: int
    spilled_bytes: int
    shared_bytes: int
    warps: int
    ptx: str


def compiled(capability: int, z: int = 384, *, crc: bool = True, syndrome: bool = False) -> Compiled:
    """The kernel compiled ahead of time for a compute capability (80: A100, 90: H100), by Triton and its assembler.

    Needs no GPU. MachineError without triton; ArgumentError for a capability or lifting size that is not meant.
    """
    if reason := why_not_compile():
        raise MachineError(f"the GPU decoder cannot be compiled: {reason}")
    if not 75 <= capability <= 90 or not 2 <= z <= 1024:
        raise ArgumentError(f"capability {capability}, lifting size {z}; allowed: 75 to 90, 2 to 1024")
    triton, compiler, target = (_load(f"triton{x}") for x in ("", ".compiler", ".backends.compiler"))
    fixed = {"EARLY": True, "HAS_TARGET": syndrome, "HAS_CRC": crc, "LANES": _lanes(z), "BLOCKS": BLOCKS}
    signature = {**_POINTERS, **dict.fromkeys(_NUMBERS, "i32"), **dict.fromkeys(fixed, "constexpr")}
    aligned = {(i,): [["tt.divisibility", 16]] for i in range(len(_POINTERS))}
    source = compiler.ASTSource(_kernel(), signature, constexprs=fixed, attrs=aligned)
    made = triton.compile(source, target=target.GPUTarget("cuda", capability, 32), options={"num_warps": _warps(z)})
    usage = _resources(made.asm["cubin"])
    return Compiled(
        usage["REG"], usage["STACK"] + usage["LOCAL"], int(made.metadata.shared), _warps(z), made.asm["ptx"]
    )


def _resources(cubin: bytes) -> dict[str, int]:
    """What the assembler gave the kernel, by the tool in triton's wheel: REG, STACK, LOCAL, SHARED and others."""
    tool = Path(_load("triton").__file__).parent / "backends" / "nvidia" / "bin" / "cuobjdump"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "kernel.cubin").write_bytes(cubin)
        command = [str(tool), "--dump-resource-usage", "kernel.cubin"]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    usage = {name: int(value) for name, value in re.findall(r"([A-Z]+):(\d+)", run.stdout)}
    if run.returncode != 0 or "REG" not in usage:
        raise MachineError(f"cuobjdump does not say what the kernel uses: {run.stderr.strip()[-300:]}")
    return {"STACK": 0, "LOCAL": 0, **usage}


def _side_by_side(x: np.ndarray) -> np.ndarray:
    """[n, m] as [n / BLOCKS, m, BLOCKS], the last block repeated where n is no multiple."""
    padded = np.pad(x, ((0, -len(x) % BLOCKS), (0, 0)), mode="edge")
    return np.ascontiguousarray(padded.reshape(-1, BLOCKS, x.shape[1]).transpose(0, 2, 1))


def _crc_bits(name: str, n: int) -> np.ndarray:
    """The remainder of each of n bits alone: a word's is their sum. int32 [n]."""
    return crc_module.remainders_of_bits(name, n).astype(np.uint32).view(np.int32)


@dataclass(frozen=True)
class Prepared:
    """Blocks on the device, to be decoded as often as wanted; `launch` starts one decoding, `answer` fetches it."""

    grid: tuple[int]
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    found: tuple[Any, Any, Any]  # bits [n_groups, n_out * z, BLOCKS], iterations and satisfied [n_groups, BLOCKS]
    n_blocks: int

    def launch(self) -> None:
        _kernel()[self.grid](*self.arguments, **self.options)

    def answer(self) -> Decoded:
        bits, iterations, satisfied = (x.cpu().numpy() for x in self.found)
        out = bits.transpose(0, 2, 1).reshape(-1, bits.shape[1])[: self.n_blocks].astype(np.uint8)
        n = self.n_blocks
        return Decoded(out, iterations.ravel()[:n], satisfied.ravel()[:n].astype(bool))


def _n_programs(n_groups: int, group_bytes: int) -> int:
    """As many as keep within the cache, but one at least for each of the device's processors."""
    torch = _load("torch")
    processors, cache = 1, 40 << 20
    if torch.cuda.is_available():
        device = torch.cuda.get_device_properties(torch.cuda.current_device())
        processors, cache = device.multi_processor_count, int(0.8 * getattr(device, "L2_cache_size", cache))
    return max(1, min(n_groups, max(processors, cache // group_bytes)))


def prepare(
    code: QCCode,
    llr: np.ndarray,
    *,
    max_iterations: int = 10,
    correction: Correction = CORRECTION,
    early_stop: bool = True,
    n_out: int | None = None,
    syndrome: np.ndarray | None = None,
    crc: tuple[str, int] | None = None,
) -> Prepared:
    """The arguments of `decode` on the device; MachineError where there is no GPU."""
    reason = why_not()
    if reason:
        raise MachineError(f"{reason}; use coding.min_sum.decode, which answers the same")
    torch = _load("torch")
    llr, n_out = check_input(code, llr, max_iterations, n_out, syndrome, crc)
    z, device = code.z, "cuda" if torch.cuda.is_available() else "cpu"

    def there(x: np.ndarray) -> Any:
        return torch.from_numpy(np.array(x, order="C")).to(device)

    def empty(*shape: int, kind: Any = torch.int8) -> Any:
        return torch.empty(shape, dtype=kind, device=device)

    n_groups = -(-len(llr) // BLOCKS)
    n_programs = _n_programs(n_groups, BLOCKS * z * (code.n_cols + code.n_edges))
    target = np.zeros((1, 1, BLOCKS), np.int8) if syndrome is None else _side_by_side(np.asarray(syndrome, np.int8) & 1)
    found = (empty(n_groups, n_out * z, BLOCKS), empty(n_groups, BLOCKS, kind=torch.int32), empty(n_groups, BLOCKS))
    arguments = (
        there(_side_by_side(llr)), there(target), *found,
        empty(n_programs, code.n * BLOCKS), empty(n_programs, code.n_edges * z * BLOCKS),
        there(code.row_first), there(code.col), there(code.shift), there(code.schedule),
        there(np.zeros(1, np.int32) if crc is None else _crc_bits(*crc)),
        n_programs, n_groups, code.n_rows, min(_CORE, code.n_rows), code.n_edges, code.n_cols, n_out,
        0 if crc is None else crc[1], z, max_iterations, correction.sixteenths, correction.offset, correction.limit,
    )  # fmt: skip
    options = {
        "EARLY": early_stop, "HAS_TARGET": syndrome is not None, "HAS_CRC": crc is not None, "LANES": _lanes(z),
        "BLOCKS": BLOCKS, "num_warps": _warps(z),
    }  # fmt: skip
    return Prepared((n_programs,), arguments, options, found, len(llr))


def decode(code: QCCode, llr: np.ndarray, **options: Any) -> Decoded:
    """What `min_sum.decode` answers to the same arguments, arrays on the host; MachineError where there is no GPU."""
    prepared = prepare(code, llr, **options)
    if prepared.n_blocks:
        prepared.launch()
    return prepared.answer()
