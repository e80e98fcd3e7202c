"""How long a frame must be, what error its check may show, and how many secret bits it carries.

A frame of B code blocks carries 8424 B payload bits. Of these, all that Eve may have learned are spent on randomness:

    k = 8424 B - n leak(e_max) - 7 sqrt(n_E log2(2 / eps)) - 2 log2(1 / eps)

n : message slots; leak(e) : bits per slot of the wiretap formulas of `dl04` and `hd_qsdc` at a check error e; n_E :
photons that reach the sender, all of which may be Eve's; the root is the finite-size term of collective attacks
(Scarani and Renner, PRL 100, 200501 (2008)). A frame passes when the upper Clopper-Pearson bound of its check's error
at confidence 1 - eps is at most e_max, which is chosen for the fewest slots unless it is given. Of weak pulses the
error of all checks stands for that of single photons; the decoy states that would tell them apart are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from silla.base.errors import DomainError
from silla.coding.codes import nr_code
from silla.physics.quantum import dl04, hd_qsdc
from silla.physics.quantum.entropy import binary_entropy
from silla.physics.quantum.photons.direct import Dl04Link
from silla.physics.quantum.photons.time_bins import TimeBinLink

__all__ = ["CODE", "PAYLOAD", "SENT_BITS", "Expected", "Plan", "expected", "leak_bit", "make_plan"]

Link = Dl04Link | TimeBinLink
CODE = nr_code(1, 384)
PAYLOAD = CODE.k - 24  # a block's CRC
SENT_BITS = CODE.n - 2 * CODE.z
EPS = 1e-9
_GAP = 0.19  # of the code to the Shannon limit, so that fewer than one block in a thousand is lost
_BLOCKS = tuple(2**i for i in range(8))
_SPARE = (0.05, 0.1, 0.2, 0.35, 0.5, 0.7)  # of the capacity, given away for a check that passes soon
_MOST_SLOTS = 1e13
_WHAT = "direct message"


@dataclass(frozen=True)
class Expected:
    """What an undisturbed link does per message slot: clicks, wrong symbols, wrong bits; clicks per check slot and
    their errors; secret bits per second at most (the wiretap capacity)."""

    gain: float
    error: float
    bit_error: float
    check_gain: float
    check_error: float
    capacity_bit_per_s: float


def _arguments(link: Link) -> dict[str, Any]:
    """The line as the rate library takes it, for one frame of `dl04` or `hd_qsdc`."""
    common = {"misalignment": link.misalignment, "mean_photons": link.mean_photons, "check_share": link.check_share}
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


def expected(link: Link) -> Expected:
    """The undisturbed link's figures, from the rate library and the detectors' dead time."""
    arguments, line, n = _arguments(link), link.transmittance, float(link.dimension)
    if isinstance(link, TimeBinLink):
        found = hd_qsdc.message_rate(
            n, line, bin_s=link.bin_s, dead_time_s=link.dead_time_s, guard=link.guard, **arguments
        )
        direct, live, rate = found.direct, float(found.live_share), float(found.rate_bit_per_s)
        check_eta = link.efficiency / n if link.check_efficiency is None else link.check_efficiency
        noise = -np.expm1(n * np.log1p(-link.dark_per_bin))
    else:
        direct = dl04.secrecy_capacity(line, **arguments)
        missed = link.dead().slots[2] * float(direct.gain) * (1.0 - link.check_share)
        live = 1.0 / (1.0 + missed)
        kept = 1.0 - link.check_share
        signed = live * (float(direct.signed) + kept * float(direct.eve_bit)) - kept * float(direct.eve_bit)
        rate = max(signed, 0.0) / link.slot_s
        check_eta, noise = arguments["check_efficiency"] * 0.5, 0.5 * arguments["y0"]  # half in the other basis
    mu = link.mean_photons
    signal = (1.0 - noise) * (line * check_eta if mu is None else -np.expm1(-mu * line * check_eta))
    check_gain = noise + signal
    error = float(direct.qber)
    return Expected(
        float(direct.gain) * live,
        error,
        error * 0.5 * n / (n - 1.0),
        float(check_gain),
        float((noise * (1.0 - 1.0 / n) + link.misalignment * signal) / check_gain),
        rate,
    )


def leak_bit(link: Link, check_error: float) -> float:
    """Bits per message slot that Eve may know at an error rate of the check; the `eve_bit` of `dl04` and `hd_qsdc`."""
    line, mu = link.transmittance, link.mean_photons
    if isinstance(link, TimeBinLink):
        known = float(hd_qsdc.symbol_entropy(check_error, link.dimension))
    else:
        known = float(binary_entropy(min(2.0 * check_error, 0.5)))
    if mu is None:
        return line * known
    one = mu * np.exp(-mu) * line
    return float(one * known + (-np.expm1(-mu * line) - one) * link.bits)


@dataclass(frozen=True)
class Plan:
    """A frame. n_slots : pulses or frames of bins sent. n_blocks : code blocks. n_secret : message bits.
    max_check_error : that a check's upper bound may reach. usual : the undisturbed link."""

    link: Link
    n_slots: int
    n_blocks: int
    n_secret: int
    max_check_error: float
    usual: Expected
    eps: float = EPS

    @property
    def n_payload(self) -> int:
        return self.n_blocks * PAYLOAD

    def bound(self, clicks: int, errors: int) -> float:
        """Upper bound on the error rate behind a check, wrong with a chance of eps; 1 without a click."""
        return upper_bound(clicks, errors, self.eps)


