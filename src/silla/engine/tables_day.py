"""Tables of the day: series with intervals over replicate days. Columns: docs/results.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from silla.engine.day import VariantDay
from silla.engine.keys import STATES
from silla.engine.plan import Plan
from silla.results.stats import Moments
from silla.results.tables import Column, Table

__all__ = ["day_tables"]

Floats = NDArray[np.float64]


class _Rows:
    """Columns that grow by blocks of equal length."""

    def __init__(self, name: str, description: str, *spec: tuple[str, str, str]):
        self.name, self.description, self.spec = name, description, spec
        self.blocks: dict[str, list[NDArray[Any]]] = {column: [] for column, _, _ in spec}

    def add(self, length: int, /, **values: Any) -> None:
        for column, unit, _ in self.spec:
            value = values[column]
            dtype = object if unit == "" else None
            self.blocks[column].append(np.broadcast_to(np.asarray(value, dtype=dtype), (length,)))

    def table(self) -> Table:
        columns = []
        for column, unit, text in self.spec:
            parts = self.blocks[column]
            empty = np.zeros(0, dtype=object if unit == "" else float)
            columns.append(Column(column, unit, text, np.concatenate(parts) if parts else empty))
        return Table(self.name, columns, self.description)


def _mean(values: Floats) -> tuple[Floats, Floats, Floats, NDArray[np.int64]]:
    """(mean, low, high, n) over the first axis, values without meaning (NaN) left out."""
    moments = Moments.of(values, where=np.isfinite(values))
    low, high = moments.interval95()
    empty = moments.n == 0
    mean, low, high = (np.where(empty, np.nan, x) for x in (moments.mean, low, high))
    return mean, low, high, moments.n


_KEY = [("variant", "", "Variant")]
_TIME = ("t_s", "s", "Start of the epoch")


def day_tables(plan: Plan, days: Mapping[str, VariantDay]) -> list[Table]:
    """epochs, cell_day, key_day, flow_day, direct_day, pool_day."""
    return [make(plan, days).table() for make in (_epochs, _cells, _keys, _flows, _direct, _pools)]


def _series(d: VariantDay) -> Iterator[tuple[str, str, Floats]]:
    """(metric, unit, values [r, t]) of the table of epochs."""
    offered, served = d.radio["offered"], d.radio["served"]
    yield "users", "1", d.radio["users"]
    yield "offered_downlink", "bit/s", offered[..., 0]
    yield "served_downlink", "bit/s", served[..., 0]
    yield "offered_uplink", "bit/s", offered[..., 1]
    yield "served_uplink", "bit/s", served[..., 1]
    yield "cell_load", "1", d.radio["load"][:, :, 0].mean(axis=-1)
    yield "user_rate", "bit/s", d.radio["rate_mean"][..., 0]
    yield "power_radio", "W", d.power_radio
    yield "power_gpu", "W", d.power_gpu
    yield "power_quantum", "W", d.power_quantum
    yield "power_total", "W", d.power_total
    yield "carbon", "g/h", d.carbon_g_per_h
    carried = served.sum(axis=-1)
    per_bit = np.divide(d.power_total, carried, out=np.full(carried.shape, np.nan), where=carried > 0)
    yield "energy_per_bit", "J/bit", per_bit


def _epochs(plan: Plan, days: Mapping[str, VariantDay]) -> _Rows:
    rows = _Rows(
        "epochs", "Series of the day", *_KEY, _TIME, ("metric", "", "What"), ("mean", "1", "Mean over replicate days"),
        ("low", "1", "Lower end"), ("high", "1", "Upper end"), ("n", "1", "Replicate days"), ("unit", "", "Unit"),
    )  # fmt: skip
    for v, d in days.items():
        for metric, unit, values in _series(d):
            mean, low, high, n = _mean(values)
            rows.add(
                len(mean),
                variant=v,
                t_s=d.epochs_s,
                metric=metric,
                mean=mean,
                low=low,
                high=high,
                n=n.astype(float),
                unit=unit,
            )
    return rows


def _cells(plan: Plan, days: Mapping[str, VariantDay]) -> _Rows:
    rows = _Rows(
        "cell_day", "Cells over the day", *_KEY, ("cell", "", "Cell"), ("load", "1", "Mean downlink load"),
        ("load_low", "1", "Lower end"), ("load_high", "1", "Upper end"), ("power_w", "W", "Mean power"),
        ("served_gbit", "Gbit", "Traffic carried, both directions"), ("n", "1", "Replicate days"),
    )  # fmt: skip
    for v, d in days.items():
        world = plan.world(v)
        mean, low, high, n = _mean(d.radio["load"][:, :, 0].mean(axis=1))
        served = d.radio["carried"].sum(axis=(1, 2)).mean(axis=0) * d.step_s / 1e9
        power = d.power_cell.mean(axis=(0, 1))
        rows.add(
            len(mean), variant=v, cell=np.array(world.cells.id, dtype=object), load=mean, load_low=low, load_high=high,
            power_w=power, served_gbit=served, n=n.astype(float),
        )  # fmt: skip
    return rows


def _keys(plan: Plan, days: Mapping[str, VariantDay]) -> _Rows:
    rows = _Rows(
        "key_day", "Key stocks over the day", *_KEY, ("link", "", "Link"), _TIME, ("produced_bit", "bit", "Made"),
        ("consumed_bit", "bit", "Used"), ("stock_bit", "bit", "Stock at the end of the epoch"),
        ("stock_low", "bit", "Lower end"), ("stock_high", "bit", "Upper end"), ("qber", "1", "Error rate"),
        ("state", "", "up, no key, eavesdropped or cut"),
    )  # fmt: skip
    for v, d in days.items():
        k = d.keys
        for i, link in enumerate(plan.world(v).key_links.id):
            mean, low, high, _ = _mean(k.stock[:, :, i])
            rows.add(
                len(mean), variant=v, link=link, t_s=d.epochs_s, produced_bit=k.produced[:, :, i].mean(axis=0),
                consumed_bit=k.consumed[:, :, i].mean(axis=0), stock_bit=mean, stock_low=np.maximum(low, 0.0),
                stock_high=high, qber=k.qber[:, i], state=np.array([STATES[s] for s in k.state[:, i]], dtype=object),
            )  # fmt: skip
    return rows


def _flows(plan: Plan, days: Mapping[str, VariantDay]) -> _Rows:
    names = ("traffic", "quantum", "one_time_pad", "fallback", "unsent", "key_demand", "key_served")
    rows = _Rows(
        "flow_day", "Protected traffic over the day", *_KEY, ("flow", "", "Flow"), _TIME,
        *((f"{n}_bit" if n != "fallback" else "fallback_bit", "bit", n.replace("_", " ").capitalize()) for n in names),
        ("fallback", "", "What protects it without quantum keys"),
    )  # fmt: skip
    for v, d in days.items():
        flows = plan.world(v).flows
        for i, flow in enumerate(flows.id):
            values = {f"{n}_bit": getattr(d.keys, n)[:, :, i].mean(axis=0) for n in names}
            rows.add(len(d.epochs_s), variant=v, flow=flow, t_s=d.epochs_s, fallback=flows.fallback[i], **values)
    return rows


def _direct(plan: Plan, days: Mapping[str, VariantDay]) -> _Rows:
    rows = _Rows(
        "direct_day", "Quantum direct communication over the day", *_KEY, ("link", "", "Link"), _TIME,
        ("offered_bit", "bit", "Offered"), ("sent_bit", "bit", "Sent"),
        ("state", "", "up, no key, eavesdropped or cut"),
    )  # fmt: skip
    for v, d in days.items():
        for i, link in enumerate(plan.world(v).direct_links.id):
            states = np.array([STATES[s] for s in d.keys.direct_state[:, i]], dtype=object)
            rows.add(
                len(d.epochs_s), variant=v, link=link, t_s=d.epochs_s, offered_bit=d.keys.direct_offered[:, i],
                sent_bit=d.keys.direct_sent[:, i], state=states,
            )  # fmt: skip
    return rows


def _pools(plan: Plan, days: Mapping[str, VariantDay]) -> _Rows:
    spec = (
        ("utilisation_ran", "1", "Share of GPU time for the RAN"), ("utilisation_ai", "1", "Share of GPU time for AI"),
        ("tokens_per_s", "1/s", "Tokens generated"), ("requests_per_s", "1/s", "Requests offered"),
        ("unserved_per_s", "1/s", "Requests refused"), ("ttft_s", "s", "Mean time to the first token"),
        ("tpot_s", "s", "Mean time per further token"),
        ("deadline_miss", "1", "Share of RAN slots past their deadline"), ("power_w", "W", "Power of the GPUs"),
    )  # fmt: skip
    rows = _Rows("pool_day", "GPU pools over the day", *_KEY, ("pool", "", "Pool"), _TIME, *spec)
    for v, d in days.items():
        for i, pool in enumerate(plan.world(v).pools.id):
            values = {name: _mean(getattr(d.pools, name)[:, :, i])[0] for name, _, _ in spec}
            rows.add(len(d.epochs_s), variant=v, pool=pool, t_s=d.epochs_s, **values)
    return rows
