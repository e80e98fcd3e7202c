"""``silla qdc --send``: one message over the link at one distance, photon by photon, and what came of it."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
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
from silla.physics.quantum.messages.send import Delivery, send_message
from silla.physics.quantum.messages.settings import with_best_pulses
from silla.physics.quantum.photons.attacks import Attack, Blinding, InterceptResend, TrojanHorse
from silla.physics.quantum.photons.countermeasures import reflected_photons
from silla.physics.quantum.photons.direct import Dl04Link
from silla.physics.quantum.photons.direct_attacks import splitting
from silla.physics.quantum.photons.receiver import PhotonDetector
from silla.physics.quantum.photons.time_bins import TimeBinLink

__all__ = ["ATTACKS", "Run", "attack_of", "check_out", "deliver", "finish", "message_of", "photon_link"]

ATTACKS = ("none", "intercept-resend", "photon-number-splitting", "blinding", "trojan-horse")
_READS_ALL = 100.0  # reflected photons per pulse, which tell every symbol for certain

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


@dataclass(frozen=True)
class Run:
    """What --send adds to a link. n_decoys : 0 to 2. isolation_db : None where light into the encoder is not counted.
    attack : one of `ATTACKS`, on a share of the pulses. limit : of the check's error, None as planned."""

    check_share: float
    n_decoys: int
    isolation_db: float | None
    watchdog: bool
    attack: str
    share: float
    limit: float | None
    seed: int


def photon_link(link: DirectLink, km: np.ndarray, run: Run, n_bytes: int) -> Dl04Link | TimeBinLink:
    """The link at one distance as photons see it, with the weak pulses that carry n_bytes soonest.

    ArgumentError for several distances and for two-step; DomainError where no secret message passes.
    """
    if link.protocol == "two-step":
        raise ArgumentError("--send: messages are sent by hd or dl04; two-step needs a store of photons")
    if len(km) != 1:
        raise ArgumentError(f"--send: a message is sent over one distance, and --km gives {len(km)}; try --km 10")
    at = link.system.attenuation_db_per_km
    check_domain("distance", km, Range(0.0, LIMIT_DB / at, "km"), what="direct message")
    line = float(10.0 ** (-link_loss_db(km[0] * 1e3, at) / 10.0))
    reflected = 0.0
    if run.isolation_db is not None:
        reflected = float(reflected_photons(run.isolation_db, clock_hz=link.system.clock_hz))
    bare = (_qubits if link.protocol == "dl04" else _bins)(link, line, run.check_share, reflected)
    if link.single:
        return bare
    return with_best_pulses(bare, 8 * (n_bytes + 24), n_decoys=run.n_decoys, signal=link.mu)


def _qubits(link: DirectLink, line: float, check_share: float, reflected: float) -> Dl04Link:
    system = link.system
    dark = 1.0 - (1.0 - system.y0) ** 0.5
    return Dl04Link(
        line,
        PhotonDetector(system.detector_efficiency, dark, link.dead_time_s),
        system.misalignment,
        check_share,
        check_detector=None if link.check_efficiency is None else PhotonDetector(link.check_efficiency, dark),
        clock_hz=system.clock_hz,
        gate_s=min(1e-9, 1.0 / system.clock_hz),
        reflected=reflected,
    )


def _bins(link: DirectLink, line: float, check_share: float, reflected: float) -> TimeBinLink:
    system = link.system
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
        check_efficiency=link.check_efficiency,
        reflected=reflected,
    )


def attack_of(run: Run, at: Dl04Link | TimeBinLink) -> Attack | None:
    """The attack by its name. Photon numbers are split so that the signal's counts stay; a Trojan horse gets back what
    the encoder's isolation lets through, or all that it wants where none is counted."""
    check_domain("attacked share", run.share, Range(0.0, 1.0, ""), what="--attack-share")
    if run.attack == "none" or run.share == 0.0:
        return None
    if run.attack == "intercept-resend":
        return InterceptResend(run.share)
    if run.attack == "photon-number-splitting":
        return splitting(at, run.share)
    if run.attack == "blinding":
        return Blinding(run.share)
    return TrojanHorse(min(at.reflected or _READS_ALL, _READS_ALL))


