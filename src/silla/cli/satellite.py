"""``silla satellite``: passages of a satellite over a station, and the keys of each."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

import numpy as np
import typer

from silla.base.errors import ArgumentError
from silla.cli._output import emit_json, progress
from silla.cli._plot import Panel, plot_path, write_panels
from silla.cli._quantum_options import one_of
from silla.engine.satellite import MICIUS, PassResult, SpaceLink, passes_for_a_key, survey
from silla.physics.optical.air import WEATHERS
from silla.physics.optical.orbit import MAX_AGE_DAYS, Satellite, Station, read_tle, sun_synchronous
from silla.physics.optical.sky import SKIES

__all__ = ["satellite"]

# names -> degrees north, degrees east, metres
STATIONS = {
    ("seoul", "서울"): Station("Seoul", 37.5665, 126.9780, 40.0),
    ("daejeon", "대전"): Station("Daejeon", 36.3745, 127.3655, 60.0),
    ("busan", "부산"): Station("Busan", 35.1796, 129.0756, 20.0),
    ("gyeongju", "경주"): Station("Gyeongju", 35.8400, 129.2870, 40.0),
    ("pohang", "포항"): Station("Pohang", 36.0190, 129.3435, 10.0),
    ("gwangju", "광주"): Station("Gwangju", 35.1595, 126.8526, 40.0),
    ("gangneung", "강릉"): Station("Gangneung", 37.7519, 128.8761, 20.0),
    ("jeju", "제주"): Station("Jeju", 33.4996, 126.5312, 20.0),
    ("bohyunsan", "보현산"): Station("Bohyunsan", 36.1648, 128.9766, 1127.0),
    ("xinglong", "싱룽"): Station("Xinglong", 40.3958, 117.5775, 890.0),
}
_START = "2026-03-20T00:00"
_LIGHTS = ("auto", "day", "night")
_AT_ONCE = 12  # passages drawn
_SINCE, _ENDLESS = "seconds from culmination", "Key rate with endless statistics"


def satellite(
    tle: Annotated[str | None, typer.Option(metavar="FILE", help="Two-line elements; else a made-up orbit.")] = None,
    altitude_km: Annotated[float, typer.Option(help="Of the made-up sun-synchronous orbit.")] = 500.0,
    node_hour: Annotated[float, typer.Option(help="Local hour of its ascending node.")] = 23.5,
    station: Annotated[str, typer.Option(help="A name, as Seoul or 대전, or lat,lon,height.")] = "Seoul",
    start: Annotated[str | None, typer.Option(help="UTC, as 2026-03-20T12:00; else when the elements hold.")] = None,
    hours: Annotated[float, typer.Option(help="How long to look ahead.")] = 48.0,
    min_elevation_deg: Annotated[float, typer.Option(help="Passages above this, 5 degrees or more.")] = 20.0,
    old_elements: Annotated[bool, typer.Option("--old-elements", help="Allow elements older than 14 days.")] = False,
    direction: Annotated[str, typer.Option(help="down or up.")] = "down",
    weather: Annotated[str, typer.Option(help=f"One of: {', '.join(WEATHERS)}.")] = "clear",
    visibility_km: Annotated[float | None, typer.Option(help="Instead of the weather's.")] = None,
    light: Annotated[str, typer.Option(help="auto: by the Sun; day; night.")] = "auto",
    day_sky: Annotated[str, typer.Option(help=f"Sky by day, one of: {', '.join(SKIES)}.")] = "day",
    night_sky: Annotated[str, typer.Option(help="Sky by night: dark or full-moon.")] = "dark",
    transmitter_m: Annotated[float, typer.Option(help="Diameter of the sending telescope.")] = 0.3,
    receiver_m: Annotated[float, typer.Option(help="Diameter of the receiving telescope.")] = 1.0,
    divergence_urad: Annotated[float | None, typer.Option(help="Half angle at 1/e2; else by the telescope.")] = 7.4,
    jitter_urad: Annotated[float, typer.Option(help="Pointing jitter in each axis.")] = 1.0,
    wavelength_nm: Annotated[float, typer.Option(help="Of the photons.")] = 848.6,
    field_urad: Annotated[float, typer.Option(help="Field of view, full angle.")] = 100.0,
    filter_nm: Annotated[float, typer.Option(help="Width of the receiver's filter.")] = 1.0,
    gate_ns: Annotated[float, typer.Option(help="Kept around each pulse.")] = 2.0,
    clock_hz: Annotated[float, typer.Option(help="Pulses per second.")] = 100e6,
    detector_efficiency: Annotated[float, typer.Option(help="Share of photons that click.")] = 0.5,
    misalignment: Annotated[float, typer.Option(help="Error rate of signal clicks.")] = 0.01,
    eps_sec: Annotated[float, typer.Option(help="Secrecy of each passage's key.")] = 1e-9,
    plot: Annotated[str | None, typer.Option(metavar="FILE.html", help="Also draw it: a page for a browser.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Passages of a satellite over a station, and the secret key of each.

    Each passage is one block of decoy-state BB84 with its finite statistics. The terminals are like those of Micius
    unless told otherwise; without --tle the orbit is made up from elements and no satellite flies it.
    """
    page = plot_path(plot)
    one_of("--direction", direction, ("down", "up"))
    one_of("--weather", weather, tuple(WEATHERS))
    one_of("--light", light, _LIGHTS)
    one_of("--day-sky", day_sky, tuple(SKIES))
    one_of("--night-sky", night_sky, ("dark", "full-moon"))
    place = _station(station)
    begin = _time(start)
    orbit = read_tle(tle) if tle is not None else sun_synchronous(altitude_km * 1e3, node_hour, begin or _default())
    begin = begin or orbit.epoch
    if divergence_urad is not None and not divergence_urad > 0.0:
        raise ArgumentError(f"--divergence-urad is {divergence_urad:g}, allowed above 0; a beam always spreads")
    link = replace(
        MICIUS,
        terminals=replace(
            MICIUS.terminals,
            wavelength_m=wavelength_nm * 1e-9,
            transmitter_m=transmitter_m,
            receiver_m=receiver_m,
            divergence_rad=None if divergence_urad is None else divergence_urad * 1e-6,
            jitter_rad=jitter_urad * 1e-6,
            field_of_view_rad=field_urad * 1e-6,
            filter_m=filter_nm * 1e-9,
        ),
        direction=direction,
        clock_hz=clock_hz,
        gate_s=gate_ns * 1e-9,
        efficiency=detector_efficiency,
        misalignment=misalignment,
        eps_sec=eps_sec,
        day=day_sky,
        night=night_sky,
    )
    air = WEATHERS[weather] if visibility_km is None else replace(WEATHERS[weather], visibility_km=visibility_km)
    with progress() as bar:
        task = bar.add_task("passages", total=None)
        results = survey(
            link, orbit, place, begin, hours, min_elevation_deg=min_elevation_deg,
            max_age_days=math.inf if old_elements else MAX_AGE_DAYS, weather=air, light=light,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
    document = _document(link, orbit, place, begin, hours, weather, results)
    if page is not None:
        _draw(page, document, results)
    if json:
        emit_json(document)
    else:
        _print(document)


def _default() -> datetime:
    return datetime.fromisoformat(_START).replace(tzinfo=UTC)


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentError(f"--start is {text!r}, allowed a time as 2026-03-20T12:00 (UTC)") from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _station(text: str) -> Station:
    for names, place in STATIONS.items():
        if text.strip().casefold() in names:
            return place
    try:
        lat, lon, *height = (float(part) for part in text.split(","))
        if len(height) > 1 or not (-90.0 <= lat <= 90.0 and -180.0 <= lon <= 360.0):
            raise ValueError
    except ValueError:
        known = ", ".join(f"{place.name} ({names[1]})" for names, place in STATIONS.items())
        raise ArgumentError(
            f"--station is {text!r}, allowed degrees north, degrees east and metres as 36.16,128.98,1127, or one of "
            f"{known}"
        ) from None
    return Station(text, lat, lon, height[0] if height else 0.0)


def _document(
    link: SpaceLink,
    orbit: Satellite,
    place: Station,
    begin: datetime,
    hours: float,
    weather: str,
    results: list[PassResult],
) -> dict[str, Any]:
    passes = [_row(link, result) for result in results]
    days = hours / 24.0
    return {
        "satellite": orbit.name,
        "elements": {"source": orbit.source, "epoch": _iso(orbit.epoch)},
        "station": {
            "name": place.name, "lat_deg": place.lat_deg, "lon_deg": place.lon_deg, "height_m": place.height_m
        },
        "start": _iso(begin),
        "hours": hours,
        "direction": link.direction,
        "weather": weather,
        "clock_hz": link.clock_hz,
        "eps_sec": link.eps_sec,
        "source": link.source.text if link.source else "",
        "passes": passes,
        "key_bit": sum(row["key_bit"] for row in passes),
        "key_bit_per_day": sum(row["key_bit"] for row in passes) / days,
    }  # fmt: skip


def _row(link: SpaceLink, r: PassResult) -> dict[str, Any]:
    top = int(np.argmax(r.elevation_deg))
    seconds = (r.passage.set - r.passage.rise).total_seconds()
    return {
        "rise": _iso(r.passage.rise),
        "culmination": _iso(r.passage.culmination),
        "set": _iso(r.passage.set),
        "duration_s": seconds,
        "cut": r.passage.open,
        "max_elevation_deg": r.passage.max_elevation_deg,
        "closest_km": float(r.range_m.min()) / 1e3,
        "least_loss_db": float(r.loss_db.min()),
        "greatest_loss_db": float(r.loss_db.max()),
        "loss_at_culmination_db": {
            name: float(getattr(r.budget, f"{name}_db")[top]) for name in ("geometry", "pointing", "turbulence", "air",
            "optics")
        },
        "scintillation_index": float(r.budget.scintillation[top]),
        "light": r.light,
        "sun_elevation_deg": float(r.sun_elevation_deg[top]),
        "satellite_in_shadow": bool(r.shadowed[top]),
        "background_per_gate": float(r.y0[top]),
        "sifted_bit": r.key.sifted_bit,
        "qber": r.key.qber,
        "key_bit": r.key.length_bit,
        "key_bit_per_s": r.key.length_bit / seconds,
        "asymptotic_key_bit": float(np.mean(r.asymptotic_bit_per_s) * seconds),
        "intensities": r.key.intensities,
        "probabilities": r.key.probabilities,
        "key_basis": r.key.key_basis,
        "passes_for_a_key": 1.0 if r.key.length_bit > 0.0 else passes_for_a_key(link, r),
    }  # fmt: skip


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _print(d: dict[str, Any]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    screen = Console(highlight=False)
    title = f"{d['satellite']} over {d['station']['name']}, {d['direction']}link, {d['weather']}"
    screen.print(f"[bold]{escape(title)}[/bold]")
    screen.print(f"elements: {escape(d['elements']['source'])}, {d['elements']['epoch']}")
    if not d["passes"]:
        screen.print(f"no passage within {d['hours']:g} h from {d['start']}; try --hours or --min-elevation-deg")
        return
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("rise (UTC)", "s", "max °", "km", "dB", "light", "sifted", "QBER %", "key bits", "bit/s"):
        table.add_column(name, justify="left" if name in ("rise (UTC)", "light") else "right", no_wrap=True)
    for row in d["passes"]:
        cells = (
            row["rise"][5:16].replace("T", " "), f"{row['duration_s']:.0f}", f"{row['max_elevation_deg']:.0f}",
            f"{row['closest_km']:.0f}", f"{row['least_loss_db']:.1f}", row["light"], f"{row['sifted_bit']:.3g}",
            f"{100 * row['qber']:.2f}", f"{row['key_bit']:,.0f}", f"{row['key_bit_per_s']:.3g}",
        )  # fmt: skip
        table.add_row(*cells)
    screen.print(table)
    screen.print(f"[bold]{d['key_bit']:,.0f}[/bold] key bits in {d['hours']:g} h, {d['key_bit_per_day']:,.0f} a day")
    empty = [row["passes_for_a_key"] for row in d["passes"] if row["key_bit"] == 0.0]
    if empty:
        best = min(empty)
        hint = f"the best needs {best:.0f} like it in one block" if math.isfinite(best) else "more of them do not help"
        screen.print(f"{len(empty)} without a key: their blocks are too short or too noisy; {hint}")


def _draw(page: Any, d: dict[str, Any], results: list[PassResult]) -> None:
    shown = results[:_AT_ONCE]
    names = [f"{row['rise'][5:16].replace('T', ' ')}, {row['key_bit']:,.0f} bit" for row in d["passes"][:_AT_ONCE]]

    def lines(x, y):
        return {name: (x(r), y(r)) for name, r in zip(names, shown)}

    def since_top(r):
        return r.time_s - r.time_s[np.argmax(r.elevation_deg)]

    panels = [
        Panel(
            lines(lambda r: r.azimuth_deg, lambda r: r.elevation_deg), "", "", title="Track over the sky", polar=True
        ),
        Panel(lines(since_top, lambda r: r.elevation_deg), _SINCE, "elevation, degrees", title="Elevation"),
        Panel(lines(since_top, lambda r: r.loss_db), _SINCE, "loss, dB", title="Loss"),
        Panel(lines(since_top, lambda r: r.asymptotic_bit_per_s), _SINCE, "secret bits per second", True, _ENDLESS),
    ]
    more = f" The first {_AT_ONCE} of {len(results)} passages are drawn." if len(results) > _AT_ONCE else ""
    notes = [
        f"{d['key_bit']:,.0f} key bits in {d['hours']:g} h from {d['start']}, each passage one finite block.{more}",
        f"Orbit: {d['satellite']}; {d['elements']['source']}, {d['elements']['epoch']}.",
    ]
    write_panels(page, panels if results else [], f"{d['satellite']} over {d['station']['name']}", notes)
