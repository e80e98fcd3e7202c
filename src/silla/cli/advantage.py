"""``silla advantage``: what a quantum computer would need for a problem, by when, and from which size it would win."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import numpy as np
import typer

from silla.base.errors import ArgumentError
from silla.cli._output import emit_json, progress
from silla.cli._plot import Panel, plot_path, write_panels
from silla.engine.advantage import advantage_report, preset_report, random_qubo
from silla.physics.qubits.resources.clocks import CLOCKS
from silla.physics.qubits.resources.machines import MACHINES, Machine, machine
from silla.physics.qubits.resources.programs import PRESETS

__all__ = ["advantage"]

_LEFT = ("algorithm", "machine", "cost model")


def advantage(
    problem: Annotated[
        str,
        typer.Option(
            help="A problem of the scenario's world (as scheduling, pci), a problem's file (.json, .npz), "
            f"random, or an attack: {', '.join(PRESETS)}."
        ),
    ] = "random",
    scenario: Annotated[str | None, typer.Option(help="Scenario that the problem is of.")] = None,
    n: Annotated[int, typer.Option("--n", help="Variables of a random problem.")] = 60,
    density: Annotated[float, typer.Option(help="Share of pairs that are coupled in it.")] = 0.5,
    machines: Annotated[
        list[str] | None, typer.Option("--machine", help=f"One of: {', '.join(MACHINES)}; repeatable. All by default.")
    ] = None,
    gate_error: Annotated[float | None, typer.Option(help="Of the gate machines, instead of their own.")] = None,
    clock: Annotated[str, typer.Option(help=f"Deadline: {', '.join(CLOCKS)}.")] = "slot",
    layers: Annotated[int, typer.Option(help="Of QAOA.")] = 3,
    reads: Annotated[int, typer.Option(help="Of QAOA and of the annealer.")] = 1000,
    cpu_s: Annotated[float, typer.Option(help="CPU seconds of each classical solver and size.")] = 0.05,
    seed: Annotated[int, typer.Option(help="Of random problems and solvers.")] = 1,
    plot: Annotated[str | None, typer.Option(metavar="FILE.html", help="Also draw it: a page for a browser.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """What a quantum computer would need for a problem, whether it meets a clock of the network, and when it would win.

    Qubits, code distance, magic states, time and energy under published cost models; classical times are measured here,
    and the size from which the quantum time is the lower one is extrapolated from their growth.
    """
    page = plot_path(plot)
    chosen = _machines(machines, gate_error, gates_only=problem in PRESETS)
    if problem in PRESETS:
        document = preset_report(PRESETS[problem], chosen, clock)
    else:
        subject, name = _subject(problem, scenario, n, density, seed)
        with progress() as bar:
            task = bar.add_task("classical solvers", total=None)
            document = advantage_report(
                subject, chosen, clock, name=name, layers=layers, reads=reads, cpu_s=cpu_s,
                seeds=(seed, seed + 1, seed + 2),
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )  # fmt: skip
    if page is not None:
        _draw(page, document)
    if json:
        emit_json(document)
    else:
        _print(document)


def _machines(names: list[str] | None, gate_error: float | None, *, gates_only: bool) -> list[Machine]:
    chosen = [machine(name) for name in names or MACHINES]
    if gates_only and not names:
        chosen = [m for m in chosen if m.kind == "gate"]
    if gate_error is None:
        return chosen
    return [replace(m, gate_error=gate_error) if m.kind == "gate" else m for m in chosen]


def _subject(problem: str, scenario: str | None, n: int, density: float, seed: int) -> tuple[Any, str]:
    if problem.endswith((".json", ".npz")):
        from silla.physics.qubits.problems.instance import load

        return load(problem), problem
    if problem == "random":
        if scenario is not None:
            raise ArgumentError("--scenario goes with a problem of its world, as --problem scheduling; found random")
        if not 6 <= n <= 2000:
            raise ArgumentError(f"--n is {n}, allowed 6 to 2000")
        return random_qubo(n, density, seed), f"random, n = {n}, density {density:g}"
    from silla.engine.problems import PROBLEMS, build
    from silla.scenario.loader import load as load_scenario
    from silla.world.compile import compile_world

    if problem not in PROBLEMS:
        known = ", ".join(("random", *PROBLEMS, *PRESETS))
        raise ArgumentError(f"--problem is {problem!r}, allowed {known}, or a file .json, .npz")
    if scenario is None:
        raise ArgumentError(f"--problem {problem} is built from a world; add --scenario NAME or FILE")
    loaded = load_scenario(scenario)
    return build(compile_world(loaded.scenario, loaded.folder), problem), f"{problem} of {loaded.scenario.name}"


def _time(seconds: float | None) -> str:
    if seconds is None or not np.isfinite(seconds):
        return "never"
    for unit, size in (("y", 31557600.0), ("d", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} us"


def _print(d: dict[str, Any]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(d["problem"]), box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("algorithm", "machine", "cost model", "logical", "physical", "d", "time", f"/ {d['clock']['name']}"):
        table.add_column(name, justify="left" if name in _LEFT else "right", no_wrap=name in _LEFT)
    for e in d["estimates"]:
        if "why" in e:
            table.add_row(e["algorithm"], e["machine"], e["model"], "-", "-", "-", "none", "-")
            continue
        times = e["times_clock"]
        table.add_row(
            e["algorithm"], e["machine"], e["model"], f"{e['logical_qubits']:.0f}", f"{e['physical_qubits']:.3g}",
            str(e.get("distance", "-")), _time(e["expected_s"]), "-" if times is None else f"{times:.2g}",
        )  # fmt: skip
    screen = Console(highlight=False)
    screen.print(table)
    for line in _remarks(d):
        screen.print(escape(line))


def _remarks(d: dict[str, Any]) -> list[str]:
    lines = [f"clock: {d['clock']['what']}: {_time(d['clock']['seconds'])}"]
    for e in d["estimates"]:
        if "why" in e and e["why"] not in lines:
            lines.append(e["why"])
    classical = d["classical"]
    if classical is None:
        return lines
    growth = classical["growth"]
    if growth is None:
        return [*lines, f"classical: {classical['note']}"]
    low, high = growth["interval"]
    size = d["shape"]["n"]
    lines.append(
        f"classical, measured here: {_time(classical['seconds_at_n'])} at n = {size}; {growth['law']} growth, "
        f"b = {growth['b']:.3g} ({low:.3g} to {high:.3g}), sizes {growth['sizes'][0]} to {growth['sizes'][1]}"
        + ("" if classical["kernels"] != "numpy" else "; slow: no kernels installed")
    )
    for c in d["crossings"]:
        ends = [c["earliest"], c["latest"]]
        at = "no crossing" if c["size"] is None else f"n = {c['size']} ({_time(c['seconds'])}, {c['note']})"
        reach = "" if ends == [None, None] else f", 95 %: {ends[0] or 'never'} to {ends[1] or 'never'}"
        lines.append(f"Grover against it, {c['machine']}, {c['model']}: {at}{reach}")
    lines.append("QAOA and annealers have no proven growth: their times are of the reads asked for, with no promise")
    return lines


def _draw(page: Any, d: dict[str, Any]) -> None:
    series: dict[str, tuple[Any, Any]] = {}
    shown = [e for e in d["estimates"] if "why" not in e and e["expected_s"] and np.isfinite(e["expected_s"])]
    for e in shown:
        x, y = series.setdefault(f"{e['algorithm']}, {e['machine']}", ([], []))
        x.append(e["model"])
        y.append(e["expected_s"])
    models = list(dict.fromkeys(e["model"] for e in shown))
    series[f"clock: {d['clock']['name']}"] = (models, [d["clock"]["seconds"]] * len(models))
    panels = [Panel(series, "cost model", "seconds", True, "Time by cost model, beside the clock")]
    if d["classical"] is not None and d["classical"]["growth"] is not None:
        rows = [r for r in d["classical"]["rows"] if r["seconds"] is not None]
        sizes = sorted({r["n"] for r in rows})
        mean = [float(np.median([r["seconds"] for r in rows if r["n"] == s])) for s in sizes]
        g = d["classical"]["growth"]
        x = np.unique(np.linspace(sizes[0], 4 * sizes[-1], 60).astype(int))
        law = 2.0 ** (g["log2_a"] + g["b"] * (x if g["law"] == "exponential" else np.log2(x)))
        panels.append(
            Panel(
                {"measured (median)": (sizes, mean), f"{g['law']} law": (x, law)}, "variables", "CPU seconds to target",
                True, "Classical solvers, measured here; beyond the measured sizes extrapolated",
            )
        )  # fmt: skip
    write_panels(page, panels, f"Quantum advantage: {d['problem']}", _remarks(d))
