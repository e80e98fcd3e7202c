"""``silla peak``: what carries a peak rate, and what a carrier that cannot ends at."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from silla.base.errors import ArgumentError
from silla.cli._output import emit_json
from silla.physics.radio.modulation import BITS_PER_SYMBOL
from silla.physics.radio.peak import MAX_CODE_RATE, Efficiency, Link, carry, designs

__all__ = ["peak"]

REFERENCE_EFFICIENCY = 60.0  # bit/s/Hz: the peak target under discussion for IMT-2030, twice IMT-2020's 30


def peak(
    gbps: Annotated[float, typer.Option(help="Rate to carry, Gbit/s.")] = 1000.0,
    frequency_ghz: Annotated[float | None, typer.Option(help="Carrier frequency; without it, every band.")] = None,
    bandwidth_mhz: Annotated[float | None, typer.Option(help="Carrier width; without it, what is needed.")] = None,
    layers: Annotated[int | None, typer.Option(help="Spatial layers.")] = None,
    modulation: Annotated[str | None, typer.Option(help=f"One of: {', '.join(BITS_PER_SYMBOL)}.")] = None,
    code_rate: Annotated[float | None, typer.Option(help="Code rate; 948/1024 if not given.")] = None,
    overhead: Annotated[float, typer.Option(help="Share of resources without data, 0 to 1 (NR counts 0.14).")] = 0.0,
    bit_per_s_per_hz: Annotated[
        float | None, typer.Option(help="Efficiency outright; 60 if no layers or modulation are given.")
    ] = None,
    tx_power_dbm: Annotated[float, typer.Option(help="Transmit power over the carrier.")] = 30.0,
    tx_gain_dbi: Annotated[float, typer.Option(help="Transmit antenna gain.")] = 40.0,
    rx_gain_dbi: Annotated[float, typer.Option(help="Receive antenna gain.")] = 30.0,
    noise_figure_db: Annotated[float, typer.Option(help="Receiver noise figure.")] = 10.0,
    implementation_loss_db: Annotated[float, typer.Option(help="Receiver's distance from Shannon's bound.")] = 3.0,
    distance_m: Annotated[float | None, typer.Option(help="The link must close over this distance.")] = None,
    rain_mm_per_h: Annotated[float, typer.Option(help="Rain rate.")] = 0.0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """What carries a rate (1 Tbit/s by default): spectrum, layers, modulation, power and range.

    With a frequency or a bandwidth it answers for that carrier, and refuses it with the rate it ends at when it cannot.
    Without either it lists the lightest carrier of every band.
    """
    link = Link(
        tx_power_dbm, tx_gain_dbi, rx_gain_dbi, noise_figure_db, rain_mm_per_h,
        implementation_loss_db=implementation_loss_db,
    )  # fmt: skip
    head: dict[str, Any] = {"target_gbit_per_s": gbps, "link": asdict(link)}
    if frequency_ghz is None and bandwidth_mhz is None:
        stated = [n for n, v in (("--layers", layers), ("--modulation", modulation), ("--distance-m", distance_m)) if v]
        if stated or bit_per_s_per_hz is not None or code_rate is not None:
            raise ArgumentError("a carrier's details need its --frequency-ghz or --bandwidth-mhz")
        rows = designs(gbps * 1e9, link, overhead)
        emit_json(head | {"designs": rows}) if json else _print_designs(gbps, rows)
        return
    efficiency = _efficiency(layers, modulation, code_rate, overhead, bit_per_s_per_hz)
    frequency = 7.8 if frequency_ghz is None else frequency_ghz
    width = None if bandwidth_mhz is None else bandwidth_mhz * 1e6
    answer = carry(gbps * 1e9, frequency, width, efficiency, link, distance_m)
    head |= {
        "carries": answer.pop("carries"),
        "ends_at_gbit_per_s": answer.pop("ends_at_bit_per_s") / 1e9,
        "why": answer.pop("why"),
        "frequency_ghz": frequency,
        "bandwidth_mhz": answer["bandwidth_hz"] / 1e6,
        "bit_per_s_per_hz": efficiency.total,
        "layers": efficiency.layers,
        "modulation": efficiency.modulation,
        "code_rate": efficiency.code_rate,
        "overhead": efficiency.overhead,
        "distance_m": distance_m,
    }
    emit_json(head | answer) if json else _print_carrier(head | answer)


def _efficiency(
    layers: int | None, modulation: str | None, code_rate: float | None, overhead: float, stated: float | None
) -> Efficiency:
    """The efficiency asked for; 60 bit/s/Hz over 8 layers when nothing says otherwise."""
    if modulation is not None and modulation not in BITS_PER_SYMBOL:
        raise ArgumentError(f"--modulation is {modulation!r}, allowed {', '.join(BITS_PER_SYMBOL)}")
    if stated is None and layers is None and modulation is None and code_rate is None:
        return Efficiency(layers=8, modulation="qam256", overhead=overhead, bit_per_s_per_hz=REFERENCE_EFFICIENCY)
    return Efficiency(layers or 8, modulation or "qam256", code_rate or MAX_CODE_RATE, overhead, stated)


def _print_carrier(a: dict[str, Any]) -> None:
    from rich.console import Console

    screen = Console(highlight=False)
    verdict = "[green]carries[/green]" if a["carries"] else "[red]does not carry[/red]"
    screen.print(
        f"{a['bandwidth_mhz']:g} MHz at {a['frequency_ghz']:g} GHz {verdict} {a['target_gbit_per_s']:g} Gbit/s"
    )
    if a["why"]:
        screen.print(f"  {a['why']}")
    screen.print(f"  ends at            {a['ends_at_gbit_per_s']:.4g} Gbit/s ({a['bit_per_s_per_hz']:.4g} bit/s/Hz)")
    screen.print(f"  bandwidth needed   {a['bandwidth_needed_hz'] / 1e9:.4g} GHz at that efficiency")
    screen.print(f"  efficiency needed  {a['efficiency_needed_bit_per_s_per_hz']:.4g} bit/s/Hz in that bandwidth")
    screen.print(f"  SNR per layer      {a['required_snr_db']:.1f} dB on {a['layers']} layers")
    screen.print(f"  gases and rain     {a['air_db_per_km']:.3g} dB/km")
    screen.print(f"  reach              {a['reach_m']:.3g} m with {a['link']['tx_power_dbm']:g} dBm")
    if a["distance_m"] is not None:
        screen.print(f"  power needed       {a['power_needed_dbm']:.1f} dBm at {a['distance_m']:g} m")


def _print_designs(gbps: float, rows: list[dict[str, Any]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=f"What carries {gbps:g} Gbit/s: the lightest carrier of each band", box=SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    for name in ("band", "GHz", "layers", "bit/s/Hz", "needs GHz", "Gbit/s", "reach m"):
        table.add_column(name, justify="left" if name == "band" else "right", no_wrap=True)
    for r in rows:
        ends = f"[{'green' if r['carries'] else 'red'}]{r['ends_at_bit_per_s'] / 1e9:.0f}[/]"
        table.add_row(
            r["band"], f"{r['width_hz'] / 1e9:.3g}", f"{r['layers']} x {r['modulation']}",
            f"{r['bit_per_s_per_hz']:.3g}", f"{r['bandwidth_needed_hz'] / 1e9:.3g}", ends, f"{r['reach_m']:.0f}",
        )  # fmt: skip
    Console(highlight=False).print(table)
