"""The `sequence` wheel's BB84, timed in an interpreter of its own.

Run as a script it prints seconds per pulse as JSON and needs nothing of silla. `seconds_per_pulse` runs it with this
interpreter where sequence is installed, or with the one that SILLA_ORACLE_PYTHON names. Pulses are those that its light
source emits, at 80 MHz with 0.5 photons, into fibre of 0.2 dB/km; its protocol sifts and stores bits as it goes.
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

__all__ = ["seconds_per_pulse"]

_SIMULATED_PS = 3e9


def seconds_per_pulse(km: float) -> tuple[float | None, str]:
    """(processor seconds per emitted pulse, remark) of the peer's BB84 over km of fibre."""
    python = os.environ.get("SILLA_ORACLE_PYTHON") or (sys.executable if importlib.util.find_spec("sequence") else None)
    if python is None:
        return None, "peer not installed (pip install sequence)"
    command = [python, str(Path(__file__)), str(km * 1e3)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if run.returncode != 0:
        return None, f"peer failed: {run.stderr.strip().splitlines()[-1] if run.stderr.strip() else run.returncode}"
    answer = json.loads(run.stdout.strip().splitlines()[-1])
    return answer["seconds_per_pulse"], f"sequence {answer['version']}, {answer['pulses']} pulses"


def main(metres: float) -> None:
    """One BB84 link for some milliseconds of simulated time."""
    from sequence.components.light_source import LightSource  # type: ignore[import-not-found]
    from sequence.components.optical_channel import ClassicalChannel, QuantumChannel  # type: ignore[import-not-found]
    from sequence.kernel.timeline import Timeline  # type: ignore[import-not-found]
    from sequence.qkd.BB84 import pair_bb84_protocols  # type: ignore[import-not-found]
    from sequence.topology.node import QKDNode  # type: ignore[import-not-found]

    line: Any = Timeline(int(_SIMULATED_PS))
    line.show_progress = False
    ends: tuple[Any, Any] = QKDNode("alice", line, stack_size=1), QKDNode("bob", line, stack_size=1)
    for number, (here, there) in enumerate((ends, ends[::-1])):
        here.set_seed(number)
        said = ClassicalChannel(f"said {number}", line, distance=metres)
        said.set_ends(here, there.name)
        seen = QuantumChannel(f"seen {number}", line, attenuation=2e-4, distance=metres, polarization_fidelity=0.97)
        seen.set_ends(here, there.name)
    pair_bb84_protocols(ends[0].protocol_stack[0], ends[1].protocol_stack[0])
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
    ends[0].protocol_stack[0].push(256, 1000, _SIMULATED_PS)
    start = time.process_time()
    line.run()
    seconds = time.process_time() - start
    version = importlib.metadata.version("sequence")
    print(json.dumps({"seconds_per_pulse": seconds / emitted[0], "pulses": emitted[0], "version": version}))


if __name__ == "__main__":
    main(float(sys.argv[1]))
