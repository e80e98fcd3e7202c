"""Photon Monte Carlo: processor time of a pulse at the hardest and at usual losses, and memory over 1e10 pulses.

The cost goes with the clicks, so no loss at all is the hardest case. Processor time is counted, tables included.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from silla.base import kernels
from silla.bench.figure import Figure, Measured
from silla.bench.peer_sequence import seconds_per_pulse

__all__ = ["FIGURES"]

_PEER = "sequence: BB84"


def _ns(call: Callable[[int], Any], n: int) -> float:
    """Least processor time of a pulse in nanoseconds, of three runs after one that does not count."""
    call(max(1, n // 10))
    times = []
    for _ in range(3):
        start = time.process_time()
        call(n)
        times.append(time.process_time() - start)
    return 1e9 * min(times) / n


def _decoy(km: float):
    """Two decoys, mu 0.5, SNSPD-like detectors of 80 % with 20 ns dead time and after-pulses, 1 GHz."""
    from silla.physics.quantum.photons.decoy import DecoyLink
    from silla.physics.quantum.photons.receiver import PhotonDetector, Receiver

    at = Receiver.alike(PhotonDetector(0.8, 1e-7, 20e-9, afterpulse=0.01), misalignment=0.01)
    return DecoyLink(10 ** (-0.02 * km), at, (0.5, 0.1, 0.0), (0.8, 0.1, 0.1))


def _bb84(km: float, n: int) -> Measured:
    from silla.physics.quantum.photons.decoy import detections, simulate

    n = n if kernels.available() else n // 100
    link = _decoy(km)
    counted = _ns(lambda n: simulate(link, n, seed=1), n)
    recorded = _ns(lambda n: sum(len(part["pulse"]) for part in detections(link, n, seed=1)), n)
    peer, remark = seconds_per_pulse(km)
    note = f"kernels: {kernels.isa()}; {km:g} km at 0.2 dB/km; counts alone {counted:.3g}, with every click's record "
    return Measured(max(counted, recorded), None if peer is None else 1e9 * peer, f"{note}{recorded:.3g}; {remark}")


def _bbm92() -> Measured:
    from silla.physics.quantum.photons.pairs import PairLink, simulate
    from silla.physics.quantum.photons.receiver import PhotonDetector, Receiver

    at = Receiver.alike(PhotonDetector(0.8, 1e-7, 20e-9), misalignment=0.01)
    n = 20_000_000 if kernels.available() else 200_000
    near, far = (
        _ns(lambda n, t=t: simulate(PairLink(0.05, (t, t), at, at), n, seed=1), n * (1 if t == 1.0 else 10))
        for t in (1.0, 0.1)
    )
    return Measured(near, note=f"kernels: {kernels.isa()}; lambda 0.05, no loss; {far:.3g} with 10 dB in each arm")


def _qdc() -> Measured:
    from silla.physics.quantum.photons.direct import Dl04Link
    from silla.physics.quantum.photons.receiver import PhotonDetector
    from silla.physics.quantum.photons.time_bins import TimeBinLink, receive

    n = 5_000_000 if kernels.available() else 50_000
    weak: dict[str, Any] = {"mean_photons": 0.1, "misalignment": 0.01, "check_share": 0.1}
    at = PhotonDetector(0.8, 1e-7, 20e-9)
    cost = {
        "dl04 0 km": _ns(lambda n: receive(Dl04Link(1.0, at, **weak), n, seed=1), n),
        "hd (N 8) 0 km": _ns(lambda n: receive(TimeBinLink(1.0, 0.8, 8, dead_time_s=20e-9, **weak), n, seed=1), n),
        "dl04 25 km": _ns(lambda n: receive(Dl04Link(10**-0.5, at, **weak), n, seed=1), 4 * n),
        "hd (N 8) 25 km": _ns(
            lambda n: receive(TimeBinLink(10**-0.5, 0.8, 8, dead_time_s=20e-9, **weak), n, seed=1), 4 * n
        ),
    }
    note = ", ".join(f"{name} {ns:.3g}" for name, ns in cost.items())
    return Measured(max(cost.values()), note=f"kernels: {kernels.isa()}; mu 0.1, two ways, 0.2 dB/km: {note}")


_RUN = """
import json, resource, sys
from silla.bench.photons import _decoy
from silla.physics.quantum.photons.decoy import detections
n = sum(len(part["pulse"]) for part in detections(_decoy(50.0), int(float(sys.argv[1])), seed=1))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
try:  # ru_maxrss also remembers the process that started this one
    lines = open("/proc/self/status").read().splitlines()
    peak = 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
except OSError:
    pass
print(json.dumps([n, peak]))
"""


def _memory() -> Measured:
    """Peak memory of an interpreter that makes every record of 1e10 pulses over 50 km, chunk after chunk."""
    import json

    found = {}
    for n in ("1e9", "1e10") if kernels.available() else ("1e8",):
        run = subprocess.run([sys.executable, "-c", _RUN, n], capture_output=True, text=True, timeout=600, check=True)
        found[n] = json.loads(run.stdout)
    clicks, peak = found[next(reversed(found))]
    sizes = ", ".join(f"{n} pulses {b / 2**20:.0f} MiB" for n, (_, b) in found.items())
    return Measured(peak / 2**20, note=f"{sizes}; {clicks} records made and dropped; the interpreter itself included")


FIGURES: tuple[Figure, ...] = (
    Figure("photons-bb84-0km", "ns per pulse", 20.0, 10.0, "lower", lambda: _bb84(0.0, 20_000_000), peer=_PEER),
    Figure("photons-bb84-50km", "ns per pulse", 20.0, 2.0, "lower", lambda: _bb84(50.0, 100_000_000), peer=_PEER),
    Figure("photons-bbm92-0km", "ns per pulse", 20.0, 10.0, "lower", _bbm92),
    Figure("photons-qdc-0km", "ns per pulse", 20.0, 10.0, "lower", _qdc),
    Figure("photons-memory", "MiB for 1e10 pulses", 300.0, 200.0, "lower", _memory),
)
