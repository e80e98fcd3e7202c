"""``silla threat``: when quantum computers break what protects each interface, and until when to migrate."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import typer

from silla.cli._output import emit_json
from silla.cli._plot import Panel, plot_path, write_panels
from silla.engine.threat import threat_report

__all__ = ["threat"]


def threat(
    scenario: Annotated[
        str | None, typer.Argument(help="Scenario whose security entries count as cover.", metavar="[SCENARIO]")
    ] = None,
    variant: Annotated[str | None, typer.Option(help="Variant of the scenario.")] = None,
    now: Annotated[float, typer.Option(help="Calendar year of the assessment.")] = 2026.0,
    years: Annotated[float, typer.Option(help="Years to look ahead.")] = 30.0,
    samples: Annotated[int, typer.Option(help="Draws of the Monte-Carlo.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 1,
    standing: Annotated[
        str, typer.Option(help="Evidence that counts: published; preprint, too; vendor, too (those with an interest).")
    ] = "preprint",
    risk: Annotated[float, typer.Option(help="Probability of exposure that a migration in time keeps to.")] = 0.05,
    plot: Annotated[str | None, typer.Option(metavar="FILE.html", help="Also draw it: a page for a browser.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """When quantum computers break what protects each interface of a 6G network, and the latest start of a migration.

    Draws the growth of machines and the decline of what attacks need; every assumption is printed with its standing.
    Quantum keys and post-quantum fallbacks of the scenario count as cover of its backhaul.
    """
    page = plot_path(plot)
    document = threat_report(
        _world(scenario, variant), now=now, horizon=years, samples=samples, seed=seed, standing=standing, risk=risk
    )
    if page is not None:
        _draw(page, document)
    if json:
        emit_json(document)
    else:
        _print(document)


def _world(scenario: str | None, variant: str | None) -> Any:
    if scenario is None:
        if variant is not None:
            from silla.base.errors import ArgumentError

            raise ArgumentError(f"--variant {variant} is of a scenario; name one")
        return None
    from silla.scenario.loader import load
    from silla.world.compile import compile_world

    loaded = load(scenario, variant=variant)
    return compile_world(loaded.scenario, loaded.folder, variant or "base")


def _year(value: float) -> str:
    return f"{value:.0f}" if np.isfinite(value) else "never"


def _percent(triple: Any) -> str:
    p, low, high = (100 * x for x in triple)
    return f"{p:.1f} ({low:.1f}-{high:.1f})"


def _title(d: dict[str, Any]) -> str:
    where = f" of {d['scenario']}" if d["scenario"] else " of a 6G network"
    return f"Quantum threat{where}, {d['now']:.0f}"


def _print(d: dict[str, Any]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(_title(d)), box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("interface", "keys", "years", "read in time, %", "covered, %", "start by", "NIST"):
        table.add_column(name, justify="left" if name in ("interface", "keys") else "right", no_wrap=True)
    for i in d["interfaces"]:
        table.add_row(
            i["id"], i["primitive"], f"{i['lifetime']:g}" if i["use"] == "confidentiality" else "-",
            _percent(i["p_now"]), f"{100 * i['p_after'][0]:.1f}",
            _year(i["latest_start"]) + (" late" if i["late_by"] > 0 else ""),
            "-" if i["deadline"] is None else str(i["deadline"]),
        )  # fmt: skip
    screen = Console(highlight=False)
    screen.print(table)
    for line in _remarks(d):
        screen.print(escape(line))


def _remarks(d: dict[str, Any]) -> list[str]:
    lines = []
    for i in d["interfaces"]:
        fixed = "; one long-lived key opens all that was recorded" if i["fixed_key"] else ""
        lines.append(f"{i['id']}: {i['name']} ({i['protocol']}; {i['source']}){fixed}; cover: {i['covered_by']}")
    for p in d["primitives"]:
        q = p["quantiles"]
        if np.isfinite(q["q05"]):
            routes = ", ".join(f"{r['name']} ({r['standing']})" for r in p["routes"])
            span = f"(90 %: {_year(q['q05'])} to {_year(q['q95'])})"
            lines.append(f"{p['primitive']} falls in {_year(q['median'])} {span} by {routes}")
            others = (f"{s} {_year(v['median'])}" for s, v in p["by_standing"].items())
            lines.append(f"  median by evidence: {', '.join(others)}")
    for s in d["search"]:
        lines.append(
            f"{s['cipher']}: {s['years_on_one_machine']:.2g} years of Grover's search on one machine: no threat"
        )
    lines += [f"growth, {g['platform']}: {g['source']}" for g in d["growth"]]
    lines += [
        f"{d['samples']} draws, seed {d['seed']}, evidence: {d['standing']}; intervals are of the draws, 95 %",
        "years: that it must stay secret. read in time: recorded now and opened within them; signatures: broken by now",
        f"start by: a migration that starts then keeps that at {100 * d['risk']:g} % at its end, without other cover",
    ]
    if d["cover"] is not None:
        c = d["cover"]
        relays = f"; {c['trusted_relays']} trusted relays know the keys they pass on" if c["trusted_relays"] else ""
        lines.append(
            f"backhaul protected: {100 * c['protected']:.3g} % ({len(c['hubs'])} of {c['n_hubs']} hubs), open "
            f"{100 * c['open_share']:.3g} %, with a classical fallback {100 * c['conditional']:.3g} %{relays}"
        )
    lines += [f"{x['year']}: {x['what']} ({x['who']}; {x['standing']})" for x in d["deadlines"]]
    return lines


def _draw(page: Any, d: dict[str, Any]) -> None:
    falls = {p["primitive"]: p for p in d["primitives"] if np.isfinite(p["quantiles"]["q05"])}
    series = {name: (d["years"], [100 * b[0] for b in p["broken_by"]]) for name, p in falls.items()}
    names = [i["id"] for i in d["interfaces"]]
    lines = {"sent now": "p_now", "sent at the end of a migration from now": "p_at_end", "with cover": "p_after"}
    risks = {title: (names, [100 * i[key][0] for i in d["interfaces"]]) for title, key in lines.items()}
    none = {"none falls": (d["years"], [0.0] * len(d["years"]))}
    panels = [
        Panel(series or none, "year", "broken by then, %", False, "When each primitive falls"),
        Panel(risks, "interface", "read within its lifetime, %", False, "Exposure before and after"),
    ]
    write_panels(page, panels, _title(d), _remarks(d))
