"""A decoy-BB84 link from its photons to its keys: settings, detections photon by photon, and the two parties."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from silla.base.errors import ArgumentError, DomainError
from silla.base.memory import available_bytes
from silla.base.provenance import Range, check_domain
from silla.coding.universal_hash import TAG_BYTES
from silla.physics.quantum.channel import gain_and_error
from silla.physics.quantum.distillation.alice import Alice
from silla.physics.quantum.distillation.bob import Bob
from silla.physics.quantum.distillation.channel import Adversary, Channel, Outcome, run
from silla.physics.quantum.distillation.efficiency import measured_efficiency
from silla.physics.quantum.distillation.pool import KeyPool
from silla.physics.quantum.distillation.records import Detections
from silla.physics.quantum.distillation.settings import Settings
from silla.physics.quantum.distillation.yields import PADS, distilled_bits, shortest_block
from silla.physics.quantum.finite_key import expected_counts
from silla.physics.quantum.finite_key_best import best_finite_key
from silla.physics.quantum.photons.attacks import Attack
from silla.physics.quantum.photons.decoy import DecoyLink, detections
from silla.physics.quantum.presets import QkdSystem

__all__ = ["LinkKey", "PreparedLink", "collect", "distil", "prepare"]

_PULSES = 10**12
_BYTES = 64  # of memory for each detection, measured
_SURE = 1.5  # times the block whose expected key is just none: counts that chance makes low still leave one


class PreparedLink(NamedTuple):
    """A link at its best settings for a block. shortest_block, expected_bit : before the first photon."""

    link: DecoyLink
    settings: Settings
    block: int  # sifted bits of the key basis
    shortest_block: float
    expected_bit: float


class LinkKey(NamedTuple):
    """One block's run: both parties as they ended, and how."""

    alice: Alice
    bob: Bob
    outcome: Outcome
    detections: Detections


def prepare(
    system: QkdSystem,
    loss_db: float,
    block: float,
    *,
    decoys: int = 2,
    reconciliation: str = "cascade",
    eps_sec: float = 1e-10,
    eps_cor: float = 1e-15,
) -> PreparedLink:
    """The link at intensities, probabilities and basis bias that are best for this loss and block.

    loss_db : of the line. block : sifted bits, from 1000. decoys : 2 or 1. Raises DomainError when so short a block
    leaves no key, saying how long it must be, and when none does.

    >>> from silla.physics.quantum.presets import LIM
    >>> prepare(LIM, 10.0, 1e6).expected_bit > 1e5
    True
    """
    what = "distillation"
    check_domain("loss", loss_db, Range(0.0, 200.0, "dB"), what=what, advice="nothing arrives beyond 200 dB")
    check_domain("block", block, Range(1e3, 1e9, "sifted bits"), what=what, advice="1e5 to 1e7 are usual")
    if not 0.0 < system.detector_efficiency <= 1.0:
        raise DomainError(f"{what}: detector efficiency {system.detector_efficiency:g}, allowed above 0 to 1")
    if not 0.0 <= system.misalignment < 0.5:
        raise DomainError(
            f"{what}: an error rate of {system.misalignment:g} of signal clicks; at 0.5 the bits say nothing, and no "
            "key comes of more than about 0.11"
        )
    eta = system.detector_efficiency * 10.0 ** (-loss_db / 10.0)
    channel = {"y0": system.y0, "misalignment": system.misalignment, "afterpulse": system.afterpulse}
    seen = float(gain_and_error(0.5, eta, **channel).qber)

    def at(size: float) -> tuple[Settings, float, float]:
        f = measured_efficiency(reconciliation, min(seen, 0.49), size).f
        best = best_finite_key(
            eta, block=size, decoys=decoys, eps_sec=eps_sec, eps_cor=eps_cor, error_correction=f, **channel
        )
        p = np.asarray(best.probabilities, float)
        settings = Settings(
            tuple(float(x) for x in best.intensities), tuple(float(x) for x in p / p.sum()), eps_sec, eps_cor,
            reconciliation,
        )  # fmt: skip
        key_basis = float(best.key_basis)
        counts, _ = expected_counts(
            eta, settings.intensities, settings.probabilities, block=size, key_basis=key_basis, **channel
        )
        return settings, key_basis, float(distilled_bits(*counts, settings).net_bit)

    settings, key_basis, expected = at(float(block))
    if expected <= 0.0:
        raise DomainError(_too_short(at, float(block), loss_db))
    shortest = shortest_block(eta, settings, key_basis=key_basis, **channel)
    link = DecoyLink.of(
        system, loss_db, intensities=settings.intensities, probabilities=settings.probabilities, key_basis=key_basis
    )
    return PreparedLink(link, settings, int(block), shortest, expected)


