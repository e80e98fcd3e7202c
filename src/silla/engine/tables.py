"""Tables of a run's outcome at one moment: geometry, users, distributions, links, maps. Columns: docs/results.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from silla.base.rng import stream
from silla.base.units import w_to_dbm
from silla.engine.day import VariantDay
from silla.engine.keys import key_links_of
from silla.engine.plan import Plan
from silla.engine.radio import evaluate, prepare
from silla.engine.tables_day import day_tables
from silla.engine.tasks import EDGES
from silla.engine.users import draw_users
from silla.physics.radio.modulation import mcs_table, rate_table
from silla.results.stats import Moments
from silla.results.tables import Column, Grid, Table
from silla.world.types import World

__all__ = [
    "day_tables",
    "distribution_table",
    "geometry_tables",
    "key_link_table",
    "map_grids",
    "rate_curve_table",
    "sensitivity_table",
    "table",
    "users_table",
]

Floats = NDArray[np.float64]
Spec = Sequence[tuple[str, str, str]]  # name, unit, description
_MAX_USERS_SHOWN = 3000


def table(name: str, description: str, spec: Spec, rows: Iterable[Sequence[Any]]) -> Table:
    """A table from rows; text columns have the unit ""."""
    rows = list(rows)
    columns = []
    for i, (column, unit, text) in enumerate(spec):
        values = [row[i] for row in rows]
        array = np.array(values, dtype=object) if unit == "" else np.array(values, dtype=_dtype(values))
        columns.append(Column(column, unit, text, array))
    return Table(name, columns, description)


def _dtype(values: list[Any]) -> type:
    if values and all(isinstance(v, (bool, np.bool_)) for v in values):
        return bool
    return np.int64 if values and all(isinstance(v, (int, np.integer)) for v in values) else np.float64


def geometry_tables(plan: Plan) -> list[Table]:
    """variants, places, carriers, cells, buildings, fibres, links through the air, events."""
    first = plan.world(next(iter(plan.variants)))
    titles = plan.loaded.scenario.variants
    return [
        table(
            "variants",
            "Variants, in order",
            [("variant", "", "Id"), ("title", "", "Caption")],
            [(v, titles[v].title if v in titles and titles[v].title else v) for v in plan.variants],
        ),
        _places(first),
        _carriers(plan),
        _cells(plan),
        _buildings(first),
        _fibres(first),
        _air_links({v: plan.world(v) for v in plan.variants}),
        # a variant without some link through the air has no events of it
        _events(max((plan.world(v) for v in plan.variants), key=lambda w: len(w.events.kind))),
    ]


def _places(world: World) -> Table:
    p, s = world.places, world.sites
    n_sites = len(s.id)
    rows = [
        (
            p.id[i], p.name[i], "site" if i < n_sites else "node", p.xy_m[i, 0], p.xy_m[i, 1],
            s.height_m[i] if i < n_sites else 0.0, p.id[s.hub[i]] if i < n_sites and s.hub[i] >= 0 else "",
        )
        for i in range(len(p.id))
    ]  # fmt: skip
    spec = [
        ("id", "", "Id"), ("name", "", "Name"), ("kind", "", "site or node"),
        ("x_m", "m", "East"), ("y_m", "m", "North"), ("height_m", "m", "Antenna height"),
        ("hub", "", "Node where the backhaul ends"),
    ]  # fmt: skip
    return table("places", "Sites and nodes", spec, rows)


def _carriers(plan: Plan) -> Table:
    spec = [
        ("variant", "", "Variant"), ("id", "", "Carrier"), ("frequency_ghz", "GHz", "Centre frequency"),
        ("bandwidth_mhz", "MHz", "Bandwidth"), ("layers", "1", "Layers"), ("modulation", "", "MCS table"),
        ("downlink", "1", "Share of time for downlink"), ("overhead", "1", "Share of resource elements not for data"),
        ("peak_gbps", "Gbit/s", "Peak downlink rate of a cell: all layers, highest MCS, downlink share of time"),
        ("cells", "1", "Cells"),
    ]  # fmt: skip
    rows = []
    for v in plan.variants:
        w = plan.world(v)
        c = w.carriers
        for k, name in enumerate(c.id):
            top = float(mcs_table(c.modulation[k]).efficiency.max())
            net = c.bandwidth_hz[k] * c.downlink[k] * (1 - c.overhead[k])
            rows.append(
                (
                    v, name, c.frequency_hz[k] / 1e9, c.bandwidth_hz[k] / 1e6, int(c.layers[k]), c.modulation[k],
                    c.downlink[k], c.overhead[k], c.layers[k] * top * net / 1e9, int((w.cells.carrier == k).sum()),
                )
            )  # fmt: skip
    return table("carriers", "Carriers of each variant", spec, rows)


def rate_curve_table(plan: Plan) -> Table:
    """Steps of the rate table of every carrier and variant: what link adaptation reaches from which SINR on."""
    spec = [
        ("variant", "", "Variant"), ("carrier", "", "Carrier"), ("modulation", "", "MCS table"),
        ("rate_model", "", "link: simulated curves; shannon"), ("sinr_db", "dB", "Least SINR, with the margin"),
        ("efficiency", "bit/s/Hz", "Of one layer, without overhead"),
        ("margin_db", "dB", "Implementation loss in it"),
    ]  # fmt: skip
    rows = []
    for v in plan.variants:
        c = plan.world(v).carriers
        for k, name in enumerate(c.id):
            n_prb = float(c.bandwidth_hz[k] / (12.0 * c.scs_hz[k]))
            steps = rate_table(c.modulation[k], float(c.implementation_loss[k]), n_prb=n_prb, model=c.rate_model[k])
            margin = 10.0 * np.log10(c.implementation_loss[k])
            rows += [(v, name, c.modulation[k], c.rate_model[k], 10.0 * np.log10(t), e, margin) for t, e in zip(*steps)]
    return table("rate_curves", "Spectral efficiency by SINR, as the run used it", spec, rows)


def _cells(plan: Plan) -> Table:
    spec = [
        ("variant", "", "Variant"), ("id", "", "Cell"), ("site", "", "Site"), ("carrier", "", "Carrier"),
        ("frequency_ghz", "GHz", "Centre frequency"), ("bandwidth_mhz", "MHz", "Bandwidth"),
        ("azimuth_deg", "deg", "Boresight, clockwise from north"), ("downtilt_deg", "deg", "Mechanical downtilt"),
        ("tx_power_dbm", "dBm", "Transmit power"), ("x_m", "m", "East"), ("y_m", "m", "North"),
    ]  # fmt: skip
    rows = []
    for v in plan.variants:
        w = plan.world(v)
        for i, ident in enumerate(w.cells.id):
            s, k = w.cells.site[i], w.cells.carrier[i]
            rows.append(
                (
                    v, ident, w.sites.id[s], w.carriers.id[k], w.carriers.frequency_hz[k] / 1e9,
                    w.carriers.bandwidth_hz[k] / 1e6,
                    float(np.round((90 - np.degrees(w.cells.azimuth_rad[i])) % 360, 6)),
                    float(np.degrees(w.cells.downtilt_rad[i])), float(w_to_dbm(w.cells.tx_power_w[i])),
                    *w.sites.xy_m[s],
                )
            )  # fmt: skip
    return table("cells", "Cells of each variant", spec, rows)


def _buildings(world: World) -> Table:
    b = world.buildings
    n = np.diff(b.ring_offsets)
    ring = np.repeat(np.arange(len(n)), n)
    owner = b.ring_building[ring] if len(ring) else np.zeros(0, dtype=np.int64)
    first = np.searchsorted(b.ring_building, owner) if len(ring) else owner
    return Table(
        "buildings",
        [
            Column("building", "1", "Number of the building", owner),
            Column("ring", "1", "Number of the ring", ring),
            Column("hole", "1", "Whether the ring is a courtyard", ring != first),
            Column("x_m", "m", "East", b.vertices_m[:, 0]),
            Column("y_m", "m", "North", b.vertices_m[:, 1]),
            Column("height_m", "m", "Roof height", b.height_m[owner] if len(ring) else np.zeros(0)),
        ],
        "Vertices of building footprints, in order",
    )


def _fibres(world: World) -> Table:
    f, p = world.fibres, world.places
    spec = [
        ("id", "", "Fibre"), ("name", "", "Name"), ("a", "", "One end"), ("b", "", "Other end"),
        ("length_km", "km", "Length"), ("loss_db", "dB", "Loss at the quantum wavelength"),
        ("classical_channels", "1", "Classical channels beside"),
    ]  # fmt: skip
    rows = [
        (
            f.id[i], f.name[i], p.id[f.ends[i, 0]], p.id[f.ends[i, 1]], f.length_m[i] / 1e3,
            f.attenuation_db_per_km[i] * f.length_m[i] / 1e3 + f.extra_loss_db[i], int(f.classical_channels[i]),
        )
        for i in range(len(f.id))
    ]  # fmt: skip
    return table("fibres", "Fibres", spec, rows)


def _air_links(worlds: Mapping[str, World]) -> Table:
    spec = [
        ("variant", "", "Variant"), ("id", "", "Link through the air"), ("a", "", "Transmitter"), ("b", "", "Receiver"),
        ("length_km", "km", "Length"), ("protocol", "", "Protocol"), ("weather", "", "Its sky without events"),
    ]  # fmt: skip
    rows = []
    for v, world in worlds.items():
        a, p = world.air, world.places
        for i, ident in enumerate(a.id):
            ends = p.id[a.ends[i, 0]], p.id[a.ends[i, 1]]
            rows.append((v, ident, *ends, float(a.length_m[i]) / 1e3, a.protocol[i], a.weather[i]))
    return table("air_links", "Quantum links through the air", spec, rows)


def _events(world: World) -> Table:
    e = world.events
    targets = {
        "eavesdrop": (*world.fibres.id, *world.air.id),
        "cut": (*world.fibres.id, *world.air.id),
        "burst": (*world.demands.id, "files.users"),
        "outage": world.sites.id,
        "weather": world.places.id,
    }
    spec = [
        ("kind", "", "eavesdrop, cut, burst, outage or weather"), ("start_s", "s", "Start"), ("end_s", "s", "End"),
        ("target", "", "Fibre or link through the air, group of users, site or station"),
        ("amount", "1", "Share attacked, or factor of users"), ("detail", "", "The attack, or the weather that comes"),
    ]  # fmt: skip
    rows = [
        (k, a, b, targets[k][t], x, d)
        for k, a, b, t, x, d in zip(e.kind, e.start_s, e.end_s, e.target, e.amount, e.detail, strict=True)
    ]
    return table("events", "Events of the day", spec, rows)


def users_table(plan: Plan) -> Table:
    """Users of the snapshot's first drop, drawn again from their addressed streams."""
    spec = [
        ("variant", "", "Variant"), ("group", "", "Group"), ("x_m", "m", "East"), ("y_m", "m", "North"),
        ("indoor", "1", "In a building"), ("los", "1", "Line of sight to the serving site"),
        ("cell", "", "Serving cell"), ("carrier", "", "Carrier of the highest rate"), ("sinr_db", "dB", "SINR on it"),
        ("downlink_mbps", "Mbit/s", "Throughput, downlink"), ("uplink_mbps", "Mbit/s", "Throughput, uplink"),
    ]  # fmt: skip
    rows: list[Sequence[Any]] = []
    for v in plan.variants:
        rows += _users_of(plan, v)
    return table("users", "Users of the snapshot's first drop", spec, rows)


