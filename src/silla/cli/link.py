"""``silla link``: the radio link bit by bit; a group of verbs."""

from __future__ import annotations

import typer

from silla.cli._link_tbps import tbps

__all__ = ["link"]

link = typer.Typer(
    help="The radio link, bit by bit: real bits through code, waveform, hardware, channel and receiver.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
link.command("tbps")(tbps)


@link.callback()
def _group() -> None:
    """The radio link, bit by bit."""
