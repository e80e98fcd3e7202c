"""``silla qdc``: secret message bits of a direct-communication link over its length, and how far it reaches."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from silla.base.errors import ArgumentError
from silla.cli._output import emit_json
from silla.cli._plot import plot_path, write_line_plot
from silla.cli._qdc_dimension import report_dimensions
from silla.cli._qdc_link import DIMENSIONS, DirectLink, along, check_combination
from silla.cli._qdc_send import ATTACKS, Run, check_out, deliver, finish, message_of, photon_link
from silla.cli._qkd_link import with_changes
from silla.cli._quantum_options import bar, distances, one_of
from silla.physics.quantum.decoy_bb84 import DECOYS
from silla.physics.quantum.photons.countermeasures import reflected_photons
from silla.physics.quantum.presets import PRESETS

__all__ = ["qdc"]

PROTOCOLS = ("hd", "dl04", "two-step")
SOURCES = ("weak", "single")


def qdc(
    protocol: Annotated[str, typer.Option(help=f"One of: {', '.join(PROTOCOLS)}.")] = "hd",
    preset: Annotated[str, typer.Option(help=f"Published system to start from: {', '.join(PRESETS)}.")] = "zhang",
    km: Annotated[
        str | None,
        typer.Option(help="Distances: 0,50,100 or from:to:step. [default: 0:100:10; with --send 10]"),
    ] = None,
    source: Annotated[str, typer.Option(help="weak: laser pulses with decoys; single: single photons.")] = "weak",
    mu: Annotated[str, typer.Option(help="Mean photons of a weak pulse, or 'best' at each distance.")] = "best",
    dimension: Annotated[str, typer.Option(help="hd: time bins of a frame, or 'best' at each distance.")] = "2",
    bin_ns: Annotated[float | None, typer.Option(help="hd: width of a time bin; else half a clock period.")] = None,
    dead_time_ns: Annotated[float | None, typer.Option(help="Of the receiver's detector after a click.")] = None,
    guard: Annotated[bool, typer.Option("--guard", help="hd: pause after each frame for the dead time.")] = False,
    check_efficiency: Annotated[
        float | None, typer.Option(help="Of the sender's check; else the receiver's (hd: over the bins).")
    ] = None,
    herald: Annotated[bool, typer.Option(help="two-step: the store tells whether a photon came in.")] = True,
    attenuation_db_per_km: Annotated[float | None, typer.Option(help="Fibre attenuation in dB/km.")] = None,
    detector_efficiency: Annotated[float | None, typer.Option(help="Receiver optics and detectors, 0 to 1.")] = None,
    y0: Annotated[float | None, typer.Option("--y0", help="Background clicks per gate or time bin.")] = None,
    misalignment: Annotated[float | None, typer.Option(help="Error rate of clicks after one way.")] = None,
    clock_hz: Annotated[float | None, typer.Option(help="Pulses or pairs per second (hd: frames of two bins).")] = None,
    decoys: Annotated[
        str | None, typer.Option(help=f"weak: {', '.join(DECOYS)} (rates: infinite, --send: vacuum+weak).")
    ] = None,
    isolation_db: Annotated[
        float | None, typer.Option(help="Of the encoder against light shone into it; counted against the message.")
    ] = None,
    intercept: Annotated[float, typer.Option(help="Share of photons that an eavesdropper measures and resends.")] = 0.0,
    attack: Annotated[str, typer.Option(help=f"With --send: {', '.join(ATTACKS)}.")] = "none",
    attack_share: Annotated[float, typer.Option(help="With --attack: of the pulses.")] = 1.0,
    watchdog: Annotated[
        bool, typer.Option(help="With --send: watch for bright light at detectors and encoder.")
    ] = True,
    send: Annotated[str | None, typer.Option(metavar="TEXT", help="Send this message over one --km.")] = None,
    send_file: Annotated[Path | None, typer.Option(metavar="FILE", help="Send a file's bytes instead.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="With --send: write what was delivered.")] = None,
    seed: Annotated[int, typer.Option(help="With --send: of the random numbers.")] = 1,
    check_share: Annotated[float, typer.Option(help="With --send: share of photons spent on the check.")] = 0.2,
    max_check_error: Annotated[
        float | None, typer.Option(help="With --send: error of the check at which both stop; else planned.")
    ] = None,
    versus: Annotated[
        str, typer.Option(help="distance, or dimension: hd over its time bins, optimum marked.")
    ] = "distance",
    dead_times_ns: Annotated[
        str | None, typer.Option(help="With --versus dimension: a curve for each of 0,50,200.")
    ] = None,
    plot: Annotated[str | None, typer.Option(metavar="FILE.html", help="Also draw it: a page for a browser.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Secret message bits of a direct-communication link over its length, and its reach.

    No key is made: the message itself travels, and the rate is the secrecy capacity of the line. hd codes in time bins
    and checks phases; dl04 codes in qubits; two-step codes in photon pairs and needs a store of photons.

    With --send or --send-file a real message goes over the link, photon by photon, at one distance; it arrives whole,
    or both ends stop, say why, and the exit code is 1. --attack puts somebody on the line.
    """
    sends = send is not None or send_file is not None
    at_km = distances(km if km is not None else "10" if sends else "0:100:10")
    page = plot_path(plot)
    one_of("--protocol", protocol, PROTOCOLS)
    one_of("--preset", preset, tuple(PRESETS))
    one_of("--source", source, SOURCES)
    one_of("--attack", attack, ATTACKS)
    one_of("--versus", versus, ("distance", "dimension"))
    if decoys is not None:
        one_of("--decoys", decoys, DECOYS)
    system = with_changes(
        PRESETS[preset],
        attenuation_db_per_km=attenuation_db_per_km,
        detector_efficiency=detector_efficiency,
        y0=y0,
        misalignment=misalignment,
        clock_hz=clock_hz,
    )
    link = DirectLink(
        system,
        protocol,
        source == "single" or protocol == "two-step",
        _number("--mu", mu, "photons per pulse, as 0.1"),
        _bins(dimension),
        0.5 / system.clock_hz if bin_ns is None else bin_ns * 1e-9,
        system.dead_time_s if dead_time_ns is None else dead_time_ns * 1e-9,
        guard,
        check_efficiency,
        herald,
        intercept,
        decoys or "infinite",
        0.0 if isolation_db is None else float(reflected_photons(isolation_db, clock_hz=system.clock_hz)),
    )
    check_combination(link)
    if sends:
        run = Run(
            check_share,
            _n_decoys(decoys),
            isolation_db,
            watchdog,
            *_attack(attack, attack_share, intercept),
            max_check_error,
            seed,
        )
        check_out(out)
        data, clean = message_of(send, send_file), replace(link, intercepted=0.0, decoys="infinite")
        at = photon_link(clean, at_km, run, len(data))
        finish(deliver(at, data, run), data, clean, at, run, float(at_km[0]), out, page, json)
        return
    if out is not None:
        raise ArgumentError("--out: there is nothing to write without --send or --send-file")
    if versus == "dimension":
        report_dimensions(link, at_km, dead_times_ns, page, json)
        return
    if dead_times_ns is not None:
        raise ArgumentError("--dead-times-ns: it goes with --versus dimension; --dead-time-ns is one of them")
    if attack != "none":
        raise ArgumentError("--attack: it is simulated on a message; add --send, or draw rates under --intercept")
    found = along(link, at_km)
    head = {
        "protocol": protocol,
        "preset": preset,
        "photons": "pairs" if protocol == "two-step" else source,
        "attenuation_db_per_km": system.attenuation_db_per_km,
        "detector_efficiency": system.detector_efficiency,
        "misalignment": system.misalignment,
        "y0": system.y0,
        "clock_hz": system.clock_hz,
        "bin_s": link.bin_s if protocol == "hd" else None,
        "dead_time_s": link.dead_time_s,
        "guard": guard,
        "decoys": link.decoys if not link.single else None,
        "isolation_db": isolation_db,
        "intercept": intercept,
        "source": system.source.text,
    }
    if page is not None:
        lines = {protocol: (found["km"], found["rate_bit_per_s"])}
        title = f"{protocol}, {preset}: secret message bits over distance"
        reach = f"Reach {found['max_km']:.1f} km. {system.source.text}."
        write_line_plot(page, lines, "fibre, km", "secret message bits per second", True, title, notes=[reach])
    if json:
        emit_json(head | found)
    else:
        _print(head, found)


