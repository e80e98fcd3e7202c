"""What an attacker on the line does to each pulse, as branches of the slot table.

A branch has a probability, what it does to Bob's detectors for each number of photons, and what it leaves in Eve's
hands (`eve`): KNOWS where her apparatus holds Alice's bit once bases are announced, GUESSES where she measured
and learned nothing, NOTHING where she did not touch the pulse. Photons that she split off are seen in the numbers sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from silla.base.provenance import Range, check_domain
from silla.physics.quantum.photons.receiver import Receiver
from silla.physics.quantum.photons.table import Floats

__all__ = [
    "GUESSES",
    "KNOWS",
    "NOTHING",
    "Attack",
    "BeamSplitting",
    "Blinding",
    "Branch",
    "InterceptResend",
    "PhotonNumberSplitting",
    "TimeShift",
    "TrojanHorse",
    "View",
]

NOTHING, KNOWS, GUESSES = 0, 1, 2
_SHARE = Range(0.0, 1.0, "")
_WHAT = "attack"


class Branch(NamedTuple):
    """One thing that may happen. patterns : [n_numbers, 4] of none, detector 0, 1, both."""

    probability: float
    eve: int
    patterns: Floats


class View(NamedTuple):
    """A pulse of n photons between Alice and Bob: its state, Bob's basis (which Eve cannot use) and the line."""

    receiver: Receiver
    n: NDArray[np.int64]
    alice_basis: int
    alice_bit: int
    bob_basis: int
    transmittance: float
    spill: tuple[float, float]

    def arrive(
        self,
        n: NDArray[np.int64],
        basis: int | None = None,
        bit: int | None = None,
        transmittance: float | None = None,
        receiver: Receiver | None = None,
    ) -> Floats:
        """Patterns when n photons in some state (Alice's) enter a line (the honest one) to a receiver (Bob's)."""
        at = self.receiver if receiver is None else receiver
        line = self.transmittance if transmittance is None else transmittance
        basis, bit = (self.alice_basis if basis is None else basis), (self.alice_bit if bit is None else bit)
        return at.patterns(n, at.overlap(basis, bit, self.bob_basis), line, self.spill)


class Attack(Protocol):
    """Anything that turns a pulse into branches whose probabilities sum to 1."""

    def branches(self, view: View) -> list[Branch]: ...


def _measured(view: View, sure: float, make: Callable[[int, int], Floats]) -> list[tuple[float, int, Floats]]:
    """(probability, eve, patterns) of measuring in a random basis; `make` says what follows a basis and a bit."""
    out = []
    for basis in (0, 1):
        for bit in (0, 1):
            same = basis == view.alice_basis
            chance = (sure if bit == view.alice_bit else 1.0 - sure) if same else 0.5
            out.append((0.5 * chance, KNOWS if same else GUESSES, make(basis, bit)))
    return out


@dataclass(frozen=True)
class InterceptResend:
    """Eve measures a share of the pulses in a random basis and sends on as many photons in the state that she found.

    Signal clicks that she touched are wrong with probability (e + 1/2)/2, gains stay: `attack.intercept_resend_error`.
    """

    share: float = 1.0

    def __post_init__(self) -> None:
        check_domain("share", self.share, _SHARE, what=_WHAT)

    def branches(self, view: View) -> list[Branch]:
        """Untouched, or measured in one of two bases with one of two results."""
        touched = _measured(view, 1.0, lambda basis, bit: view.arrive(view.n, basis, bit))
        return [
            Branch(1.0 - self.share, NOTHING, view.arrive(view.n)),
            *(Branch(self.share * p, eve, patterns) for p, eve, patterns in touched),
        ]


@dataclass(frozen=True)
class PhotonNumberSplitting:
    """Eve counts photons without disturbing them, blocks a share of the single ones, keeps one of every other pulse and
    sends the rest through a line of her own.

    Yields become Y_1 = Y_0 + (1 - blocked) (...), Y_n = Y_0 + (1 - Y_0) (1 - (1 - line eta)^(n-1)): with no decoys the
    gain of the signal may be kept, with decoys the single photons' yield tells. Brassard, Luetkenhaus, Mor and
    Sanders, PRL 85, 1330 (2000). blocked : 0 to 1. line : transmittance of her line. share : of the pulses attacked.
    back : transmittance of her line back to the receiver of a direct message (`direct_attacks.splitting`).
    """

    blocked: float = 1.0
    line: float = 1.0
    share: float = 1.0
    back: float = 1.0

    def __post_init__(self) -> None:
        check_domain("blocked", self.blocked, _SHARE, what=_WHAT)
        check_domain("share", self.share, _SHARE, what=_WHAT)
        for name in ("line", "back"):
            check_domain(name, getattr(self, name), Range(1e-20, 1.0, ""), what=_WHAT)

    def branches(self, view: View) -> list[Branch]:
        """Left alone, or single photons blocked or not and pulses of more without one of theirs."""
        split = np.where(view.n >= 2, view.n - 1, view.n)
        stopped = np.where(view.n == 1, 0, split)
        return [
            Branch(1.0 - self.share, NOTHING, view.arrive(view.n)),
            Branch(self.share * self.blocked, NOTHING, view.arrive(stopped, transmittance=self.line)),
            Branch(self.share * (1.0 - self.blocked), NOTHING, view.arrive(split, transmittance=self.line)),
        ]