def upper_bound(clicks: int, errors: int, eps: float) -> float:
    """Clopper and Pearson's upper limit of a proportion at confidence 1 - eps.

    >>> round(upper_bound(100, 0, 0.05), 4)
    0.0295
    """
    from scipy.stats import beta

    return float(beta.isf(eps, errors + 1, clicks - errors)) if errors < clicks else 1.0


def _threshold(link: Link, usual: Expected, spared: float) -> float:
    """The check error that costs a share of the undisturbed link's secrecy."""
    bob = usual.gain * (link.bits - _symbol_entropy(link, usual.error))
    spare = bob - leak_bit(link, usual.check_error)
    if spare <= 0.0:
        raise DomainError(
            f"{_WHAT}: no secret bit passes this line: the receiver gets {bob:.3g} bit per slot and an eavesdropper "
            f"may have {bob - spare:.3g}; shorten the line, or lower its errors or the mean photon number"
        )
    low, high, wanted = (
        usual.check_error,
        1.0 - 1.0 / link.dimension,
        leak_bit(link, usual.check_error) + spared * spare,
    )
    for _ in range(60):
        mid = 0.5 * (low + high)
        low, high = (mid, high) if leak_bit(link, mid) < wanted else (low, mid)
    return low


def _symbol_entropy(link: Link, error: float) -> float:
    return float(hd_qsdc.symbol_entropy(error, link.dimension))


def _clicks_per_bit(bit_error: float) -> float:
    """Mean number of readings of each sent bit from which a block is decoded."""
    e, k = min(max(bit_error, 1e-6), 0.49), np.arange(40)
    capacity = np.array([_repeated(e, int(n)) for n in k])
    wanted = CODE.k * (1.0 + _GAP) / SENT_BITS

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


def _checks_needed(usual: Expected, limit: float, eps: float) -> int | None:
    """Check clicks after which an undisturbed link passes but for one frame in 10^4; None beyond ten million."""
    for n in np.unique(np.geomspace(10, 1e7, 240).astype(int)):
        errors = int(np.ceil(n * usual.check_error + 3.8 * np.sqrt(n * usual.check_error * (1 - usual.check_error))))
        if upper_bound(int(n), min(errors, int(n)), eps) <= limit:
            return int(n)
    return None


def make_plan(link: Link, n_bits: int, *, max_check_error: float | None = None, eps: float = EPS) -> Plan:
    """The frame that carries n_bits in the fewest slots, sent as often as it takes.

    max_check_error : of the check; None leaves it to the plan. Raises DomainError where nothing secret passes.
    """
    if not 1e-30 <= eps <= 0.1:
        raise DomainError(f"{_WHAT}: eps is {eps}; allowed: 1e-30 to 0.1")
    if link.check_share <= 0.0:
        raise DomainError(f"{_WHAT}: check_share is 0; without a check nobody knows who listens, give 0.05 to 0.5")
    usual = expected(link)
    limits = [_threshold(link, usual, spared) for spared in _SPARE]
    if max_check_error is not None:
        limits = [float(max_check_error)]
        if not usual.check_error < limits[0] < 1.0:
            raise DomainError(
                f"{_WHAT}: max_check_error is {limits[0]:.4g}; allowed: above the line's own {usual.check_error:.4g}, "
                "below 1"
            )
    plans = [plan for limit in limits for plan in _plans(link, usual, limit, eps)]
    useful = [plan for plan in plans if plan.n_secret > 0]
    if not useful:
        code = PAYLOAD / (_clicks_per_bit(usual.bit_error) * SENT_BITS / link.bits) * usual.gain
        raise DomainError(
            f"{_WHAT}: no frame of {_BLOCKS[-1]} blocks or {_MOST_SLOTS:.0e} slots carries a secret bit: the code "
            f"brings {code:.3g} bit per slot, an eavesdropper may know {min(leak_bit(link, x) for x in limits):.3g}; "
            "shorten the line, lower its errors or the mean photon number"
        )
    return min(useful, key=lambda plan: -(-n_bits // plan.n_secret) * plan.n_slots)


def _plans(link: Link, usual: Expected, limit: float, eps: float) -> list[Plan]:
    """One plan for each number of blocks at a limit of the check."""
    per_block = _clicks_per_bit(usual.bit_error) * SENT_BITS / link.bits
    for_check = _checks_needed(usual, limit, eps)
    out = []
    for blocks in _BLOCKS:
        slots = blocks * per_block / usual.gain / (1.0 - link.check_share) if usual.gain else np.inf
        if for_check is not None:
            slots = max(slots, 1.1 * for_check / (usual.check_gain * link.check_share))
        if for_check is None or not slots <= _MOST_SLOTS:
            break
        out.append(Plan(link, int(np.ceil(slots)), blocks, _secret(link, slots, blocks, limit, eps), limit, usual, eps))
    return out


def _secret(link: Link, slots: float, blocks: int, limit: float, eps: float) -> int:
    n = slots * (1.0 - link.check_share)
    photons = link.transmittance * (1.0 if link.mean_photons is None else link.mean_photons)
    finite = 7.0 * np.sqrt(n * min(1.0, photons) * np.log2(2.0 / eps)) + 2.0 * np.log2(1.0 / eps)
    return int(np.floor(blocks * PAYLOAD - n * leak_bit(link, limit) - finite))
