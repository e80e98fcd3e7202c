"""The command line: one file per verb; this one finds the verb and turns errors into messages and exit codes.

Exit codes: 0 done; 1 a run failed; 2 what was given cannot be used; 70 a fault of silla itself; 130 interrupted.
May import everything below; a verb's module is imported only when that verb is called. Read `_app.py` first.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code; never returns."""
    from silla.cli._app import run_command

    raise SystemExit(run_command(argv))
