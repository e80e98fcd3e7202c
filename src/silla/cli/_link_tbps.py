"""``silla link tbps``: one link of 1 Tbit/s net, simulated bit by bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import numpy as np
import typer

from silla.base.errors import ArgumentError
from silla.base.memory import keep_freed_memory
from silla.cli._output import emit_json, progress
from silla.cli._plot import Panel, plot_path, write_panels
from silla.engine.tbps import IMPAIRMENTS, PRESETS, tbps_figures, tbps_report
from silla.physics.radio.link.impairments.phase_noise import OSCILLATORS
from silla.physics.radio.link.wideband import WIDE_MODULATIONS

__all__ = ["tbps"]


def tbps(
    preset: Annotated[str, typer.Option(help=f"Band and radios: {', '.join(PRESETS)}.")] = "dband",
    distance_m: Annotated[float | None, typer.Option(help="Between the panels; the preset's if not given.")] = None,
    spaced_for_m: Annotated[
        float | None, typer.Option(help="Distance that the subarrays are spaced for; the same if not given.")
    ] = None,
    rain_mm_per_h: Annotated[float, typer.Option(help="Rain rate over the path.")] = 0.0,
    layers: Annotated[int | None, typer.Option(help="Spatial layers, 1 to 8.")] = None,
    modulation: Annotated[str | None, typer.Option(help=f"One of: {', '.join(WIDE_MODULATIONS)}.")] = None,
    rate: Annotated[str | None, typer.Option(help="Code rate, a number or a fraction as 5/6.")] = None,
    bandwidth_ghz: Annotated[float | None, typer.Option(help="Spectrum of all carriers.")] = None,
    waveform: Annotated[str | None, typer.Option(help="ofdm or dft-s-ofdm.")] = None,
    oscillator: Annotated[str | None, typer.Option(help=f"Phase noise: {', '.join(OSCILLATORS)}.")] = None,
    backoff_db: Annotated[float | None, typer.Option(help="Output back-off of the amplifiers.")] = None,
    subarrays: Annotated[str | None, typer.Option(help="Of either panel, rows x columns as 2x2.")] = None,
    polarisations: Annotated[int | None, typer.Option(help="Of each subarray, 1 or 2.")] = None,
    steering_deg: Annotated[float | None, typer.Option(help="Of the subarrays' beams from broadside.")] = None,
    mu: Annotated[int | None, typer.Option(help="Subcarrier spacing 15 kHz x 2^mu, carriers as wide.")] = None,
    speed_m_s: Annotated[float | None, typer.Option(help="Radial speed, for Doppler.")] = None,
    impairments: Annotated[
        str, typer.Option(help=f"all, none, or some of: {', '.join(IMPAIRMENTS)}; -name leaves one out of all.")
    ] = "all",
    slots: Annotated[
        int | None,
        typer.Option(help="Slots to simulate at the distance; 24, fewer where they hold more than 3e7 bits."),
    ] = None,
    search_blocks: Annotated[int, typer.Option(help="Code blocks at most at each point of the searches.")] = 480,
    target: Annotated[float, typer.Option(help="Code block error rate at which SNR and range are read.")] = 0.01,
    costs: Annotated[bool, typer.Option(help="Also find what each impairment costs.")] = True,
    reference: Annotated[bool, typer.Option(help="Also run 5G on the same engine.")] = True,
    seed: Annotated[int, typer.Option(help="Of all random numbers.")] = 1,
    plot: Annotated[str | None, typer.Option(metavar="FILE.html", help="Also draw it: a page for a browser.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """One link of 1 Tbit/s net, bit by bit: rate, errors, range, power, what each impairment costs, and 5G beside it.

    A combination that cannot carry 1 Tbit/s is simulated all the same and says what it ends at.
    """
    page = plot_path(plot)
    keep_freed_memory()
    common: dict[str, Any] = {
        "distance_m": distance_m, "spaced_for_m": spaced_for_m, "rain_mm_per_h": rain_mm_per_h,
        "impairments": _names(impairments), "seed": seed, "layers": layers, "modulation": modulation, "rate": rate,
        "bandwidth_ghz": bandwidth_ghz, "waveform": waveform, "oscillator": oscillator, "backoff_db": backoff_db,
        "steering_deg": steering_deg, "subarrays": _grid(subarrays), "polarisations": polarisations,
        "mu": mu, "speed_m_s": speed_m_s,
    }  # fmt: skip
    with _bar() as tell:
        report = tbps_report(
            preset, n_slots=slots, search_blocks=search_blocks, target_code_bler=target, costs=costs,
            reference=reference, progress=tell, **common,
        )  # fmt: skip
        if page is not None:
            _draw(page, report, tbps_figures(preset, progress=tell, **common))
    emit_json(report) if json else _print(report)


def _names(text: str) -> tuple[str, ...]:
    """The impairments meant by the option."""
    words = [w.strip() for w in text.split(",") if w.strip()]
    if words == ["all"]:
        return tuple(IMPAIRMENTS)
    if words == ["none"] or not words:
        return ()
    left_out = [w[1:] for w in words if w.startswith("-")]
    for name in left_out:
        if name not in IMPAIRMENTS:
            raise ArgumentError(f"impairment {name!r} is not known; known: {', '.join(IMPAIRMENTS)}")
    if left_out and len(left_out) == len([w for w in words if w != "all"]):
        return tuple(n for n in IMPAIRMENTS if n not in left_out)
    return tuple(words)


def _grid(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(p.strip().isdigit() and int(p) > 0 for p in parts):
        raise ArgumentError(f"--subarrays is {text!r}, allowed rows x columns as 2x2")
    return int(parts[0]), int(parts[1])


@contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    with progress() as bar:
        task = bar.add_task("link", total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)


def _print(r: dict[str, Any]) -> None:
    from rich.console import Console

    screen = Console(highlight=False, soft_wrap=True)
    rate, row, snr, error = r["rate"], r["link"], r["snr"], r["error"]
    verdict = "[green]carries 1 Tbit/s[/green]" if r["reaches_1_tbps"] else "[red]does not carry 1 Tbit/s[/red]"
    screen.print(f"{r['title']}, {r['distance_m']:g} m: {verdict}, {_rate(rate['net_bit_per_s'])} net")
    if r["why"]:
        screen.print(f"  {r['why']}")
    screen.print(
        f"  {row['layers']} layers of {row['modulation']} at rate {row['code_rate']:.3f}, "
        f"{row['bandwidth_hz'] / 1e9:g} GHz, {row['subcarrier_spacing_hz'] / 1e3:g} kHz subcarriers, {row['waveform']}"
    )
    shares = " x ".join(f"{name.replace('_', ' ')} {rate[name]:.3f}" for name in list(rate)[1:6])
    screen.print(f"  {_rate(rate['symbols_bit_per_s'])} of symbols x {shares}")
    goodput = [_rate(rate[f"goodput{end}_bit_per_s"]) for end in ("", "_low95", "_high95")]
    screen.print(f"  arrives            {goodput[0]} (95 %: {goodput[1]} to {goodput[2]})")
    screen.print(f"  bits wrong         {_share(error['bits'])}")
    screen.print(f"  code blocks wrong  {_share(error['code_blocks'])}")
    screen.print(f"  transport blocks   {_share(error['transport_blocks'])}, in {error['slots']} slots")
    sinr = [layer["sinr_db"] for layer in r["layers"]]
    screen.print(f"  SINR by layer      {', '.join(f'{x:.1f}' for x in sinr)} dB")
    needed = "no SNR" if snr["required_db"] is None else f"{snr['required_db']:.1f} dB"
    screen.print(
        f"  SNR at a port      {snr['snr_db']:.1f} dB; {snr['target_code_bler']:g} of code blocks wrong at {needed} "
        f"({_between(snr['required_low95_db'], snr['required_high95_db'])}, {snr['required_code_blocks']} blocks)"
    )
    reach = r["range"]
    screen.print(
        f"  range              {reach['fixed_panels_m']:.3g} m with these panels "
        f"({reach['fixed_panels_code_blocks']} blocks), {reach['re_spaced_m']:.4g} m with subarrays spaced for it"
    )
    screen.print(f"  power              {r['power']['total_w']:.3g} W, {r['power']['pj_per_bit']:.3g} pJ/bit")
    if r["costs"]:
        _print_costs(screen, r["costs"])
    if r["reference_5g"]:
        five = r["reference_5g"]
        screen.print(
            f"  5G, same engine    {five['carrier_net_bit_per_s'] / 1e9:.2f} Gbit/s in 100 MHz, transport blocks wrong "
            f"{_share(five['blocks'])}; this is {five['times_imt2020_peak']:.1f} times IMT-2020's 20 Gbit/s"
            + ("" if five["times_one_carrier"] is None else f", {five['times_one_carrier']:.0f} times that carrier")
        )
    if r["note"]:
        screen.print(f"  {r['note']}")


def _rate(bit_per_s: float) -> str:
    return f"{bit_per_s / 1e12:.4f} Tbit/s" if bit_per_s >= 1e11 else f"{bit_per_s / 1e9:.4g} Gbit/s"


def _share(row: dict[str, Any]) -> str:
    return f"{row['errors']} of {row['of']} (95 %: {row['low95']:.1e} to {row['high95']:.1e})"


def _between(low: float | None, high: float | None) -> str:
    """Of a 95 % range in dB, either end of which may not have been simulated."""
    if low is None and high is None:
        return "95 %: not bounded"
    if low is None:
        return f"95 %: below {high:.1f}"
    if high is None:
        return f"95 %: above {low:.1f}"
    return f"95 %: {low:.1f} to {high:.1f}"


def _db(value: float | None) -> str:
    return "no SNR suffices" if value is None else f"{value:.2f}"


def _print_costs(screen: Any, costs: dict[str, Any]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title="What impairments cost, dB of SNR at the target", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("impairment")
    for head in ("dB", "95 % from", "to", "code blocks"):
        table.add_column(head, justify="right")
    together = {"cost_db": costs["all_together_db"], "low95_db": costs["all_together_low95_db"],
                "high95_db": costs["all_together_high95_db"], "code_blocks": ""}  # fmt: skip
    for name, row in [(r["impairment"], r) for r in costs["alone"]] + [("all together", together)]:
        ends = ("-" if row[end] is None else f"{row[end]:.2f}" for end in ("low95_db", "high95_db"))
        table.add_row(name, _db(row["cost_db"]), *ends, str(row["code_blocks"]))
    table.add_row("sum of each alone", _db(costs["sum_of_alone_db"]), "", "", "")
    screen.print(table)


def _draw(page: Any, report: dict[str, Any], figures: dict[str, Any]) -> None:
    at, spectrum = figures["by_distance"], figures["spectrum"]
    seen, none = at["code_block_errors"] > 0, "no error seen: below this at 95 %"
    bars = {"type": "data", "array": at["high95"] - at["code_bler"], "arrayminus": at["code_bler"] - at["low95"]}
    panels = [
        Panel(
            {"measured, 95 %": (at["distance_m"], np.where(seen, at["code_bler"], np.nan)),
             none: (at["distance_m"], np.where(seen, np.nan, at["high95"]))},
            "distance (m), panels fixed", "share of code blocks in error", log_y=True, log_x=True,
            title="Errors by distance", levels=((report["snr"]["target_code_bler"], "target"),),
            styles={"measured, 95 %": {"mode": "lines+markers", "error_y": bars},
                    none: {"mode": "markers", "marker": {"symbol": "triangle-down", "size": 10}}},
        ),
        Panel({"condition number": (at["distance_m"], at["condition"])}, "distance (m), panels fixed",
              "largest over smallest singular value", log_y=True, log_x=True, title="Near field"),
        Panel({"behind the amplifier": (spectrum["offset_hz"] / 1e9, spectrum["level_db"])}, "offset (GHz)",
              "level (dB)", title="Spectrum of one carrier, with the tone that shows the phase"),
    ]  # fmt: skip
    panels += _bars(report) + _clouds(figures["constellation"])
    error = report["error"]
    notes = [
        f"{report['title']}: {_rate(report['rate']['net_bit_per_s'])} net over {report['distance_m']:g} m "
        f"at {report['snr']['snr_db']:.1f} dB.",
        report["why"] or "Every bit was coded, sent, received and decoded.",
        f"Code blocks wrong: {_share(error['code_blocks'])}.",
        f"Transport blocks wrong: {_share(error['transport_blocks'])}.",
        report["note"],
    ]
    write_panels(page, panels, "One link, bit by bit", [n for n in notes if n])


def _bars(report: dict[str, Any]) -> list[Panel]:
    if not report["costs"]:
        return []
    rows = [(r["impairment"], r["cost_db"]) for r in report["costs"]["alone"]]
    rows.append(("all together", report["costs"]["all_together_db"]))
    names, y = [n for n, _ in rows], np.array([np.nan if v is None else v for _, v in rows])
    ends = [(r["low95_db"], r["high95_db"]) for r in report["costs"]["alone"]]
    ends.append((report["costs"]["all_together_low95_db"], report["costs"]["all_together_high95_db"]))
    below, above = (
        np.array([np.nan if e is None or np.isnan(v) else abs(e - v) for e, v in zip(side, y)]) for side in zip(*ends)
    )
    bars = {"type": "data", "array": above, "arrayminus": below, "color": "#555"}
    title = f"What each impairment costs: {report['costs']['code_blocks']} code blocks, bars: simulated 95 % bounds"
    return [
        Panel({"SNR more": (names, y)}, "", "dB more SNR at the target", title=title, kind="bar",
              styles={"SNR more": {"error_y": bars}}),
    ]  # fmt: skip


def _clouds(constellation: dict[str, Any]) -> list[Panel]:
    middle = 0.5 * (constellation["edges"][1:] + constellation["edges"][:-1])
    return [
        Panel({f"layer {i}": (middle, counts)}, "", "", title=f"Layer {i} behind the receiver", kind="density")
        for i, counts in enumerate(constellation["counts"])
    ]  # fmt: skip
