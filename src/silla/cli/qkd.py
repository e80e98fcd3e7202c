"""``silla qkd``: what a quantum link yields over its length, and how far it reaches."""

from __future__ import annotations

import math
from typing import Annotated, Any

import numpy as np
import typer

from silla.base.errors import ArgumentError
from silla.cli._output import emit_json
from silla.cli._plot import plot_path, write_line_plot
from silla.cli._qkd_link import Classical, Link, along, with_changes
from silla.cli._qkd_protocols import MORE_PROTOCOLS, Continuous
from silla.cli._quantum_options import bar, distances, one_of
from silla.physics.quantum import mdi
from silla.physics.quantum.cvqkd import DETECTIONS
from silla.physics.quantum.decoy_bb84 import DECOYS
from silla.physics.quantum.presets import PRESETS

__all__ = ["qkd"]

PROTOCOLS = ("decoy-bb84", "dl04", *MORE_PROTOCOLS)
STATION = ("bbm92", "mdi", "tf", "sns")  # something in the middle: km is the whole line
CONTINUOUS_EFFICIENCY = 0.6


def qkd(
    protocol: Annotated[str, typer.Option(help=f"One of: {', '.join(PROTOCOLS)}.")] = "decoy-bb84",
    preset: Annotated[str, typer.Option(help=f"Published system to start from: {', '.join(PRESETS)}.")] = "gys",
    km: Annotated[str, typer.Option(help="Distances: 0,50,100 or from:to:step.")] = "0:150:10",
    decoys: Annotated[str | None, typer.Option(help=f"One of: {', '.join(DECOYS)}.")] = None,
    mu: Annotated[str | None, typer.Option(help="Mean photons of a signal pulse, or 'best' at each distance.")] = None,
    nu: Annotated[float | None, typer.Option(help="Mean photons of the weak decoy.")] = None,
    attenuation_db_per_km: Annotated[float | None, typer.Option(help="Fibre attenuation in dB/km.")] = None,
    detector_efficiency: Annotated[float | None, typer.Option(help="Receiver optics and detectors, 0 to 1.")] = None,
    y0: Annotated[float | None, typer.Option("--y0", help="Background clicks per gate.")] = None,
    misalignment: Annotated[float | None, typer.Option(help="Error rate of signal clicks.")] = None,
    error_correction: Annotated[float | None, typer.Option(help="Leaked bits over Shannon's limit, from 1.")] = None,
    afterpulse: Annotated[float | None, typer.Option(help="False clicks per click.")] = None,
    clock_hz: Annotated[float | None, typer.Option(help="Pulses per second.")] = None,
    finite_key: Annotated[float | None, typer.Option(metavar="BLOCK", help="Sifted bits of a block.")] = None,
    eps_sec: Annotated[float, typer.Option(help="Secrecy of a finite key.")] = 1e-10,
    intercept: Annotated[float, typer.Option(help="Share of pulses that an eavesdropper intercepts.")] = 0.0,
    modulation: Annotated[float | None, typer.Option(help="cv-qkd: variance of the modulation; else the best.")] = None,
    excess_noise: Annotated[float, typer.Option(help="cv-qkd: excess noise at the input, shot-noise units.")] = 0.01,
    electronic_noise: Annotated[float, typer.Option(help="cv-qkd: of the trusted detector, shot-noise units.")] = 0.01,
    reconciliation: Annotated[float, typer.Option(help="cv-qkd: efficiency of error correction, 0 to 1.")] = 0.95,
    detection: Annotated[str, typer.Option(help=f"cv-qkd: {' or '.join(DETECTIONS)}.")] = "homodyne",
    classical_dbm: Annotated[
        float | None, typer.Option(help="Launched power of each classical channel in the same fibre, dBm.")
    ] = None,
    classical_channels: Annotated[int, typer.Option(help="How many classical channels.")] = 1,
    classical_nm: Annotated[float, typer.Option(help="Their wavelength.")] = 1562.0,
    quantum_nm: Annotated[float, typer.Option(help="Wavelength of the quantum channel.")] = 1550.0,
    filter_nm: Annotated[float, typer.Option(help="Width of the receiver's filter.")] = 0.1,
    gate_ns: Annotated[float, typer.Option(help="Width of the receiver's gate.")] = 1.0,
    direction: Annotated[str, typer.Option(help="Of the classical channels: co or counter.")] = "co",
    plot: Annotated[str | None, typer.Option(metavar="FILE.html", help="Also draw it: a page for a browser.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Key rate of a quantum link over its length, and its reach.

    The preset gives a published system; options change it. With --finite-key the key is that of blocks of that many
    sifted bits (cv-qkd: symbols; sns: windows) at the best intensities; otherwise it is asymptotic. dl04 is direct
    communication: secret message bits. bbm92, mdi, tf and sns have a source or a station in the middle, and km is the
    whole line; cv-qkd gives bits per symbol with a receiver efficiency of 0.6 unless told otherwise.
    """
    one_of("--protocol", protocol, PROTOCOLS)
    page = plot_path(plot)
    one_of("--preset", preset, tuple(PRESETS))
    if protocol == "cv-qkd" and detector_efficiency is None:
        detector_efficiency = CONTINUOUS_EFFICIENCY  # the presets are of photon counters
    system = with_changes(
        PRESETS[preset],
        nu=nu,
        attenuation_db_per_km=attenuation_db_per_km,
        detector_efficiency=detector_efficiency,
        y0=y0,
        misalignment=misalignment,
        error_correction=error_correction,
        afterpulse=afterpulse,
        clock_hz=clock_hz,
    )
    classical = None
    if classical_dbm is not None:
        gate_s, filter_m = gate_ns * 1e-9, filter_nm * 1e-9
        classical = Classical(
            classical_dbm, classical_channels, classical_nm * 1e-9, quantum_nm * 1e-9, filter_m, gate_s, direction
        )
    link = Link(
        system,
        protocol,
        _decoys(decoys, system.decoys, finite_key, protocol),
        _mu(mu, system.mu, protocol),
        finite_key,
        eps_sec,
        intercept,
        classical,
        Continuous(modulation, excess_noise, electronic_noise, reconciliation, detection),
    )
    found = along(link, distances(km))
    head = {
        "protocol": protocol,
        "preset": preset,
        "decoys": link.decoys if protocol in ("decoy-bb84", "mdi") else None,
        "finite_key_block": finite_key,
        "attenuation_db_per_km": system.attenuation_db_per_km,
        "detector_efficiency": system.detector_efficiency,
        "misalignment": system.misalignment,
        "clock_hz": system.clock_hz,
        "source": system.source.text,
    }
    if page is not None:
        unit = "secret message bits" if protocol == "dl04" else "secret key bits"
        lines = {protocol: (found["km"], found["rate_bit_per_s"])}
        title = f"{protocol}, {preset}: {unit} over distance"
        reach = f"Reach {found['max_km']:.1f} km. {system.source.text}."
        write_line_plot(page, lines, "fibre, km", f"{unit} per second", True, title, notes=[reach])
    if json:
        emit_json(head | found)
    else:
        _print(head, found)


def _decoys(given: str | None, default: str, block: float | None, protocol: str) -> str:
    if given is not None:
        one_of("--decoys", given, DECOYS)
        if protocol not in ("decoy-bb84", "mdi") or (protocol == "mdi" and given not in mdi.DECOYS):
            choice = (
                f"mdi takes {', '.join(mdi.DECOYS)}" if protocol == "mdi" else f"{protocol} takes its yields as known"
            )
            raise ArgumentError(f"--decoys is {given!r}: {choice}")
    if protocol != "decoy-bb84":
        return given or "infinite"
    if block is None:
        return given or default
    if given in ("infinite", "none"):
        raise ArgumentError(
            f"--decoys {given} has no finite-key bound; use vacuum+weak or one-decoy, or leave --finite-key out"
        )
    return given or "vacuum+weak"


def _mu(given: str | None, default: float, protocol: str) -> float | None:
    """The mean photon number; None stands for the best. Direct communication takes the best unless told otherwise."""
    if given is None:
        return default if protocol == "decoy-bb84" else None
    if given == "best":
        return None
    try:
        return float(given)
    except ValueError:
        raise ArgumentError(f"--mu is {given!r}, allowed a number of photons per pulse, as 0.48, or 'best'") from None


def _print(head: dict[str, Any], found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    unit = "secret message bits" if head["protocol"] == "dl04" else "secret key bits"
    block = f", blocks of {head['finite_key_block']:g} bits" if head["finite_key_block"] else ""
    decoys = f", {head['decoys']} decoys" if head["decoys"] else ""
    title = f"{head['protocol']}, {head['preset']}{decoys}{block}: {unit}"
    table = Table(title=escape(title), caption=escape(head["source"]))
    for name in ("km", "dB", "bit/pulse", "bit/s", "QBER %", "mu", "PLOB %", ""):
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    rates = found["rate_bit_per_pulse"]
    columns = ("km", "loss_db", "rate_bit_per_pulse", "rate_bit_per_s", "qber", "mu", "plob")
    for row in zip(*(found[name] for name in columns)):
        km, loss, rate, per_s, qber, mu, plob = (float(x) for x in row)
        share = f"{100 * rate / plob:.3g}" if math.isfinite(plob) else "-"
        errors = f"{100 * qber:.2f}" if math.isfinite(qber) else "-"
        cells = (f"{km:g}", f"{loss:.1f}", f"{rate:.2e}", f"{per_s:.3g}", errors, f"{mu:.3f}", share)
        table.add_row(*cells, f"[cyan]{bar(rate, rates)}[/cyan]")
    screen = Console(highlight=False)
    screen.print(table)
    end = head["attenuation_db_per_km"] * found["max_km"] > 0.9999 * found["limit_db"]
    limit = f", where the model's {found['limit_db']:g} dB end" if end else ""
    screen.print(f"reach [bold]{found['max_km']:.1f} km[/bold]{limit}")
    for km, needed in zip(found["km"], found.get("shortest_block_bit", ())):
        if math.isinf(needed):
            screen.print(f"no key at {km:g} km: too much noise or loss for a block of any length")
        elif math.isfinite(needed):
            screen.print(f"no key at {km:g} km: the block is too short, it must have at least {needed:.2g} bits")
    if head["protocol"] in STATION and np.any(rates > found["plob"]):
        screen.print("Above 100 % of PLOB: that bound is for a line without a station in the middle.")
