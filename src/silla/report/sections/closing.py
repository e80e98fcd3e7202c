"""Sensitivity, method and limits, the models used with their sources, and how to run it again."""

from __future__ import annotations

from typing import Any

from silla.report.figures.sensitivity import tornado_figure
from silla.report.sections.base import Section, figure_html
from silla.report.stored import Stored
from silla.report.text import esc, number, table

__all__ = ["method_section", "models_section", "reproduce_section", "sensitivity_section"]


def sensitivity_section(stored: Stored) -> Section | None:
    """The tornado chart; None where the scenario tries no parameter."""
    figure = tornado_figure(
        stored,
        "Change of the mean when one parameter takes another value and everything else, every random number included, "
        "stays; whiskers are the 95&nbsp;% interval of the changed mean. Widest on top.",
    )
    if figure is None:
        return None
    return Section("sensitivity", "Sensitivity", "Sensitivity", figure_html(figure), [figure])


_METHOD = (
    (
        "Drops",
        "A drop places users at random, draws line of sight, building penetration and shadow fading for every pair of "
        "user and site, and finds the cells' loads, the interference and the users' rates together. Numbers are means "
        "over independent drops; intervals are 95 % over drops, not over users, because users of a drop share cells.",
    ),
    (
        "Variants",
        "Variants see the same users in the same places wherever the change allows it, so that a difference between "
        "them is the change's and not the draw's.",
    ),
    (
        "The day",
        "Every epoch has drops of its own; one drop of each makes an independent day, along which keys in stock carry "
        "over from one epoch to the next.",
    ),
    (
        "Rates",
        "Wideband SINR through an MCS table with a stated implementation loss. Throughput is what a file transfer sees "
        "beside the other users' traffic. Fast fading, HARQ and scheduling by slot are not simulated.",
    ),
    (
        "Quantum links",
        "Rates follow from fibre loss, detectors, misalignment and noise by the formulas cited. An eavesdropper "
        "intercepts and resends: the error rate rises and the link stops making keys.",
    ),
    (
        "Watts",
        "Ratios between states come from the standard; absolute watts and grams from anchors that the scenario "
        "declares and anyone can change.",
    ),
    (
        "Limits",
        "Places, sites and demand are the scenario's. A result says what this network does under these models; outside "
        "its stated range a model refuses instead of extrapolating.",
    ),
)


def method_section(stored: Stored) -> Section:
    """How the numbers came about and what is left out, the models' own words included."""
    notes = "".join(f"<dt>{k}</dt><dd>{esc(v)}</dd>" for k, v in _METHOD)
    left = [(m.get("title") or m.get("id", ""), m["left_out"]) for m in _models(stored) if m.get("left_out")]
    html = f'<dl class="method">{notes}</dl>'
    if left:
        items = "".join(f"<li><b>{esc(t)}:</b> {esc(w)}</li>" for t, w in left)
        html += f"<details><summary>What each model leaves out</summary><ul>{items}</ul></details>"
    return Section("method", "Method and limits", "Method", html)


def models_section(stored: Stored) -> Section | None:
    """The bibliography: every model that the run used, with its sources."""
    models = _models(stored)
    if not models:
        return None
    rows = [
        [
            f"{esc(m.get('title') or m.get('id', ''))}"
            f"<small>{esc(m.get('id', ''))}, version {esc(m.get('version', 1))}</small>",
            "".join(_source(c) for c in m.get("citations") or m.get("sources") or []) or "–",
        ]
        for m in models
    ]
    html = table(["Model", "Source"], rows, css="models stack")
    html = f"<details open><summary>{len(rows)} models</summary>{html}</details>{_parts(stored)}"
    return Section("models", "Models and their sources", "Models", html)


def _parts(stored: Stored) -> str:
    """Parts of the catalogue that the scenario uses, with their sources."""
    parts = stored.manifest.get("parts") or []
    if not parts:
        return ""
    rows = [
        [
            f"{esc(p.get('title') or p.get('id', ''))}<small>{esc(p.get('kind', ''))}</small>",
            "".join(_source(c) for c in p.get("sources") or []) or "–",
            esc(p.get("note") or ""),
        ]
        for p in parts
    ]
    body = table(["Part", "Source", "Note"], rows, css="models stack")
    return f"<details><summary>{len(rows)} parts of the catalogue</summary>{body}</details>"


def _models(stored: Stored) -> list[dict[str, Any]]:
    found = stored.manifest.get("models") or []
    if isinstance(found, dict):
        found = [{"id": k, **(v if isinstance(v, dict) else {})} for k, v in found.items()]
    return [m if isinstance(m, dict) else {"id": str(m)} for m in found]


def _source(citation: Any) -> str:
    if not isinstance(citation, dict):
        return f'<span class="cite">{esc(citation)}</span>'
    where = citation.get("url") or ""
    link = f' <small class="inline">{esc(where)}</small>' if where else ""
    return f'<span class="cite">{esc(citation.get("text") or citation.get("key", ""))}{link}</span>'


def reproduce_section(stored: Stored) -> Section:
    """Commands, hashes and versions."""
    manifest, run = stored.manifest, stored.manifest.get("run") or {}
    name = str(manifest.get("name") or "scenario")
    changes = "".join(f" --set '{esc(o)}'" for o in manifest.get("overrides") or [])
    only = f" --variant {esc(manifest['variant'])}" if manifest.get("variant") else ""
    commands = f"silla run scenario.yaml --out again{only}{changes}\nsilla report again"
    rows = [["Scenario", esc(name)], ["Seed", f"<code>{esc(manifest.get('seed'))}</code>"]]
    if manifest.get("scenario_sha256"):
        rows.append(["SHA-256 of the scenario", f"<code>{esc(manifest['scenario_sha256'])}</code>"])
    rows += [[f"World of {esc(v)}", f"<code>{esc(h)}</code>"] for v, h in (manifest.get("worlds") or {}).items()]
    rows += [[f"File {esc(s['path'])}", f"<code>{esc(s['sha256'])}</code>"] for s in manifest.get("sources") or []]
    rows.append(["Versions", esc(", ".join(f"{k} {v}" for k, v in (manifest.get("versions") or {}).items()))])
    if "tasks" in run:
        took = f" in {number(float(run['elapsed_s']))} s" if "elapsed_s" in run else ""
        who = f" on {run['jobs']} workers ({esc(run.get('engine', ''))})" if "jobs" in run else ""
        rows.append(
            ["Tasks", f"{run['tasks']:,}, {run.get('tasks_reused', 0):,} of them from an earlier run,{took}{who}"]
        )
    html = (
        "<p>The scenario as it was run lies beside this page as <code>scenario.yaml</code>; the files that it names "
        "must be where they were. The same scenario, seed and versions give the same numbers to the last bit, with any "
        f"number of workers.</p><pre><code>{commands}</code></pre>{table(['What', 'Value'], rows, css='hashes')}"
    )
    return Section("reproduce", "Run it again", "Reproduce", html)
