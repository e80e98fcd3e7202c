"""One microsecond of the link of 1 Tbit/s: a slot of the D-band preset with every impairment, bit by bit.

One thread's processor time is counted, so that other work on the machine matters less. What bounds it from below: 2240
transforms of 1024 points (five for each of 448 symbols of a port and carrier: transmitter, channel, clock jitter,
receiver) are 0.11 Gflop, the tone's 25 coefficients, eight by eight channels and detectors 0.13 Gflop, and some thirty
passes over 3.7 MB of samples 0.2 GB: 10 ms each at the 25 Gflop/s and 20 GB/s that one core does in such loops. Fewer
passes are what is left to gain. The decoder is a thirtieth: most blocks need one or two iterations at that distance.
"""

from __future__ import annotations

from silla.base import kernels
from silla.base.memory import keep_freed_memory
from silla.base.rng import stream
from silla.bench.figure import Figure, Measured
from silla.bench.ldpc import processor_time
from silla.engine.tbps_system import budget_snr_db, build_link, system
from silla.physics.radio.link import wideband_chain as chain

__all__ = ["FIGURE"]


def _measure() -> Measured:
    """Processor time in ms of 1e6 net bits: scaled from a slot, which carries a little more."""
    from threadpoolctl import threadpool_limits

    s = system("dband")
    link, snr = build_link(s, s.distance_m), budget_snr_db(s, s.distance_m)
    rng = stream(1, "bench", "tbps")
    keep_freed_memory()
    with threadpool_limits(1):
        sent = chain.transmit(link, rng)
        received = chain.propagate(link, sent.samples, snr, rng)
        seconds = processor_time(lambda: chain.simulate_slots(link, snr, 1, rng))
        parts = [
            processor_time(call)
            for call in (
                lambda: chain.transmit(link, rng),
                lambda: chain.propagate(link, sent.samples, snr, rng),
                lambda: chain.receive(link, received),
            )
        ]
        counts = chain.simulate_slots(link, snr, 4, stream(2, "bench", "tbps"))
    shares = ", ".join(f"{what} {t / seconds:.0%}" for what, t in zip(("transmitter", "channel", "receiver"), parts))
    note = (
        f"kernels: {kernels.isa()}; {link.bits_per_slot} bits in {link.slot_s * 1e6:.3f} us, "
        f"{link.net_bit_per_s / 1e12:.3f} Tbit/s net, all impairments ({shares}); {counts.code_block_errors} of "
        f"{counts.code_blocks} code blocks wrong at {snr:.1f} dB"
    )
    return Measured(seconds * 1e3 * 1e6 / link.bits_per_slot, None, note)


FIGURE = Figure("tbps-microsecond", "ms of processor time", 100.0, 25.0, "lower", _measure)
