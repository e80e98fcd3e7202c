"""What an eavesdropper may know of a direct message, bounded by what the sender's check counts at each intensity.

The sender checks a random share of what reaches her, so check and message pulses are alike, whoever sent them:

    L = (A - A_1) b + A_1 H(e_1) + n chi(mu_out)                             bits of n message pulses

A : pulses that leave the sender's station with any photon; A_1 : those of them that were prepared with one photon, by
decoy states; e_1 : error rate of the latter in the check; H(e) : what the line's errors tell (`dl04`, `hd_qsdc`);
b : message bits of a pulse. Pulses of several photons, and photons that Eve adds, count whole. chi : Holevo's bound on
light that is shone into the encoder and reflected.

Bounds on yields and errors are those of decoy BB84: asymptotic `decoy_bb84.single_photon_bounds` (Ma, Qi, Zhao and Lo,
PRA 72, 012326 (2005)), of counts `finite_key.single_photon_counts` (Lim et al., PRA 89, 022307 (2014); Rusca et al.,
APL 112, 171104 (2018)). Wyner, Bell Syst. Tech. J. 54, 1355 (1975), for L as what coding must spend.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register
from silla.physics.quantum.channel import Received, gain_and_error
from silla.physics.quantum.decoy_bb84 import DECOYS, single_photon_bounds
from silla.physics.quantum.entropy import binary_entropy
from silla.physics.quantum.finite_key import sampled_error, single_photon_counts

__all__ = [
    "CheckedLine",
    "Leak",
    "Station",
    "encoder_leak",
    "honest_check",
    "leak_from_counts",
    "pulse_leak",
    "symbol_leak",
]

_REFLECTED = Range(0.0, 1e6, "photons per pulse")
_LINE = Range(1e-20, 1.0, "")
_ERROR = Range(0.0, 0.5, "")
_INTENSITY = Range(1e-5, 2.0, "photons per pulse")
_WHAT = "direct messages"


@dataclass(frozen=True)
class Station:
    """A check station as calibrated. efficiency : chance that a photon which has reached it clicks where it counts,
    dead time included; dark : clicks without light per pulse; bits : of a message pulse; qubit : DL04's encoding, which
    phase and bit errors both tell, rather than time bins."""

    efficiency: Any
    dark: Any
    bits: Any
    qubit: bool = True

    @property
    def dark_error(self) -> Any:
        """Share of dark clicks that are wrong: all symbols are alike to them."""
        return 0.5 if self.qubit else 1.0 - 2.0**-self.bits


class CheckedLine(NamedTuple):
    """Bits per pulse that Eve may know of one intensity, and what that rests on; broadcast shape of the inputs."""

    leak: Any
    arrived: Any  # pulses that leave the station with a photon, upper bound
    single: Any  # those prepared with one photon, lower bound
    single_error: Any  # their error rate in the check, upper bound


class Leak(NamedTuple):
    """Bits of the message pulses that Eve may know, and what that rests on."""

    bit: float
    arrived: float  # message pulses with a photon, upper bound
    single: float  # those prepared with one photon, lower bound
    single_error: float  # upper bound
    single_share: float  # single / arrived


def symbol_leak(error: ArrayLike, bits: ArrayLike, qubit: bool = True):
    """H(e) bits of a single photon's symbol at an error rate e of the check, at most `bits`.

    h(2 e) of qubits (`dl04`: e in either basis), h(e) + e log2(N - 1) of N time bins (`hd_qsdc`).

    >>> float(symbol_leak(0.25, 1.0)), float(symbol_leak(0.75, 2.0, qubit=False))
    (1.0, 2.0)
    """
    e, b = np.asarray(error, float), np.asarray(bits, float)
    if qubit:
        return (binary_entropy(np.minimum(2.0 * e, 0.5)) * b)[()]
    n = 2.0**b
    e = np.minimum(e, 1.0 - 1.0 / n)
    return np.minimum(binary_entropy(e) + e * np.log2(n - 1.0), b)[()]


def encoder_leak(reflected: ArrayLike, bits: ArrayLike = 1.0, qubit: bool = True):
    """Bits of a symbol that light reflected out of the encoder tells at most, reflected mean photons per pulse.

    Holevo's bound of N = 2^bits equally likely coherent states of pairwise overlap c: the Gram matrix has the
    eigenvalues (1 + (N - 1) c) / N, once, and (1 - c) / N, N - 1 times. A qubit's encoder turns the field to its
    opposite at worst, c = exp(-2 mu); delays put it into another bin, c = exp(-mu).

    >>> float(encoder_leak(0.0)), round(float(encoder_leak(100.0, 3.0, qubit=False)), 6)
    (0.0, 3.0)
    """
    check_domain("reflected", reflected, _REFLECTED, what="Trojan horse on direct messages")
    mu, n = np.asarray(reflected, float), 2.0 ** np.asarray(bits, float)
    gap = -np.expm1(-(2.0 if qubit else 1.0) * mu)  # 1 - c
    small, large = gap / n, 1.0 - gap * (n - 1.0) / n
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(x > 0.0, -x * np.log2(x), 0.0) for x in (large, small)]
    return (parts[0] + (n - 1.0) * parts[1])[()]


def honest_check(line: ArrayLike, station: Station, misalignment: ArrayLike) -> Callable[[Any], Received]:
    """Gain and errors of the check at an intensity when nobody is on the line. Raises DomainError outside 200 dB."""
    check_domain("transmittance", line, _LINE, what=_WHAT, advice="1e-20 stands for 200 dB")
    check_domain("misalignment", misalignment, _ERROR, what=_WHAT)
    eta = np.asarray(line, float) * station.efficiency

    def received(k: Any) -> Received:
        return gain_and_error(k, eta, y0=station.dark, misalignment=misalignment, e0=station.dark_error)

    return received


def pulse_leak(
    received: Callable[[Any], Received],
    station: Station,
    *,
    mu: ArrayLike,
    nu: ArrayLike | None = None,
    decoys: str = "vacuum+weak",
    reflected: ArrayLike = 0.0,
) -> CheckedLine:
    """Bits per message pulse of intensity mu that Eve may know, from what the check counts; infinitely long runs.

    received : gain and errors of the check at an intensity (`honest_check`, or those of an attacked line), called for
    mu, nu and 0. nu : of the weak decoy, None a fifth of mu. decoys : "vacuum+weak", "one-decoy" or "none"; exact
    single-photon figures are in `dl04` and `hd_qsdc` themselves. reflected : mean photons a Trojan horse gets back.

    >>> at = Station(0.2, 1e-8, 1.0)
    >>> found = pulse_leak(honest_check(0.5, at, 0.002), at, mu=0.1)
    >>> 0.005 < float(found.leak) < 0.007, bool(found.leak < pulse_leak(honest_check(0.5, at, 0.002), at, mu=0.1,
    ...     decoys="none").leak)
    (True, True)
    """
    if decoys not in DECOYS[1:]:
        raise ArgumentError(f"{_WHAT}: decoys is {decoys!r}, allowed {', '.join(DECOYS[1:])}")
    check_domain("mu", mu, _INTENSITY, what=_WHAT)
    mu = np.asarray(mu, float)
    weak = 0.2 * mu if nu is None else np.asarray(nu, float)
    y1, e1y1 = single_photon_bounds(decoys, received, mu, weak, None, station.dark, 0.0, station.dark_error)
    lit = (1.0 - station.dark) * station.efficiency
    arrived = np.maximum(received(mu).gain - station.dark, 0.0) / lit
    single = np.clip(mu * np.exp(-mu) * (y1 - station.dark) / lit, 0.0, arrived)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(y1 > 0.0, np.clip(e1y1 / y1, 0.0, 1.0), 1.0)
    told = single * symbol_leak(error, station.bits, station.qubit) + (arrived - single) * station.bits
    whole = told + encoder_leak(reflected, station.bits, station.qubit)
    return CheckedLine(np.minimum(whole, station.bits)[()], arrived[()], single[()], error[()])


def leak_from_counts(
    clicks: ArrayLike,
    errors: ArrayLike,
    station: Station,
    *,
    n_check: float,
    n_message: float,
    intensities: ArrayLike | None,
    probabilities: ArrayLike = (1.0,),
    reflected: float = 0.0,
    eps: float = 1e-10,
) -> Leak:
    """Bits of n_message pulses that Eve may know, from counts of n_check checked pulses; wrong with chance 8 eps.

    Parameters
    ----------
    clicks, errors : [K] of checks that count, at each intensity. n_check : pulses whose check would count, of all
    intensities; n_message : pulses for the message. intensities : [K] mean photons, falling, K = 3, 2 or 1 (no decoy);
    None for single photons. probabilities : [K]. reflected : mean photons per pulse that a Trojan horse gets back.

    Clicks, darkness aside, are a random sample of what arrived. Poisson limits bound the number behind a count, that of
    Hoeffding what of it fell to the message. Decoys never make it worse: what needs none, that every pulse of several
    photons clicked and that all errors are those of single ones, bounds the rest too.

    >>> at = Station(0.1, 0.0, 1.0)
    >>> found = leak_from_counts([8000], [16], at, n_check=1e5, n_message=4e5, intensities=None)
    >>> 330e3 < found.arrived < 350e3, 0.001 < found.single_error < 0.01
    (True, True)
    """
    n, m = np.asarray(clicks, float), np.asarray(errors, float)
    mu = np.array([1.0]) if intensities is None else np.asarray(intensities, float)
    p = np.asarray(probabilities, float)
    if not len(n) == len(m) == len(mu) == len(p) or len(n) > 3:
        raise ArgumentError("direct messages: counts, intensities and probabilities need the same length, 1 to 3")
    ratio = n_message / max(n_check, 1.0)
    dark = n_check * station.dark
    arrived = _behind(max(_upper(n.sum(), eps) - _lower(dark, eps), 0.0), station, ratio, eps, up=True)
    arrived = min(arrived, float(n_message))
    s1, v1 = _singles(n, m, mu if intensities is not None else None, p, station, n_check, eps)
    single = min(_behind(max(_lower(s1, eps), 0.0), station, ratio, eps, up=False), arrived)
    error = float(sampled_error(max(single, 1.0), s1, v1, eps, 1.0)) if s1 >= 1.0 else 0.5
    told = station.bits if error >= 0.5 else float(symbol_leak(error, station.bits, station.qubit))
    bit = (arrived - single) * station.bits + single * told
    bit += n_message * float(encoder_leak(reflected, station.bits, station.qubit))
    return Leak(min(bit, n_message * station.bits), arrived, single, error, single / arrived if arrived > 0.0 else 1.0)


def _singles(n, m, mu, p, station: Station, n_check: float, eps: float) -> tuple[float, float]:
    """(clicks of single photons, low; wrong ones, high) without what darkness adds to the former."""
    if mu is None:
        return float(n[0]), float(m[0])
    share = mu * np.exp(-mu) * p
    dark = _upper(n_check * station.dark, eps) if station.dark > 0.0 else 0.0
    # All pulses of several photons may have clicked, and all errors may be those of single photons: no decoy is needed.
    several = _upper(n_check * float((-np.expm1(-mu) * p - share).sum()), eps)
    s1, v1 = float(n.sum()) - several - dark, float(m.sum())
    if len(mu) > 1:
        _, more, fewer = single_photon_counts(n, m, mu, p, eps=eps)
        s1, v1 = max(s1, float(more) - dark * float(share.sum())), min(v1, float(fewer))
    return max(s1, 0.0), v1


def _behind(counted: float, station: Station, ratio: float, eps: float, *, up: bool) -> float:
    """Message pulses behind a number of checks that clicked; Hoeffding's limit for how the choice fell."""
    expected = counted / station.efficiency * ratio
    spread = np.sqrt(0.5 * expected * (1.0 + 1.0 / max(ratio, 1e-12)) * np.log(1.0 / eps))
    return float(expected + spread if up else max(expected - spread, 0.0))


