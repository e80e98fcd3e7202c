"""``silla qdc --send``: one message over the link at one distance, photon by photon, and what came of it."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import typer

from silla.base.errors import ArgumentError, DataFileError, StoreError
from silla.base.provenance import Range, check_domain
from silla.cli._output import emit_json, progress
from silla.cli._plot import write_line_plot
from silla.cli._qdc_link import LIMIT_DB, DirectLink, along
from silla.physics.optical.fibre import link_loss_db
from silla.physics.quantum import dl04, hd_qsdc
from silla.physics.quantum.messages.send import Delivery, send_message
from silla.physics.quantum.optimise import maximise
from silla.physics.quantum.photons.attacks import InterceptResend
from silla.physics.quantum.photons.direct import Dl04Link
from silla.physics.quantum.photons.receiver import PhotonDetector
from silla.physics.quantum.photons.time_bins import TimeBinLink

__all__ = ["deliver", "finish", "message_of", "photon_link"]

_LONGEST = 1 << 24  # bytes; a simulated link of any length would take long for more


def message_of(text: str | None, file: Path | None) -> bytes:
    """The bytes of --send or --send-file; ArgumentError for both, DataFileError for a file that cannot be read."""
    if text is not None and file is not None:
        raise ArgumentError("--send and --send-file: give one of them")
    if text is not None:
        return text.encode("utf-8", "surrogateescape")
    assert file is not None
    try:
        size = file.stat().st_size
        if size > _LONGEST:
            raise DataFileError(f"{file}: {size} bytes; allowed: {_LONGEST} (16 MiB)")
        return file.read_bytes()
    except OSError as error:
        raise DataFileError(f"{file}: cannot be read: {(error.strerror or str(error)).lower()}") from None


def photon_link(link: DirectLink, km: np.ndarray, check_share: float) -> Dl04Link | TimeBinLink:
    """The link at one distance as photons see it; ArgumentError for several distances and for two-step."""
    if link.protocol == "two-step":
        raise ArgumentError("--send: messages are sent by hd or dl04; two-step needs a store of photons")
    if len(km) != 1:
        raise ArgumentError(f"--send: a message is sent over one distance, and --km gives {len(km)}; try --km 10")
    at, system = link.system.attenuation_db_per_km, link.system
    check_domain("distance", km, Range(0.0, LIMIT_DB / at, "km"), what="direct message")
    line = float(10.0 ** (-link_loss_db(km[0] * 1e3, at) / 10.0))
    if link.protocol == "dl04":
        dark = 1.0 - (1.0 - system.y0) ** 0.5
        detector = PhotonDetector(system.detector_efficiency, dark, link.dead_time_s)
        check = None if link.check_efficiency is None else PhotonDetector(link.check_efficiency, dark)
        return Dl04Link(
            line,
            detector,
            system.misalignment,
            check_share,
            _photons(link, line),
            check,
            system.clock_hz,
            min(1e-9, 1.0 / system.clock_hz),
        )
    return TimeBinLink(
        line,
        system.detector_efficiency,
        link.dimension or 2,
        system.misalignment,
        system.y0,
        link.bin_s,
        link.dead_time_s,
        link.guard,
        check_share,
        _photons(link, line),
        link.check_efficiency,
    )


def _photons(link: DirectLink, line: float) -> float | None:
    """Mean photons of a pulse: given, best for the capacity at a coding loss of a third, or None for single photons."""
    if link.single or link.mu is not None:
        return None if link.single else link.mu
    common: dict[str, Any] = {
        "misalignment": link.system.misalignment,
        "y0": link.system.y0,
        "receiver_efficiency": link.system.detector_efficiency,
        "check_efficiency": link.check_efficiency,
    }

    def rate(mu):
        if link.protocol == "dl04":
            found = dl04.secrecy_capacity(line, mean_photons=mu, **common)
        else:
            found = hd_qsdc.secrecy_capacity(float(link.dimension or 2), line, mean_photons=mu, **common)
        return (found.signed + found.eve_bit) / 1.5 - found.eve_bit

    return float(maximise(rate, {"mu": (1e-4, 1.0)}, shape=())["mu"])


def deliver(at: Dl04Link | TimeBinLink, data: bytes, *, seed: int, intercepted: float, limit: float | None) -> Delivery:
    """The message's delivery, with somebody on the line where `intercepted` is above 0."""
    attack = InterceptResend(intercepted) if intercepted else None
    with progress() as bar:
        task = bar.add_task("frames", total=None)

        def tell(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        return send_message(at, data, seed=seed, attack=attack, max_check_error=limit, progress=tell)


def finish(
    found: Delivery, data: bytes, link: DirectLink, km: float, out: Path | None, page: Path | None, json: bool
) -> None:
    """Write what was delivered, draw and print the account; exit code 1 when both ends stopped."""
    if out is not None and found.delivered is not None:
        _write(out, found.delivered)
    if page is not None:
        _draw(page, found, link, km)
    if json:
        emit_json({"km": km, "protocol": link.protocol, **_account(found, data)})
    else:
        _print(found, km, len(data))
    if found.aborted:
        raise typer.Exit(1)


def _draw(page: Path, found: Delivery, link: DirectLink, km: float) -> None:
    """The capacity over the distance, and where this message lies below it."""
    limit = LIMIT_DB / link.system.attenuation_db_per_km
    grid = np.linspace(0.0, min(limit, max(2.0 * km, 50.0)), 101)
    lines: dict[str, Any] = {"secrecy capacity": (grid, along(link, grid)["rate_bit_per_s"])}
    if found.bit_per_s > 0.0:
        lines["this message, below its link's capacity"] = ([km, km], [found.bit_per_s, found.capacity_bit_per_s])
    note = found.reason or f"Delivered over {km:g} km at {_figure(found.bit_per_s)} bit/s in {found.seconds:.3g} s."
    write_line_plot(page, lines, "fibre, km", "message bits per second", True, "A direct message", notes=[note])


def _account(found: Delivery, data: bytes) -> dict[str, Any]:
    """The delivery without the message itself, which may be binary; its text where it is UTF-8."""
    row = asdict(found)
    delivered = row.pop("delivered")
    try:
        text = None if delivered is None else delivered.decode()
    except UnicodeDecodeError:
        text = None
    return {"bytes": len(data), "text": text} | row


def _print(found: Delivery, km: float, n_bytes: int) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=f"{n_bytes} bytes over {km:g} km", show_header=False)
    checks = f"{100 * found.check_error:.3f} % of {found.check_clicks}, limit {100 * found.max_check_error:.3f} %"
    for name, value in (
        ("frames", f"{found.frames_arrived} of {found.frames} arrived, {found.frames_sent} sent"),
        ("photons", f"{found.photons:.4g} sent, {found.clicks} readings, {100 * found.symbol_error:.3f} % wrong"),
        ("checks wrong", checks),
        ("time", f"{found.seconds:.4g} s"),
        ("rate", f"{_figure(found.bit_per_s)} bit/s of a capacity of {_figure(found.capacity_bit_per_s)} bit/s"),
    ):
        table.add_row(name, value)
    screen = Console(highlight=False)
    screen.print(table)
    if found.delivered is None:
        screen.print(f"[bold]given up[/bold]: {escape(found.reason)}")
    else:
        text = found.delivered.decode("utf-8", "replace")
        screen.print("delivered: " + escape(text if len(text) <= 500 else text[:500] + "..."), soft_wrap=True)


def _write(path: Path, data: bytes) -> None:
    """Write what was delivered, whole or not at all."""
    if path.is_dir():
        raise ArgumentError(f"{path} is a folder; give --out a file")
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise StoreError(f"{path}: cannot be written: {(error.strerror or str(error)).lower()}") from None


def _figure(value: float) -> str:
    """A rate for people: whole numbers with commas from 100 on."""
    return f"{value:,.0f}" if value >= 100.0 else f"{value:.3g}"
