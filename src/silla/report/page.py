"""One HTML file out of sections, figures and assets; everything inlined, nothing fetched."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from string import Template
from typing import Any

from silla.report.encode import dumps, pack
from silla.report.figures.base import Figure
from silla.report.figures.citymap import CityMap
from silla.report.sections.base import Section
from silla.report.sections.headline import facts
from silla.report.stored import Stored
from silla.report.text import esc, number

__all__ = ["page"]

_HANGUL = re.compile("[\uac00-\ud7a3]")


def page(stored: Stored, sections: list[Section], city: CityMap | None) -> str:
    """The whole page as text."""
    figures: dict[str, Any] = {f.id: _figure(f) for s in sections for f in s.figures}
    title = str(stored.manifest.get("title") or stored.summary.get("title") or stored.manifest.get("name") or "Results")
    return Template(_asset("page.html")).substitute(
        lang="ko" if _mostly_hangul(title) else "en",
        title=esc(title),
        version=esc(stored.manifest.get("silla", "")),
        description=esc(stored.scenario.get("description", "")),
        facts=esc(facts(stored)),
        meta=_meta(stored),
        toc="".join(f'<li><a href="#{s.id}">{esc(s.nav)}</a></li>' for s in sections),
        sections="\n".join(
            f'<section id="{s.id}" class="part"><h2>{esc(s.title)}</h2>{s.html}</section>' for s in sections
        ),
        style=_asset("style.css"),
        script=_asset("report.js"),
        crown=_asset("crown.svg"),
        plotly=esc(_plotly()[1]),
        figures=pack(dumps({"figures": figures, "map": city.about if city else None})),
        raster=pack(city.raster) if city and city.raster else "",
        engine=pack(_plotly()[0]),
    )


def _figure(figure: Figure) -> list[dict[str, Any]]:
    return [{"data": p.data, "layout": p.layout} for p in figure.panels]


def _mostly_hangul(title: str) -> bool:
    letters = [c for c in title if c.isalpha()]
    return bool(letters) and 2 * len(_HANGUL.findall(title)) > len(letters)


def _meta(stored: Stored) -> str:
    manifest, run = stored.manifest, stored.manifest.get("run") or {}
    elapsed = run.get("elapsed_s")
    entries = [
        ("Scenario", manifest.get("name")),
        ("Seed", manifest.get("seed")),
        ("Scenario hash", str(manifest.get("scenario_sha256", ""))[:12]),
        ("Simulated", str(manifest.get("created", ""))[:16].replace("T", " ")),
        ("Took", f"{number(float(elapsed))} s" if isinstance(elapsed, (int, float)) else ""),
        ("Tasks", _tasks(run)),
        ("silla", manifest.get("silla")),
    ]
    return "".join(f"<div><dt>{k}</dt><dd>{esc(v)}</dd></div>" for k, v in entries if v not in (None, ""))


def _tasks(run: dict[str, Any]) -> str:
    if not isinstance(run.get("tasks"), int):
        return ""
    reused = run.get("tasks_reused") or 0
    return f"{run['tasks']:,}" + (f", {reused:,} from an earlier run" if reused else "")


@cache
def _asset(name: str) -> str:
    return (resources.files("silla.report.assets") / name).read_text("utf-8")


@cache
def _plotly() -> tuple[str, str]:
    """Plotly's script and its name with version, from the installed package."""
    from plotly.offline import get_plotlyjs

    script = get_plotlyjs()
    found = re.search(r"plotly\.js v([\d.]+)", script[:2000])
    return script, f"plotly.js {found.group(1)}" if found else "plotly.js"