def _n_decoys(decoys: str | None) -> int:
    if decoys == "infinite":
        raise ArgumentError(
            "--decoys infinite: a run counts its photons; allowed with --send: vacuum+weak, one-decoy, none"
        )
    return {"none": 0, "one-decoy": 1}.get(decoys or "", 2)


def _attack(attack: str, share: float, intercept: float) -> tuple[str, float]:
    """(kind, share): --intercept is the short way to say intercept-resend."""
    if intercept and attack not in ("none", "intercept-resend"):
        raise ArgumentError(f"--intercept and --attack {attack}: give one attack")
    return ("intercept-resend", intercept) if intercept else (attack, share)


def _number(option: str, given: str, example: str) -> float | None:
    if given == "best":
        return None
    try:
        value = float(given)
        if not np.isfinite(value):
            raise ValueError
        return value
    except ValueError:
        raise ArgumentError(f"{option} is {given!r}, allowed a number of {example}, or 'best'") from None


def _bins(given: str) -> int | None:
    if given == "best":
        return None
    if not given.isdecimal() or not 2 <= int(given) <= 4096:
        choices = ", ".join(str(n) for n in DIMENSIONS)
        raise ArgumentError(f"--dimension is {given!r}, allowed 2 to 4096 time bins, or 'best' of {choices}")
    return int(given)


def _print(head: dict[str, Any], found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    title = f"{head['protocol']}, {head['preset']}, {head['photons']} photons: secret message bits"
    table = Table(title=escape(title.replace("pairs photons", "photon pairs")), caption=escape(head["source"]))
    for name in ("km", "dB", "N", "bit/frame", "bit/s", "QBER %", "mu", ""):
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    rates = found["rate_bit_per_s"]
    columns = ("km", "loss_db", "dimension", "rate", "rate_bit_per_s", "qber", "mu")
    for row in zip(*(found[name] for name in columns)):
        km, loss, n, rate, per_s, qber, mu = (float(x) for x in row)
        cells = (f"{km:g}", f"{loss:.1f}", f"{n:g}", f"{rate:.2e}", f"{per_s:.3g}", f"{100 * qber:.2f}")
        photons = f"{mu:.3f}" if np.isfinite(mu) else "-"
        table.add_row(*cells, photons, f"[cyan]{bar(per_s, rates)}[/cyan]")
    screen = Console(highlight=False)
    screen.print(table)
    screen.print(f"reach [bold]{found['max_km']:.1f} km[/bold]")
