"""Waterfalls of links in the terminal: ``silla link`` and ``silla link compare``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from silla.base.errors import ArgumentError
from silla.cli._output import console, emit_json
from silla.cli._plot import plot_path, write_line_plot
from silla.engine.campaign import Campaign, LinkPoint, Stop
from silla.engine.executors import ENGINES, cores
from silla.engine.link_setup import CHANNEL_NAMES, COMPARED, LinkSetup
from silla.engine.link_study import Curve, document, publish_study, study
from silla.physics.radio.link.simulate import ESTIMATORS, RECEIVERS, LinkConfig
from silla.physics.radio.modulation import MCS_TABLES
from silla.results.store import Store

__all__ = ["compare", "waterfall"]

_D = LinkSetup()
Direction = Annotated[str, typer.Option(help="uplink (PUSCH) or downlink (PDSCH).")]
Channel = Annotated[str, typer.Option(help=f"One of: {', '.join(CHANNEL_NAMES)}.")]
PathsFile = Annotated[
    str | None, typer.Option(metavar="FILE.npz", help="Ray-traced paths in place of a channel's name.")
]
Spread = Annotated[float, typer.Option(help="Rms delay spread of the scaled profiles.")]
Speed = Annotated[float, typer.Option(help="Of the terminal.")]
Doppler = Annotated[float | None, typer.Option(help="Maximum Doppler shift, in place of the speed.")]
CarrierGhz = Annotated[float, typer.Option(help="Carrier frequency.")]
KFactor = Annotated[float | None, typer.Option(help="Of rician, or to change that of the profiles D and E.")]
Prb = Annotated[int, typer.Option(help="Resource blocks, 1 to 275.")]
Scs = Annotated[int, typer.Option(help="Subcarrier spacing: 15, 30, 60, .. 960.")]
McsTable = Annotated[str, typer.Option(help=f"One of: {', '.join(MCS_TABLES)}.")]
McsIndex = Annotated[int, typer.Option(help="Index in the MCS table.")]
Layers = Annotated[int, typer.Option(help="Spatial layers: 1 to 4, downlink to 8.")]
Rx = Annotated[int, typer.Option(help="Receive antennas.")]
Positions = Annotated[int, typer.Option(help="Additional DM-RS symbols, 0 to 3.")]
Sir = Annotated[float | None, typer.Option(help="Signal over an interferer in dB; without one if not given.")]
Transmissions = Annotated[int, typer.Option(help="HARQ transmissions at most, 1 to 4.")]
Iterations = Annotated[int, typer.Option(help="Of the decoder.")]
SnrDb = Annotated[str | None, typer.Option("--snr-db", help="Ratios: 0,2,4 or from:to:step; found if not given.")]
Target = Annotated[float, typer.Option(help="Block error rate at which the threshold is read.")]
Errors = Annotated[int, typer.Option(help="Block errors after which a point stops.")]
MaxSlots = Annotated[int, typer.Option(help="Slots after which a point stops.")]
Bound = Annotated[float | None, typer.Option(help="Stop a point once its error rate is below this with 97.5 %.")]
Seed = Annotated[int, typer.Option(help="Of all random numbers.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", help="Worker processes; 0: one per core.")]
Engine = Annotated[str, typer.Option("--engine", help="Who runs the tasks: local or ray.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Folder for tables, manifest and task results.")]
PlotFile = Annotated[str | None, typer.Option(metavar="FILE.html", help="Also draw it: a page for a browser.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def waterfall(
    ctx: typer.Context,
    direction: Direction = _D.direction, channel: Channel = _D.channel, delay_spread_ns: Spread = 100.0,
    speed_km_per_h: Speed = 3.0, doppler_hz: Doppler = None, carrier_ghz: CarrierGhz = _D.carrier_ghz,
    k_factor_db: KFactor = None, prb: Prb = _D.prb, scs_khz: Scs = _D.scs_khz, mcs_table: McsTable = _D.mcs_table,
    mcs: McsIndex = _D.mcs, layers: Layers = _D.layers, rx: Rx = _D.rx, dmrs_positions: Positions = _D.dmrs_positions,
    estimation: Annotated[str, typer.Option(help=f"One of: {', '.join(ESTIMATORS)}.")] = _D.estimation,
    receiver: Annotated[str, typer.Option(help=f"One of: {', '.join(RECEIVERS)}.")] = _D.receiver,
    sir_db: Sir = None, transmissions: Transmissions = 1, iterations: Iterations = 10, paths: PathsFile = None,
    snr_db: SnrDb = None, target: Target = 0.1, errors: Errors = 100, max_slots: MaxSlots = 10_000,
    bound: Bound = None, seed: Seed = 1,
    jobs: Jobs = 0, engine: Engine = "local", out: Out = None, plot: PlotFile = None, json: Json = False,
) -> None:  # fmt: skip
    """The radio link bit by bit: block error rate over SNR, drawn while it is simulated.

    Without --snr-db the waterfall is found. A point stops at so many block errors, at so many slots, or below the
    bound; intervals are exact. With --out the tasks are kept, and the same command goes on where it was stopped.
    """
    if ctx.invoked_subcommand is not None:
        return
    setup = LinkSetup(
        direction, channel, delay_spread_ns, speed_km_per_h, doppler_hz, carrier_ghz, k_factor_db, prb, scs_khz,
        mcs_table, mcs, layers, rx, dmrs_positions, estimation, receiver, sir_db, transmissions, iterations,
        paths,
    )  # fmt: skip
    label = "genie" if receiver == "genie" else f"{estimation}+{receiver}"
    _simulate(
        setup, {label: setup.config()}, "link", snr_db, target, Stop(errors, max_slots, bound), seed, jobs, engine, out,
        plot, json, with_bound=False,
    )  # fmt: skip


def compare(
    receivers: Annotated[
        str, typer.Option(help="Estimation+receiver, by commas; genie knows all.")
    ] = ",".join(COMPARED),
    direction: Direction = _D.direction, channel: Channel = _D.channel, delay_spread_ns: Spread = 100.0,
    speed_km_per_h: Speed = 3.0, doppler_hz: Doppler = None, carrier_ghz: CarrierGhz = _D.carrier_ghz,
    k_factor_db: KFactor = None, prb: Prb = _D.prb, scs_khz: Scs = _D.scs_khz, mcs_table: McsTable = _D.mcs_table,
    mcs: McsIndex = _D.mcs, layers: Layers = 2, rx: Rx = _D.rx, dmrs_positions: Positions = _D.dmrs_positions,
    sir_db: Sir = None, transmissions: Transmissions = 1, iterations: Iterations = 10, paths: PathsFile = None,
    snr_db: SnrDb = None, target: Target = 0.1, errors: Errors = 100, max_slots: MaxSlots = 2000,
    bound: Bound = None, seed: Seed = 1,
    jobs: Jobs = 0, engine: Engine = "local", out: Out = None, plot: PlotFile = None, json: Json = False,
) -> None:  # fmt: skip
    """Receivers of one link side by side on the same bits, channels and noise, with genie and finite-block bound.

    Wherever least-squares estimation is asked for, the same receiver with LMMSE estimation stands beside it: a gain
    over least squares alone says little.
    """
    setup = LinkSetup(
        direction, channel, delay_spread_ns, speed_km_per_h, doppler_hz, carrier_ghz, k_factor_db, prb, scs_khz,
        mcs_table, mcs, layers, rx, dmrs_positions, "lmmse", "lmmse", sir_db, transmissions, iterations,
        paths,
    )  # fmt: skip
    names = _receivers(receivers)
    configs = {name: setup.with_receiver(name).config() for name in names}
    one_word = all(len(c.users) == 1 for c in configs.values()) and layers <= 4
    _simulate(
        setup, configs, "link-compare", snr_db, target, Stop(errors, max_slots, bound), seed, jobs, engine, out, plot,
        json, with_bound=one_word and sir_db is None and transmissions == 1,
    )  # fmt: skip


def _receivers(text: str) -> list[str]:
    names: list[str] = []
    for name in (w.strip() for w in text.split(",") if w.strip()):
        names.append(name)
        if name.startswith("ls+"):
            names.append("lmmse+" + name.removeprefix("ls+"))
    if not names:
        raise ArgumentError("--receivers is empty; for example ls+lmmse,lmmse+lmmse,genie")
    return list(dict.fromkeys(names))


def _ratios(text: str | None) -> list[float] | None:
    """Ratios of '0,2,4' or '0:6:0.5' (both ends included), None as it is."""
    if text is None:
        return None
    try:
        if ":" in text:
            first, last, step = (float(part) for part in text.split(":"))
            if not (step > 0 and last >= first and (last - first) / step <= 1000):
                raise ValueError
            found = first + step * np.arange(math.floor((last - first) / step + 1e-9) + 1)
        else:
            found = np.array([float(part) for part in text.split(",")])
        if not np.isfinite(found).all():
            raise ValueError
    except ValueError:
        raise ArgumentError(f"--snr-db is {text!r}, allowed ratios as 0,2,4 or from:to:step as 0:6:0.5") from None
    return [float(x) for x in found]


def _simulate(
    setup: LinkSetup, configs: Mapping[str, LinkConfig], name: str, snr_db: str | None, target: float, stop: Stop,
    seed: int, jobs: int, engine: str, out: Path | None, plot: str | None, json: bool, *, with_bound: bool,
) -> None:  # fmt: skip
    page, ratios = plot_path(plot), _ratios(snr_db)
    if engine not in ENGINES:
        raise ArgumentError(f"--engine is {engine!r}, allowed {', '.join(ENGINES)}")
    if jobs < 0:
        raise ArgumentError(f"--jobs is {jobs}; allowed: 0 or more")
    if not 0.0 < target < 1.0:
        raise ArgumentError(f"--target is {target:g}; a block error rate lies between 0 and 1")
    if out is not None and out.exists() and not out.is_dir():
        raise ArgumentError(f"--out is {str(out)!r}, which is a file; name a folder")
    for config in configs.values():
        _refuse_early(config)
    campaign = Campaign(seed, Store(out / "tasks") if out else None, jobs or cores(), engine)
    with _drawn(campaign, configs, target):
        curves = study(campaign, configs, target=target, stop=stop, snr_db=ratios, bound=with_bound)
    about = document(setup, curves, configs, target, campaign)
    if out is not None:
        publish_study(out, name, about, curves, configs)
    if page is not None:
        _plot(page, about, curves)
    if json:
        emit_json(about)
        return
    screen = console()
    if not screen.is_terminal or len(configs) > 1:
        screen.print(_picture({c.label: list(c.points) for c in curves}, target))
    screen.print(_thresholds(about))
    screen.print(f"{campaign.computed} tasks computed, {campaign.reused} taken from the store")
    for path in (out, page):
        if path is not None:
            screen.print(f"written  {path}", highlight=False)


def _refuse_early(config: LinkConfig) -> None:
    """What cannot be simulated is refused before a folder is made."""
    from silla.engine.link_setup import check_link

    check_link(config)


@contextmanager
def _drawn(campaign: Campaign, configs: Mapping[str, LinkConfig], target: float) -> Iterator[None]:
    """The waterfalls in the terminal while they are simulated; nothing where stderr is no terminal."""
    screen = console()
    if not screen.is_terminal:
        yield
        return
    from rich.live import Live

    label = {config: name for name, config in configs.items()}
    known: dict[str, dict[float, LinkPoint]] = {name: {} for name in configs}
    with Live(_picture({}, target), console=screen, refresh_per_second=4, transient=len(configs) > 1) as live:

        def tell(config: LinkConfig, point: LinkPoint) -> None:
            known[label[config]][point.snr_db] = point
            shown = {n: sorted(p.values(), key=lambda q: q.snr_db) for n, p in known.items() if p}
            live.update(_picture(shown, target))

        campaign.tell = tell
        yield


def _picture(curves: Mapping[str, Sequence[LinkPoint]], target: float) -> Any:
    """A table with one row for each point and a bar whose length is the logarithm of its error rate."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=f"Block error rate; target {target:g}", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("receiver", "SNR (dB)", "slots", "lost", "BLER", "95 %"):
        table.add_column(column, justify="left" if column == "receiver" else "right")
    table.add_column("1e-4 .. 1")
    for name, points in curves.items():
        for i, p in enumerate(points):
            low, high = p.curve.interval
            bar = _bar(p.counts.bler)
            colour = "green" if high <= target else "red" if low > target else "yellow"
            table.add_row(
                name if i == 0 else "", f"{p.snr_db:g}", str(p.counts.slots), str(p.counts.block_errors),
                f"{p.counts.bler:.2e}", f"{low:.1e} to {high:.1e}", f"[{colour}]{bar}[/]{'' if p.stopped else ' ..'}",
            )  # fmt: skip
    return table


