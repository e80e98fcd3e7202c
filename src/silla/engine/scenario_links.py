"""The links of a scenario that are simulated bit by bit: tasks, their records, and the tables they become."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError, DomainError, ScenarioError
from silla.base.rng import stream
from silla.engine.campaign import Stop, chunk_slots
from silla.engine.curves import CurvePoint, threshold
from silla.engine.link_setup import LinkSetup, check_link
from silla.engine.tasks import Record, Task
from silla.physics.radio.link.simulate import LinkCounts, code_words, simulate_slots
from silla.results.tables import Column, Table
from silla.scenario.links import Link, PdschLink, PuschLink, TbpsLink

__all__ = ["link_tables", "link_tasks", "run_link"]

_SETUP = ("channel", "delay_spread_ns", "speed_km_per_h", "doppler_hz", "carrier_ghz", "k_factor_db", "prb", "scs_khz",
          "mcs_table", "mcs", "layers", "rx", "dmrs_positions", "estimation", "receiver", "sir_db", "transmissions",
          "iterations")  # fmt: skip


def link_tasks(links: Sequence[Link], seed: int) -> dict[str, list[Task]]:
    """Tasks of each link by its id: one for each ratio, one for a wideband link.

    ScenarioError, with the clause or reason, for every link that cannot be simulated.
    """
    out: dict[str, list[Task]] = {}
    problems: list[str] = []
    for i, link in enumerate(links):
        if not link.enabled:
            continue
        try:
            out[link.id] = _tasks(link, seed)
        except (ArgumentError, DomainError) as error:
            problems.append(f"links[{i}] ({link.id}): {error}")
    if problems:
        raise ScenarioError(problems)
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
    stop = None if link.errors is None and link.bound is None else _stop(link)
    return [
        Task("link", "", 0.0, (0, 1), (), extra=(link.kind, seed, setup, float(snr), link.slots, stop))
        for snr in link.snr_db
    ]


def _stop(link: PuschLink | PdschLink) -> Stop:
    return Stop(link.errors if link.errors is not None else 10**9, link.slots, link.bound)


def _setup(link: PuschLink | PdschLink) -> LinkSetup:
    direction = "uplink" if isinstance(link, PuschLink) else "downlink"
    return LinkSetup(direction=direction, **{name: getattr(link, name) for name in _SETUP})


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
    counts = _simulated(seed, *rest)
    return {
        "slots": np.array(counts.slots), "blocks": np.array(counts.blocks), "errors": np.array(counts.block_errors),
        "transmissions": np.array(counts.transmissions),
    }  # fmt: skip


def _simulated(seed: int, setup: LinkSetup, snr_db: float, slots: int, stop: Stop | None) -> LinkCounts:
    """All slots at once, or chunk by chunk until the rule holds."""
    config, address = setup.config(), ("scenario-link", repr(snr_db))
    if stop is None:
        return simulate_slots(config, snr_db, slots, stream(seed, *address))
    counts, chunk = LinkCounts(), 0
    while chunk == 0 or not stop.reason(counts):
        n = min(chunk_slots(config), slots - counts.slots)
        counts, chunk = counts + simulate_slots(config, snr_db, n, stream(seed, *address, chunk)), chunk + 1
    return counts


def link_tables(links: Sequence[Link], tasks: Mapping[str, list[Task]], records: Mapping[str, Record]) -> list[Table]:
    """link_curves with link_thresholds, and link_tbps, each only where there is such a link."""
    curves: list[tuple[Any, ...]] = []
    needs: list[tuple[Any, ...]] = []
    wide: list[tuple[Any, ...]] = []
    for link in links:
        found = [records[task.hash] for task in tasks.get(link.id, ())]
        if not found:
            continue
        if isinstance(link, TbpsLink):
            wide += [_tbps_row(link, json.loads(str(np.ravel(r["report"])[0]))) for r in found]
            continue
        points = [CurvePoint(x, int(r["blocks"]), int(r["errors"])) for x, r in zip(link.snr_db, found, strict=True)]
        for point, record in sorted(zip(points, found, strict=True), key=lambda pair: pair[0].snr_db):
            low, high = point.interval
            curves.append((link.id, _about(link), point.snr_db, point.bler, low, high, point.blocks, point.errors,
                           int(record["slots"])))  # fmt: skip
        needs.append(_needs_row(link, points, found))
    out = []
    if curves:
        out.append(_table("link_curves", "Block error rates of the scenario's links", _CURVES, curves))
        out.append(_table("link_thresholds", "What the scenario's links need and carry", _NEEDS, needs))
    if wide:
        out.append(_table("link_tbps", "The scenario's wideband links, simulated bit by bit", _WIDE, wide))
    return out


def _about(link: PuschLink | PdschLink) -> str:
    """What it is, or its title."""
    if link.title:
        return link.title
    way = "uplink" if isinstance(link, PuschLink) else "downlink"
    sizes = f"{link.prb} PRB, {link.layers} x {link.rx}"
    return f"{way}, {link.channel}, {link.mcs_table} MCS {link.mcs}, {sizes}, {_receiver(link)}"


def _needs_row(link: PuschLink | PdschLink, points: Sequence[CurvePoint], found: Sequence[Record]) -> tuple[Any, ...]:
    """The threshold, and the net rate at the ratio where the most bits arrive, every slot used."""
    setup = _setup(link)
    config, at = setup.config(), threshold(points, link.target)
    bits = sum(word.tbs for user in config.users for word in code_words(user))
    rates = [
        (1.0 - p.bler) * bits * p.blocks / max(1, int(r["transmissions"])) * 1e3 * 2**config.numerology.mu
        for p, r in zip(points, found, strict=True)
    ]
    return (
        link.id, _about(link), setup.direction, link.channel, setup.doppler, f"{link.mcs_table} {link.mcs}",
        link.layers, link.rx, _receiver(link), link.target, at.snr_db, at.low_db, at.high_db, at.blocks, max(rates),
        _beyond(points, link.target) if np.isnan(at.snr_db) else "",
    )  # fmt: skip


def _beyond(points: Sequence[CurvePoint], target: float) -> str:
    """On which side of the ratios the target lies."""
    ordered = sorted(points, key=lambda p: p.snr_db)
    last, first = ordered[-1], ordered[0]
    return f"above {last.snr_db:g} dB" if last.bler > target else f"below {first.snr_db:g} dB"


def _receiver(link: PuschLink | PdschLink) -> str:
    return "genie" if link.receiver == "genie" else f"{link.estimation}+{link.receiver}"


_CURVES = (
    ("link", "", "Link"), ("about", "", "What it is"), ("snr_db", "dB", "Per resource element and receive antenna"),
    ("bler", "1", "Share of transport blocks lost"), ("low", "1", "Lower end of the exact 95 % interval"),
    ("high", "1", "Upper end"), ("blocks", "1", "Transport blocks"), ("block_errors", "1", "Of them lost"),
    ("slots", "1", "Slots simulated"),
)  # fmt: skip
_NEEDS = (
    ("link", "", "Link"), ("about", "", "What it is"), ("direction", "", "uplink or downlink"),
    ("channel", "", "Channel"), ("doppler_hz", "Hz", "Maximum Doppler shift"), ("mcs", "", "Table and index"),
    ("layers", "1", "Spatial layers"), ("rx", "1", "Receive antennas"), ("receiver", "", "Estimation and detector"),
    ("target", "1", "Block error rate"), ("snr_db", "dB", "SNR there; NaN: not passed at the ratios simulated"),
    ("low_db", "dB", "Lower end of its interval"), ("high_db", "dB", "Upper end"),
    ("blocks", "1", "Transport blocks simulated"), ("goodput_bit_per_s", "bit/s", "At the best ratio, every slot used"),
    ("outside", "", "Where the target is passed, if not between the ratios"),
)  # fmt: skip
_WIDE = (
    ("link", "", "Link"), ("title", "", "What it is"), ("why", "", "Why it carries less than 1 Tbit/s"),
    ("distance_m", "m", "Between the panels"), ("net_bit_per_s", "bit/s", "Net rate, all overheads"),
    ("goodput_bit_per_s", "bit/s", "Net rate of the blocks that arrive"), ("snr_db", "dB", "At a port"),
    ("required_snr_db", "dB", "Needed"), ("code_blocks", "1", "Code blocks"),
    ("code_block_errors", "1", "Of them lost"),
    ("power_w", "W", "Electrical power"), ("range_m", "m", "Reach, subarrays spaced anew"),
    ("five_g_bit_per_s", "bit/s", "5G on the same engine: 100 MHz, eight layers"),
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
