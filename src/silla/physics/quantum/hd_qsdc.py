"""High-dimensional direct communication with single photons in time bins: secrecy capacity and bits per second.

Bob sends a photon in one of N time bins, or, to check the line, spread over all of them with one of N phase patterns.
Alice measures some of the latter and delays the former by k bins (cyclically), k = 0..N-1, on their way back: log2 N
message bits. Bob, who knows the bin he used, reads k from the arrival time. Long frames spend a detector's dead time
on photons that carry more bits each.

    C = Q_B [log2 N - H_N(e_B)] - Q_E H_N(e_phase)          H_N(e) = h(e) + e log2(N - 1)          bit per frame

Q_B, e_B: Bob's clicks per frame and share of wrong bins after both ways; e_phase: share of wrong phase patterns at
Alice's check; Q_E: photons that leave Alice's station, all of which Eve is given without loss (pulses of more photons
count log2 N each). Why H_N(e_phase): a delay commutes with nothing but the phase patterns, so averaging over k leaves
the photon dephased in them, and what Eve's purification of the line then tells is the entropy of the line's phase
errors, whatever its bin errors. The tests repeat this by diagonalisation. The maximum at a given e_phase is that of
equally likely wrong patterns.

Ahn, Park, Lee and Lee, Sci. Rep. 14, 888 (2024), and US patent 12,621,060 (claim 1): the scheme (delay coding, phase
states for the check alone, frames laid out with a pause of the dead time: `guard`). The bound on Eve is derived here
for collective attacks on the way out; the source's own formulas were not at hand, and its curves are not compared.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register
from silla.physics.quantum.channel import CHANNEL_RANGES
from silla.physics.quantum.direct_decoys import Station, encoder_leak, honest_check, pulse_leak
from silla.physics.quantum.dl04 import EFFICIENCY, INTENSITY, LINE, DirectRate
from silla.physics.quantum.entropy import binary_entropy
from silla.physics.quantum.optimise import maximise

__all__ = [
    "DIMENSION",
    "MessageRate",
    "best_dimension",
    "best_intensity",
    "live_share",
    "message_rate",
    "moved_share",
    "secrecy_capacity",
    "symbol_entropy",
    "with_false",
]

DIMENSION = Range(2.0, 4096.0, "time bins")
MISALIGNMENT = Range(0.0, 0.5, "")
BIN = Range(1e-12, 1e-3, "s")
DEAD_TIME = Range(0.0, 1.0, "s")

AHN2024 = Citation(
    "ahn2024",
    "B. Ahn, J. Park, J. Lee, S. Lee, High-dimensional single photon based quantum secure direct communication using "
    "time and phase mode degrees, Sci. Rep. 14, 888 (2024)",
    "https://doi.org/10.1038/s41598-024-51212-6",
)


class MessageRate(NamedTuple):
    """Result of `message_rate`; broadcast shape of the inputs."""

    rate_bit_per_s: Any  # secret message bits, 0 where none
    signed_bit_per_s: Any  # before clipping
    frame_s: Any  # time from one photon to the next
    live_share: Any  # share of Bob's clicks that dead time leaves
    direct: DirectRate  # per frame, before dead time


def symbol_entropy(error: ArrayLike, dimension: ArrayLike):
    """H_N(e) = h(e) + e log2(N - 1) bits: N symbols, errors equally likely in each wrong one; log2 N from e = 1 - 1/N.

    >>> float(symbol_entropy(0.75, 4))
    2.0
    """
    n = np.asarray(dimension, float)
    e = np.minimum(np.asarray(error, float), 1.0 - 1.0 / n)
    return (binary_entropy(e) + e * np.log2(n - 1.0))[()]


def secrecy_capacity(
    dimension: ArrayLike,
    transmittance: ArrayLike,
    *,
    misalignment: ArrayLike,
    y0: ArrayLike,
    receiver_efficiency: ArrayLike,
    check_efficiency: ArrayLike | None = None,
    mean_photons: ArrayLike | None = None,
    check_share: float = 0.0,
    decoys: str = "infinite",
    nu: ArrayLike | None = None,
    reflected: ArrayLike = 0.0,
    afterpulse: ArrayLike = 0.0,
    moved: ArrayLike = 0.0,
) -> DirectRate:
    """Secret message bits per frame that Bob sends out.

    Parameters
    ----------
    dimension : N time bins, whole numbers of 2 and above. transmittance : of the line, one way; it is passed twice.
    misalignment : share of clicks in a wrong bin or a wrong phase pattern after one way.
    y0 : background clicks per time bin, at either end. receiver_efficiency : Bob's optics and detector.
    check_efficiency : Alice's for phase patterns; None takes Bob's over N, the share that a passive tree of delay
    interferometers keeps. mean_photons : of a weak pulse with decoy states; None is an ideal single photon.
    check_share : of frames spent on the check. decoys, nu, reflected : as in `dl04.secrecy_capacity`.
    afterpulse : false clicks per click of Bob's that fall into a bin of a message frame, first generation. moved :
    share of Bob's clicks that his detector's jitter moves into another bin.

    Left out: finite statistics (`direct_decoys.leak_from_counts`), storage of frames while the check is made.
    Raises DomainError outside the ranges.

    >>> float(secrecy_capacity(16, 0.5, misalignment=0.0, y0=0.0, receiver_efficiency=1.0).capacity)
    1.0
    """
    n = _dimension(dimension)
    bob = np.asarray(receiver_efficiency, float)
    alice = bob / n if check_efficiency is None else np.asarray(check_efficiency, float)
    _check(transmittance, misalignment, y0, bob, alice, mean_photons, check_share)
    line, e_d = np.asarray(transmittance, float), np.asarray(misalignment, float)
    background = _background(n, y0)
    both_ways = 1.0 - (1.0 - 2.0 * e_d + e_d**2 * n / (n - 1.0)) * (1.0 - np.asarray(moved, float))
    gain, error = _received(_clicks(mean_photons, line**2 * bob), background, both_ways, n)
    gain, error = with_false(gain, error, np.asarray(afterpulse, float), 1.0 - 1.0 / n)
    _, check = _received(line * alice, background, e_d, n)  # decoy states tell the single photons' error rate
    if mean_photons is None or decoys == "infinite":
        eve = _eve_bit(mean_photons, line, symbol_entropy(check, n), np.log2(n))
        eve = np.minimum(eve + encoder_leak(reflected, np.log2(n), qubit=False), np.log2(n))
    else:
        at = Station(alice, background, np.log2(n), qubit=False)
        received = honest_check(line, at, e_d)
        eve = pulse_leak(received, at, mu=mean_photons, nu=nu, decoys=decoys, reflected=reflected).leak
    signed = (1.0 - check_share) * (gain * (np.log2(n) - symbol_entropy(error, n)) - eve)
    return DirectRate(np.maximum(signed, 0.0), signed, gain, error, check, eve)


def _dimension(dimension: ArrayLike):
    n = np.asarray(dimension, float)
    check_domain("dimension", n, DIMENSION, what="high-dimensional QSDC")
    check_domain(
        "dimension, its fraction,", n % 1.0, Range(0.0, 0.0, ""), what="high-dimensional QSDC", advice="count bins"
    )
    return n


def _background(n, y0):
    """Chance of a background click in a frame of n bins."""
    return -np.expm1(n * np.log1p(-np.asarray(y0, float)))


def live_share(clicks: ArrayLike, dead_frames: ArrayLike):
    """Share of the clicks that a dead time of m frames leaves, of `clicks` per frame in equally likely bins.

    1 / (1 + clicks B), B the photons of later frames that a click blinds: the sum over j >= 1 of
    P(b2 - b1 < (m - j) N).

    >>> float(live_share(0.5, 2.5))
    0.5
    """
    m = np.asarray(dead_frames, float)
    return 1.0 / (1.0 + np.asarray(clicks, float) * np.where(m < 1.0, 0.5 * m**2, m - 0.5))


def _clicks(mu, eta):
    return eta if mu is None else -np.expm1(-np.asarray(mu, float) * eta)


def _received(signal, background, error, n):
    """Clicks per frame and share of wrong symbols; background clicks fall in any bin."""
    gain = background + (1.0 - background) * signal
    with np.errstate(divide="ignore", invalid="ignore"):
        wrong = (background * (1.0 - 1.0 / n) + (1.0 - background) * signal * error) / gain
    return gain, np.where(gain > 0.0, wrong, 1.0 - 1.0 / n)[()]


def with_false(gain, error, afterpulse, wrong):
    """(gain, error) with after-pulses, which fall anywhere: into frames without a click, or before or after one.

    afterpulse : false clicks per click. wrong : share of false clicks that are wrong, 1 - 1/N. All broadcast.

    >>> [float(x.round(6)) for x in with_false(np.array(0.5), np.array(0.0), 0.1, 1.0)]
    [0.525, 0.071429]
    """
    false = np.minimum(afterpulse * gain, 1.0)
    total = gain + (1.0 - gain) * false
    mistakes = gain * (error * (1.0 - 0.5 * false) + 0.5 * false * wrong) + (1.0 - gain) * false * wrong
    with np.errstate(divide="ignore", invalid="ignore"):
        return total, np.where(total > 0.0, mistakes / total, wrong)[()]


def moved_share(bin_s: ArrayLike, jitter_s: ArrayLike):
    """Share of clicks that a normal jitter moves out of a bin in whose middle the photon comes: erfc(b / (2^1.5 s)).

    >>> float(moved_share(1e-9, 0.0)), round(float(moved_share(1e-9, 0.5e-9)), 4)
    (0.0, 0.3173)
    """
    from scipy.special import erfc

    check_domain("jitter_s", jitter_s, Range(0.0, 1e-3, "s"), what="high-dimensional QSDC")
    width, spread = np.asarray(bin_s, float), np.asarray(jitter_s, float)
    with np.errstate(divide="ignore"):
        return erfc(width / (2.0**1.5 * spread))[()]


def _eve_bit(mu, line, known, whole):
    """Bits per frame: one-photon pulses that reach Alice leak `known`, those with more leak `whole`."""
    if mu is None:
        return line * known
    mu = np.asarray(mu, float)
    one = mu * np.exp(-mu) * line
    return one * known + (-np.expm1(-mu * line) - one) * whole


def message_rate(
    dimension: ArrayLike,
    transmittance: ArrayLike,
    *,
    bin_s: ArrayLike,
    dead_time_s: ArrayLike = 0.0,
    guard: bool = False,
    jitter_s: ArrayLike = 0.0,
    **arguments: Any,
) -> MessageRate:
    """Secret message bits per second of frames of N bins; `arguments` are those of `secrecy_capacity` without `moved`.

    Parameters
    ----------
    bin_s : width of a time bin. dead_time_s : of Bob's detector after a click. jitter_s : standard deviation of the
    time of his clicks. afterpulse : of all clicks of his, of which those count that fall into bins of message frames.
    guard : False, frames follow one another (N bin_s each) and clicks within the dead time are lost, a share
        1 / (1 + clicks B) of them kept, where a click blinds the photons of B = m - 1/2 frames of the m that the dead
        time lasts (m^2 / 2 below one: the bins of two frames must be closer), and frames spent on the check
        bring Bob background alone; True, a pause after each frame keeps the next photon out of the dead time: frames
        of (N - 1) bin_s + max(bin_s, dead_time_s), nothing lost.

    A lost click loses Bob's bits and not Eve's, so without a guard the first term alone is thinned, and a detector that
    is mostly blind may leave no secret at all where a guard would. Non-paralysable dead time; bins of clicks are taken
    as independent, which photon by photon is right to 3 %; traps that empty within a frame are taken to empty anywhere.

    >>> found = message_rate(16, 0.5, bin_s=1e-9, misalignment=0.0, y0=0.0, receiver_efficiency=1.0)
    >>> float(found.rate_bit_per_s.round(0))
    62500000.0
    """
    n = _dimension(dimension)
    check_domain("bin_s", bin_s, BIN, what="high-dimensional QSDC", advice="bins of 0.1 to 10 ns are usual")
    check_domain("dead_time_s", dead_time_s, DEAD_TIME, what="high-dimensional QSDC")
    width, dead = np.asarray(bin_s, float), np.asarray(dead_time_s, float)
    frame = (n - 1.0) * width + np.maximum(width, dead) if guard else n * width
    kept = 1.0 - float(arguments.get("check_share", 0.0))
    false = np.asarray(arguments.pop("afterpulse", 0.0), float) * kept * n * width / frame
    moved = moved_share(width, jitter_s)
    if guard:  # half of what leaves the first and the last bin falls into a pause
        lost, bob = moved / n, np.asarray(arguments["receiver_efficiency"], float)
        check = arguments.get("check_efficiency")
        arguments |= {
            "receiver_efficiency": bob * (1.0 - lost),
            "check_efficiency": bob / n if check is None else check,
        }
        moved = (moved - lost) / (1.0 - lost)
    direct = secrecy_capacity(n, transmittance, moved=moved, **arguments)

    def alive(gain):
        clicks = kept * gain + (1.0 - kept) * _background(n, arguments["y0"])
        return np.ones(np.shape(frame)) if guard else live_share(clicks, dead / frame)

    live = alive(direct.gain)
    if np.any(false > 0.0):  # only clicks that were seen fill traps
        direct = secrecy_capacity(n, transmittance, moved=moved, afterpulse=false * live, **arguments)
        live = alive(direct.gain)
    signed = (live * (direct.signed + kept * direct.eve_bit) - kept * direct.eve_bit) / frame
    return MessageRate(np.maximum(signed, 0.0), signed, frame, live, direct)


def best_intensity(dimension: ArrayLike, transmittance: ArrayLike, **arguments: Any) -> tuple[DirectRate, Any]:
    """`secrecy_capacity` of weak pulses at the best mean photon number (1e-4 to 1), and that number, to 1e-4 of itself.

    `arguments` are those of `secrecy_capacity` without `mean_photons`; they broadcast to the shape of `dimension` and
    `transmittance` together.

    >>> found, mu = best_intensity(4, 0.8, misalignment=0.001, y0=1e-8, receiver_efficiency=0.8)
    >>> 0.02 < float(found.capacity) < 0.4, 0.1 < float(mu) < 1.0
    (True, True)
    """
    n, line = np.broadcast_arrays(np.asarray(dimension, float), np.asarray(transmittance, float))

    def rate(mu):
        return secrecy_capacity(n, line, mean_photons=mu, **arguments).signed

    mu = maximise(rate, {"mu": (1e-4, 1.0)}, shape=n.shape)["mu"]
    return secrecy_capacity(n, line, mean_photons=mu, **arguments), mu


def best_dimension(
    transmittance: ArrayLike, *, dimensions: ArrayLike = (2, 4, 8, 16, 32, 64, 128, 256), **arguments: Any
) -> tuple[MessageRate, Any]:
    """`message_rate` at the best of `dimensions` for each element, and that dimension.

    `arguments` are those of `message_rate`. Where no dimension carries a message, the least negative one.

    >>> clean = {"misalignment": 0.0, "y0": 0.0, "receiver_efficiency": 1.0}
    >>> found, n = best_dimension(1.0, bin_s=1e-9, dead_time_s=100e-9, **clean)
    >>> int(n)
    64
    """
    tried = np.asarray(dimensions, float)
    rates = [message_rate(n, transmittance, **arguments).signed_bit_per_s for n in tried]
    best = tried[np.argmax(np.stack(np.broadcast_arrays(*rates)), axis=0)]
    return message_rate(best, transmittance, **arguments), best


def _check(line, e_d, y0, bob, alice, mu, share) -> None:
    what = "high-dimensional QSDC"
    check_domain("transmittance", line, LINE, what=what)
    check_domain("misalignment", e_d, MISALIGNMENT, what=what, advice="the message passes the line twice")
    check_domain("y0", y0, CHANNEL_RANGES["y0"], what=what)
    check_domain("receiver_efficiency", bob, EFFICIENCY, what=what)
    check_domain("check_efficiency", alice, Range(1e-10, 1.0, ""), what=what)
    check_domain("check_share", share, Range(0.0, 0.99, ""), what=what)
    if mu is not None:
        check_domain("mean_photons", mu, INTENSITY, what=what)


def _card_capacity(**arguments):
    return secrecy_capacity(**arguments).capacity


register(
    ModelCard(
        id="quantum.hd_qsdc.secrecy_capacity",
        title="High-dimensional time-bin direct communication: secrecy capacity of the wiretap channel",
        function=_card_capacity,
        sources=(AHN2024,),
        valid={
            "dimension": DIMENSION,
            "transmittance": LINE,
            "misalignment": MISALIGNMENT,
            "y0": CHANNEL_RANGES["y0"],
            "receiver_efficiency": EFFICIENCY,
        },
        references=(
            Reference(
                {
                    "dimension": 8,
                    "transmittance": 0.1,
                    "misalignment": 0.0,
                    "y0": 0.0,
                    "receiver_efficiency": 0.5,
                },
                0.015,
                "closed form without errors: log2 N photons' worth of both ways times the receiver",
                rel=1e-12,
            ),
            Reference(
                {
                    "dimension": 2,
                    "transmittance": 1.0,
                    "misalignment": 0.01,
                    "y0": 0.0,
                    "receiver_efficiency": 1.0,
                },
                0.7788907,
                "1 - h(0.0198) - h(0.01)",
                absolute=1e-6,
            ),
        ),
        increasing=("receiver_efficiency",),
        decreasing=("misalignment", "y0"),
        left_out="finite statistics, quantum memory, the source's own security formulas",
        version=2,  # dead time: message frames alone, and no second photon within a frame
    )
)
