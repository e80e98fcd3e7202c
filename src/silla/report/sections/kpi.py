"""KPI verdicts: each target with the standing of its document, and where every variant stands."""

from __future__ import annotations

import math
from itertools import groupby

from silla.report.kpis import Kpi, Measured, Target, Targets, Verdict, judge
from silla.report.measure import kpi_values
from silla.report.sections.base import Section
from silla.report.stored import Stored
from silla.report.text import badge, esc, exact, interval, scale_of, table

__all__ = ["kpi_section"]

Values = dict[str, dict[str, Measured]]  # variant -> KPI -> value


def kpi_section(stored: Stored, targets: Targets) -> Section:
    """A block for each KPI that has a value: the values, then a verdict for each target and variant."""
    values = {v: kpi_values(stored, v) for v in stored.variants}
    by_kpi = {k: list(g) for k, g in groupby(sorted(targets.targets, key=_order(targets)), key=lambda t: t.kpi.id)}
    body = "".join(
        _block(kpi, by_kpi.get(k, []), values)
        for k, kpi in targets.kpis.items()
        if any(_known(v, k) for v in values.values())
    )
    head = "".join(f'<th scope="col">{esc(v)}</th>' for v in stored.variants)
    html = (
        f'{_INTRO}<div class="table-box" tabindex="0"><table class="kpis"><thead><tr>'
        f'<th scope="col">KPI and target</th><th scope="col">Source</th>{head}</tr></thead>{body}</table></div>'
    )
    missing = [
        (k, kpi, by_kpi.get(k, [])) for k, kpi in targets.kpis.items() if not any(_known(v, k) for v in values.values())
    ]
    html += _not_measured(missing, values[stored.variants[-1]]) + _legend(targets)
    return Section("kpis", "Against the targets of 5G and 6G", "KPIs", html)


_INTRO = (
    "<p>A <b>filled</b> verdict follows from arithmetic or inspection and holds anywhere. A <b>ringed</b> one is only "
    "indicative: its target belongs to a test environment with its own layout, traffic and method, and this scenario "
    "is another. Nothing here is an evaluation in the sense of ITU-R. The badge says what standing a target has.</p>"
)


def _order(targets: Targets):
    place = {k: i for i, k in enumerate(targets.kpis)}
    return lambda t: place[t.kpi.id]


def _known(values: dict[str, Measured], kpi: str) -> bool:
    return kpi in values and math.isfinite(values[kpi].value)


def _block(kpi: Kpi, targets: list[Target], values: Values) -> str:
    """A body of the table: the KPI with its values, then its targets."""
    scale = scale_of([v[kpi.id].value for v in values.values() if _known(v, kpi.id)], kpi.unit)
    basis = next(v[kpi.id].basis for v in reversed(values.values()) if _known(v, kpi.id))
    cells = "".join(
        f'<td data-label="{esc(v)}"><span class="value">{_value(m.get(kpi.id), kpi.unit, scale)}</span></td>'
        for v, m in values.items()
    )
    none = "" if targets else " No document sets a number."
    rows = [
        f'<tr class="kpi"><th scope="rowgroup" colspan="2">{esc(kpi.title)}<small>{esc(basis)}.{none}</small></th>'
        f"{cells}</tr>"
    ]
    rows += [_target(t, values) for t in targets]
    return f"<tbody>{''.join(rows)}</tbody>"


def _target(target: Target, values: Values) -> str:
    notes = [n for n in (target.note, target.environment if target.environment not in ("any", "unstated") else "") if n]
    note = f"<small>{esc('; '.join(notes))}</small>" if notes else ""
    cells = "".join(f'<td data-label="{esc(v)}">{_cell(target, m.get(target.kpi.id))}</td>' for v, m in values.items())
    source = (
        f'{badge(target.source.standing, target.source.standing)} <span class="source">{esc(target.source.name)}</span>'
    )
    heading = f'<th scope="row" class="bound">{_bound(target)}{note}</th>'
    return f'<tr>{heading}<td data-label="Source">{source}</td>{cells}</tr>'


def _bound(target: Target) -> str:
    return f"{'≥' if target.sense == 'at_least' else '≤'} {exact(target.bound, target.kpi.unit)}"


def _value(measured: Measured | None, unit: str, scale: tuple[float, str]) -> str:
    if measured is None or not math.isfinite(measured.value):
        return "–"
    own = None if measured.low == measured.high else scale  # an exact value needs no common prefix
    return interval(measured.value, measured.low, measured.high, unit, own if unit != "1" else (1.0, ""))


def _cell(target: Target, measured: Measured | None) -> str:
    verdict = judge(target, measured or Measured.none("this version computes no such value"))
    said = verdict.word
    if verdict.indicative:
        said = {"met": "would meet", "missed": "would miss"}.get(said, said)
    style = f"{verdict.word.replace(' ', '-')}{' indicative' if verdict.indicative else ''}"
    return f'<span class="verdict {style}" title="{esc(_reason(verdict))}">{said}</span>'


def _reason(verdict: Verdict) -> str:
    return f"indicative: {verdict.reason}" if verdict.indicative else verdict.reason


def _not_measured(missing: list[tuple[str, Kpi, list[Target]]], values: dict[str, Measured]) -> str:
    if not missing:
        return ""
    rows = []
    for kpi, about, group in missing:
        bounds = "".join(
            f'<span class="goal">{_bound(t)} {badge(t.source.standing, t.source.standing)} {esc(t.source.name)}</span>'
            for t in group
        )
        why = values[kpi].basis if kpi in values else "this version computes no such value"
        rows.append([esc(about.title), esc(why), bounds or "no number set"])
    title = "<h3 class='group'>Not measured</h3>"
    return title + table(["KPI", "Why there is no value", "Targets"], rows, css="unmeasured stack")


def _legend(targets: Targets) -> str:
    items = "".join(f"<li>{badge(k, k)} {esc(v)}</li>" for k, v in targets.standings.items())
    used = dict.fromkeys(t.source for t in targets.targets)
    sources = "".join(f"<li><b>{esc(s.name)}</b> {esc(s.text)}</li>" for s in used)
    documents = f'<details><summary>Documents</summary><ul class="plain">{sources}</ul></details>'
    return f'<ul class="standings">{items}</ul>{documents}'
