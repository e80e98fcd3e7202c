"""Photon clicks of decoy BB84 (mu 0.5, detectors of 90 %, 50 ns dead time at 1 GHz): ns per pulse at three losses."""

from __future__ import annotations

import time

import silla_kernels

from silla.physics.quantum.photons.decoy import DecoyLink, slot_table
from silla.physics.quantum.photons.machine import run_slots
from silla.physics.quantum.photons.receiver import PhotonDetector, Receiver


def main() -> None:
    receiver = Receiver.alike(PhotonDetector(0.9, 1e-7, dead_time_s=50e-9, afterpulse=0.02), misalignment=0.01)
    for isa in silla_kernels.supported():
        silla_kernels.set_isa(isa)
        for loss_db in (0.0, 10.0, 20.0):
            table = slot_table(DecoyLink(10 ** (-loss_db / 10), receiver))
            n = int(2e6 / table.most)
            start = time.process_time()
            next(run_slots(table, receiver.dead(), 1, n))
            print(f"{isa:9s} {loss_db:4.0f} dB {(time.process_time() - start) / n * 1e9:8.3f} ns a pulse")


if __name__ == "__main__":
    main()