def _users_of(plan: Plan, variant: str) -> list[Sequence[Any]]:
    world, task = plan.world(variant), plan.snapshot[variant][0]
    address = (task.kind, round(task.at_s), 0)
    users = draw_users(world, np.array(task.factors), stream(world.seed, "users", *address))
    if not len(users):
        return []
    drop = evaluate(prepare(world), users, stream(world.seed, "links", *address))
    rates = np.stack(drop.down.rate)
    best = rates.argmax(axis=0)
    names = (*world.demands.id, "files.users")
    rows = []
    for u in range(min(len(users), _MAX_USERS_SHOWN)):
        d = drop.carriers[best[u]]
        rows.append(
            (
                variant, names[users.group[u]], users.xyz_m[u, 0], users.xyz_m[u, 1], bool(users.indoor[u]),
                bool(d.los[u]), world.cells.id[d.model.cells[d.serving[u]]], world.carriers.id[d.model.index],
                10 * np.log10(max(drop.down.sinr[best[u]][u], 1e-30)), drop.down.throughput_bit_per_s[u] / 1e6,
                drop.up.throughput_bit_per_s[u] / 1e6,
            )
        )  # fmt: skip
    return rows


_UNITS = {"coupling_loss": "dB", "sinr_downlink": "dB", "sinr_uplink": "dB", "geometry_sinr": "dB"}


