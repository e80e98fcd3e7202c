"""KPI verdicts: each target with the standing of its document, and where every variant stands."""

from __future__ import annotations

from itertools import groupby

from silla.report.kpis import Measured, Target, Targets, Verdict, judge
from silla.report.measure import kpi_values
from silla.report.sections.base import Section
from silla.report.stored import Stored
from silla.report.text import badge, esc, interval, quantity, table

__all__ = ["kpi_section"]


def kpi_section(stored: Stored, targets: Targets) -> Section:
    """A table with a row for each target and a verdict for each variant."""
    values = {v: kpi_values(stored, v) for v in stored.variants}
    groups = [(k, list(g)) for k, g in groupby(targets.targets, key=lambda t: t.kpi.id)]
    measured = [g for g in groups if any(_known(values[v], g[0]) for v in stored.variants)]
    missing = [g for g in groups if g not in measured]
    rows = [_row(t, values, stored.variants, i == 0) for _, group in measured for i, t in enumerate(group)]
    rows += [
        _targetless(k, targets, values, stored.variants) for k in targets.kpis if _targetless_kpi(k, targets, values)
    ]
    head = ["KPI and value", "Target", "Standing", *(esc(v) for v in stored.variants)]
    html = (
        _INTRO + table(head, rows, css="kpis") + _not_measured(missing, values[stored.variants[-1]]) + _legend(targets)
    )
    return Section("kpis", "Against the targets of 5G and 6G", "KPIs", html)


_INTRO = (
    "<p>A verdict without a ring is arithmetic or inspection and holds anywhere. A <b>ringed</b> one is only indicative: the "
    "target belongs to a test environment with its own layout, traffic and evaluation method, and this scenario is another. "
    "Nothing here is an evaluation in the sense of ITU-R.</p>"
)


def _known(values: dict[str, Measured], kpi: str) -> bool:
    return kpi in values and values[kpi].value == values[kpi].value


def _row(target: Target, values: dict[str, dict[str, Measured]], variants: tuple[str, ...], first: bool) -> list[str]:
    sign = "≥" if target.sense == "at_least" else "≤"
    bound = f"{sign} {quantity(target.bound, target.kpi.unit)}"
    note = f"<small>{esc(target.note)}</small>" if target.note else ""
    environment = "" if target.environment in ("any", "unstated") else f"<small>{esc(target.environment)}</small>"
    cells = [_cell(target, values[v].get(target.kpi.id)) for v in variants]
    title = esc(target.kpi.title)
    heading = (
        f"{title}<small>{_basis(target, values, variants)}</small>" if first else f'<span class="again">{title}</span>'
    )
    source = f"{badge(target.source.standing, target.source.standing)}<small>{esc(target.source.text)}</small>"
    return [heading, f"{bound}{note}{environment}", source, *cells]


def _basis(target: Target, values: dict[str, dict[str, Measured]], variants: tuple[str, ...]) -> str:
    found = [values[v][target.kpi.id].basis for v in variants if _known(values[v], target.kpi.id)]
    return esc(found[-1]) if found else ""


def _cell(target: Target, measured: Measured | None) -> str:
    if measured is None:
        return _chip(Verdict("not measured", False, "this version computes no such value"))
    verdict = judge(target, measured)
    value = "" if verdict.word == "not measured" else f'<span class="value">{_value(measured, target.kpi.unit)}</span>'
    return value + _chip(verdict)


def _value(measured: Measured, unit: str) -> str:
    if measured.low == measured.high:
        return quantity(measured.value, unit)
    return interval(measured.value, measured.low, measured.high, unit)


def _chip(verdict: Verdict) -> str:
    words = {"met": "above", "missed": "below", "undecided": "undecided"} if verdict.indicative else {}
    word = words.get(verdict.word, verdict.word)
    style = f"{verdict.word.replace(' ', '-')}{' indicative' if verdict.indicative else ''}"
    said = f"indicative: {_side(word)}" if verdict.indicative else word
    return f'<span class="verdict {style}" title="{esc(verdict.reason)}">{said}</span>'


def _side(word: str) -> str:
    return {"above": "would meet", "below": "would miss"}.get(word, word)


def _targetless_kpi(kpi: str, targets: Targets, values: dict[str, dict[str, Measured]]) -> bool:
    return all(t.kpi.id != kpi for t in targets.targets) and any(_known(v, kpi) for v in values.values())


def _targetless(
    kpi: str, targets: Targets, values: dict[str, dict[str, Measured]], variants: tuple[str, ...]
) -> list[str]:
    k = targets.kpis[kpi]
    cells = [_value(values[v][kpi], k.unit) if _known(values[v], kpi) else "–" for v in variants]
    basis = next(values[v][kpi].basis for v in variants if _known(values[v], kpi))
    shown = [f'<span class="value">{c}</span>' for c in cells]
    return [f"{esc(k.title)}<small>{esc(basis)}</small>", "no number set", "", *shown]


def _not_measured(groups: list[tuple[str, list[Target]]], values: dict[str, Measured]) -> str:
    if not groups:
        return ""
    rows = []
    for kpi, group in groups:
        bounds = "<br>".join(
            f"{'≥' if t.sense == 'at_least' else '≤'} {quantity(t.bound, t.kpi.unit)} "
            f"{badge(t.source.standing, t.source.standing)} <small class='inline'>{esc(t.source.key)}</small>"
            for t in group
        )
        why = values[kpi].basis if kpi in values else "this version computes no such value"
        rows.append([esc(group[0].kpi.title), bounds, esc(why)])
    return "<h3 class='group'>Not measured</h3>" + table(
        ["KPI", "Targets", "Why there is no value"], rows, css="unmeasured"
    )


def _legend(targets: Targets) -> str:
    items = "".join(f"<li>{badge(k, k)} {esc(v)}</li>" for k, v in targets.standings.items())
    return f'<ul class="standings">{items}</ul>'
