"""The map and the overview of the fibres between the cities."""

from __future__ import annotations

from silla.report.figures.citymap import CityMap
from silla.report.sections.base import Section
from silla.report.stored import Stored
from silla.report.text import esc

__all__ = ["map_section"]

_LAYERS = (
    ("buildings", "buildings"),
    ("cells", "cells"),
    ("names", "sites"),
    ("users", "users"),
    ("fibres", "fibres"),
    ("nodes", "nodes"),
)


def map_section(stored: Stored, city: CityMap) -> Section:
    """The interactive map with its controls."""
    return Section("map", "The network on the ground", "Map", _map_html(stored, city))


def _map_html(stored: Stored, city: CityMap) -> str:
    about = city.about
    fields = [(f["id"], f["title"]) for f in about.get("raster", {}).get("fields", [])]
    controls = []
    if len(stored.variants) > 1:
        controls.append(_group("Variant", "variant", [(v, v) for v in reversed(stored.variants)]))
    if fields:
        controls.append(_group("Colour", "field", [*fields, ("", "none")]))
    if len(about["views"]) > 1:
        controls.append(_group("Place", "view", [(str(i), v["label"]) for i, v in enumerate(about["views"])]))
    present = {t["meta"]["layer"] for t in about["traces"]}
    boxes = "".join(
        f'<label><input type="checkbox" data-layer="{k}"{"" if k in city.hidden else " checked"}>{t}</label>'
        for k, t in _LAYERS
        if k in present
    )
    controls.append(_keys(about["traces"]))
    controls.insert(-1, f'<fieldset class="layers"><legend>Layers</legend>{boxes}</fieldset>')
    return (
        '<figure class="figure" id="fig-map">'
        f'<div class="map-controls">{"".join(controls)}</div>'
        '<div class="map-frame"><div class="plot map" id="citymap" role="application" '
        'aria-label="Map of sites, cells, buildings, users and fibres in local metres"></div>'
        '<div class="scale-bar" aria-hidden="true"><span></span></div></div>'
        '<div class="map-foot"><div class="colour-bar" hidden></div><p class="readout" aria-live="off"></p></div>'
        f"<figcaption>{_caption(city)}</figcaption></figure>"
    )


def _keys(traces: list[dict]) -> str:
    """What the colours of wedges and lines stand for."""
    found: dict[str, str] = {}
    for t in traces:
        if t.get("showlegend"):
            line = "fillcolor" not in t
            colour = (t["line"]["color"] if line else t["fillcolor"]).lstrip("$").split("/")[0]
            found.setdefault(
                t["name"], f'<span class="{"swatch" if line else "box"} c-{colour}" aria-hidden="true"></span>'
            )
    entries = "".join(f'<span class="key">{mark}{name}</span>' for name, mark in found.items())
    return f'<div class="keys">{entries}</div>'


def _group(legend: str, name: str, options: list[tuple[str, str]]) -> str:
    buttons = []
    for i, (value, text) in enumerate(options):
        pressed = "true" if i == 0 else "false"
        buttons.append(
            f'<button type="button" data-{name}="{esc(value)}" aria-pressed="{pressed}">{esc(text)}</button>'
        )
    tabs = f'<div class="tabs" role="group" aria-label="{legend}">{"".join(buttons)}</div>'
    return f'<div class="control"><span class="legend">{legend}</span>{tabs}</div>'


def _caption(city: CityMap) -> str:
    parts = [
        "Metres east and north of the origin, to the same scale; wedges are cells in the direction of their azimuth; "
        "squares are users indoors, circles outdoors, coloured by rate"
    ]
    parts += [esc(n) for n in city.notes]
    if "raster" in city.about:
        frame = next(iter(city.about["raster"]["layers"].values()))[0]
        carriers = sorted(set(city.about.get("carriers", {}).values()))
        on = f" on {esc(' or '.join(carriers))}" if carriers else ""
        parts.append(
            f"the ground's colour is what one user would have there{on} with every cell at full load and median shadow "
            f"fading, {frame['width']:,} × {frame['height']:,} points {frame['dx']:.3g} m apart"
        )
    return "; ".join(parts) + ". Drag to move, scroll or pinch to zoom."