def distribution_table(plan: Plan, snapshots: Mapping[str, Mapping[str, Floats]]) -> Table:
    """Distribution functions; the band is the 95 % interval of the mean over drops at each value."""
    spec = [
        ("variant", "", "Variant"), ("metric", "", "What"), ("carrier", "", "Carrier, or all"), ("value", "1", "Value"),
        ("unit", "", "Unit of the value"), ("cdf", "1", "Share of users at or below"), ("low", "1", "Lower end"),
        ("high", "1", "Upper end"), ("n", "1", "Drops"),
    ]  # fmt: skip
    rows = []
    for v, record in snapshots.items():
        world = plan.world(v)
        for metric, edges in EDGES.items():
            counts = record[f"hist_{metric}"]
            names = (
                world.carriers.id if counts.shape[1] > 1 or metric not in ("rate_downlink", "rate_uplink") else ("all",)
            )
            scale = 1e-6 if metric.startswith("rate") else 1.0
            for i, name in enumerate(names):
                rows += _cdf_rows(v, metric, name, edges[1:] * scale, _UNITS.get(metric, "Mbit/s"), counts[:, i])
    return table("distribution", "Distribution functions over users", spec, rows)


def _cdf_rows(
    variant: str, metric: str, carrier: str, values: Floats, unit: str, counts: Floats
) -> list[Sequence[Any]]:
    filled = counts.sum(axis=1) > 0
    if not filled.any():
        return []
    shares = np.cumsum(counts[filled], axis=1) / counts[filled].sum(axis=1, keepdims=True)
    moments = Moments.of(shares)
    low, high = (np.clip(x, 0.0, 1.0) for x in moments.interval95())
    mean = moments.mean
    # The flat ends carry nothing; the last point before the rise and the first at 1 are kept.
    start, stop = max(0, int(np.argmax(mean > 0)) - 1), min(len(mean), int(np.argmax(mean >= 1 - 1e-12)) + 1)
    return [
        (
            variant,
            metric,
            carrier,
            float(values[i]),
            unit,
            float(mean[i]),
            float(low[i]),
            float(high[i]),
            int(filled.sum()),
        )
        for i in range(start, stop)
    ]


