"""``silla solve``: one network problem of a scenario, or of a file, by all solvers at equal CPU seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from silla.base.errors import ArgumentError
from silla.cli._output import emit_json, progress

__all__ = ["solve"]


def solve(
    scenario: Annotated[str, typer.Argument(help="A scenario file, or the name of a built-in scenario.")] = "gyeongju",
    problem: Annotated[str | None, typer.Option("--problem", "-p", help="Which problem; --list names them.")] = None,
    option: Annotated[list[str] | None, typer.Option("--option", help="Of the problem: name=value. Repeat.")] = None,
    solvers: Annotated[str, typer.Option(help="Comma-separated; qaoa and grover are simulated.")] = (
        "annealing,tempering,tabu,bifurcation"
    ),
    cpu_s: Annotated[float, typer.Option(help="CPU seconds of every solver and seed.")] = 1.0,
    seeds: Annotated[int, typer.Option(help="Repetitions of every solver.")] = 3,
    trials: Annotated[int, typer.Option(help="Sets of users on which before and after are compared.")] = 4,
    variant: Annotated[str | None, typer.Option("--variant", help="On whose world; by default the last.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="Change a parameter: a.b=x.")] = None,
    instance: Annotated[Path | None, typer.Option(help="A problem's file instead of a scenario.")] = None,
    save: Annotated[Path | None, typer.Option(help="Write the problem to a file: .json or .npz.")] = None,
    list_problems: Annotated[bool, typer.Option("--list", help="List the problems and their options.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Solve a network problem by classical and quantum solvers side by side, and try the best on the network."""
    from silla.physics.qubits.solvers import SOLVERS

    names = tuple(s.strip() for s in solvers.split(",") if s.strip())
    for name in names:
        if name not in SOLVERS:
            raise ArgumentError(f"--solvers: no solver is called {name!r}; known: {', '.join(SOLVERS)}")
    if not names:
        raise ArgumentError(f"--solvers is empty; known: {', '.join(SOLVERS)}")
    if not (0.01 <= cpu_s <= 600.0 and 1 <= seeds <= 100 and 2 <= trials <= 100):
        raise ArgumentError(
            f"--cpu-s {cpu_s:g}, --seeds {seeds}, --trials {trials}; allowed 0.01 to 600, 1 to 100, 2 to 100"
        )
    if list_problems:
        _list(json)
    elif instance is not None:
        _file(instance, names, cpu_s, seeds, save, json)
    else:
        if problem is None:
            raise ArgumentError("--problem is needed; `silla solve --list` names the problems")
        _scenario(scenario, problem, option or [], names, cpu_s, seeds, trials, variant, settings or [], save, json)


def _list(json: bool) -> None:
    from silla.engine.problems import PROBLEMS

    rows = [
        {"problem": k.name, "title": k.title, "options": dict(k.options), "sets": k.sets, "figures": dict(k.better)}
        for k in PROBLEMS.values()
    ]
    if json:
        emit_json({"problems": rows})
        return
    for row in rows:
        options = ", ".join(f"{name}={value}" for name, value in row["options"].items()) or "none"
        typer.echo(f"{row['problem']}: {row['title']}\n    options: {options}\n    sets: {row['sets'] or 'nothing'}")


def _scenario(scenario, problem, option, names, cpu_s, seeds, trials, variant, settings, save, json) -> None:
    from silla.engine.problems import build
    from silla.engine.solve import Question, check_question, solve
    from silla.physics.qubits.problems import save as write
    from silla.scenario.loader import load
    from silla.world.compile import compile_worlds

    worlds = compile_worlds(load(scenario, settings, variant))
    name, world = list(worlds.items())[-1]
    options = tuple(sorted(_options(option).items()))
    question = Question(problem, "", problem, options, names, cpu_s, seeds, trials)
    check_question(question)
    if save is not None:
        write(save, build(world, problem, **dict(options)).instance)
    with progress() as bar:
        bar.add_task(f"{problem} on {name}", total=None)
        record = solve(world, question)
    document = _document(record) | {"scenario": scenario, "variant": name, "problem": problem, "cpu_s": cpu_s}
    if json:
        emit_json(document)
    else:
        _print(document)


