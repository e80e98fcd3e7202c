"""``silla models``: the published models behind the numbers."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Annotated, Any

import typer

from silla.base.errors import ArgumentError
from silla.base.provenance import ModelCard, all_models
from silla.cli._model_cards import cards_markdown
from silla.cli._output import emit_json
from silla.scenario.suggest import did_you_mean

__all__ = ["models"]


def models(
    pattern: Annotated[str, typer.Argument(help="Only ids that contain this.", metavar="[TEXT]")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the page docs/models.md.")] = False,
) -> None:
    """List the published models with their sources, validity ranges and reference values."""
    _import_physics()
    cards = {name: card for name, card in all_models().items() if pattern.lower() in name.lower()}
    if not cards and pattern:
        raise ArgumentError(f"no model's id contains {pattern!r}{did_you_mean(pattern, all_models())}")
    if markdown and not json:
        typer.echo(cards_markdown(cards), nl=False)
        return
    if json:
        emit_json([_as_dict(card) for card in cards.values()])
        return
    for card in cards.values():
        _print(card)


def _import_physics() -> None:
    """Importing a module of physics registers its cards."""
    import silla.physics

    for module in pkgutil.walk_packages(silla.physics.__path__, "silla.physics."):
        importlib.import_module(module.name)


def _as_dict(card: ModelCard) -> dict[str, Any]:
    return {
        "id": card.id,
        "title": card.title,
        "version": card.version,
        "function": f"{card.function.__module__}.{card.function.__qualname__}",
        "sources": [{"key": s.key, "text": s.text, "url": s.url} for s in card.sources],
        "valid": {name: {"low": r.low, "high": r.high, "unit": r.unit} for name, r in card.valid.items()},
        "references": [{"arguments": dict(r.arguments), "value": r.value, "source": r.source} for r in card.references],
        "left_out": card.left_out,
    }


def _print(card: ModelCard) -> None:
    typer.echo(f"{card.id}  (version {card.version})\n    {card.title}")
    for name, r in card.valid.items():
        typer.echo(f"    {name}: {r.low:g} to {r.high:g} {r.unit}")
    for source in card.sources:
        typer.echo(f"    {source.text} {source.url}".rstrip())
