"""Full PUSCH slots simulated per second on two cores: 273 PRB, four receive antennas, TDL-A, LMMSE, LDPC.

Random bits, channel, noise, LMMSE channel estimate, LMMSE detection, demapping, decoding and counting. The
processor time of one thread is counted and twice its inverse given: slots are independent, processes share nothing.

Where the time goes: a sixth each into the channel's product with its noise and into the frequency response, an eighth
into LMMSE detection, a tenth into interpolating the estimate, the rest thinly over path gains, demapping, mapping, CRC
and rate matching; decoding is a thirtieth. What bounds it from below: 183456 received elements take 0.5 ms for their
noise and 0.4 ms each for response and interpolation at 40 Gflop/s, and some fourteen passes over 1.5 MB of them 1 ms at
20 GB/s. The difference to what is measured is in passes that NumPy makes between the kernels.
"""

from __future__ import annotations

import time

import numpy as np

from silla.base import kernels
from silla.base.memory import keep_freed_memory
from silla.base.rng import stream
from silla.bench.figure import Figure, Measured
from silla.bench.peer_sionna_pusch import slots_per_s

__all__ = ["FIGURE"]

_N_PRB, _MCS, _N_RX, _SNR_DB, _CORES = 273, 14, 4, 5.0, 2


def _config():
    from silla.physics.radio.link.grid import Carrier
    from silla.physics.radio.link.pusch import PuschConfig
    from silla.physics.radio.link.simulate import LinkChannel, LinkConfig

    channel = LinkChannel("tdl", "A", delay_spread_s=100e-9, doppler_hz=50.0)
    return LinkConfig((PuschConfig(Carrier(n_prb=_N_PRB), mcs_index=_MCS),), channel, n_rx=_N_RX)


def _measure() -> Measured:
    from threadpoolctl import threadpool_limits

    from silla.physics.radio.link.simulate import simulate_slots

    keep_freed_memory()
    config, n_slots = _config(), 20 if kernels.available() else 1
    with threadpool_limits(1):
        simulate_slots(config, _SNR_DB, 2, stream(1, "bench", "pusch"))
        seconds, counts = [], None
        for repeat in range(5):
            start = time.process_time()
            counts = simulate_slots(config, _SNR_DB, n_slots, stream(1, "bench", "pusch", repeat))
            seconds.append((time.process_time() - start) / n_slots)
    assert counts is not None
    spent = float(np.min(seconds))
    peer, remark = slots_per_s(_N_PRB, _MCS, _N_RX, _SNR_DB + 3.0)
    note = (
        f"kernels: {kernels.isa()}; {spent * 1e3:.2f} ms of one core per slot of {counts.bits // counts.blocks} bits, "
        f"{counts.iterations / counts.code_blocks:.1f} iterations; {remark}"
    )
    return Measured(_CORES / spent, None if peer is None else _CORES * peer, note)


FIGURE = Figure(
    "pusch-slot", "slots/s on two cores", 100.0, 600.0, "higher", _measure,
    peer="sionna: PUSCHTransmitter, TDL, PUSCHReceiver",
)  # fmt: skip
