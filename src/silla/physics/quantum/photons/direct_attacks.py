"""Attacks on direct messages: what they do to a pulse on its way to the sender and back, and what Eve reads.

The receiver's pulse passes Eve twice, so what she does on the way out shows in the sender's check, and what she does to
the message on the way back in the receiver's errors. `blows` says how an attack treats a pulse as branches over the
photons that go on; `told_bit` what she reads of the message, as an expectation that no counter of the two ends knows.

    intercept-resend         measures in one of two bases at random and sends on what she found; reads it on its way
                             back (qubits: both bases carry the bit; time bins: arrival times alone)
    photon-number-splitting  blocks single photons, keeps one of several, and brings the rest over lines of her own, so
                             that the signal's counts at both ends stay what they were; the bit is read from the pair
    blinding                 makes the detectors of both ends click on her own results alone
    trojan-horse             reads the encoder by reflected light; the photons are left alone

Brassard et al., PRL 85, 1330 (2000); Lydersen et al., Nat. Photonics 4, 686 (2010); Lucamarini et al., PRX 5, 031030
(2015).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError
from silla.physics.quantum.direct_decoys import encoder_leak
from silla.physics.quantum.photons.attacks import (
    Attack,
    Blinding,
    InterceptResend,
    PhotonNumberSplitting,
    TrojanHorse,
)
from silla.physics.quantum.photons.table import Floats, poisson

__all__ = ["ATTACKS", "Blow", "blows", "check_attack", "pulses", "splitting", "told_bit"]

ATTACKS = (InterceptResend, PhotonNumberSplitting, Blinding, TrojanHorse)
_BISECTIONS = 60


class Blow(NamedTuple):
    """One thing that may happen to a pulse on its way. same: Eve measured in the basis that counts (None: not at all).

    photons : [n_numbers] that go on; line : transmittance of check, or of both ways, that they meet, NaN the honest
    one. click : [n_numbers] chance with which a blinded station clicks where its basis is Eve's, None where it sees.
    """

    probability: float
    photons: NDArray[np.int64]
    line: float = float("nan")
    same: bool | None = None
    click: Any = None


def check_attack(attack: Any) -> None:
    """Raise ArgumentError unless None or one of `ATTACKS`."""
    if attack is not None and not isinstance(attack, ATTACKS):
        known = ", ".join(one.__name__ for one in ATTACKS)
        raise ArgumentError(f"the attack is a {type(attack).__name__}; on direct messages: {known}")


def pulses(mean_photons: float | None, decoys: tuple[float, ...], shares: tuple[float, ...]) -> list[Any]:
    """(share, probabilities of photon numbers) of each intensity; one of a single photon where there is no mean."""
    if mean_photons is None:
        return [(1.0, np.array([0.0, 1.0]))]
    rest = 1.0 - sum(shares)
    return [(s, poisson(mu)) for s, mu in zip((rest, *shares), (mean_photons, *decoys))]


def blows(attack: Attack | None, link: Any, n: NDArray[np.int64], check: bool) -> list[Blow]:
    """What happens to pulses of n photons that are checked (else: carry the message); probabilities sum to 1."""
    if attack is None or isinstance(attack, TrojanHorse):
        return [Blow(1.0, n)]
    if isinstance(attack, InterceptResend):
        x = attack.share
        return [Blow(1.0 - x, n), Blow(0.5 * x, n, same=True), Blow(0.5 * x, n, same=False)]
    if isinstance(attack, PhotonNumberSplitting):
        split = np.where(n >= 2, n - 1, n)
        stopped, line = np.where(n == 1, 0, split), attack.line * (1.0 if check else attack.back)
        return [
            Blow(1.0 - attack.share, n),
            Blow(attack.share * attack.blocked, stopped, line),
            Blow(attack.share * (1.0 - attack.blocked), split, line),
        ]
    assert isinstance(attack, Blinding)
    found = 1.0 - (1.0 - attack.efficiency) ** n
    click = found * min(attack.click, _blind_click(attack, link, check))
    half = 0.5 * attack.share
    return [
        Blow(1.0 - attack.share, n),
        Blow(half, n, same=True, click=click),
        Blow(half, n, same=False, click=click),
    ]


def _blind_click(attack: Blinding, link: Any, check: bool) -> float:
    """How often a blinded station must click for the signal's counts to stay; Eve's basis fits half of the time."""
    number = pulses(link.mean_photons, (), ())[0][1]
    n = np.arange(len(number))
    found = float(number @ (1.0 - (1.0 - attack.efficiency) ** n))
    wanted = _clicks(number, n, link.way(check) * link.sees(check))
    return min(1.0, 2.0 * wanted / found) if found > 0.0 else 1.0


def _clicks(number: Floats, photons: NDArray[np.int64], eta: float) -> float:
    """Clicks per pulse of photons that each click with a chance of eta."""
    with np.errstate(divide="ignore"):
        return float(number @ -np.expm1(np.where(photons > 0, photons * np.log1p(-min(eta, 1.0 - 1e-16)), 0.0)))


def splitting(link: Any, share: float = 1.0) -> PhotonNumberSplitting:
    """The attack on photon numbers that leaves the signal's counts at the check, and at the receiver, as they were.

    Where pulses of several photons alone bring too many clicks, their line is given loss; where they bring too few,
    single photons pass too. Of a link of single photons, which has nothing to split, it is no attack at all.
    """
    number = pulses(link.mean_photons, (), ())[0][1]
    n = np.arange(len(number))
    split = np.where(n >= 2, n - 1, 0)
    single = float(number[1]) if len(number) > 1 else 0.0
    wanted, sees = _clicks(number, n, link.way(True) * link.sees(True)), link.sees(True)

    def checked(line: float, blocked: float) -> float:
        return _clicks(number, split, line * sees) + (1.0 - blocked) * single * min(line * sees, 1.0)

    if checked(1.0, 1.0) >= wanted:
        line, blocked = _rising(lambda x: checked(x, 1.0), wanted), 1.0
    else:
        line, blocked = 1.0, 1.0 - _rising(lambda x: checked(1.0, 1.0 - x), wanted)
    wanted, at = _clicks(number, n, link.way(False) * link.sees(False)), link.sees(False)

    def received(back: float) -> float:
        eta = line * back * at
        return _clicks(number, split, eta) + (1.0 - blocked) * single * min(eta, 1.0)

    return replace(PhotonNumberSplitting(blocked, line), share=share, back=_rising(received, wanted))


def _rising(function: Callable[[float], float], wanted: float) -> float:
    """Where a rising function of 0..1 is what is wanted, within 0..1."""
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if function(middle) >= wanted else (middle, high)
    return high


def told_bit(attack: Attack | None, link: Any) -> float:
    """Mean bits of a message pulse that the attacker reads, over all intensities; 0 without one.

    >>> from silla.physics.quantum.photons.direct import Dl04Link
    >>> from silla.physics.quantum.photons.receiver import PhotonDetector
    >>> told_bit(InterceptResend(0.5), Dl04Link(0.5, PhotonDetector(0.8)))
    0.25
    """
    if attack is None:
        return 0.0
    if isinstance(attack, TrojanHorse):
        return float(encoder_leak(attack.mean_photons, link.bits, link.qubit))
    total = 0.0
    for share, number in pulses(link.mean_photons, link.decoys, link.decoy_shares):
        total += share * float(number @ _told(attack, link, np.arange(len(number)))) * link.bits
    return total


def _told(attack: Attack, link: Any, n: NDArray[np.int64]) -> Any:
    """[n_numbers] share of message pulses of n photons whose symbol is read."""
    if isinstance(attack, InterceptResend):
        readable = 1.0 if link.qubit else 0.5  # a delay leaves phase patterns as they are
        return readable * attack.share * (1.0 - (1.0 - link.way(True)) ** n)
    if isinstance(attack, PhotonNumberSplitting):
        return attack.share * np.where(n >= 2, 1.0 - (1.0 - attack.line) ** np.maximum(n - 1, 0), 0.0)
    assert isinstance(attack, Blinding)
    return attack.share * (1.0 if link.qubit else 0.5) * (1.0 - (1.0 - attack.efficiency) ** n)
