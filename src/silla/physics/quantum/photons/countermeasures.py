"""What shows an attack that error rates do not, and what a Trojan horse costs.

Trojan horse. The reflected light of the four settings is |a>, |ia>, |-a>, |-ia> with |a|^2 = mu_out. Between the two
bases' states the quantum coin is unbalanced by

    Delta = [1 - exp(-mu_out) cos(mu_out)] / 2,    Delta' = Delta / Y_1
    e_ph <= e + 4 Delta'(1 - Delta')(1 - 2e) + 4 (1 - 2 Delta') sqrt(Delta'(1 - Delta') e (1 - e))

Lucamarini et al., PRX 5, 031030 (2015); Gottesman, Lo, Luetkenhaus and Preskill, QIC 4, 325 (2004). The light that may
come back is what the fibre bears, times the isolation both ways.

Blinding. A watchdog looks at the detectors' photocurrent, at the clicks of empty pulses and at double clicks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register
from silla.physics.quantum.entropy import binary_entropy

if TYPE_CHECKING:
    from silla.physics.quantum.photons.attacks import Attack
    from silla.physics.quantum.photons.decoy import DecoyCounts

__all__ = [
    "Alarm",
    "bright_light",
    "coin_imbalance",
    "photocurrent_a",
    "reflected_photons",
    "trojan_key_rate",
    "trojan_phase_error",
    "unambiguous_share",
    "watch",
]

_PHOTONS = Range(0.0, 100.0, "photons per pulse")
_PLANCK_J_S, _LIGHT_M_S = 6.62607015e-34, 299_792_458.0


def unambiguous_share(mean_photons: ArrayLike):
    """Chance to tell four coherent states, a quarter turn apart, without error; same shape as the input.

    4 min over r of exp(-mu) sum over m = r mod 4 of mu^m / m!  (Chefles and Barnett, Phys. Lett. A 250, 223 (1998);
    van Enk, PRA 66, 042313 (2002)); 2 mu^3 / 3 for weak light.

    >>> float(unambiguous_share(0.01).round(9))
    6.6e-07
    """
    check_domain("mean_photons", mean_photons, _PHOTONS, what="Trojan horse")
    mu = np.asarray(mean_photons, float)
    m = np.arange(400.0).reshape(-1, *([1] * mu.ndim))
    terms = np.cumprod(np.where(m == 0, 1.0, mu / np.maximum(m, 1.0)), axis=0)
    parts = np.stack([terms[r::4].sum(axis=0) for r in range(4)])
    return np.minimum(4.0 * parts.min(axis=0) * np.exp(-mu), 1.0)[()]


def coin_imbalance(mean_photons: ArrayLike):
    """Delta of reflected light; same shape as the input.

    >>> float(coin_imbalance(0.01).round(6))
    0.005
    """
    check_domain("mean_photons", mean_photons, _PHOTONS, what="Trojan horse")
    mu = np.asarray(mean_photons, float)
    # 1 - exp(-mu) cos(mu) without the difference of like numbers
    return (0.5 * (-np.expm1(-mu) + np.exp(-mu) * 2.0 * np.sin(0.5 * mu) ** 2))[()]


def trojan_phase_error(error: ArrayLike, mean_photons: ArrayLike, single_yield: ArrayLike):
    """Phase error rate of single photons that must be allowed for; 1/2 where the light tells all.

    error : of single photons, 0 to 1/2. mean_photons : reflected per pulse. single_yield : Y_1, because Eve may keep
    the clicks that she knows and drop others.

    >>> float(trojan_phase_error(0.01, 0.0, 0.1).round(6))
    0.01
    """
    check_domain("error", error, Range(0.0, 0.5, ""), what="Trojan horse")
    check_domain("single_yield", single_yield, Range(1e-20, 1.0, ""), what="Trojan horse")
    coin = np.minimum(coin_imbalance(mean_photons) / np.asarray(single_yield, float), 0.5)
    # with sin^2 t = 4 Delta'(1 - Delta') and sin^2 s = e the bound is sin^2(t + s); beyond 1/2 nothing is left
    angle = np.arcsin(2.0 * np.sqrt(coin * (1.0 - coin))) + np.arcsin(np.sqrt(np.asarray(error, float)))
    return (np.sin(np.minimum(angle, 0.25 * np.pi)) ** 2)[()]


def trojan_key_rate(
    gain: ArrayLike,
    qber: ArrayLike,
    single_gain: ArrayLike,
    single_error: ArrayLike,
    single_yield: ArrayLike,
    mean_photons: ArrayLike,
    *,
    error_correction: float = 1.22,
    sifting: float = 0.5,
):
    """Secret bits per pulse of decoy BB84 with reflected light, 0 where none; broadcast shape of the inputs.

    q { Q_1 [1 - h(e_ph)] - f Q h(E) } with the phase error of `trojan_phase_error`.

    >>> float(trojan_key_rate(0.02, 0.03, 0.01, 0.03, 0.04, 1e-9).round(6)) < 0.0025
    True
    """
    phase = trojan_phase_error(single_error, mean_photons, single_yield)
    secret = np.asarray(single_gain, float) * (1.0 - binary_entropy(phase))
    paid = error_correction * np.asarray(gain, float) * binary_entropy(np.minimum(qber, 0.5))
    return np.maximum(sifting * (secret - paid), 0.0)[()]


def reflected_photons(
    isolation_db: ArrayLike, *, power_w: float = 9.0, clock_hz: float = 1e9, wavelength_m: float = 1550e-9
):
    """Mean reflected photons per pulse: the power that the fibre bears, through the isolation of both ways together.

    power_w : at which fibre or fuse give way; 9 W is what Lucamarini et al. take from measurements of damage.

    >>> bool(1e-7 < reflected_photons(170.0) < 1e-6)
    True
    """
    check_domain("isolation_db", isolation_db, Range(0.0, 400.0, "dB"), what="Trojan horse")
    check_domain("power_w", power_w, Range(0.0, 1e3, "W"), what="Trojan horse")
    per_pulse = power_w * wavelength_m / (_PLANCK_J_S * _LIGHT_M_S * clock_hz)
    return (per_pulse * 10.0 ** (-np.asarray(isolation_db, float) / 10.0))[()]


class Alarm(NamedTuple):
    """What the watchdog saw. p-values: chance of counts so unlike those of the honest line, were the line honest."""

    photocurrent_a: float
    photocurrent_alarm: bool
    vacuum_p_value: float
    double_p_value: float
    alarm: bool


def watch(
    honest: DecoyCounts,
    counts: DecoyCounts,
    *,
    attack: Attack | None = None,
    responsivity_a_per_w: float = 0.9,
    current_limit_a: float = 1e-6,
    false_alarm: float = 1e-6,
) -> Alarm:
    """Whether detectors behave like single-photon detectors.

    Photocurrent: responsivity times the bright light on a detector, against a limit. Clicks of the weakest intensity
    and double clicks of the strongest: as shares of the pulses sent, against those of a calibration of the honest line,
    by the exact conditional binomial test of two Poisson means (Przyborowski and Wilenski, Biometrika 31, 313 (1940)).
    attack : what shines in (its `power_w`), None for nothing. false_alarm : of the two tests together.

    >>> from silla.physics.quantum.presets import GYS
    >>> from silla.physics.quantum.photons.attacks import Blinding
    >>> from silla.physics.quantum.photons.decoy import DecoyLink, simulate
    >>> link = DecoyLink.of(GYS, 2.0)
    >>> honest, attacked = simulate(link, 10**8, seed=1), simulate(link, 10**8, seed=2, attack=Blinding())
    >>> watch(honest, simulate(link, 10**8, seed=3)).alarm, watch(honest, attacked).alarm
    (False, True)
    """
    if not 0.0 < false_alarm < 1.0:
        raise ArgumentError(f"false_alarm is {false_alarm}; allowed: above 0, below 1")
    last = int(max(counts.labels["intensity"]))
    p = tuple(
        _same_rate(clicks(honest), honest.n_sifted_sent(k), clicks(counts), counts.n_sifted_sent(k))
        for k, clicks in ((last, lambda c: c.n_clicks(last)), (0, lambda c: c.n_doubles(0)))
    )
    current = photocurrent_a(attack, responsivity_a_per_w)
    bright = bool(current > current_limit_a)
    return Alarm(float(current), bright, p[0], p[1], bright or min(p) < 0.5 * false_alarm)


def photocurrent_a(attack: Attack | None, responsivity_a_per_w: float = 0.9) -> float:
    """Mean photocurrent of a detector into which an attacker shines; 0 A for attacks that blind none.

    >>> from silla.physics.quantum.photons.attacks import Blinding
    >>> round(photocurrent_a(Blinding(0.5)), 6)
    0.00045
    """
    return responsivity_a_per_w * getattr(attack, "power_w", 0.0) * getattr(attack, "share", 0.0)


def bright_light(attack: Attack | None, *, current_limit_a: float = 1e-6, reflected_limit: float = 1e-3) -> str:
    """What a watchdog on detectors and encoder says of the light that comes in; empty for nothing out of the ordinary.

    current_limit_a : of the detectors' photocurrent. reflected_limit : mean photons per pulse; light of which more is
    reflected out of the encoder comes in as a beam that a monitor behind a tap sees (Lucamarini et al. 2015, Fig. 1).

    >>> from silla.physics.quantum.photons.attacks import Blinding, InterceptResend
    >>> bright_light(Blinding()), bright_light(InterceptResend())
    ('bright light: a photocurrent of 0.0009 A, and the limit is 1e-06 A', '')
    """
    current, back = photocurrent_a(attack), getattr(attack, "mean_photons", 0.0)
    if current > current_limit_a:
        return f"bright light: a photocurrent of {current:.3g} A, and the limit is {current_limit_a:g} A"
    if back > reflected_limit:
        return f"light enters the encoder: {back:.3g} photons per pulse come back out, and {reflected_limit:g} may"
    return ""


def _same_rate(first: int, n_first: int, second: int, n_second: int) -> float:
    from scipy.stats import binomtest

    if first + second == 0:
        return 1.0
    return float(binomtest(second, first + second, n_second / (n_first + n_second)).pvalue)


_LUCAMARINI = Citation(
    "lucamarini2015",
    "M. Lucamarini, I. Choi, M. B. Ward, J. F. Dynes, Z. L. Yuan, A. J. Shields, Practical security bounds against the "
    "Trojan-horse attack in quantum key distribution, Phys. Rev. X 5, 031030 (2015)",
    "https://doi.org/10.1103/PhysRevX.5.031030",
)
register(
    ModelCard(
        id="quantum.photons.trojan_phase_error",
        title="Phase error that light reflected out of the sender must be allowed for",
        function=trojan_phase_error,
        sources=(_LUCAMARINI,),
        valid={"error": Range(0.0, 0.5, ""), "mean_photons": _PHOTONS, "single_yield": Range(1e-20, 1.0, "")},
        references=(
            Reference(
                {"error": 0.02, "mean_photons": 1e-7, "single_yield": 0.01},
                0.0212714,
                "the bound worked out by hand: Delta' = 5e-6",
                rel=1e-5,
            ),
        ),
        increasing=("error", "mean_photons"),
        decreasing=("single_yield",),
        left_out="finite statistics, light that carries the intensity's choice",
    )
)
register(
    ModelCard(
        id="quantum.photons.unambiguous_share",
        title="Telling four reflected phase states apart without error",
        function=unambiguous_share,
        sources=(
            Citation(
                "chefles1998",
                "A. Chefles, S. M. Barnett, Optimum unambiguous discrimination between linearly independent symmetric "
                "states, Phys. Lett. A 250, 223 (1998)",
                "https://doi.org/10.1016/S0375-9601(98)00827-5",
            ),
        ),
        valid={"mean_photons": _PHOTONS},
        references=(Reference({"mean_photons": 0.01}, 6.60033e-7, "2 mu^3 exp(-mu) / 3 for weak light", rel=1e-5),),
    )
)