@dataclass(frozen=True)
class Blinding:
    """Bright light turns Bob's detectors into classical ones, which fire only on a bright pulse in Eve's own basis.

    Lydersen et al., Nat. Photonics 4, 686 (2010). Eve measures every pulse of a share of them (efficiency eta per
    photon), and sends a faked state of what she found: Bob clicks, with the chance `click`, where his basis is hers,
    and never elsewhere; no dark counts, no double clicks. The error rate stays hers. What shows: empty pulses and
    double clicks stop, and the detectors' photocurrent rises (`countermeasures.watch`).
    power_w : bright light on each blinded detector.
    """

    share: float = 1.0
    efficiency: float = 1.0
    error: float = 0.0
    click: float = 1.0
    power_w: float = 1e-3

    def __post_init__(self) -> None:
        for name in ("share", "efficiency", "click"):
            check_domain(name, getattr(self, name), _SHARE, what=_WHAT)
        check_domain("error", self.error, Range(0.0, 0.49, ""), what=_WHAT)
        check_domain("power_w", self.power_w, Range(0.0, 10.0, "W"), what=_WHAT)

    def branches(self, view: View) -> list[Branch]:
        """Untouched, or Eve's basis and bit; clicks only where she found a photon."""
        found = 1.0 - (1.0 - self.efficiency) ** view.n

        def fake(basis: int, bit: int) -> Floats:
            chance = found * self.click * (basis == view.bob_basis)
            out = np.zeros((len(view.n), 4))
            out[:, 0], out[:, 1 + bit] = 1.0 - chance, chance
            return out

        return [
            Branch(1.0 - self.share, NOTHING, view.arrive(view.n)),
            *(Branch(self.share * p, eve, x) for p, eve, x in _measured(view, 1.0 - self.error, fake)),
        ]


@dataclass(frozen=True)
class BeamSplitting:
    """Eve replaces the line by a lossless one behind a beam splitter of the same transmittance, and keeps the rest.

    Bob sees nothing new. She holds a photon, to be measured once bases are known, in a share 1 - exp(-mu (1 - t)) of
    the pulses, whether Bob clicks or not. mean_photons must be those of the intensity that is looked at.
    """

    mean_photons: float

    def __post_init__(self) -> None:
        check_domain("mean_photons", self.mean_photons, Range(0.0, 10.0, "photons per pulse"), what=_WHAT)

    def branches(self, view: View) -> list[Branch]:
        """She has a photon or not, independent of Bob's: Poisson numbers split independently."""
        has = -float(np.expm1(-self.mean_photons * (1.0 - view.transmittance)))
        arrive = view.arrive(view.n)
        return [Branch(has, KNOWS, arrive), Branch(1.0 - has, NOTHING, arrive)]


@dataclass(frozen=True)
class TrojanHorse:
    """Eve shines light into Alice's station; what comes back carries her basis and bit, with mean_photons per pulse.

    The reflected coherent states of the four settings are told apart without error with the chance
    `countermeasures.unambiguous_share`; Bob sees nothing. mean_photons : reflected, per pulse.
    """

    mean_photons: float

    def __post_init__(self) -> None:
        check_domain("mean_photons", self.mean_photons, Range(0.0, 100.0, "photons per pulse"), what=_WHAT)

    def branches(self, view: View) -> list[Branch]:
        """The setting is read for certain, or not at all."""
        from silla.physics.quantum.photons.countermeasures import unambiguous_share

        read, arrive = unambiguous_share(self.mean_photons), view.arrive(view.n)
        return [Branch(read, KNOWS, arrive), Branch(1.0 - read, NOTHING, arrive)]


@dataclass(frozen=True)
class TimeShift:
    """Eve moves each pulse early or late, where one detector is more efficient than the other.

    Qi, Fung, Lo and Ma, QIC 7, 73 (2007). She guesses the bit of the better detector and is right for a share
    high / (high + low) of the clicks; no error is added. high, low : efficiencies of the favoured and of the other one.
    """

    high: float
    low: float

    def __post_init__(self) -> None:
        for name in ("high", "low"):
            check_domain(name, getattr(self, name), Range(1e-6, 1.0, ""), what=_WHAT)

    def branches(self, view: View) -> list[Branch]:
        """Early favours detector 0, late detector 1; KNOWS where the favoured one stands for Alice's bit."""
        out = []
        for favoured, pair in ((0, (self.high, self.low)), (1, (self.low, self.high))):
            patterns = view.arrive(view.n, receiver=view.receiver.efficiencies(*pair))
            out.append(Branch(0.5, KNOWS if favoured == view.alice_bit else GUESSES, patterns))
        return out
