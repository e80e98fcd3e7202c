"""``silla schema``: what a scenario may say, for editors and for people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from silla.base.errors import StoreError
from silla.cli._output import emit_json
from silla.scenario.docs import reference_markdown
from silla.scenario.schema import scenario_schema

__all__ = ["schema"]


def schema(
    markdown: Annotated[
        bool, typer.Option("--markdown", help="The table of parameters instead of JSON Schema.")
    ] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to a file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON Schema (the default).", hidden=True)] = False,
) -> None:
    """Print the JSON Schema (draft 2020-12) of scenarios: units, ranges, defaults, descriptions and sources."""
    if output is None:
        if markdown and not json:
            typer.echo(reference_markdown(), nl=False)
        else:
            emit_json(scenario_schema())
        return
    import json as json_module

    text = (
        reference_markdown() if markdown else json_module.dumps(scenario_schema(), indent=2, ensure_ascii=False) + "\n"
    )
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{output}: cannot be written: {(error.strerror or str(error)).lower()}") from None
