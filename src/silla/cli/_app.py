"""The table of verbs, and what happens when one of them fails."""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from silla.base.errors import RunError, SillaError
from silla.base.version import VERSION

__all__ = ["VERBS", "run_command"]

# verb -> (module:function, one line of help); the module is imported only when the verb is called
VERBS: dict[str, tuple[str, str]] = {
    "run": ("silla.cli.run:run", "Simulate a scenario and write its results and report."),
    "new": ("silla.cli.new:new", "Write a scenario to start from."),
    "check": ("silla.cli.check:check", "Check a scenario, its variants and its files."),
    "schema": ("silla.cli.schema:schema", "Print the JSON Schema of scenarios, or the table of parameters."),
    "sweep": ("silla.cli.sweep:sweep", "Run a scenario for several values of a parameter."),
    "report": ("silla.cli.report:report", "Rebuild the report from stored results."),
    "peak": ("silla.cli.peak:peak", "What carries a peak rate: spectrum, layers, modulation, range, power."),
    "qkd": ("silla.cli.qkd:qkd", "Key rate of a quantum link over its length."),
    "qdc": ("silla.cli.qdc:qdc", "Secret message bits of a direct-communication link over its length."),
    "satellite": ("silla.cli.satellite:satellite", "Keys of a satellite's passages over a station."),
    "advantage": ("silla.cli.advantage:advantage", "Qubits, time and crossing of a quantum computer on a problem."),
    "threat": ("silla.cli.threat:threat", "When quantum computers break each interface, and when to migrate."),
    "coexist": ("silla.cli.coexist:coexist", "Where to put a quantum channel beside classical ones."),
    "distil": ("silla.cli.distil:distil", "Secret keys at both ends of a quantum link, from its photons."),
    "solve": ("silla.cli.solve:solve", "A network problem by classical and quantum solvers, side by side."),
    "link": (
        "silla.cli.link:link",
        "The radio link bit by bit: waterfalls, receivers compared, 1 Tbit/s.",
    ),
    "calibrate": ("silla.cli.calibrate:calibrate", "The large-scale calibration cases of 3GPP."),
    "models": ("silla.cli.models:models", "List the published models with their sources and validity."),
    "bench": ("silla.cli.bench:bench", "Measure the headline figures on this machine."),
}
INTERRUPTED, SOFTWARE = 130, 70


def run_command(argv: Sequence[str] | None = None) -> int:
    """The exit code of the command line `argv` (by default the process's own)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _invoke(arguments)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED
    except RunError as error:
        _say(str(error))
        for task, reason in list(error.failures.items())[:20]:
            _say(f"  {task}: {reason}")
        return error.exit_code
    except SillaError as error:
        for line in str(error).splitlines() or [type(error).__name__]:
            _say(line)
        return error.exit_code
    except OSError as error:
        return _operating_system(error)
    except Exception as error:  # the last stop: whatever it is, the user gets a line and a code, not a stack
        return _unexpected(error)


def _invoke(arguments: list[str]) -> int:
    try:
        _build(arguments)(args=arguments, prog_name="silla")
    except SystemExit as end:
        if end.code == INTERRUPTED:  # Typer turns Ctrl-C into this without a word
            raise KeyboardInterrupt from None
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        _say(str(end.code))
        return 1
    return 0


def _build(arguments: list[str]) -> Callable[..., Any]:
    import typer

    app = typer.Typer(
        name="silla",
        help="An open digital twin of the quantum-secured, AI-native 6G network.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_callback(typer))
    chosen = next((a for a in arguments if not a.startswith("-")), None)
    for verb, (target, about) in VERBS.items():
        loaded = _load(target) if verb == chosen else _not_loaded
        if isinstance(loaded, typer.Typer):
            app.add_typer(loaded, name=verb)
        else:
            app.command(verb, help=None if verb == chosen else about)(loaded)
    return app


def _callback(typer: Any) -> Callable[..., None]:
    def version(wanted: bool) -> None:
        if wanted:
            typer.echo(f"silla {VERSION}")
            raise typer.Exit

    def silla(
        show_version: bool = typer.Option(
            False, "--version", callback=version, is_eager=True, help="Print the version and leave."
        ),
    ) -> None: ...

    return silla


def _load(target: str) -> Any:
    module, _, function = target.partition(":")
    return getattr(importlib.import_module(module), function)


def _not_loaded() -> None:
    raise AssertionError("a verb that was not chosen was called")


def _operating_system(error: OSError) -> int:
    if isinstance(error, BrokenPipeError):
        # whoever read our output has had enough; the interpreter must not complain at exit either
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOENT):
        name = f"{error.filename}: " if error.filename else ""
        _say(f"{name}{(error.strerror or str(error)).lower()}")
        return 2
    return _unexpected(error)


def _unexpected(error: Exception) -> int:
    if os.environ.get("SILLA_DEBUG") == "1":
        traceback.print_exc()
    _say(f"internal error: {type(error).__name__}: {error}")
    if os.environ.get("SILLA_DEBUG") != "1":
        _say("this is a fault of silla, not yours; SILLA_DEBUG=1 shows where it happened")
    return SOFTWARE


def _say(line: str) -> None:
    with contextlib.suppress(OSError):
        print(f"silla: {line}", file=sys.stderr)