def key_link_table(plan: Plan, days: Mapping[str, VariantDay]) -> Table:
    """Light budget, QBER, rate and bound of every quantum link of every variant."""
    spec = [
        ("variant", "", "Variant"), ("id", "", "Link"), ("kind", "", "key, direct, satellite, air"),
        ("protocol", "", "Protocol"),
        ("fibre", "", "Fibre, or what else it passes"), ("length_km", "km", "Length"),
        ("loss_db", "dB", "Loss of the line without the receiver"),
        ("raman_per_gate", "1", "Raman clicks per gate"), ("dark_per_gate", "1", "Dark clicks per gate"),
        ("qber", "1", "Error rate"),
        ("rate_bit_per_s", "bit/s", "Secret bits per second; of keys net, without those that authentication spends"),
        ("plob_bit_per_s", "bit/s", "Capacity of the fibre without repeaters"), ("limited_by", "", "What limits it"),
        ("error_correction", "", "cascade, ldpc or assumed, of keys"),
        ("efficiency", "1", "Bits told by error correction over the Shannon limit"),
        ("sifted_bit_per_s", "bit/s", "Bits before error correction"),
        ("corrected_bit_per_s", "bit/s", "Most that the link's cores correct"),
        ("secret_bit_per_s", "bit/s", "Secret bits, of keys"),
        ("authentication_bit_per_s", "bit/s", "Of these spent on authentication"),
    ]  # fmt: skip
    hours = len(plan.epochs_s) * plan.step_s / 3600.0 or 24.0
    rows = [row for v in plan.variants for row in key_links_of(plan.world(v), v, hours)]
    return table("key_links", "Quantum links", spec, rows)


