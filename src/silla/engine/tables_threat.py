"""Table `threat`: what quantum computers mean for each interface of a run's network. Columns: docs/results.md."""

from __future__ import annotations

from collections.abc import Mapping

from silla.engine.day import VariantDay
from silla.engine.plan import Plan
from silla.engine.tables import table
from silla.engine.threat import threat_report
from silla.results.tables import Table

__all__ = ["served_shares", "threat_tables"]

_SPEC = [
    ("variant", "", "Variant"), ("interface", "", "Id"), ("name", "", "Interface"), ("protocol", "", "Protocol"),
    ("primitive", "", "What gives its keys"), ("use", "", "confidentiality or authentication"),
    ("lifetime_y", "y", "Years that its data must stay secret (declared)"),
    ("migration_y", "y", "Years that a migration takes (declared)"),
    ("falls_early", "y", "Year before which the primitive falls with 5 %, infinite: never"),
    ("falls", "y", "Median year in which it falls"), ("falls_late", "y", "Year before which it falls with 95 %"),
    ("p_now", "1", "Probability that data sent now is read within its lifetime"), ("p_low", "1", "Lower end"),
    ("p_high", "1", "Upper end, both of the draws alone"),
    ("p_at_end", "1", "The same of data sent at the end of a migration that starts now"),
    ("p_after", "1", "Of data sent now, with what the scenario covers"),
    ("exposed_share", "1", "Share of traffic that nothing covers"),
    ("latest_start", "y", "Latest start of a migration"),
    ("late_by_y", "y", "Years since then"), ("deadline", "y", "NIST IR 8547 (draft), 0: none"),
    ("covered_by", "", "Cover"), ("source", "", "Specification"), ("n", "1", "Draws"),
]  # fmt: skip


def served_shares(plan: Plan, days: Mapping[str, VariantDay], variant: str) -> dict[str, float] | None:
    """Share of each flow's traffic that quantum keys carried over the day; None where the scenario has no day."""
    if variant not in days:
        return None
    keys, out = days[variant].keys, {}
    for i, flow in enumerate(plan.world(variant).flows.id):
        traffic = float(keys.traffic[:, :, i].sum())
        under = float((keys.quantum[:, :, i] + keys.one_time_pad[:, :, i]).sum())
        out[flow] = min(1.0, under / traffic) if traffic > 0 else 1.0
    return out


def threat_tables(plan: Plan, days: Mapping[str, VariantDay]) -> list[Table]:
    """The table for every variant that protects traffic; none where no variant does."""
    rows = []
    for v in plan.variants:
        world = plan.world(v)
        if not world.flows.id:
            continue
        report = threat_report(world, seed=world.seed, served=served_shares(plan, days, v))
        falls = {p["primitive"]: p["quantiles"] for p in report["primitives"]}
        for i in report["interfaces"]:
            q = falls[i["primitive"]]
            rows.append(
                (v, i["id"], i["name"], i["protocol"], i["primitive"], i["use"], float(i["lifetime"]),
                 float(i["migration"]), q["q05"], q["median"], q["q95"], *i["p_now"], i["p_at_end"][0],
                 i["p_after"][0], i["exposed_share"], i["latest_start"], i["late_by"], float(i["deadline"] or 0),
                 i["covered_by"], i["source"], float(report["samples"]))
            )  # fmt: skip
    return [table("threat", "Quantum threat by interface", _SPEC, rows)] if rows else []