def _options(given: list[str]) -> dict[str, Any]:
    from silla.scenario.document import parse_value, plain

    out: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise ArgumentError(f"--option is {text!r}, allowed name=value")
        out[name.strip()] = plain(parse_value(value, f"--option {name.strip()}"))
    return out


def _file(path: Path, names: tuple[str, ...], cpu_s: float, seeds: int, save: Path | None, json: bool) -> None:
    from silla.engine.solve import compared
    from silla.physics.qubits.problems import load
    from silla.physics.qubits.problems import save as write

    problem = load(path)
    if save is not None:
        write(save, problem)
    with progress() as bar:
        bar.add_task(problem.kind, total=None)
        found, refused = compared(problem, names, cpu_s, range(seeds))
    rows = [r for r in found.records() if not (refused and r["quantum"])]
    size = problem.qubo.n
    document = {"instance": str(path), "problem": problem.kind, "variables": size, "refused": refused, "solvers": rows}
    if json:
        emit_json(document)
        return
    typer.echo(f"{problem.kind}: {size} qubits")
    typer.echo(found.table() if not refused else f"{refused}\n")


def _document(record: dict) -> dict[str, Any]:
    by_solver = ("quantum", "best", "mean", "low", "high", "reads", "cpu_s", "wall_s", "target_s", "reached", "status")
    times = [key for key in record if key.startswith("time_")]
    solvers = [
        {"solver": str(record["solver"][i])} | {k: record[k][i] for k in (*by_solver, "failure", *times)}
        for i in range(len(record["solver"]))
    ]
    effect = [
        {
            "figure": str(figure),
            "better": str(record["better"][i]),
            "before": record["before"][:, i],
            "after": record["after"][:, i],
        }
        for i, figure in enumerate(record["figure"])
    ]
    return {
        "variables": int(record["size"][0]),
        "couplings": int(record["size"][1]),
        "refused": str(record["refused"]),
        "chosen": str(record["winner"]),
        "sets": str(record["sets"]),
        "note": str(record["note"]),
        "solvers": solvers,
        "effect": effect,
    }


def _print(d: dict[str, Any]) -> None:
    import numpy as np
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    screen = Console(highlight=False)
    title = f"{d['problem']} on {d['variant']}: {d['variables']} qubits, {d['couplings']} couplings"
    out = Table(title=escape(title), caption=escape(d["note"]))
    for name in ("solver", "best", "mean", "95 % interval", "CPU s", "wall s", ""):
        out.add_column(name, justify="left" if name in ("solver", "") else "right", no_wrap=name != "")
    for r in sorted(d["solvers"], key=lambda r: np.inf if np.isnan(r["mean"]) else r["mean"]):
        name = f"{r['solver']} (quantum)" if r["quantum"] else r["solver"]
        if np.isnan(r["best"]):
            out.add_row(name, "none", "", "", "", "", "")
            continue
        spread = f"{r['low']:.5g} .. {r['high']:.5g}" if np.isfinite(r["low"]) else ""
        mean = f"{r['mean']:.6g}" if np.isfinite(r["mean"]) else "not in all seeds"
        cells = (f"{r['best']:.6g}", mean, spread, f"{r['cpu_s']:.2g}", f"{r['wall_s']:.2g}")
        out.add_row(name, *cells, escape(str(r["status"])))
    screen.print(out)
    for r in d["solvers"]:
        if r["failure"]:
            screen.print(f"{r['solver']}: {escape(str(r['failure']))}")
    if d["refused"]:
        screen.print(escape(d["refused"]))
    effect = Table(title=escape(f"The network before and after the solution of {d['chosen']}"))
    for name in ("figure", "before", "after", "change"):
        effect.add_column(name, justify="left" if name == "figure" else "right")
    for e in d["effect"]:
        before, after = float(np.mean(e["before"])), float(np.mean(e["after"]))
        effect.add_row(e["figure"], f"{before:.4g}", f"{after:.4g}", f"{after - before:+.3g}")
    screen.print(effect)
