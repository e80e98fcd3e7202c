"""One microsecond of the link of 1 Tbit/s: a slot of the D-band preset with every impairment, bit by bit.

One thread's processor time is counted, so that other work on the machine matters less.
"""

from __future__ import annotations

from silla.base import kernels
from silla.base.memory import keep_freed_memory
from silla.base.rng import stream
from silla.bench.figure import Figure, Measured
from silla.bench.ldpc import processor_time
from silla.engine.tbps_system import budget_snr_db, build_link, system
from silla.physics.radio.link.wideband_chain import simulate_slots

__all__ = ["FIGURE"]


def _measure() -> Measured:
    """Processor time in ms of 1e6 net bits: scaled from a slot, which carries a little more."""
    from threadpoolctl import threadpool_limits

    s = system("dband")
    link, snr = build_link(s, s.distance_m), budget_snr_db(s, s.distance_m)
    rng = stream(1, "bench", "tbps")
    keep_freed_memory()
    with threadpool_limits(1):
        seconds = processor_time(lambda: simulate_slots(link, snr, 1, rng))
    counts = simulate_slots(link, snr, 4, stream(2, "bench", "tbps"))
    note = (
        f"kernels: {kernels.isa()}; {link.bits_per_slot} bits in {link.slot_s * 1e6:.3f} us, "
        f"{link.net_bit_per_s / 1e12:.3f} Tbit/s net, all impairments; {counts.code_block_errors} of "
        f"{counts.code_blocks} code blocks wrong at {snr:.1f} dB"
    )
    return Measured(seconds * 1e3 * 1e6 / link.bits_per_slot, None, note)


FIGURE = Figure("tbps-microsecond", "ms of processor time", 100.0, 25.0, "lower", _measure)
