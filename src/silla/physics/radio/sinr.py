"""Association, interference and the load-coupled fixed point of a network of cells; uplink power control.

Cells interfere in proportion to how busy they are, and are busier the more they are interfered with. The loads are the
least fixed point of a standard interference function (Yates, IEEE JSAC 13(7), 1995), reached from zero by iteration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation, ModelCard, Reference, register
from silla.base.units import from_db
from silla.physics.radio.modulation import RateTable
from silla.physics.radio.rate import efficiency_of
from silla.physics.radio.received import strongest, weigh_cells, weigh_users

__all__ = [
    "LoadedNetwork",
    "associate",
    "downlink_sinr",
    "load_fixed_point",
    "shannon_efficiency",
    "table_efficiency",
    "uplink_power_dbm",
    "uplink_sinr",
    "wideband_sir",
]

_F64 = NDArray[np.float64]
YATES1995 = Citation(
    "Yates1995",
    "R. D. Yates, A framework for uplink power control in cellular radio systems, IEEE JSAC 13(7), 1995",
    "https://doi.org/10.1109/49.414651",
)
TS38213 = Citation("TS38213", "3GPP TS 38.213, NR; Physical layer procedures for control, V17.5.0", "clause 7.1.1")
_INT = NDArray[np.intp]


def associate(gain: NDArray[np.floating], tx_power_w: ArrayLike) -> _INT:
    """Index of each user's serving cell: the greatest received reference power, P_c g_uc (TS 38.215 clause 5.1.1).

    gain : [n_users, n_cells] linear coupling gain; tx_power_w : [n_cells]. Ties go to the first cell.
    """
    power = np.broadcast_to(np.asarray(tx_power_w, dtype=float), gain.shape[1:])
    if gain.dtype == np.float32:
        return strongest(gain, power)
    return np.argmax(gain * power, axis=1)


def downlink_sinr(
    gain: NDArray[np.floating], serving: _INT, tx_power_w: ArrayLike, noise_w: float, load: ArrayLike = 1.0,
    serving_gain: ArrayLike | None = None,
) -> _F64:  # fmt: skip
    """SINR [n_users], linear: P_s g_us / (sum over other cells of rho_c P_c g_uc + noise).

    Parameters
    ----------
    gain : [n_users, n_cells] towards interfered users (mean over beams where cells beamform).
    load : rho, [n_cells] or scalar in [0, 1], share of resources a cell transmits on.
    serving_gain : [n_users] gain to the serving cell where it differs from `gain` (its best beam).
    noise_w : receiver noise over the same bandwidth as tx_power_w.
    """
    users = np.arange(len(gain))
    power = np.broadcast_to(np.asarray(tx_power_w, dtype=float), gain.shape[1:])
    rho = np.broadcast_to(np.asarray(load, dtype=float), power.shape)
    own = gain[users, serving] * power[serving]
    total = weigh_cells(gain, power * rho) if gain.dtype == np.float32 else gain @ (power * rho)
    interference = np.maximum(total - own * rho[serving], 0.0)
    signal = own if serving_gain is None else np.asarray(serving_gain, dtype=float) * power[serving]
    return signal / (interference + noise_w)


def wideband_sir(gain: NDArray[np.floating], serving: _INT, tx_power_w: ArrayLike) -> _F64:
    """Signal-to-interference ratio [n_users] with every cell at full load and no noise."""
    with np.errstate(divide="ignore"):
        return downlink_sinr(gain, serving, tx_power_w, 0.0)


def shannon_efficiency(sinr: _F64) -> _F64:
    """log2(1 + sinr) in bit/s/Hz."""
    return np.log2(1.0 + sinr)


def table_efficiency(table: RateTable) -> Callable[[_F64], _F64]:
    """`efficiency_of` with the table bound, as `load_fixed_point` takes it."""

    def efficiency(sinr: _F64) -> _F64:
        return efficiency_of(sinr, table)

    return efficiency


class LoadedNetwork(NamedTuple):
    """The fixed point: loads [n_cells] in [0, 1], SINR [n_users], granted rate [n_users] in bit/s, steps taken.

    demanded_load : what the cells would need, above 1 where a cell is overloaded (infinite for users out of reach).
    """

    load: _F64
    sinr: _F64
    rate_bit_per_s: _F64
    demanded_load: _F64
    n_iterations: int


def load_fixed_point(
    gain: NDArray[np.floating], serving: _INT, tx_power_w: ArrayLike, noise_w: float, bandwidth_hz: float,
    demand_bit_per_s: ArrayLike, efficiency: Callable[[_F64], _F64] = shannon_efficiency, *,
    serving_gain: ArrayLike | None = None, tolerance: float = 1e-6, max_iterations: int = 1000,
) -> LoadedNetwork:  # fmt: skip
    """Loads such that every cell transmits on just the resources that its users' demand needs, or on all of them.

    rho_c = min(1, sum over users u of c of d_u / (B eff(sinr_u(rho)))), iterated from rho = 0. The map is monotone and
    bounded by 1, so the loads rise to the least fixed point; with a stepwise `efficiency` (a rate table) the same holds
    and the end is reached in finitely many steps.

    Parameters
    ----------
    gain, serving, tx_power_w, noise_w, serving_gain : as `downlink_sinr`.
    bandwidth_hz : B, after overhead; demand_bit_per_s : [n_users].
    efficiency : bit/s/Hz of an SINR array, nondecreasing (`shannon_efficiency`, or `table_efficiency(table)`).

    A full cell shares its resources in proportion to what its users need, so all of them get the same share of their
    demand. Users out of reach without any interference get nothing and claim nothing; users that interference puts out
    of reach get nothing and go on claiming what they last needed, which keeps the map monotone. Raises ArgumentError
    when the loads still move by more than `tolerance` after `max_iterations`.
    """
    n_cells, step = gain.shape[1], 0
    demand = np.broadcast_to(np.asarray(demand_bit_per_s, dtype=float), (len(gain),))
    load, share = np.zeros(n_cells), np.zeros(len(gain))
    while True:
        step += 1
        sinr = downlink_sinr(gain, serving, tx_power_w, noise_w, load, serving_gain)
        per_hz = efficiency(sinr)
        share = np.where(per_hz > 0, demand / (bandwidth_hz * np.where(per_hz > 0, per_hz, 1.0)), share)
        need = np.bincount(serving, share, minlength=n_cells).astype(float)
        new = np.maximum(np.minimum(need, 1.0), load)  # monotone by theory; this guards the last digits
        moved, load = float(np.max(new - load, initial=0.0)), new
        if moved <= tolerance:
            break
        if step >= max_iterations:
            raise ArgumentError(f"load_fixed_point: loads still move by {moved:g} after {max_iterations} iterations")
    granted = np.where(need > 1.0, 1.0 / np.maximum(need, 1.0), 1.0)[serving]
    return LoadedNetwork(load, sinr, np.where(per_hz > 0, demand * granted, 0.0), need, step)


def uplink_power_dbm(
    path_loss_db: ArrayLike, n_prb: ArrayLike, p0_dbm: float = -90.0, alpha: float = 0.8, p_max_dbm: float = 23.0,
    scs_khz: int = 15,
) -> _F64:  # fmt: skip
    """Transmit power in dBm of fractional power control, open loop.

    min(P_CMAX, P_O + 10 log10(2^mu M_RB) + alpha PL): TS 38.213 clause 7.1.1 without the closed-loop and
    transport-format terms. alpha = 1 is full compensation, 0 none. p0_dbm per resource block at 15 kHz.
    """
    if not 0.0 <= alpha <= 1.0:
        raise ArgumentError(f"uplink_power_dbm: alpha is {alpha:g}, allowed 0 to 1")
    blocks = np.asarray(n_prb, dtype=float) * scs_khz / 15.0
    wanted = p0_dbm + 10.0 * np.log10(blocks) + alpha * np.asarray(path_loss_db, dtype=float)
    return np.minimum(p_max_dbm, wanted)


def uplink_sinr(
    gain: NDArray[np.floating], serving: _INT, user_power_dbm: ArrayLike, noise_w: float, activity: ArrayLike = 1.0
) -> _F64:
    """Uplink SINR [n_users]: each cell hears its own user and, from every other cell, the activity-weighted users.

    P_u g_us / (sum over users v of other cells of a_v P_v g_vs + noise). `activity` [n_users] is the share of its
    cell's resources that a user occupies, so a full cell's activities sum to 1: intra-cell users are orthogonal.
    """
    users = np.arange(len(gain))
    power = from_db(user_power_dbm) * 1e-3 * np.ones(len(gain))
    weighted = power * np.broadcast_to(np.asarray(activity, dtype=float), power.shape)
    heard = weigh_users(gain, weighted) if gain.dtype == np.float32 else weighted @ gain  # by each cell, from everyone
    own = np.bincount(serving, weighted * gain[users, serving], minlength=gain.shape[1])
    interference = np.maximum(heard - own, 0.0)
    return power * gain[users, serving] / (interference[serving] + noise_w)


def _pair_load(demand_bit_per_s_per_hz: float) -> float:
    """Load of two equal cells whose user hears both at 1 W over noise of 0.5 W: one equation in one unknown."""
    both = np.ones((2, 2))
    return float(load_fixed_point(both, np.arange(2), 1.0, 0.5, 1.0, demand_bit_per_s_per_hz, tolerance=1e-12).load[0])


register(
    ModelCard(
        id="radio.sinr.load_fixed_point",
        title="Load-coupled interference",
        function=_pair_load,
        sources=(YATES1995,),
        references=(
            Reference(
                {"demand_bit_per_s_per_hz": 0.5}, 0.5, "x log2(1 + 1 / (x + 0.5)) = 0.5 at x = 0.5", absolute=1e-9
            ),
        ),
        increasing=("demand_bit_per_s_per_hz",),
        left_out="time variation of the loads, coordination between cells",
    )
)
register(
    ModelCard(
        id="radio.sinr.uplink_power",
        title="Uplink power control",
        function=uplink_power_dbm,
        sources=(TS38213,),
        references=(
            Reference(
                {"path_loss_db": 100.0, "n_prb": 50, "p0_dbm": -80.0, "alpha": 0.8, "p_max_dbm": 23.0, "scs_khz": 30},
                20.0,
                "-80 + 10 log10(100) + 80 by hand",
                absolute=1e-9,
            ),
        ),
        increasing=("path_loss_db",),
        left_out="closed loop and transport-format terms",
    )
)
