"""Tables of the day: series with intervals over replicate days. Columns: docs/results.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from silla.engine.day import VariantDay
from silla.engine.key_supply import STATES
from silla.engine.messages import MESSAGE_STATES
from silla.engine.passes import passages
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
    """epochs, cell_day, key_day, flow_day, key_use, direct_day, message_day, passes, pool_day."""
    made = (_epochs, _cells, _keys, _flows, _key_use, _direct, _messages, _passes, _pools)
    return [make(plan, days).table() for make in made]


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
        "key_day", "Key stocks over the day", *_KEY, ("link", "", "Link"), _TIME,
        ("secret_bit", "bit", "Secret bits made"), ("authentication_bit", "bit", "Spent on authenticating the blocks"),
        ("produced_bit", "bit", "Net: secret less authentication"),
        ("consumed_bit", "bit", "Used, also for authenticating blocks that were given up"),
        ("stock_bit", "bit", "Stock at the end of the epoch"),
        ("stock_low", "bit", "Lower end"), ("stock_high", "bit", "Upper end"), ("qber", "1", "Error rate"),
        ("known", "1", "Share of the stock that an eavesdropper has"), ("state", "", ", ".join(STATES)),
    )  # fmt: skip
    for v, d in days.items():
        k = d.keys
        for i, link in enumerate(k.supply.id):
            mean, low, high, _ = _mean(k.stock[:, :, i])
            rows.add(
                len(mean), variant=v, link=link, t_s=d.epochs_s, secret_bit=k.supply.secret[:, i],
                authentication_bit=k.supply.authentication[:, i], produced_bit=k.produced[:, :, i].mean(axis=0),
                consumed_bit=k.consumed[:, :, i].mean(axis=0), stock_bit=mean, stock_low=np.maximum(low, 0.0),
                stock_high=high, qber=k.supply.qber[:, i], known=k.known[:, :, i].mean(axis=0),
                state=np.array([STATES[s] for s in k.supply.state[:, i]], dtype=object),
            )  # fmt: skip
    return rows


def _flows(plan: Plan, days: Mapping[str, VariantDay]) -> _Rows:
    names = ("traffic", "quantum", "one_time_pad", "fallback", "unsent", "exposed", "key_demand", "key_served")
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
        ("capacity_bit", "bit", "What the link can send"), ("offered_bit", "bit", "Own messages offered"),
        ("sent_bit", "bit", "Own messages sent"), ("qber", "1", "Error rate"),
        ("known", "1", "Share that an eavesdropper reads"), ("state", "", ", ".join(STATES[:5])),
    )  # fmt: skip
    for v, day in days.items():
        d = day.keys.direct
        for i, link in enumerate(plan.world(v).direct_links.id):
            states = np.array([STATES[s] for s in d.state[:, i]], dtype=object)
            rows.add(
                len(day.epochs_s), variant=v, link=link, t_s=day.epochs_s, capacity_bit=d.capacity[:, i],
                offered_bit=d.offered[:, i], sent_bit=d.sent[:, i], qber=d.qber[:, i], known=d.known[:, i],
                state=states,
            )  # fmt: skip
    return rows


def _messages(plan: Plan, days: Mapping[str, VariantDay]) -> _Rows:
    names = ("offered", "quantum", "exposed", "keys", "post_quantum", "lost", "waiting")
    rows = _Rows(
        "message_day", "Direct quantum messages between places over the day", *_KEY, ("message", "", "Message"), _TIME,
        *((f"{n}_bit", "bit", n.replace("_", " ").capitalize()) for n in names),
        ("hops", "1", "Mean links on the way"), ("state", "", ", ".join(MESSAGE_STATES)),
    )  # fmt: skip
    for v, day in days.items():
        m, ids = day.keys.messages, plan.world(v).messages.id
        keys = day.keys.message_keys.mean(axis=0) if len(ids) else np.zeros(m.offered.shape)
        lost = m.lost + m.asked_keys - keys  # a pad that was not there
        for i, message in enumerate(ids):
            values = {f"{n}_bit": getattr(m, n)[:, i] for n in names if n not in ("keys", "lost")}
            values |= {"keys_bit": keys[:, i], "lost_bit": lost[:, i]}
            rows.add(
                len(day.epochs_s), variant=v, message=message, t_s=day.epochs_s, hops=m.hops[:, i],
                state=np.array([_message_state(values, m, t, i) for t in range(len(day.epochs_s))], dtype=object),
                **values,
            )  # fmt: skip
    return rows


def _message_state(values: Mapping[str, Floats], m: Any, t: int, i: int) -> str:
    """The worst that happened to the message in the epoch."""
    tiny = 1e-6 * (1.0 + float(m.offered[t, i]))
    if values["lost_bit"][t] > tiny:
        return "lost"
    if values["waiting_bit"][t] > tiny:
        return "waiting"
    if values["keys_bit"][t] + values["post_quantum_bit"][t] > tiny:
        return "fallback"
    if not m.quantum[t, i] > tiny:
        return "idle"
    if m.rerouted[t, i]:
        return "rerouted"
    return "relayed" if m.hops[t, i] > 1.0 + 1e-9 else "direct"


def _passes(plan: Plan, days: Mapping[str, VariantDay]) -> _Rows:
    rows = _Rows(
        "passes", "Passages of satellites over stations", *_KEY, ("link", "", "Link"), ("satellite", "", "Satellite"),
        ("station", "", "Station"), ("rise_s", "s", "Rises above the least elevation"),
        ("culmination_s", "s", "Highest"), ("set_s", "s", "Sets"), ("max_elevation_deg", "deg", "At culmination"),
        ("loss_db", "dB", "Least loss"), ("weather", "", "Air over the station"), ("light", "", "day, dusk or night"),
        ("sifted_bit", "bit", "Clicks in the key basis"), ("qber", "1", "Error rate"),
        ("key_bit", "bit", "Secret key of the passage"),
    )  # fmt: skip
    for v, d in days.items():
        w = plan.world(v)
        for p in passages(w, len(d.epochs_s) * d.step_s / 3600.0) if len(w.downlinks.id) else ():
            rows.add(
                1, variant=v, link=w.downlinks.id[p.link], satellite=w.satellites.name[w.downlinks.satellite[p.link]],
                station=w.places.name[w.downlinks.station[p.link]], rise_s=p.rise_s, culmination_s=p.culmination_s,
                set_s=p.set_s, max_elevation_deg=p.elevation_deg.max(), loss_db=p.loss_db.min(), weather=p.weather,
                light=p.light, sifted_bit=p.sifted_bit, qber=p.qber, key_bit=p.key_bit,
            )  # fmt: skip
    return rows


def _key_use(plan: Plan, days: Mapping[str, VariantDay]) -> _Rows:
    rows = _Rows(
        "key_use", "Which keys each flow used, where it used any", *_KEY, ("flow", "", "Flow"), ("link", "", "Link"),
        _TIME, ("used_bit", "bit", "Key bits, mean over replicate days"),
    )  # fmt: skip
    for v, d in days.items():
        for f, flow in enumerate(plan.world(v).flows.id):
            for k, link in enumerate(d.keys.supply.id):
                used = d.keys.use[:, f, k]
                some = used > 0
                if some.any():
                    rows.add(
                        int(some.sum()), variant=v, flow=flow, link=link, t_s=d.epochs_s[some], used_bit=used[some]
                    )
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
