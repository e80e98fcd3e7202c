"""``silla coexist``: where to put a quantum channel beside classical ones in one fibre, and how strong they may be."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import typer

from silla.base.errors import ArgumentError
from silla.cli._output import emit_json
from silla.cli._plot import Panel, plot_path, write_panels
from silla.cli._quantum_options import bar
from silla.engine.coexistence import BANDS, Band, ClassicalLoad, Placement, Receiver, best_placement
from silla.physics.optical.coexistence import Booster

__all__ = ["coexist"]


def coexist(
    km: Annotated[float, typer.Option(help="Length of the fibre that both share.")] = 20.0,
    gbps: Annotated[float, typer.Option(help="Classical rate to carry; 1000 is 1 Tbit/s.")] = 1000.0,
    channel_gbps: Annotated[float, typer.Option(help="Rate of one classical channel.")] = 100.0,
    channels: Annotated[int | None, typer.Option(help="Classical channels, instead of --gbps.")] = None,
    power_dbm: Annotated[float, typer.Option(help="Launched power of each.")] = 0.0,
    spacing_ghz: Annotated[float, typer.Option(help="Between them.")] = 100.0,
    centre_nm: Annotated[float, typer.Option(help="Centre of their grid.")] = 1547.5,
    direction: Annotated[str, typer.Option(help="co, counter or both (a set of channels either way).")] = "co",
    bands: Annotated[str, typer.Option(help="Bands to look at.")] = ",".join(BANDS),
    quantum_nm: Annotated[str | None, typer.Option(help="Wavelengths to look at, as 1310,1550, not the bands.")] = None,
    target_bit_per_s: Annotated[float, typer.Option(help="Key rate to be kept at the highest power.")] = 1000.0,
    attenuation_db_per_km: Annotated[float, typer.Option(help="Of the fibre at 1550 nm.")] = 0.2,
    clock_hz: Annotated[float, typer.Option(help="Pulses per second.")] = 1e9,
    detector_efficiency: Annotated[float, typer.Option(help="Share of photons that click.")] = 0.5,
    y0: Annotated[float, typer.Option("--y0", help="Background clicks per gate without classical light.")] = 1e-8,
    filter_nm: Annotated[float, typer.Option(help="Width of the quantum receiver's filter.")] = 0.1,
    gate_ns: Annotated[float, typer.Option(help="Width of its gate.")] = 0.1,
    isolation_db: Annotated[float, typer.Option(help="Of the filter against a classical channel.")] = 120.0,
    insertion_db: Annotated[float, typer.Option(help="Loss of multiplexers and filters.")] = 2.0,
    misalignment: Annotated[float, typer.Option(help="Error rate of signal clicks.")] = 0.01,
    booster: Annotated[
        bool, typer.Option("--booster", help="A 20 dB amplifier before the fibre, with its noise.")
    ] = False,
    plot: Annotated[str | None, typer.Option(metavar="FILE.html", help="Also draw it: a page for a browser.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Where to put a quantum channel beside classical ones: key rate by band, what limits it, and the highest power.

    Counts Raman scattering, four-wave mixing, light that leaks through the filter and, with --booster, amplifier noise.
    """
    page = plot_path(plot)
    grid: dict[str, Any] = {
        "power_dbm": power_dbm, "spacing_ghz": spacing_ghz, "centre_nm": centre_nm, "direction": direction
    }  # fmt: skip
    if channels is not None:
        load = ClassicalLoad.grid(channels, **grid)
    else:
        load = ClassicalLoad.carrying(gbps * 1e9, channel_bit_per_s=channel_gbps * 1e9, **grid)
    receiver = Receiver(
        clock_hz, detector_efficiency, y0, gate_ns * 1e-9, filter_nm * 1e-9, isolation_db, insertion_db, misalignment
    )
    found = best_placement(
        load,
        km * 1e3,
        receiver=receiver,
        wavelengths_nm=_wavelengths(quantum_nm),
        bands=tuple(name.strip().upper() for name in bands.split(",") if name.strip()),
        target_bit_per_s=target_bit_per_s,
        attenuation_1550_db_per_km=attenuation_db_per_km,
        booster=Booster() if booster else None,
    )
    document = _document(km, load, found)
    if page is not None:
        _draw(page, document, found)
    if json:
        emit_json(document)
    else:
        _print(document, found)