def _bar(rate: float, width: int = 32) -> str:
    if not rate > 0.0:
        return ""
    return "█" * max(1, round(width * (1.0 + max(math.log10(rate), -4.0) / 4.0)))


def _thresholds(about: Mapping[str, Any]) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    s, target = about["settings"], about["target"]
    title = (
        f"{s['paths'] or s['channel']}, {s['layers']} layers on {s['rx']} antennas, {s['prb']} PRB, "
        f"{s['mcs_table']} MCS {s['mcs']}: SNR at {100 * target:g} % lost blocks"
    )
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("receiver", "SNR (dB)", "95 %", "from the bound (dB)"):
        table.add_column(column, justify="left" if column == "receiver" else "right")
    for curve in about["curves"]:
        t = curve["threshold"]
        table.add_row(
            curve["link"], _number(t["snr_db"], "not passed"), f"{_number(t['low_db'])} to {_number(t['high_db'])}"
            if math.isfinite(t["low_db"]) or math.isfinite(t["high_db"]) else "", _number(curve["from_bound_db"]),
        )  # fmt: skip
    return table


def _number(value: float | None, absent: str = "–") -> str:
    return absent if value is None or not math.isfinite(value) else f"{value:.2f}"


def _plot(path: Path, about: Mapping[str, Any], curves: Sequence[Curve]) -> None:
    series = {}
    for curve in curves:
        pairs = [(p.snr_db, p.counts.bler) for p in curve.points] or list(curve.bound)
        series[curve.label] = (
            np.array([x for x, _ in pairs]),
            np.array([max(y, 1e-7) if y else np.nan for _, y in pairs]),
        )
    s = about["settings"]
    notes = [
        f"{s['direction']}, {s['prb']} PRB at {s['scs_khz']} kHz, {s['mcs_table']} MCS {s['mcs']}, "
        f"{s['layers']} layers, {s['rx']} receive antennas, "
        f"Doppler {s['doppler_hz']:.4g} Hz; SNR per resource element and receive antenna.",
        *(f"{c.label}: {_number(c.threshold.snr_db, 'no crossing')} dB at {about['target']:g}." for c in curves),
    ]
    title = f"Link over {s['paths'] or s['channel']}"
    write_line_plot(path, series, "SNR (dB)", "block error rate", True, title, notes=notes)