def sensitivity_table(plan: Plan, changed: Mapping[tuple[int, float | None], Mapping[str, Floats]]) -> Table:
    """Metrics of the scenario with one parameter changed, beside the unchanged one on the same random numbers."""
    spec = [
        ("name", "", "Parameter"), ("path", "", "Path"), ("value", "1", "Value tried"), ("base", "", "Unchanged value"),
        ("metric", "", "Metric"), ("unit", "", "Unit of the metric"), ("mean", "1", "Change of the metric"),
        ("low", "1", "Lower end"), ("high", "1", "Upper end"), ("base_mean", "1", "Metric of the unchanged scenario"),
        ("n", "1", "Drops"),
    ]  # fmt: skip
    rows = []
    for (i, value), record in changed.items():
        if value is None:
            continue
        entry = plan.loaded.scenario.sensitivity[i]
        base = changed[i, None]
        for name, unit, of in _SENSITIVE:
            before, after = of(base), of(record)
            both = np.isfinite(before) & np.isfinite(after)
            if not both.any():
                continue
            moments = Moments.of((after - before)[both])
            low, high = moments.interval95()
            rows.append(
                (
                    entry.name or entry.set, entry.set, value, _unchanged(plan, entry.set), name, unit,
                    float(moments.mean), float(low), float(high), float(before[both].mean()), int(both.sum()),
                )
            )  # fmt: skip
    return table("sensitivity", "What one parameter changes, all random numbers equal", spec, rows)


_SENSITIVE = (
    ("user_rate_downlink_mean", "Mbit/s", lambda r: r["rate_mean"][:, 0] * 1e-6),
    ("user_rate_downlink_p5", "Mbit/s", lambda r: r["rate_p5"][:, 0] * 1e-6),
    ("cell_load", "1", lambda r: r["load"][:, 0].mean(axis=-1)),
    ("coverage", "1", lambda r: r["reached"] / np.maximum(r["users"], 1)),
)


def _unchanged(plan: Plan, path: str) -> str:
    """The value that the scenario itself has at a path, as text; a path with several values shows its distinct ones."""
    from silla.scenario.values import values_at

    values = list(dict.fromkeys(str(v) for v in values_at(plan.loaded.scenario, path)))
    return ", ".join(values[:3]) + (" ..." if len(values) > 3 else "")


_FIELDS = {
    "sinr_db": ("dB", "SINR at full load of all cells"),
    "rsrp_dbm": ("dBm", "Received power of the serving cell"),
    "rate_mbps": ("Mbit/s", "Rate of one user alone"),
    "los": ("1", "Line of sight to the serving site"),
    "indoor": ("1", "In a building"),
    "cell": ("1", "Number of the serving cell in its variant"),
}


def map_grids(plan: Plan, fields: Mapping[tuple[str, int], Mapping[str, NDArray[Any]]]) -> list[Grid]:
    """Grids named map, map2, ...: the variants along the first axis where they agree, as they do unless sites move."""
    groups: dict[tuple[bytes, bytes], list[tuple[str, int]]] = {}
    for key in fields:
        grid = plan.grids[key]
        groups.setdefault((grid.x_m.tobytes(), grid.y_m.tobytes()), []).append(key)
    grids = []
    for number, members in enumerate(groups.values()):
        grid, names = plan.grids[members[0]], [v for v, _ in members]
        axes = [
            Column("variant", "", "Variant", np.array(names, dtype=object)),
            Column("y_m", "m", "North", grid.y_m),
            Column("x_m", "m", "East", grid.x_m),
        ]
        values = [
            Column(name, unit, text, np.stack([fields[key][name] for key in members]))
            for name, (unit, text) in _FIELDS.items()
        ]
        about = {"carrier": {v: plan.map_carriers[v] for v in names}, "height_m": plan.loaded.scenario.map.height_m}
        title = "map" if number == 0 else f"map{number + 1}"
        grids.append(Grid(title, axes, values, "Radio map at full load, median shadow fading", about))
    return grids
