"""How long a frame must be, what an eavesdropper may know of it, and how many secret bits it carries.

A frame of B code blocks carries P B payload bits. Of these, all that Eve may have learned are spent on randomness:

    k = P B - L - (2 log2 N + 3) sqrt(n_1 log2(2 / eps)) - 2 log2(1 / eps)

L : what she may know, bounded by the check's counts at each intensity (`direct_decoys.leak_from_counts`); n_1 : single
photons among the message pulses; the root is the finite-size term of collective attacks (Scarani and Renner, PRL 100,
200501 (2008); at least its 7 sqrt). k is fixed before a frame is sent, from the counts of an undisturbed line and four
standard deviations of what they may cost; the frame passes when the counts that came cost no more.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import DomainError
from silla.physics.quantum import dl04, hd_qsdc
from silla.physics.quantum.channel import gain_and_error
from silla.physics.quantum.direct_decoys import Leak, Station, leak_from_counts
from silla.physics.quantum.messages.code import gap, message_code
from silla.physics.quantum.photons.direct import Dl04Link
from silla.physics.quantum.photons.direct_attacks import pulses
from silla.physics.quantum.photons.time_bins import TimeBinLink

__all__ = [
    "CODE",
    "PAYLOAD",
    "SENT_BITS",
    "Expected",
    "Plan",
    "clicks_per_bit",
    "expected",
    "make_plan",
    "upper_bound",
]

Link = Dl04Link | TimeBinLink
Counts = NDArray[Any]
CODE = message_code()
PAYLOAD = CODE.k - 24  # a block's CRC
SENT_BITS = CODE.n - 2 * CODE.z
EPS = 1e-9
_BLOCKS = tuple(2**i for i in range(12))
_SIGMAS = 4.0  # of the undisturbed line's counts that a frame still passes
_MOST_SLOTS = 1e13
_WHAT = "direct message"
_BOUNDS = 16.0  # eps is shared by the check's bounds


@dataclass(frozen=True)
class Expected:
    """What an undisturbed link does per message slot: clicks, wrong symbols, wrong bits; per check slot that counts, at
    each intensity, [K] clicks and wrong ones; their error rate; message bits that Eve may know per message slot; secret
    bits per second at most (the wiretap capacity at the signal's intensity)."""

    gain: float
    error: float
    bit_error: float
    check_gain: Counts
    check_wrong: Counts
    check_error: float
    eve_bit: float
    capacity_bit_per_s: float


def _arguments(link: Link) -> dict[str, Any]:
    """The line as the rate library takes it, for one frame of `dl04` or `hd_qsdc`."""
    kind = ("none", "one-decoy", "vacuum+weak")[len(link.decoys)]
    common = {
        "misalignment": link.misalignment,
        "mean_photons": link.mean_photons,
        "check_share": link.check_share,
        "decoys": "infinite" if link.mean_photons is None else kind,
        "nu": link.decoys[0] if link.decoys else None,
        "reflected": link.reflected,
    }
    if isinstance(link, TimeBinLink):
        return common | {
            "y0": link.dark_per_bin,
            "receiver_efficiency": link.efficiency,
            "check_efficiency": link.check_efficiency,
        }
    check = link.check_detector or link.detector
    return common | {
        "y0": 1.0 - (1.0 - link.detector.dark_per_gate) ** 2,
        "receiver_efficiency": link.detector.efficiency,
        "check_efficiency": check.efficiency,
    }


def intensities(link: Link) -> tuple[list[float | None], list[float]]:
    """(mean photons, None for a single one; share of the pulses) of each intensity."""
    shares = [float(s) for s, _ in pulses(link.mean_photons, link.decoys, link.decoy_shares)]
    return [link.mean_photons, *link.decoys], shares


def station(link: Link, checks: Counts | None = None, n_slots: int = 1) -> Station:
    """The check as calibrated; the dead time of the clicks that were counted taken out of its efficiency."""
    live = 1.0
    if isinstance(link, Dl04Link) and checks is not None:
        blind = 2.0 * float(checks[1].sum()) * link.dead().slots[0] / max(n_slots, 1)  # as many in the other basis
        live = max(0.05, 1.0 - blind)
    if isinstance(link, TimeBinLink):
        dark = -np.expm1(link.dimension * np.log1p(-link.dark_per_bin))
    else:
        dark = 1.0 - (1.0 - (link.check_detector or link.detector).dark_per_gate) ** 2
    return Station(link.sees(True) * live, float(dark) * live, float(link.bits), link.qubit)


def expected(link: Link) -> Expected:
    """The undisturbed link's figures, from the rate library and the detectors' dead time."""
    arguments, line, n = _arguments(link), link.transmittance, float(link.dimension)
    if isinstance(link, TimeBinLink):
        found = hd_qsdc.message_rate(
            n, line, bin_s=link.bin_s, dead_time_s=link.dead_time_s, guard=link.guard, jitter_s=link.jitter_s,
            afterpulse=link.afterpulse, **arguments,
        )  # fmt: skip
        direct, rate = found.direct, float(found.rate_bit_per_s)
    else:
        direct = dl04.secrecy_capacity(line, **arguments)
        kept = 1.0 - link.check_share
        live = 1.0 / (1.0 + link.dead().slots[2] * float(direct.gain) * kept)
        signed = live * (float(direct.signed) + kept * float(direct.eve_bit)) - kept * float(direct.eve_bit)
        rate = max(signed, 0.0) / link.slot_s
    gain, error = _message(link, arguments)
    at = station(link)
    means, shares = intensities(link)
    received = [_received(mu, line * at.efficiency, at.dark, link.misalignment, at.dark_error) for mu in means]
    alive = _check_live(link, sum(s * r[0] for s, r in zip(shares, received)))
    gains, wrong = (alive * np.array(column) for column in zip(*received))
    check_error = float(np.dot(shares, wrong) / np.dot(shares, gains))
    return Expected(gain, error, error * 0.5 * n / (n - 1.0), gains, wrong, check_error, float(direct.eve_bit), rate)


def _received(mu: float | None, eta: float, dark: float, error: float, e0: float) -> tuple[float, float]:
    """(clicks, wrong clicks) per pulse of an intensity."""
    if mu is not None:
        found = gain_and_error(mu, eta, y0=dark, misalignment=error, e0=e0)
        return float(found.gain), float(found.error_gain)
    signal = (1.0 - dark) * eta
    return dark + signal, e0 * dark + error * signal


def _message(link: Link, arguments: dict[str, Any]) -> tuple[float, float]:
    """(clicks per message slot that dead time leaves, share of them that are wrong) over all intensities."""
    n, e = float(link.dimension), link.misalignment
    dark = -np.expm1(n * np.log1p(-link.dark_per_bin)) if isinstance(link, TimeBinLink) else arguments["y0"]
    both_ways = 2.0 * e - e**2 * n / (n - 1.0)
    lost = 0.0
    if isinstance(link, TimeBinLink):
        moved = float(hd_qsdc.moved_share(link.bin_s, link.jitter_s))
        lost = moved / n if link.guard else 0.0  # into the pause
        both_ways = 1.0 - (1.0 - both_ways) * (1.0 - moved) / (1.0 - lost)
    means, shares = intensities(link)
    eta = link.way(False) * link.sees(False) * (1.0 - lost)
    parts = [_received(mu, eta, float(dark), both_ways, 1.0 - 1.0 / n) for mu in means]
    gain, wrong = (float(np.dot(shares, column)) for column in zip(*parts))
    kept = 1.0 - link.check_share
    if isinstance(link, TimeBinLink):
        clicks = kept * gain + (1.0 - kept) * float(dark)
        live = 1.0 if link.guard else float(hd_qsdc.live_share(clicks, link.dead_time_s / link.slot_s))
        false = link.afterpulse * kept * n / link.frame_bins * live
        total, error = hd_qsdc.with_false(gain, wrong / gain if gain > 0.0 else 1.0, false, 1.0 - 1.0 / n)
        gain, wrong = float(total), float(total * error)
    else:
        live = 1.0 / (1.0 + link.dead().slots[2] * gain * kept)
    return gain * live, wrong / gain if gain > 0.0 else 1.0 - 1.0 / n


def _check_live(link: Link, gain: float) -> float:
    """Share of the checks that their detectors' dead time leaves; time bins have none."""
    return 1.0 / (1.0 + link.dead().slots[0] * gain * link.check_share) if isinstance(link, Dl04Link) else 1.0


@dataclass(frozen=True)
class Plan:
    """A frame. n_slots : pulses or frames of bins sent. n_blocks : code blocks. n_secret : message bits.
    own_limit : the owners' own, which the check's bound may not pass; None leaves it to what is allowed. usual : the
    undisturbed link.
    """

    link: Link
    n_slots: int
    n_blocks: int
    n_secret: int
    own_limit: float | None
    usual: Expected
    eps: float = EPS

    @property
    def n_payload(self) -> int:
        return self.n_blocks * PAYLOAD

    @property
    def allowance_bit(self) -> float:
        """Payload bits that Eve may know, with the finite-size term."""
        return self.n_payload - self.n_secret - 2.0 * np.log2(1.0 / self.eps)

    @functools.cached_property
    def max_check_error(self) -> float:
        """The owners' limit, else the check's error rate, of all intensities, that costs what is allowed."""
        if self.own_limit is not None:
            return self.own_limit
        low, high = self.usual.check_error, 1.0
        for _ in range(40):
            middle = 0.5 * (low + high)
            cost = self.cost_bit(_counts(self.link, self.usual, self.n_slots, middle))
            low, high = (middle, high) if cost <= self.allowance_bit else (low, middle)
        return low

    def bound(self, clicks: int, errors: int) -> float:
        """Upper bound on the error rate behind a check, wrong with a chance of eps; 1 without a click."""
        return upper_bound(clicks, errors, self.eps)

    def leak(self, checks: Counts) -> Leak:
        """What Eve may know of a frame whose check counted `checks` [3, K]; see `photons.time_bins.Reception`."""
        return _leak(self.link, checks, self.n_slots, self.eps)

    def cost_bit(self, checks: Counts) -> float:
        """`leak` with the finite-size term."""
        return _cost(self.link, self.leak(checks), self.eps)


def _leak(link: Link, checks: Counts, n_slots: int, eps: float) -> Leak:
    means, shares = intensities(link)
    return leak_from_counts(
        checks[1], checks[2], station(link, checks, n_slots), n_check=float(checks[0].sum()),
        n_message=n_slots * (1.0 - link.check_share), intensities=None if link.mean_photons is None else means,  # type: ignore[arg-type]
        probabilities=shares, reflected=link.reflected, eps=eps / _BOUNDS,
    )  # fmt: skip


def _cost(link: Link, leak: Leak, eps: float) -> float:
    return leak.bit + max(7.0, 2.0 * link.bits + 3.0) * float(np.sqrt(leak.single * np.log2(2.0 / eps)))


def upper_bound(clicks: int, errors: int, eps: float) -> float:
    """Clopper and Pearson's upper limit of a proportion at confidence 1 - eps.

    >>> round(upper_bound(100, 0, 0.05), 4)
    0.0295
    """
    from scipy.stats import beta

    return float(beta.isf(eps, errors + 1, clicks - errors)) if errors < clicks else 1.0


def clicks_per_bit(bit_error: float) -> float:
    """Mean number of readings of each sent bit from which a block is decoded."""
    e, k = min(max(bit_error, 1e-6), 0.49), np.arange(40)
    capacity = np.array([_repeated(e, int(n)) for n in k])
    wanted = CODE.k * (1.0 + gap(e)) / SENT_BITS

    def told(mean: float) -> float:
        weight = np.exp(-mean) * np.cumprod(np.concatenate([[1.0], mean / k[1:]]))
        return float(weight @ capacity)

    low, high = 0.0, 20.0
    if told(high) < wanted:
        raise DomainError(f"{_WHAT}: readings are wrong in {e:.3f} of cases; the code needs fewer than about 0.4")
    for _ in range(60):
        mid = 0.5 * (low + high)
        low, high = (mid, high) if told(mid) < wanted else (low, mid)
    return high


def _repeated(e: float, n: int) -> float:
    """Bits that n readings of one bit tell, each wrong with chance e."""
    j = np.arange(n + 1)
    ways = np.cumprod(np.concatenate([[1.0], (n - j[:-1]) / (j[:-1] + 1.0)]))
    right = ways * (1 - e) ** (n - j) * e**j
    wrong = right[::-1]
    return float(1.0 - (right * np.log2(1.0 + wrong / np.maximum(right, 1e-300))).sum())


def _counts(link: Link, usual: Expected, n_slots: float, error: float | None = None) -> Counts:
    """[3, K] what a check of n_slots is expected to count, with all errors raised to a rate where one is given."""
    share = link.check_share * (0.5 if link.qubit else 1.0)  # half of the qubits are checked in the other basis
    sent = n_slots * share * np.array(intensities(link)[1])
    clicks, wrong = sent * usual.check_gain, sent * usual.check_wrong
    if error is not None and usual.check_error > 0.0:
        wrong = np.minimum(wrong * max(1.0, error / usual.check_error), clicks)
    elif error is not None:
        wrong = error * clicks
    return np.stack([sent, clicks, wrong])


def _planned_cost(link: Link, usual: Expected, n_slots: float, error: float | None, eps: float, most: float) -> float:
    """The cost of expected counts, and of the standard deviations by which each of them may err; without the latter
    where the former alone is beyond `most`."""
    counts = _counts(link, usual, n_slots, error)

    def cost(checks: Counts) -> float:
        return _cost(link, _leak(link, checks, int(n_slots), eps), eps)

    base, spread = cost(counts), 0.0
    if base >= most:
        return base
    for row in (1, 2):
        for k in range(counts.shape[1]):
            step = np.zeros_like(counts)
            step[row, k] = np.sqrt(max(counts[row, k], 1.0))
            worse = max(cost(counts + step), cost(np.maximum(counts - step, 0.0))) - base
            spread += max(worse, 0.0) ** 2
    return base + _SIGMAS * float(np.sqrt(spread))


@functools.lru_cache(maxsize=256)
def make_plan(link: Link, n_bits: int, *, max_check_error: float | None = None, eps: float = EPS) -> Plan:
    """The frame that carries n_bits in the fewest slots, sent as often as it takes.

    max_check_error : of the check; None leaves it to the plan. Raises DomainError where nothing secret passes.
    """
    if not 1e-30 <= eps <= 0.1:
        raise DomainError(f"{_WHAT}: eps is {eps}; allowed: 1e-30 to 0.1")
    if link.check_share <= 0.0:
        raise DomainError(f"{_WHAT}: check_share is 0; without a check nobody knows who listens, give 0.05 to 0.5")
    usual = expected(link)
    if max_check_error is not None and not usual.check_error < max_check_error < 1.0:
        raise DomainError(
            f"{_WHAT}: max_check_error is {max_check_error:.4g}; allowed: above the line's own "
            f"{usual.check_error:.4g}, below 1"
        )
    _refuse_leaky(link, usual)
    useful = [plan for plan in _plans(link, usual, n_bits, max_check_error, eps) if plan.n_secret > 0]
    if not useful:
        code = PAYLOAD / (clicks_per_bit(usual.bit_error) * SENT_BITS / link.bits) * usual.gain
        raise DomainError(
            f"{_WHAT}: no frame of {_BLOCKS[-1]} blocks or {_MOST_SLOTS:.0e} slots carries a secret bit: the code "
            f"brings {code:.3g} bit per slot, an eavesdropper may know {usual.eve_bit:.3g} and what short counts "
            f"cannot exclude; shorten the line, lower its errors or the mean photon number{_advice(link)}"
        )
    return min(useful, key=lambda plan: -(-n_bits // plan.n_secret) * plan.n_slots)


def _refuse_leaky(link: Link, usual: Expected) -> None:
    bob = usual.gain * (link.bits - float(hd_qsdc.symbol_entropy(usual.error, link.dimension)))
    if bob <= usual.eve_bit:
        raise DomainError(
            f"{_WHAT}: no secret bit passes this line: the receiver gets {bob:.3g} bit per slot and an eavesdropper "
            f"may have {usual.eve_bit:.3g}; shorten the line, or lower its errors or the mean photon "
            f"number{_advice(link)}"
        )


def _advice(link: Link) -> str:
    if link.mean_photons is not None and not link.decoys:
        return "; without decoys every pulse of several photons counts as split: give decoys"
    return "; more isolation keeps a Trojan horse's light out" if link.reflected > 0.0 else ""


def _plans(link: Link, usual: Expected, n_bits: int, limit: float | None, eps: float) -> Iterator[Plan]:
    """One plan for each number of blocks, up to the first that carries the message at once."""
    per_block = clicks_per_bit(usual.bit_error) * SENT_BITS / link.bits
    for blocks in _BLOCKS:
        slots = blocks * per_block / usual.gain / (1.0 - link.check_share) if usual.gain else np.inf
        if not slots <= _MOST_SLOTS:
            return
        n_slots = int(np.ceil(slots))
        spent = _planned_cost(link, usual, n_slots, limit, eps, blocks * PAYLOAD) + 2.0 * np.log2(1.0 / eps)
        secret = int(np.floor(blocks * PAYLOAD - spent))
        yield Plan(link, n_slots, blocks, secret, limit, usual, eps)
        if secret >= n_bits:
            return
