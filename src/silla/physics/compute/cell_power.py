"""Power of a base-station cell after 3GPP TR 38.864: relative units, sleep states, and watts by a declared anchor.

A cell is active in a slot, or idle. Active downlink slots cost the TR's scaled power; idle slots cost micro sleep or
less, when a run of idle slots is long enough for a deeper state and saves more than the transition costs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register

__all__ = [
    "DEFAULT_ANCHOR",
    "POLICIES",
    "PowerAnchor",
    "PowerStates",
    "beyond_reference",
    "cell_off_energy_j",
    "idle_run_counts",
    "mean_relative_power",
    "power_states",
    "relative_dl_power",
    "relative_ul_power",
    "scaling_from_configuration",
    "watts_per_unit",
]

TR_38_864 = Citation(
    "TR38.864",
    "3GPP TR 38.864 V18.1.0, Study on network energy savings for NR, clause 5.1 and Table 5.1-3",
    "https://www.3gpp.org/dynareport/38864.htm",
)
OPERATOR_TEST_2019 = Citation(
    "OperatorTest2019",
    "Operator measurements of 5G sites in Guangzhou and Shenzhen, published 2019: three-sector 64T64R site at 100 % "
    "load, 3852.5 W without air conditioning",
    "https://www.txrjy.com/thread-1083529-1-1.html",
)

STATIC_SHARE_OF_DYNAMIC = 0.4  # the TR's A: share of the dynamic power that does not follow the radiated power
POLICIES = ("none", "micro", "light", "deep")  # deepest state allowed; "none" keeps the transmit chain on
SCALE_RANGE = Range(0.0, 16.0, "times the reference configuration")
BANDWIDTH_SCALE_RANGE = Range(0.0, 256.0, "times the reference configuration")
FLAG_BEYOND = 4.0  # times the reference configuration; from there on the unscaled static power misleads
SHARE_RANGE = Range(0.0, 1.0, "")
SSB_PERIOD_RANGE = Range(5e-3, 160e-3, "s")  # TS 38.213 clause 4.1: 5, 10, 20, 40, 80, 160 ms


@dataclass(frozen=True)
class PowerStates:
    """Relative power of the five states of TR 38.864, and what it costs to enter and leave sleep.

    deep, light, micro, dl, ul : relative power (deep sleep of the same category = 1).
    *_energy_ms : additional transition energy in relative power times milliseconds; *_time_ms : total transition time.
    n_txru, bandwidth_hz, tx_power_dbm : the configuration to which dl and ul belong.
    """

    deep: float
    light: float
    micro: float
    dl: float
    ul: float
    deep_energy_ms: float
    deep_time_ms: float
    light_energy_ms: float
    light_time_ms: float
    n_txru: int
    bandwidth_hz: float
    tx_power_dbm: float
    tdd: bool


_POWERS = {
    (1, 1): (1.0, 25.0, 55.0, 280.0, 110.0),
    (1, 2): (1.0, 25.0, 50.0, 200.0, 90.0),
    (1, 3): (1.0, 25.0, 38.0, 152.0, 80.0),
    (2, 1): (1.0, 2.1, 5.5, 32.0, 6.5),
    (2, 2): (1.0, 2.1, 5.0, 26.0, 5.8),
    (2, 3): (1.0, 2.1, 3.0, 17.6, 4.2),
}
_TRANSITIONS = {1: (1000.0, 50.0, 90.0, 6.0), 2: (17000.0, 10000.0, 1088.0, 640.0)}
_REFERENCES = {1: (64, 100e6, 55.0, True), 2: (32, 20e6, 49.0, False), 3: (2, 100e6, 33.0, True)}


def power_states(category: int, reference_set: int) -> PowerStates:
    """The row of TR 38.864 Table 5.1-3 for a category (1, 2) and a reference set (1, 2, 3).

    Set 1: FR1 TDD 100 MHz, 64 TxRU, 55 dBm. Set 2: FR1 FDD 20 MHz, 32 TxRU, 49 dBm. Set 3: FR2 TDD 100 MHz, 2 TxRU,
    33 dBm. Raises ArgumentError for any other pair.

    >>> power_states(1, 1).dl
    280.0
    """
    if (category, reference_set) not in _POWERS:
        raise ArgumentError(
            f"TR 38.864 has no power states for category {category}, set {reference_set}; "
            "allowed are categories 1 and 2 and sets 1, 2 and 3"
        )
    return PowerStates(*_POWERS[category, reference_set], *_TRANSITIONS[category], *_REFERENCES[reference_set])


def relative_dl_power(
    s_a: ArrayLike = 1.0,
    s_f: ArrayLike = 1.0,
    s_p: ArrayLike = 1.0,
    *,
    category: int = 1,
    reference_set: int = 1,
    pa_efficiency: ArrayLike = 1.0,
):
    """Relative power of an active downlink slot, shape of the broadcast arguments.

    P = P3 + s_a (P4 - P3) (A + (1 - A) s_f s_p / eta), A = 0.4 (TR 38.864 clause 5.1).

    Parameters
    ----------
    s_a : active transceiver chains over those of the reference set.
    s_f : occupied bandwidth over that of the reference set.
    s_p : power spectral density per chain over that of the reference set.
    pa_efficiency : eta, the amplifier's efficiency at this output over that at the reference, 0.05 to 1.5. The TR
        leaves it to the reporting company; 1 is its constant-efficiency case.

    Raises DomainError for s_a or s_f s_p / eta above 16. Left out: the TR does not scale the static part P3, nor the
    0.4 share with bandwidth, so carriers much wider than the reference are underestimated: see `beyond_reference`.

    >>> float(relative_dl_power(s_f=0.0))
    145.0
    """
    states = power_states(category, reference_set)
    check_domain("s_a", s_a, SCALE_RANGE, what="TR 38.864 downlink power")
    for name, value in (("s_f", s_f), ("s_p", s_p)):
        check_domain(name, value, BANDWIDTH_SCALE_RANGE, what="TR 38.864 downlink power")
    check_domain("pa_efficiency", pa_efficiency, Range(0.05, 1.5, ""), what="TR 38.864 downlink power")
    radiated = np.asarray(s_f, float) * np.asarray(s_p, float) / np.asarray(pa_efficiency, float)
    check_domain("s_f s_p / eta", radiated, SCALE_RANGE, what="TR 38.864 downlink power")
    share = STATIC_SHARE_OF_DYNAMIC + (1.0 - STATIC_SHARE_OF_DYNAMIC) * radiated
    return states.micro + np.asarray(s_a, float) * (states.dl - states.micro) * share


def relative_ul_power(s_a: ArrayLike = 1.0, *, category: int = 1, reference_set: int = 1):
    """Relative power of an active uplink slot: P3 + s_a (P5 - P3) (TR 38.864 clause 5.1).

    >>> float(relative_ul_power(1.0))
    110.0
    """
    states = power_states(category, reference_set)
    check_domain("s_a", s_a, SCALE_RANGE, what="TR 38.864 uplink power")
    return states.micro + np.asarray(s_a, float) * (states.ul - states.micro)


def scaling_from_configuration(
    n_txru: ArrayLike, bandwidth_hz: ArrayLike, tx_power_dbm: ArrayLike, *, reference_set: int = 1
):
    """(s_a, s_f, s_p) of a cell that transmits `tx_power_dbm` over `bandwidth_hz` from `n_txru` chains at full load.

    The ratios are taken to the reference set, so that s_a s_f s_p is the ratio of radiated powers. The caller
    multiplies s_f by the occupied share of the carrier.

    >>> [float(s) for s in scaling_from_configuration(64, 100e6, 55.0)]
    [1.0, 1.0, 1.0]
    """
    n_ref, bandwidth_ref, power_ref_dbm, _ = _REFERENCES[reference_set]
    s_a = np.asarray(n_txru, float) / n_ref
    s_f = np.asarray(bandwidth_hz, float) / bandwidth_ref
    power_ratio = np.power(10.0, (np.asarray(tx_power_dbm, float) - power_ref_dbm) / 10.0)
    return s_a, s_f, power_ratio / (s_a * s_f)


def beyond_reference(s_a: ArrayLike, s_f: ArrayLike):
    """True where a cell has more than four times the chains or the bandwidth of the reference set.

    There the TR's rule of scaling the dynamic power alone is stretched and the result errs low; a report says so.
    """
    return (np.asarray(s_a, float) > FLAG_BEYOND) | (np.asarray(s_f, float) > FLAG_BEYOND)


def idle_run_counts(idle_probability: ArrayLike, window_slots: int) -> np.ndarray:
    """Expected number of maximal runs of exactly k idle slots, k = 1..window, shape (..., window_slots).

    Slots are idle independently with probability p inside a window closed by active slots on both sides:
    N_k = p^k (2 (1-p) + (W-k-1) (1-p)^2) for k < W, N_W = p^W. Sum of k N_k is p W.
    """
    p = np.asarray(idle_probability, float)[..., None]
    k = np.arange(1, window_slots + 1)
    q = 1.0 - p
    interior = p**k * (2.0 * q + (window_slots - k - 1) * q**2)
    return np.where(k == window_slots, p**k, interior)


def _sleep_saving(idle_probability: np.ndarray, window: int, slot_s: float, states: PowerStates, policy: str):
    """Relative power times seconds saved per window against micro sleep, by the best state for each idle run."""
    duration_ms = np.arange(1, window + 1) * slot_s * 1e3
    saving = np.zeros(window)
    options = [(states.light, states.light_energy_ms, states.light_time_ms)]
    if policy == "deep":
        options.append((states.deep, states.deep_energy_ms, states.deep_time_ms))
    for power, energy_ms, time_ms in options:
        gain = (states.micro - power) * duration_ms - energy_ms
        saving = np.maximum(saving, np.where(duration_ms >= time_ms, gain, 0.0))
    return idle_run_counts(idle_probability, window) @ saving * 1e-3


def mean_relative_power(
    dl_load: ArrayLike,
    ul_load: ArrayLike = 0.0,
    *,
    policy: str = "micro",
    category: int = 1,
    reference_set: int = 1,
    s_a: ArrayLike = 1.0,
    s_f: ArrayLike = 1.0,
    s_p: ArrayLike = 1.0,
    pa_efficiency: ArrayLike = 1.0,
    dl_share: float = 0.75,
    slot_fill: float = 1.0,
    slot_s: float = 0.5e-3,
    ssb_period_s: float = 20e-3,
    n_ssb_slots: int = 4,
    ssb_fill: float = 20.0 / 273.0,
):
    """Mean relative power of a cell, shape of the broadcast loads and scalings.

    Parameters
    ----------
    dl_load, ul_load : share of the downlink and uplink resources in use, 0..1.
    policy : deepest state allowed in idle slots. ``none`` keeps the chains on: an idle downlink slot costs the formula
        at s_f = 0. ``light`` and ``deep`` choose, for each run of idle slots, the state of least energy whose
        transition time fits; the additional transition energy is charged.
    s_a, s_f, s_p : the cell's full-load scaling, see `scaling_from_configuration`.
    dl_share : downlink share of the slots (TDD). FDD sets use every slot for both; their dynamic powers add.
    slot_fill : occupied share of the carrier in an active slot. 1 concentrates the traffic in few slots; a load above
        slot_fill makes every slot active and fills the carrier further.
    ssb_period_s, n_ssb_slots, ssb_fill : every period starts with that many active downlink slots (SS/PBCH blocks,
        occupying ssb_fill of the carrier when there is no traffic), so no sleep is longer than the rest of the period.

    Model: slots are active independently with probability load / slot_fill. The scheduler knows the length of an idle
    run, so the saving is an upper bound for schedulers that do not. Left out: power of baseband pools elsewhere,
    cooling (see `energy.py`), ramps shorter than a slot.

    Raises DomainError for loads outside 0..1 and ArgumentError for an unknown policy.

    >>> round(float(mean_relative_power(1.0, 1.0)), 6)
    237.5
    """
    if policy not in POLICIES:
        raise ArgumentError(f"sleep policy {policy!r} is unknown; allowed: {', '.join(POLICIES)}")
    for name, value in (("dl_load", dl_load), ("ul_load", ul_load), ("dl_share", dl_share)):
        check_domain(name, value, SHARE_RANGE, what="cell power")
    check_domain("slot_fill", slot_fill, Range(0.01, 1.0, ""), what="cell power")
    check_domain("ssb_period_s", ssb_period_s, SSB_PERIOD_RANGE, what="cell power")
    states = power_states(category, reference_set)
    n_slots = round(ssb_period_s / slot_s)
    if not 0 <= n_ssb_slots < n_slots:
        raise ArgumentError(f"{n_ssb_slots} SSB slots do not fit a period of {n_slots} slots")
    load, ul = np.asarray(dl_load, float), np.asarray(ul_load, float)
    fill = np.maximum(load, slot_fill)
    active = load / fill
    kind = {"category": category, "reference_set": reference_set}

    def dl_power(share):
        return relative_dl_power(s_a, np.asarray(s_f, float) * share, s_p, pa_efficiency=pa_efficiency, **kind)

    empty = dl_power(0.0) if policy == "none" else states.micro
    traffic_slot = active * dl_power(fill) + (1.0 - active) * empty
    ssb_slot = active * dl_power(np.maximum(fill, ssb_fill)) + (1.0 - active) * dl_power(ssb_fill)
    ul_extra = (relative_ul_power(s_a, **kind) - states.micro) * (1.0 if policy == "none" else ul)
    window, ssb_time = n_slots - n_ssb_slots, n_ssb_slots / n_slots
    if states.tdd:
        # the SSB slots are taken out of the downlink's share; the rest of the period keeps the uplink's slots
        ul_time = min(1.0 - dl_share, 1.0 - ssb_time)
        dl_time = 1.0 - ssb_time - ul_time
        mean = ssb_time * ssb_slot + dl_time * traffic_slot + ul_time * (states.micro + ul_extra)
        idle = (dl_time * (1.0 - active) + ul_time * (1.0 - ul)) / (1.0 - ssb_time)
    else:
        mean = ssb_time * ssb_slot + (1.0 - ssb_time) * traffic_slot + ul_extra
        idle = (1.0 - active) * (1.0 - ul)
    if policy in ("light", "deep"):
        mean = mean - _sleep_saving(idle, window, slot_s, states, policy) / ssb_period_s
    return mean


@dataclass(frozen=True)
class PowerAnchor:
    """Declared watts of a cell in a stated condition: what turns the TR's relative units into watts.

    watts : measured mean power of one fully loaded cell; the other fields say at which configuration.
    """

    watts: float
    source: Citation
    category: int = 1
    reference_set: int = 1
    dl_share: float = 0.75


# One third of a loaded three-sector 64T64R site with its baseband unit; the set-1 configuration of the TR.
DEFAULT_ANCHOR = PowerAnchor(3852.5 / 3.0, OPERATOR_TEST_2019)


def watts_per_unit(anchor: PowerAnchor = DEFAULT_ANCHOR, *, category: int = 1) -> float:
    """Watts of one unit of relative power of `category`, so that the anchor's cell at full load draws its watts.

    The two categories of the TR describe different hardware of the same reference configuration, so each is scaled to
    the same loaded cell. Assumed, since the TR states no watts: one unit is the same in the three sets of a category.
    For an FR2 or FDD cell of known power give an anchor of that set.

    >>> round(watts_per_unit(), 3)
    5.407
    """
    full = mean_relative_power(
        1.0, 1.0, category=category, reference_set=anchor.reference_set, dl_share=anchor.dl_share, policy="micro"
    )
    return anchor.watts / float(full)


def cell_off_energy_j(off_s: ArrayLike, watts_unit: ArrayLike, *, category: int = 1, reference_set: int = 1):
    """Joules of a cell switched off (deep sleep) for `off_s` seconds, one way in and out charged.

    Raises DomainError when the time is shorter than the transition. The cell carries no traffic and no SSB meanwhile;
    its neighbours must cover.
    """
    states = power_states(category, reference_set)
    shortest = states.deep_time_ms * 1e-3
    check_domain("off_s", off_s, Range(shortest, 31_536_000.0, "s"), what="cell switched off")
    return (states.deep * np.asarray(off_s, float) + states.deep_energy_ms * 1e-3) * np.asarray(watts_unit, float)


register(
    ModelCard(
        id="compute.cell_power.dl",
        title="Base-station power in an active downlink slot, TR 38.864",
        function=relative_dl_power,
        sources=(TR_38_864,),
        valid=dict.fromkeys(("s_a", "s_f", "s_p"), SCALE_RANGE),
        references=(
            Reference({"s_a": 1.0, "s_f": 1.0, "s_p": 1.0}, 280.0, "TR 38.864 Table 5.1-3, category 1, set 1, P4"),
            Reference({"s_f": 0.0}, 145.0, "the clause 5.1 formula: 55 + 225 x 0.4", rel=1e-12),
        ),
        increasing=("s_a", "s_f", "s_p"),
        left_out="scaling of the static power, switching faster than a slot",
    )
)
register(
    ModelCard(
        id="compute.cell_power.mean",
        title="Mean power of a cell with sleep in idle slots, TR 38.864 states",
        function=mean_relative_power,
        sources=(TR_38_864, OPERATOR_TEST_2019),
        valid={"dl_load": Range(0.0, 1.0, ""), "ul_load": Range(0.0, 1.0, "")},
        references=(
            Reference({"dl_load": 1.0, "ul_load": 1.0}, 237.5, "0.75 P4 + 0.25 P5 of category 1, set 1", rel=1e-12),
        ),
        increasing=("dl_load", "ul_load"),
        left_out="schedulers that do not know the length of an idle run",
    )
)
