"""Loads, interference and rates of all carriers at once: one fixed point per direction.

A user is served on every carrier at the same time by its strongest cell there, and needs the share of time
tau = offered rate / sum over carriers of its rate. A cell's load is the sum of its users' shares, at most 1; loads set
the interference, interference the rates, rates the loads. Rates fall when loads rise, so the iteration from an empty
network rises monotonically to the least fixed point (Yates, IEEE JSAC 13(7), 1995; Majewski and Koonert, 2010, for
cell load coupling).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from silla.physics.radio.received import weigh_cells

__all__ = ["CarrierLinks", "Loaded", "StepTable", "layered_table", "solve"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_TOLERANCE = 1e-4
_ITERATIONS = 60
_FREE_ITERATIONS = 20


@dataclass(frozen=True)
class StepTable:
    """Spectral efficiency as a rising step function: efficiency[i] bit/s/Hz from linear SINR threshold[i] on."""

    threshold: Floats
    efficiency: Floats

    def __call__(self, sinr: Floats) -> Floats:
        """Efficiency at linear SINRs; 0 below the first threshold."""
        return self._steps[np.searchsorted(self.threshold, sinr, side="right")]

    @cached_property
    def _steps(self) -> Floats:
        return np.concatenate([[0.0], self.efficiency])


def layered_table(threshold: Floats, efficiency: Floats, layers: int) -> StepTable:
    """The best of 1 to `layers` equal spatial layers that share the power: L SE(SINR / L), as one step function.

    threshold, efficiency : of one layer, linear SINR and bit/s/Hz. Left out: unequal and correlated layers.
    """
    counts = np.arange(1, layers + 1)[:, None]
    t, e = (counts * threshold).ravel(), (counts * efficiency).ravel()
    order = np.lexsort((-e, t))
    t, e = t[order], e[order]
    rising = e > np.concatenate([[0.0], np.maximum.accumulate(e)[:-1]])
    return StepTable(t[rising], e[rising])


@dataclass(frozen=True)
class CarrierLinks:
    """One direction of one carrier in one drop.

    serving : [n_users] cell (column of `interference`) that serves each user; signal_w [n_users] its received power.
    interference : [n_users, n_cells] received power of each fully loaded cell, float32 (downlink).
    noise_w, bandwidth_hz : over the carrier; bandwidth net of overhead and of the direction's share of time.
    few_layers : [n_users] bool, users with line of sight, who get `table_few` instead of `table`.
    width : [n_users] share of the carrier that a user's power can fill, 1 in the downlink.
    """

    serving: Ints
    signal_w: Floats
    interference: NDArray[np.float32]
    noise_w: float
    bandwidth_hz: float
    few_layers: NDArray[np.bool_]
    table: StepTable
    table_few: StepTable
    n_cells: int
    width: Floats

    def rates(self, load: Floats, granted: Floats) -> tuple[Floats, Floats]:
        """(linear SINR, bit/s on the whole carrier) of each user when cells have these loads.

        granted : [n_users] share of its cell's resources that each user takes; not needed here, where cells interfere.
        """
        total = weigh_cells(self.interference, load)
        sinr = self.signal_w / (np.maximum(total - self.own * load[self.serving], 0.0) + self.noise_w)
        return sinr, self.efficiency(sinr) * self.bandwidth_hz

    @cached_property
    def own(self) -> NDArray[np.float32]:
        """Each user's entry of `interference` at its own cell."""
        return self.interference[np.arange(len(self.serving)), self.serving]

    def efficiency(self, sinr: Floats) -> Floats:
        """Spectral efficiency of each user at these linear SINRs."""
        return np.where(self.few_layers, self.table_few(sinr), self.table(sinr))


@dataclass(frozen=True)
class Loaded:
    """The fixed point.

    load : per carrier [n_cells]; sinr, rate, carried : per carrier [n_users], rate in bit/s on the whole carrier,
    carried in bit/s; served_bit_per_s [n_users]; throughput_bit_per_s [n_users] of a file transfer beside the others
    (processor sharing: rate x (1 - load)); converged.
    """

    load: list[Floats]
    sinr: list[Floats]
    rate: list[Floats]
    carried: list[Floats]
    served_bit_per_s: Floats
    throughput_bit_per_s: Floats
    converged: bool


def solve(links: list[CarrierLinks], offered_bit_per_s: Floats) -> Loaded:
    """Loads and rates of a drop; see the module for the equation.

    Users whose cell is overloaded share it in proportion to the time they ask for, at most all of it. `throughput`
    follows Bonald and Proutiere (2003): a flow in an M/G/1 processor-sharing cell progresses at rate x (1 - load).

    A user that interference drives off a carrier frees time there, and a full cell shares its time anew; with steps in
    the rates such a network may have no fixed point. After 20 iterations loads may therefore only rise: the iteration
    ends, with interference over-estimated rather than under-estimated.
    """
    load = [np.zeros(link.n_cells) for link in links]
    granted = [np.zeros(len(offered_bit_per_s)) for _ in links]
    converged = False
    sinr, rate, wanted = _evaluate(links, load, granted, offered_bit_per_s)
    for iteration in range(_ITERATIONS):
        before = load + granted
        load, granted = _grant(links, wanted)
        if iteration >= _FREE_ITERATIONS:
            after = [np.maximum(new, old) for new, old in zip(load + granted, before, strict=True)]
            load, granted = after[: len(links)], after[len(links) :]
        sinr, rate, wanted = _evaluate(links, load, granted, offered_bit_per_s)
        if _change(before, load + granted) < _TOLERANCE:
            converged = True
            break
    load, granted = _grant(links, wanted)
    carried = [r * g for r, g in zip(rate, granted)]
    served = np.sum(carried, axis=0) if links else np.zeros(len(offered_bit_per_s))
    throughput = np.zeros(len(offered_bit_per_s))
    for k, r, x, g in zip(links, rate, load, granted):
        throughput += r * np.minimum(np.maximum(1.0 - x[k.serving], g), k.width)
    return Loaded(load, sinr, rate, carried, served, throughput, converged)


def _change(before: list[Floats], after: list[Floats]) -> float:
    """Greatest change of any load or grant."""
    return max((float(np.abs(a - b).max(initial=0.0)) for a, b in zip(before, after, strict=True)), default=0.0)


def _grant(links: list[CarrierLinks], wanted: list[Floats]) -> tuple[list[Floats], list[Floats]]:
    """(load of the cells, resources granted to each user): all that is asked, scaled down where it exceeds a cell."""
    asked = [np.bincount(k.serving, w, minlength=k.n_cells) for k, w in zip(links, wanted)]
    granted = [w / np.maximum(a, 1.0)[k.serving] for k, w, a in zip(links, wanted, asked)]
    return [np.minimum(a, 1.0) for a in asked], granted


def _evaluate(links: list[CarrierLinks], load: list[Floats], granted: list[Floats], offered: Floats):
    both = [k.rates(x, g) for k, x, g in zip(links, load, granted)]
    sinr, rate = [b[0] for b in both], [b[1] for b in both]
    total = np.sum(rate, axis=0) if rate else np.zeros(len(offered))
    share = np.divide(offered, total, out=np.zeros(len(offered)), where=total > 0)
    # A user out of a carrier's reach takes none of its time.
    return sinr, rate, [np.where(r > 0, np.minimum(share, k.width), 0.0) for k, r in zip(links, rate)]
