"""The links of a scenario that are simulated bit by bit: tasks, their records, and the tables they become."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError, DomainError, ScenarioError
from silla.base.rng import stream
from silla.engine.curves import CurvePoint
from silla.engine.link_setup import LinkSetup, check_link
from silla.engine.tasks import Record, Task
from silla.physics.radio.link.simulate import simulate_slots
from silla.results.tables import Column, Table
from silla.scenario.links import Link, PuschLink, TbpsLink

__all__ = ["link_tables", "link_tasks", "run_link"]

_SETUP = ("channel", "delay_spread_ns", "speed_km_per_h", "carrier_ghz", "prb", "scs_khz", "mcs_table", "mcs", "layers",
          "rx", "estimation", "receiver")  # fmt: skip


def link_tasks(links: Sequence[Link], seed: int) -> dict[str, list[Task]]:
    """Tasks of each link by its id: one for each ratio, one for a wideband link.

    ScenarioError, with the clause or reason, for a link that cannot be simulated.
    """
    out: dict[str, list[Task]] = {}
    for i, link in enumerate(links):
        if not link.enabled:
            continue
        try:
            out[link.id] = _tasks(link, seed)
        except (ArgumentError, DomainError) as error:
            raise ScenarioError(f"links[{i}] ({link.id}): {error}") from None
    return out


def _tasks(link: Link, seed: int) -> list[Task]:
    if isinstance(link, TbpsLink):
        from silla.engine.tbps_system import build_link, system  # it takes a moment to import

        chosen = system(link.preset)
        build_link(chosen, link.distance_m or chosen.distance_m, link.rain_mm_per_h, (), None)
        extra = ("tbps", seed, link.preset, link.distance_m, link.rain_mm_per_h, link.slots)
        return [Task("link", "", 0.0, (0, 1), (), extra=extra)]
    setup = _setup(link)
    check_link(setup.config())
    return [
        Task("link", "", 0.0, (0, 1), (), extra=("pusch", seed, setup, float(snr), link.slots)) for snr in link.snr_db
    ]


def _setup(link: PuschLink) -> LinkSetup:
    return LinkSetup(**{name: getattr(link, name) for name in _SETUP})


def run_link(extra: tuple[Any, ...]) -> Record:
    """The record of a task: blocks and errors, or the report of a wideband link as JSON."""
    kind, seed, *rest = extra
    if kind == "tbps":
        from silla.engine.tbps import tbps_report

        preset, distance, rain, slots = rest
        report = tbps_report(
            preset, distance_m=distance, rain_mm_per_h=rain, n_slots=slots, search_blocks=240, costs=False, seed=seed
        )
        return {"report": np.array([json.dumps(report, default=float)])}
    setup, snr_db, slots = rest
    counts = simulate_slots(setup.config(), snr_db, slots, stream(seed, "scenario-link", repr(snr_db)))
    return {"blocks": np.array(counts.blocks), "errors": np.array(counts.block_errors)}


def link_tables(links: Sequence[Link], tasks: Mapping[str, list[Task]], records: Mapping[str, Record]) -> list[Table]:
    """link_curves and link_tbps, each only where there is such a link."""
    curves: list[tuple[Any, ...]] = []
    wide: list[tuple[Any, ...]] = []
    for link in links:
        for number, task in enumerate(tasks.get(link.id, ())):
            record = records[task.hash]
            if isinstance(link, TbpsLink):
                wide.append(_tbps_row(link, json.loads(str(np.ravel(record["report"])[0]))))
                continue
            point = CurvePoint(link.snr_db[number], int(record["blocks"]), int(record["errors"]))
            low, high = point.interval
            about = f"{link.channel}, {link.mcs_table} MCS {link.mcs}, {link.prb} PRB, {link.layers} x {link.rx}, "
            about += f"{link.estimation}+{link.receiver}"
            curves.append((link.id, about, point.snr_db, point.bler, low, high, point.blocks, point.errors))
    out = []
    if curves:
        out.append(_table("link_curves", "Block error rates of the scenario's links", _CURVES, curves))
    if wide:
        out.append(_table("link_tbps", "The scenario's wideband links, simulated bit by bit", _WIDE, wide))
    return out


_CURVES = (
    ("link", "", "Link"), ("about", "", "What it is"), ("snr_db", "dB", "Per resource element and receive antenna"),
    ("bler", "1", "Share of transport blocks lost"), ("low", "1", "Lower end of the exact 95 % interval"),
    ("high", "1", "Upper end"), ("blocks", "1", "Transport blocks"), ("block_errors", "1", "Of them lost"),
)  # fmt: skip
_WIDE = (
    ("link", "", "Link"), ("title", "", "What it is"), ("why", "", "Why it carries less than 1 Tbit/s"),
    ("distance_m", "m", "Between the panels"), ("net_bit_per_s", "bit/s", "Net rate, all overheads"),
    ("goodput_bit_per_s", "bit/s", "Net rate of the blocks that arrive"), ("snr_db", "dB", "At a port"),
    ("required_snr_db", "dB", "Needed"), ("code_blocks", "1", "Code blocks"),
    ("code_block_errors", "1", "Of them lost"),
    ("power_w", "W", "Electrical power"), ("range_m", "m", "Reach, subarrays spaced anew"),
    ("five_g_bit_per_s", "bit/s", "5G on the same engine: 100 MHz, four layers"),
    ("times_imt2020_peak", "1", "Times the 20 Gbit/s of IMT-2020"),
)  # fmt: skip


def _tbps_row(link: TbpsLink, r: Mapping[str, Any]) -> tuple[Any, ...]:
    errors, five = r["error"]["code_blocks"], r["reference_5g"] or {}

    def number(value: Any) -> float:
        return float("nan") if value is None else float(value)

    return (
        link.id, r["title"], r["why"], number(r["distance_m"]), number(r["rate"]["net_bit_per_s"]),
        number(r["rate"]["goodput_bit_per_s"]), number(r["snr"]["snr_db"]), number(r["snr"]["required_db"]),
        int(errors["of"]), int(errors["errors"]), number(r["power"]["total_w"]), number(r["range"]["re_spaced_m"]),
        number(five.get("carrier_net_bit_per_s")), number(five.get("times_imt2020_peak")),
    )  # fmt: skip


def _table(name: str, about: str, spec: Sequence[tuple[str, str, str]], rows: Sequence[tuple[Any, ...]]) -> Table:
    columns = []
    for i, (column, unit, text) in enumerate(spec):
        values = [row[i] for row in rows]
        whole = all(isinstance(v, int) for v in values)
        kind: Any = object if unit == "" else np.int64 if whole else np.float64
        columns.append(Column(column, unit, text, np.array(values, dtype=kind)))
    return Table(name, columns, about)
