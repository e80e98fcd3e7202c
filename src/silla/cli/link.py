"""``silla link``: the radio link bit by bit; a group of verbs, of which the group itself draws a waterfall."""

from __future__ import annotations

import typer

from silla.cli._link_campaign import compare, waterfall
from silla.cli._link_table import table
from silla.cli._link_tbps import tbps

__all__ = ["link"]

link = typer.Typer(
    help="The radio link, bit by bit: real bits through code, waveform, hardware, channel and receiver.",
    rich_markup_mode="rich",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
link.callback()(waterfall)
link.command("compare")(compare)
link.command("tbps")(tbps)
link.command("table")(table)
