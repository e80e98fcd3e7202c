"""The `sequence` wheel's BB84, and its Cascade over it, timed in an interpreter of its own.

Run as a script it prints what it found as JSON and needs nothing of silla. `seconds_per_pulse` and `corrected_bits` run
it with this interpreter where sequence is installed, or with the one that SILLA_ORACLE_PYTHON names. Pulses are
those that its light source emits, at 80 MHz with 0.5 photons, into fibre of 0.2 dB/km; its protocol sifts and
stores bits as it goes. Its Cascade corrects frames of 10240 sifted bits; the first only measures the error rate. No
privacy amplification, verification or authentication follows, so its bits are corrected and not secret.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

__all__ = ["corrected_bits", "seconds_per_pulse"]

_SIMULATED_PS = 3e9
_KEY_BITS, _FRAMES = 256, 2


def seconds_per_pulse(km: float) -> tuple[float | None, str]:
    """(processor seconds per emitted pulse, remark) of the peer's BB84 over km of fibre."""
    answer, remark = _asked(km, "pulses")
    return (None, remark) if answer is None else (answer["seconds_per_pulse"], f"{remark}, {answer['pulses']} pulses")


def corrected_bits(km: float) -> tuple[float | None, str]:
    """(bits corrected per processor second from photons on, remark) of the peer's BB84 and Cascade."""
    answer, remark = _asked(km, "keys")
    if answer is None:
        return None, remark
    return answer["bits"] / answer["seconds"], (
        f"{remark}: {answer['bits']} bits merely corrected, {answer['wrong']} of its keys differ, "
        f"{answer['seconds']:.0f} s"
    )


def _asked(km: float, what: str) -> tuple[dict[str, Any] | None, str]:
    python = os.environ.get("SILLA_ORACLE_PYTHON") or (sys.executable if importlib.util.find_spec("sequence") else None)
    if python is None:
        return None, "peer not installed (pip install sequence)"
    command = [python, str(Path(__file__)), what, str(km * 1e3)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if run.returncode != 0:
        return None, f"peer failed: {run.stderr.strip().splitlines()[-1] if run.stderr.strip() else run.returncode}"
    answer = json.loads(run.stdout.strip().splitlines()[-1])
    return answer, f"sequence {answer['version']}"


def main(what: str, metres: float) -> None:
    """One BB84 link for some milliseconds of simulated time, or until Cascade has its keys."""
    from sequence.components.light_source import LightSource  # type: ignore[import-not-found]
    from sequence.components.optical_channel import ClassicalChannel, QuantumChannel  # type: ignore[import-not-found]
    from sequence.kernel.timeline import Timeline  # type: ignore[import-not-found]
    from sequence.qkd.BB84 import pair_bb84_protocols  # type: ignore[import-not-found]
    from sequence.qkd.cascade import pair_cascade_protocols  # type: ignore[import-not-found]
    from sequence.topology.node import QKDNode  # type: ignore[import-not-found]

    keys = what == "keys"
    line: Any = Timeline(int(20.0 * _SIMULATED_PS if keys else _SIMULATED_PS))
    line.show_progress = False
    ends: tuple[Any, ...] = tuple(QKDNode(name, line, stack_size=2 if keys else 1) for name in ("alice", "bob"))
    for number, (here, there) in enumerate((ends, ends[::-1])):
        here.set_seed(number)
        said = ClassicalChannel(f"said {number}", line, distance=metres)
        said.set_ends(here, there.name)
        seen = QuantumChannel(f"seen {number}", line, attenuation=2e-4, distance=metres, polarization_fidelity=0.97)
        seen.set_ends(here, there.name)
    pair_bb84_protocols(ends[0].protocol_stack[0], ends[1].protocol_stack[0])
    if keys:
        pair_cascade_protocols(ends[0].protocol_stack[1], ends[1].protocol_stack[1])
    ends[0].update_lightsource_params("frequency", 80e6)
    ends[0].update_lightsource_params("mean_photon_num", 0.5)
    for detector in range(2):
        for name, value in (("efficiency", 0.8), ("dark_count", 10), ("count_rate", 50e6)):
            ends[1].update_detector_params(detector, name, value)
    source: Any = LightSource
    emitted, emit = [0], source.emit

    def counted(self: Any, states: Any) -> Any:
        emitted[0] += len(states)
        return emit(self, states)

    source.emit = counted
    line.init()
    if keys:
        ends[0].protocol_stack[1].push(_KEY_BITS, _FRAMES, _SIMULATED_PS)
    else:
        ends[0].protocol_stack[0].push(256, 1000, _SIMULATED_PS)
    start = time.process_time()
    line.run()
    seconds = time.process_time() - start
    version = importlib.metadata.version("sequence")
    found = {"seconds_per_pulse": seconds / emitted[0], "pulses": emitted[0], "version": version, "seconds": seconds}
    if keys:
        mine, theirs = (end.protocol_stack[1].valid_keys for end in ends)
        n = min(len(mine), len(theirs))
        found |= {"bits": n * _KEY_BITS, "wrong": sum(a != b for a, b in zip(mine, theirs))}
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