def _too_short(at: Callable, block: float, loss_db: float) -> str:
    low, high = block, 1e12
    if at(high)[2] <= 0.0:
        return f"distillation: no block of up to 1e12 bits leaves a key at {loss_db:g} dB; shorten or mend the line"
    while high / low > 1.02:
        middle = (low * high) ** 0.5
        low, high = (low, middle) if at(middle)[2] > 0.0 else (middle, high)
    least = _rounded_up(high)
    while (
        at(least)[2] <= 0.0
    ):  # the search for settings is good to a tenth of a percent, of a difference of large terms
        least = _rounded_up(1.01 * least)
    return (
        f"distillation: a block of {block:.3g} sifted bits leaves no key at {loss_db:g} dB; it must have at least "
        f"{least:g} bits to expect one, and {_rounded_up(_SURE * least):g} to have it whatever the counts' chances"
    )


def _rounded_up(bits: float) -> float:
    """To two digits, never down."""
    unit = 10.0 ** (math.floor(math.log10(bits)) - 1)
    return float(round(math.ceil(bits / unit - 1e-9) * unit))


def collect(
    prepared: PreparedLink, *, seed: int, attack: Attack | None = None, max_pulses: int = _PULSES
) -> Detections:
    """Detections, photon by photon, until the block's sifted bits are there.

    Raises DomainError when `max_pulses` do not bring them, ArgumentError when they would not fit into memory.
    """
    need, there = _BYTES * prepared.block / prepared.link.key_basis**2, available_bytes()
    if need > there:
        raise ArgumentError(
            f"distillation: a block of {prepared.block:.3g} sifted bits takes about {need / 2**30:.2g} GiB and "
            f"{there / 2**30:.2g} GiB are available; {0.9 * prepared.block * there / need:.2g} bits would fit"
        )
    chunks, have = [], 0
    for chunk in detections(prepared.link, max_pulses, seed=seed, attack=attack):
        part = Detections(**chunk)
        sifted = np.cumsum((part.alice_basis == 0) & (part.bob_basis == 0))
        if have + (int(sifted[-1]) if len(part) else 0) >= prepared.block:
            last = int(np.searchsorted(sifted, prepared.block - have)) + 1
            sent = int(part.pulse[last - 1]) + 1 - sum(c.n_sent for c in chunks)
            names = ("pulse", "bob_basis", "bob_bit", "alice_basis", "alice_bit", "alice_intensity")
            chunks.append(Detections(**{name: getattr(part, name)[:last] for name in names}, n_sent=sent))
            return Detections.concatenate(chunks)
        have += int(sifted[-1]) if len(part) else 0
        chunks.append(part)
    raise DomainError(f"distillation: {max_pulses:.3g} pulses bring {have} of the {prepared.block} sifted bits wanted")


def distil(
    prepared: PreparedLink,
    *,
    seed: int = 1,
    attack: Attack | None = None,
    adversary: Adversary | None = None,
    random_bytes: Callable[[int], bytes] = os.urandom,
    initial_secret: bytes | None = None,
    found: Detections | None = None,
) -> LinkKey:
    """One block from photons to keys.

    seed : of the simulated photons. attack : on the light; adversary : on the messages. random_bytes : for Alice's
    choices; initial_secret : what both ends share beforehand (16 bytes and 48 a block), fresh random bytes by default.
    found : detections to use instead of simulating.

    >>> from silla.base.rng import stream
    >>> from silla.physics.quantum.presets import LIM
    >>> made = distil(prepare(LIM, 3.0, 2e5), random_bytes=stream(1, "doc").bytes)
    >>> made.outcome.key, made.alice.key == made.bob.key, made.alice.key_bits > 1e4
    (True, True, True)
    """
    if not 0 <= seed < 2**63:
        raise ArgumentError(f"distillation: seed {seed}, allowed 0 to 2^63 - 1")
    need = KeyPool.HASH_KEY + PADS * TAG_BYTES
    secret = random_bytes(need) if initial_secret is None else initial_secret
    if len(secret) < need:
        raise ArgumentError(f"distillation: an initial secret of {len(secret)} bytes; a block takes {need}")
    records = collect(prepared, seed=seed, attack=attack) if found is None else found
    alice = Alice(records.alice(), prepared.settings, KeyPool(secret), seed, random_bytes)
    bob = Bob(records.bob(), prepared.settings, KeyPool(secret), seed)
    return LinkKey(alice, bob, run(alice, bob, Channel(adversary)), records)
