"""``silla qkd``: what a quantum link yields over its length, and how far it reaches."""

from __future__ import annotations

import math
from typing import Annotated, Any

import numpy as np
import typer

from silla.base.errors import ArgumentError
from silla.base.provenance import Range, check_domain
from silla.cli._output import emit_json
from silla.cli._plot import plot_path, write_line_plot
from silla.cli._qkd_air import MOST_KM, air_path
from silla.cli._qkd_link import Classical, Link, along, with_changes
from silla.cli._qkd_protocols import MORE_PROTOCOLS, Continuous
from silla.cli._quantum_options import bar, distances, one_of
from silla.physics.optical.air import WEATHERS
from silla.physics.quantum import mdi
from silla.physics.quantum.cvqkd import DETECTIONS
from silla.physics.quantum.decoy_bb84 import DECOYS
from silla.physics.quantum.detectors import GATE
from silla.physics.quantum.finite_key import EPSILON
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
    free_space: Annotated[bool, typer.Option("--free-space", help="Through level air instead of a fibre.")] = False,
    weather: Annotated[str, typer.Option(help=f"--free-space: one of {', '.join(WEATHERS)}.")] = "clear",
    visibility_km: Annotated[float | None, typer.Option(help="--free-space: instead of the weather's.")] = None,
    light: Annotated[str, typer.Option(help="--free-space: night, moon, day or bright-day.")] = "night",
    telescopes_m: Annotated[str, typer.Option(help="--free-space: diameters, transmitter and receiver.")] = "0.1,0.2",
    jitter_urad: Annotated[float, typer.Option(help="--free-space: of the pointing, each axis.")] = 5.0,
    optics: Annotated[float, typer.Option(help="--free-space: transmittance of both telescopes.")] = 0.4,
    field_urad: Annotated[float, typer.Option(help="--free-space: field of view, full angle.")] = 100.0,
    turbulence: Annotated[float, typer.Option(help="--free-space: C_n^2 along the path, m^(-2/3).")] = 1e-14,
    plot: Annotated[str | None, typer.Option(metavar="FILE.html", help="Also draw it: a page for a browser.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Key rate of a quantum link over its length, and its reach.

    The preset gives a published system; options change it. With --finite-key the key is that of blocks of that many
    sifted bits (cv-qkd: symbols; sns: windows) at the best intensities; otherwise it is asymptotic. dl04 is direct
    communication: secret message bits. bbm92, mdi, tf and sns have a source or a station in the middle, and km is the
    whole line; cv-qkd gives bits per symbol with a receiver efficiency of 0.6 unless told otherwise. --free-space is a
    level path between two telescopes, with the sky's light in the receiver's filter and gate.
    """
    one_of("--protocol", protocol, PROTOCOLS)
    check_domain("eps_sec", eps_sec, EPSILON, what="finite key")
    if classical_dbm is not None:
        check_domain(
            "power",
            classical_dbm,
            Range(-100.0, 40.0, "dBm"),
            what="classical channel",
            advice="did you give dBm or mW?",
        )
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
        check_domain("gate", gate_s, GATE, what="quantum link", advice="gates of 0.1 to 2 ns are usual")
        classical = Classical(
            classical_dbm, classical_channels, classical_nm * 1e-9, quantum_nm * 1e-9, filter_m, gate_s, direction
        )
    air = None
    if not free_space and (weather, light, telescopes_m, visibility_km) != ("clear", "night", "0.1,0.2", None):
        raise ArgumentError("--weather, --visibility-km, --light and --telescopes-m belong to --free-space; add it")
    if free_space:
        air = air_path(
            weather=weather, visibility_km=visibility_km, light=light, telescopes_m=telescopes_m,
            jitter_urad=jitter_urad, optics=optics, field_urad=field_urad, turbulence=turbulence,
            wavelength_m=quantum_nm * 1e-9, filter_m=filter_nm * 1e-9, gate_s=gate_ns * 1e-9,
        )  # fmt: skip
        if attenuation_db_per_km is not None:
            raise ArgumentError("--attenuation-db-per-km is a fibre's; --free-space takes --weather or --visibility-km")
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
        air,
    )
    found = along(link, distances(km))
    head = {
        "protocol": protocol,
        "preset": preset,
        "medium": "air" if free_space else "fibre",
        "weather": weather if free_space else None,
        "light": light if free_space else None,
        "decoys": link.decoys if protocol in ("decoy-bb84", "mdi") else None,
        "finite_key_block": finite_key,
        "attenuation_db_per_km": None if free_space else system.attenuation_db_per_km,
        "detector_efficiency": system.detector_efficiency,
        "misalignment": system.misalignment,
        "clock_hz": system.clock_hz,
        "source": system.source.text,
    }
    if page is not None:
        unit = "secret message bits" if protocol == "dl04" else "secret key bits"
        lines = {protocol: (found["km"], found["rate_bit_per_s"])}
        path = f", air, {weather}, {light}" if free_space else ""
        title = f"{protocol}, {preset}{path}: {unit} over distance"
        reach = f"Reach {found['max_km']:.1f} km. {system.source.text}."
        write_line_plot(page, lines, f"{head['medium']}, km", f"{unit} per second", True, title, notes=[reach])
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
    path = f", air, {head['weather']}, {head['light']}" if head["medium"] == "air" else ""
    title = f"{head['protocol']}, {head['preset']}{decoys}{block}{path}: {unit}"
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
    at = head["attenuation_db_per_km"]
    end = found["max_km"] >= MOST_KM if at is None else at * found["max_km"] > 0.9999 * found["limit_db"]
    edge = f"{MOST_KM:g} km" if at is None else f"{found['limit_db']:g} dB"
    limit = f", where the model's {edge} end" if end else ""
    screen.print(f"reach [bold]{found['max_km']:.1f} km[/bold]{limit}")
    for km, needed in zip(found["km"], found.get("shortest_block_bit", ())):
        if math.isinf(needed):
            screen.print(f"no key at {km:g} km: too much noise or loss for a block of any length")
        elif math.isfinite(needed):
            screen.print(f"no key at {km:g} km: the block is too short, it must have at least {needed:.2g} bits")
    if head["protocol"] in STATION and np.any(rates > found["plob"]):
        screen.print("Above 100 % of PLOB: that bound is for a line without a station in the middle.")