def _wavelengths(text: str | None) -> np.ndarray | None:
    if text is None:
        return None
    try:
        return np.array([float(part) for part in text.split(",")])
    except ValueError:
        raise ArgumentError(f"--quantum-nm is {text!r}, allowed nanometres as 1310,1550") from None


def _document(km: float, load: ClassicalLoad, found: Placement) -> dict[str, Any]:
    return {
        "km": km,
        "classical": {
            "channels": load.wavelengths_m.size,
            "power_dbm": load.power_dbm,
            "direction": load.direction,
            "low_nm": float(load.wavelengths_m.min()) * 1e9,
            "high_nm": float(load.wavelengths_m.max()) * 1e9,
            "bit_per_s": load.bit_per_s or None,
        },
        "target_bit_per_s": found.target_bit_per_s,
        "best": None if found.best is None else _row(found.best),
        "why": found.why,
        "bands": [_row(band) for band in found.bands],
        "wavelength_nm": found.wavelength_nm,
        "rate_bit_per_s": found.rate_bit_per_s,
        "qber": found.qber,
        "loss_db": found.loss_db,
        "highest_dbm": found.highest_dbm,
        "noise_photons_per_s": found.noise,
    }


def _row(band: Band) -> dict[str, Any]:
    return {
        "band": band.name,
        "wavelength_nm": band.wavelength_nm,
        "rate_bit_per_s": band.rate_bit_per_s,
        "highest_dbm": band.highest_dbm,
        "loss_db": band.loss_db,
        "qber": band.qber,
        "noise_photons_per_s": band.noise_photons_per_s,
        "why": band.why,
    }


def _title(d: dict[str, Any]) -> str:
    c = d["classical"]
    rate = f" ({c['bit_per_s'] / 1e12:g} Tbit/s)" if c["bit_per_s"] else ""
    return f"beside {c['channels']} channels of {c['power_dbm']:g} dBm{rate}, {c['direction']}, over {d['km']:g} km"


def _print(d: dict[str, Any], found: Placement) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"A quantum channel {_title(d)}", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("band", "nm", "key bit/s", "QBER %", "dB", "photons/s", "to dBm", ""):
        table.add_column(name, justify="left" if name in ("band", "") else "right", no_wrap=True)
    rates = np.array([band.rate_bit_per_s for band in found.bands])
    for band in found.bands:
        total = sum(band.noise_photons_per_s.values())
        highest = "-" if band.highest_dbm is None else f"{band.highest_dbm:.1f}"
        table.add_row(
            band.name, f"{band.wavelength_nm:g}", f"{band.rate_bit_per_s:.3g}", f"{100 * band.qber:.2f}",
            f"{band.loss_db:.1f}", f"{total:.3g}", highest, f"[cyan]{bar(band.rate_bit_per_s, rates)}[/cyan]",
        )  # fmt: skip
    screen = Console(highlight=False)
    screen.print(table)
    for band in found.bands:
        screen.print(f"  {band.name}: {band.why}")
    screen.print(f"[bold]best[/bold]: {found.why}")
    screen.print(f"to dBm: power of each channel up to which {found.target_bit_per_s:g} bit/s are kept")


def _draw(page: Any, d: dict[str, Any], found: Placement) -> None:
    nm = found.wavelength_nm
    shaded = [(low, high, name) for name, (low, high) in BANDS.items() if low < nm.max() and high > nm.min()]
    panels = [
        Panel(
            {"key rate": (nm, found.rate_bit_per_s)}, "quantum channel, nm", "secret bits per second", True,
            "Key rate by wavelength", shaded,
        ),
        Panel(
            {name: (nm, value) for name, value in found.noise.items() if np.any(value > 0.0)}, "quantum channel, nm",
            "photons per second in the filter", True, "Noise by source", shaded,
        ),
        Panel(
            {"highest power": (nm, found.highest_dbm)}, "quantum channel, nm", "dBm of each classical channel", False,
            f"Highest power that keeps {found.target_bit_per_s:g} bit/s", shaded,
        ),
    ]  # fmt: skip
    write_panels(page, panels, f"A quantum channel {_title(d)}", [f"Best: {found.why}."])