def _upper(count: float, eps: float) -> float:
    """The greatest Poisson mean under which so few are not rarer than eps."""
    from scipy.special import gammainccinv

    return float(gammainccinv(count + 1.0, eps))


def _lower(count: float, eps: float) -> float:
    """The least Poisson mean under which so many are not rarer than eps."""
    from scipy.special import gammaincinv

    return float(gammaincinv(count, eps)) if count > 0.0 else 0.0


def _card_leak(transmittance: float, mu: float, misalignment: float) -> float:
    at = Station(0.2, 1e-8, 1.0)
    return float(pulse_leak(honest_check(transmittance, at, misalignment), at, mu=mu, nu=0.01 * mu).leak)


register(
    ModelCard(
        id="quantum.direct_decoys.leak",
        title="Direct messages: what an eavesdropper may know, bounded by decoy states",
        function=_card_leak,
        sources=(
            Citation(
                "wyner1975",
                "A. D. Wyner, The wire-tap channel, Bell Syst. Tech. J. 54, 1355 (1975)",
                "https://doi.org/10.1002/j.1538-7305.1975.tb02040.x",
            ),
            Citation(
                "lim2014",
                "C. C. W. Lim, M. Curty, N. Walenta, F. Xu, H. Zbinden, Concise security bounds for practical "
                "decoy-state quantum key distribution, Phys. Rev. A 89, 022307 (2014)",
                "https://doi.org/10.1103/PhysRevA.89.022307",
            ),
        ),
        valid={
            "transmittance": _LINE,
            "mu": _INTENSITY,
            "misalignment": _ERROR,
        },
        references=(
            Reference(
                {"transmittance": 0.5, "mu": 0.1, "misalignment": 0.0},
                0.0045090,
                "closed form, weakest decoy: [1 - exp(-mu T eta)] / eta - mu T exp(-mu), no errors",
                rel=5e-3,
            ),
        ),
        increasing=("misalignment", "mu"),
        left_out="decoys are ideal; the calibrated efficiency of the check is trusted",
    )
)
