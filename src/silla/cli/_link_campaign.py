"""Waterfalls of links in the terminal: ``silla link`` and ``silla link compare``."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from silla.base.errors import ArgumentError
from silla.base.memory import keep_freed_memory
from silla.cli._link_picture import Seen, chart, points_table, rate_text, thresholds_table, watched
from silla.cli._output import console, emit_json
from silla.cli._plot import Panel, plot_path, write_panels
from silla.engine.campaign import Campaign, Stop
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
BoundCompared = Annotated[
    float | None, typer.Option(help="Likewise; a third of the target if not given, 0 for never.", show_default=False)
]
Seed = Annotated[int, typer.Option(help="Of all random numbers.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", help="Worker processes; 0: one per core.")]
Engine = Annotated[str, typer.Option("--engine", help="Who runs the tasks: local or ray.")]
Out = Annotated[str | None, typer.Option("--out", "-o", help="Folder for tables, manifest and task results.")]
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
    snr_db: SnrDb = None, target: Target = 0.1, errors: Errors = 100, max_slots: MaxSlots = 1000,
    bound: BoundCompared = None, seed: Seed = 1, jobs: Jobs = 0, engine: Engine = "local", out: Out = None,
    plot: PlotFile = None, json: Json = False,
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
    least = target / 3 if bound is None else bound or None
    configs = {name: setup.with_receiver(name).config() for name in names}
    one_word = all(len(c.users) == 1 for c in configs.values()) and layers <= 4
    _simulate(
        setup, configs, "link-compare", snr_db, target, Stop(errors, max_slots, least), seed, jobs, engine, out, plot,
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
        if not (np.abs(found) <= 200).all():
            raise ValueError
    except ValueError:
        raise ArgumentError(
            f"--snr-db is {text!r}, allowed ratios as 0,2,4 or from:to:step as 0:6:0.5, from -200 to 200 dB"
        ) from None
    return [float(x) for x in found]


def _simulate(
    setup: LinkSetup, configs: Mapping[str, LinkConfig], name: str, snr_db: str | None, target: float, stop: Stop,
    seed: int, jobs: int, engine: str, folder: str | None, plot: str | None, json: bool, *, with_bound: bool,
) -> None:  # fmt: skip
    page, ratios = plot_path(plot), _ratios(snr_db)
    if engine not in ENGINES:
        raise ArgumentError(f"--engine is {engine!r}, allowed {', '.join(ENGINES)}")
    if not 0 <= jobs <= max(256, cores()):
        raise ArgumentError(f"--jobs is {jobs}; allowed: 0 (one per core) to {max(256, cores())}")
    if not 0.0 < target < 1.0:
        raise ArgumentError(f"--target is {target:g}; a block error rate lies between 0 and 1")
    out = _folder(folder)
    for config in configs.values():
        _refuse_early(config)
    keep_freed_memory()
    campaign = Campaign(seed, Store(out / "tasks") if out else None, jobs or cores(), engine)
    with watched(campaign, configs, target) as seen:
        try:
            curves = study(campaign, configs, target=target, stop=stop, snr_db=ratios, bound=with_bound)
        except KeyboardInterrupt:
            stopped = True
        else:
            stopped = False
    if stopped:
        _say_interrupted(seen, campaign, out, json)
        raise KeyboardInterrupt
    about = document(setup, curves, configs, target, campaign, stop)
    if out is not None:
        publish_study(out, name, about, curves, configs)
    if page is not None:
        _plot(page, about, curves)
    if json:
        emit_json(about)
        return
    _show(about, curves, seen, campaign, [path for path in (out, page) if path is not None])


def _say_interrupted(seen: Seen, campaign: Campaign, out: Path | None, json: bool) -> None:
    """What is known so far, and how to go on."""
    screen = console()
    if not json and any(seen.curves().values()):
        screen.print(seen.picture(screen.width, running=False))
    if out is None:
        screen.print("nothing is kept: with --out FOLDER the same command would go on from here")
    else:
        kept = campaign.computed + campaign.reused
        screen.print(f"{kept} task results are kept in {out / 'tasks'}; the same command goes on from there")


def _show(
    about: Mapping[str, Any], curves: Sequence[Curve], seen: Seen, campaign: Campaign, written: Sequence[Path]
) -> None:
    screen = console()
    width, target = screen.width, about["target"]
    measured = {c.label: list(c.points) for c in curves if c.points}
    screen.print(_headline(about))
    if len(measured) == 1:
        ((name, points),) = measured.items()
        screen.print(points_table(name, points, target, width))
    else:
        bound = next((c.bound for c in curves if c.bound), ())
        drawn = chart(measured, bound, target, width)
        if drawn is not None:
            screen.print(drawn)
    screen.print(thresholds_table(about, width))
    screen.print(_rule(about))
    spent = time.monotonic() - seen.started
    screen.print(f"{campaign.computed} tasks computed, {campaign.reused} taken from the store, {spent:.1f} s")
    for path in written:
        screen.print(f"written  {path}", highlight=False)


def _headline(about: Mapping[str, Any]) -> str:
    s = about["settings"]
    return (
        f"{s['direction'].capitalize()} over {s['paths'] or s['channel']}, {s['prb']} PRB at {s['scs_khz']} kHz, "
        f"{s['mcs_table']} MCS {s['mcs']}, "
        f"{s['layers']} layer{'s' if s['layers'] > 1 else ''} on {s['rx']} antenna{'s' if s['rx'] > 1 else ''}"
    )


def _rule(about: Mapping[str, Any]) -> str:
    """When a point stopped, in words."""
    stop = about["stop"]
    text = f"A point stops at {stop['errors']} lost blocks or {stop['max_slots']} slots"
    if stop["bound"] is not None:
        text += f", or once its rate is below {rate_text(stop['bound'])} with 97.5 %"
    return text + "; intervals are exact, 95 %."


def _folder(text: str | None) -> Path | None:
    """The folder of --out, not yet made."""
    if text is None:
        return None
    if not text.strip():
        raise ArgumentError(f"--out is {text!r}; name a folder, . for this one")
    if Path(text).exists() and not Path(text).is_dir():
        raise ArgumentError(f"--out is {text!r}, which is a file; name a folder")
    return Path(text)


def _refuse_early(config: LinkConfig) -> None:
    """What cannot be simulated is refused before a folder is made."""
    from silla.engine.link_setup import check_link

    check_link(config)


def _plot(path: Path, about: Mapping[str, Any], curves: Sequence[Curve]) -> None:
    series: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    styles: dict[str, dict[str, Any]] = {}
    for curve in curves:
        pairs = [(p.snr_db, p.counts.bler) for p in curve.points if p.counts.block_errors]
        pairs = pairs or [(x, y) for x, y in curve.bound if y >= 1e-4]
        if not pairs:
            continue
        series[curve.label] = (np.array([x for x, _ in pairs]), np.array([y for _, y in pairs]))
        styles[curve.label] = {"hovertemplate": "%{y:.2g}"}
        if curve.points:
            ends = np.array([p.curve.interval for p in curve.points if p.counts.block_errors])
            y = series[curve.label][1]
            styles[curve.label] |= {
                "mode": "lines+markers", "marker": {"size": 6}, "error_y": {
                    "type": "data", "symmetric": False, "array": ends[:, 1] - y, "arrayminus": y - ends[:, 0],
                    "thickness": 1, "width": 3,
                },
            }  # fmt: skip
        else:
            styles[curve.label]["line"] = {"color": "#777", "dash": "dash"}
    target = about["target"]
    notes = [
        f"{_headline(about)}, Doppler {about['settings']['doppler_hz']:.3g} Hz. SNR per resource element and receive "
        "antenna.",
        _rule(about),
    ]
    level = [(target, f"target {target:g}")]
    panels = [Panel(series, "SNR (dB)", "block error rate", log_y=True, styles=styles, levels=level)]
    known = [c for c in curves if math.isfinite(c.threshold.snr_db)]
    if len(known) > 1:
        panels.append(_needed(known, target))
    elif known:
        notes.append(f"{known[0].label} needs {known[0].threshold.snr_db:.2f} dB for {target:g}.")
    missed = [c.label for c in curves if c not in known]
    if missed:
        notes.append(f"Outside of these ratios, at {target:g}: {', '.join(missed)}.")
    write_panels(
        path, panels, f"Block error rate over {about['settings']['paths'] or about['settings']['channel']}", notes
    )


def _needed(curves: Sequence[Curve], target: float) -> Panel:
    """The SNR that each link needs, with its interval."""
    at = np.array([c.threshold.snr_db for c in curves])
    ends = np.array([(c.threshold.low_db, c.threshold.high_db) for c in curves])
    away = np.nan_to_num(np.abs(ends - at[:, None]))
    plain = {"showlegend": False, "hoverinfo": "skip"}
    marks = plain | {
        "mode": "markers", "marker": {"size": 9},
        "error_y": {"type": "data", "symmetric": False, "array": away[:, 1], "arrayminus": away[:, 0], "width": 4},
    }  # fmt: skip
    text = plain | {"mode": "text", "text": [f"{x:.2f}" for x in at], "textposition": "top center"}
    names = [c.label.replace("finite-block ", "") for c in curves]
    series = {"SNR": (names, at), "text": (names, at + away[:, 1])}
    title = f"SNR at a block error rate of {target:g}"
    return Panel(series, "", "dB", title=title, styles={"SNR": marks, "text": text})