def deliver(at: Dl04Link | TimeBinLink, data: bytes, run: Run) -> Delivery:
    """The message's delivery, with somebody on the line where the run has an attack."""
    with progress() as bar:
        task = bar.add_task("frames", total=None)

        def tell(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        return send_message(
            at,
            data,
            seed=run.seed,
            attack=attack_of(run, at),
            watchdog=run.watchdog,
            max_check_error=run.limit,
            progress=tell,
        )


def finish(
    found: Delivery,
    data: bytes,
    link: DirectLink,
    at: Dl04Link | TimeBinLink,
    run: Run,
    km: float,
    out: Path | None,
    page: Path | None,
    json: bool,
) -> None:
    """Write what was delivered, draw and print the account; exit code 1 when both ends stopped."""
    if out is not None and found.delivered is not None:
        _write(out, found.delivered)
    if page is not None:
        _draw(page, found, link, km)
    if json:
        head = {"km": km, "protocol": link.protocol, "attack": run.attack, "attack_share": run.share}
        pulses = {"mean_photons": at.mean_photons, "decoys": at.decoys, "decoy_shares": at.decoy_shares}
        emit_json(head | pulses | _account(found, data))
    else:
        _print(found, at, run, km, len(data))
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


def _print(found: Delivery, at: Dl04Link | TimeBinLink, run: Run, km: float, n_bytes: int) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=f"{n_bytes} bytes over {km:g} km", show_header=False)
    checks = f"{100 * found.check_error:.3f} % of {found.check_clicks}, limit {100 * found.max_check_error:.3f} %"
    weak = ", ".join(f"{mu:.3g} ({100 * s:.0f} %)" for mu, s in zip(at.decoys, at.decoy_shares))
    pulses = "single photons" if at.mean_photons is None else f"{at.mean_photons:.3g} photons, decoys {weak or 'none'}"
    rows = [
        ("pulses", pulses),
        ("frames", f"{found.frames_arrived} of {found.frames} arrived, {found.frames_sent} sent"),
        ("photons", f"{found.photons:.4g} pulses, {found.clicks} readings, {100 * found.symbol_error:.3f} % wrong"),
        ("checks wrong", checks),
        (
            "eavesdropper",
            f"at most {found.eve_bound_bit:,.0f} bits of the last frame, {found.allowance_bit:,.0f} allowed",
        ),
        ("message sent", f"{found.sent_bytes} of {n_bytes} bytes"),
        ("time", f"{found.seconds:.4g} s"),
        ("rate", f"{_figure(found.bit_per_s)} bit/s of a capacity of {_figure(found.capacity_bit_per_s)} bit/s"),
    ]
    if run.attack != "none":
        read = f"reads {found.eve_read_bit:,.0f} payload bits, at most {found.eve_message_bit:,.0f} message bits of it"
        rows.append((run.attack, read))
    for name, value in rows:
        table.add_row(name, value)
    screen = Console(highlight=False)
    screen.print(table)
    if found.delivered is None:
        screen.print(f"[bold]given up[/bold]: {escape(found.reason)}", soft_wrap=True)
    else:
        screen.print("delivered: " + escape(_shown(found.delivered)), soft_wrap=True)


def _shown(data: bytes) -> str:
    """A message for the screen: text, or how much there is of something else."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return f"{len(data)} bytes that are no text; --out writes them to a file"
    return text if len(text) <= 500 else text[:500] + "..."


def check_out(path: Path | None) -> None:
    """ArgumentError, before anything is sent, for a file that could not be written."""
    if path is None:
        return
    if path.is_dir():
        raise ArgumentError(f"{path} is a folder; give --out a file")
    if not path.parent.is_dir():
        raise ArgumentError(f"--out {path}: there is no folder {path.parent}; make it first")
    draft = _draft(path)
    try:
        draft.touch()
        draft.unlink()
    except OSError as error:
        raise ArgumentError(f"--out {path}: cannot be written: {(error.strerror or str(error)).lower()}") from None


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _write(path: Path, data: bytes) -> None:
    """Write what was delivered, whole or not at all."""
    draft = _draft(path)
    try:
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise StoreError(f"{path}: cannot be written: {(error.strerror or str(error)).lower()}") from None


def _figure(value: float) -> str:
    """A rate for people: whole numbers with commas from 100 on."""
    return f"{value:,.0f}" if value >= 100.0 else f"{value:.3g}"
