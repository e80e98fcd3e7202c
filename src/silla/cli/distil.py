"""``silla distil``: real keys from the photons of a decoy-BB84 link, by two parties that only exchange messages."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from silla.base.errors import ArgumentError, RunError, StoreError
from silla.base.rng import stream
from silla.cli._output import console, emit_json
from silla.cli._plot import Panel, plot_path, write_panels
from silla.cli._qkd_link import with_changes
from silla.cli._quantum_options import one_of
from silla.physics.quantum.presets import PRESETS

__all__ = ["distil"]

ATTACKS = ("none", "intercept-resend", "photon-number-splitting")
ADVERSARY = ("none", "drop", "reorder", "duplicate", "alter")


def distil(
    preset: Annotated[str, typer.Option(help=f"Published system to start from: {', '.join(PRESETS)}.")] = "lim",
    km: Annotated[float, typer.Option(help="Length of the line.")] = 10.0,
    block: Annotated[float, typer.Option(help="Sifted bits of the key basis in a block.")] = 1e6,
    decoys: Annotated[int, typer.Option(help="2 (Lim et al.) or 1 (Rusca et al.).")] = 2,
    reconciliation: Annotated[str, typer.Option(help="cascade or ldpc.")] = "cascade",
    attenuation_db_per_km: Annotated[float | None, typer.Option(help="Fibre attenuation in dB/km.")] = None,
    detector_efficiency: Annotated[float | None, typer.Option(help="Receiver optics and detectors, 0 to 1.")] = None,
    y0: Annotated[float | None, typer.Option("--y0", help="Background clicks per gate.")] = None,
    misalignment: Annotated[float | None, typer.Option(help="Error rate of signal clicks.")] = None,
    clock_hz: Annotated[float | None, typer.Option(help="Pulses per second.")] = None,
    eps_sec: Annotated[float, typer.Option(help="Secrecy of the key.")] = 1e-10,
    eps_cor: Annotated[float, typer.Option(help="Correctness of the key.")] = 1e-15,
    attack: Annotated[str, typer.Option(help=f"On the light: {', '.join(ATTACKS)}.")] = "none",
    share: Annotated[
        float | None, typer.Option(help="With --attack: share of pulses that it touches. [default: 1]")
    ] = None,
    adversary: Annotated[str, typer.Option(help=f"On the messages: {', '.join(ADVERSARY)}.")] = "none",
    adversary_share: Annotated[
        float | None, typer.Option(help="With --adversary: share of messages that it touches. [default: 0.01]")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the simulated photons, and of the adversary.")] = 1,
    out: Annotated[str | None, typer.Option(metavar="FOLDER", help="Save both keys, mode 600.")] = None,
    plot: Annotated[str | None, typer.Option(metavar="FILE.html", help="Also draw where the bits went.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Distil a secret key at both ends of a decoy-BB84 link.

    Photons are simulated one by one at the best settings for the block. Sifting, estimation, reconciliation,
    verification, privacy amplification and authentication are then played by two parties over messages that an
    adversary may drop, reorder, duplicate or alter. The finite-key formula decides the length; every bit
    that was told is
    counted. An aborted run prints its reason and ends with exit code 1.
    """
    one_of("--preset", preset, tuple(PRESETS))
    one_of("--attack", attack, ATTACKS)
    one_of("--adversary", adversary, ADVERSARY)
    page, folder = plot_path(plot), _folder(out)
    system = with_changes(
        PRESETS[preset], attenuation_db_per_km=attenuation_db_per_km, detector_efficiency=detector_efficiency, y0=y0,
        misalignment=misalignment, clock_hz=clock_hz,
    )  # fmt: skip
    from silla.physics.quantum import distillation as d
    from silla.physics.quantum.distillation.settings import RECONCILIATIONS

    one_of("--reconciliation", reconciliation, RECONCILIATIONS)
    if not 0.0 <= km < float("inf"):
        raise ArgumentError(f"--km is {km:g}, allowed 0 and above")
    if not 0 <= seed < 2**63:
        raise ArgumentError(f"--seed is {seed}, allowed 0 to 2^63 - 1")
    on_light = _attack(attack, share)
    on_messages = _on_messages(adversary, adversary_share, seed)
    prepared = d.prepare(
        system, km * system.attenuation_db_per_km, block, decoys=decoys, reconciliation=reconciliation,
        eps_sec=eps_sec, eps_cor=eps_cor,
    )  # fmt: skip
    with console().status("photons, then keys"):
        made = d.distil(prepared, seed=seed, attack=on_light, adversary=on_messages)
    document = _document(prepared, made, {"preset": preset, "km": km, "attack": attack, "adversary": adversary}, system)
    if made.outcome.key and folder is not None:
        document["saved"] = _save(folder, made)
    if page is not None:
        _draw(page, document)
    if json:
        emit_json(document)
    else:
        _print(document)
    if not made.outcome.key:
        raise RunError(f"no key: {document['reason_alice'] or document['reason_bob']}")


def _folder(text: str | None) -> Path | None:
    if text is None:
        return None
    path = Path(text)
    if not text.strip():
        raise ArgumentError("--out is empty; name a folder")
    if path.exists() and not path.is_dir():
        raise ArgumentError(f"--out is {text!r}, which is a file; name a folder")
    if any((path / name).exists() for name in ("alice.key", "bob.key")):
        raise ArgumentError(f"--out is {text!r}, which holds keys already; name another folder")
    return path


def _attack(name: str, share: float | None) -> Any:
    if name == "none":
        if share is not None:
            raise ArgumentError("--share is of an attack; add --attack, or leave it out")
        return None
    from silla.physics.quantum.photons.attacks import InterceptResend, PhotonNumberSplitting

    touched = 1.0 if share is None else share
    return InterceptResend(touched) if name == "intercept-resend" else PhotonNumberSplitting(share=touched)


def _on_messages(name: str, share: float | None, seed: int) -> Any:
    if name == "none":
        if share is not None:
            raise ArgumentError("--adversary-share is of an adversary; add --adversary, or leave it out")
        return None
    from silla.physics.quantum.distillation.channel import Adversary

    return Adversary.of(name, 0.01 if share is None else share, stream(seed, "adversary"))


def _document(prepared: Any, made: Any, head: dict[str, Any], system: Any) -> dict[str, Any]:
    book, n_sent = made.alice.ledger, made.detections.n_sent
    seconds = n_sent / system.clock_hz
    key = made.outcome.key
    return head | {
        "block": prepared.block,
        "shortest_block": prepared.shortest_block,
        "expected_bit": prepared.expected_bit,
        "reconciliation": prepared.settings.reconciliation,
        "intensities": prepared.settings.intensities,
        "probabilities": prepared.settings.probabilities,
        "key_basis": prepared.link.key_basis,
        "eps_sec": prepared.settings.eps_sec,
        "eps_cor": prepared.settings.eps_cor,
        "pulses": n_sent,
        "seconds": seconds,
        "key": key,
        "keys_equal": bool(made.alice.key == made.bob.key) if key else None,
        "accepted_alice": made.outcome.accepted[0],
        "accepted_bob": made.outcome.accepted[1],
        "reason_alice": made.outcome.reasons[0],
        "reason_bob": made.outcome.reasons[1],
        "ledger": {name: getattr(book, name) for name in book.__dataclass_fields__},
        "error_rate": book.error_rate,
        "efficiency": book.efficiency,
        "net_bit": book.net if key else 0,
        "rate_bit_per_pulse": book.net / n_sent if key else 0.0,
        "rate_bit_per_s": book.net / seconds if key else 0.0,
    }


def _save(folder: Path, made: Any) -> list[str]:
    """Both keys as raw bytes, each readable by its owner alone; whole or not at all."""
    saved: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, party in (("alice.key", made.alice), ("bob.key", made.bob)):
            path = folder / name
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            saved.append(path)
            with os.fdopen(handle, "wb") as file:
                file.write(party.key)
    except OSError as error:
        for path in saved:
            path.unlink(missing_ok=True)
        raise StoreError(f"--out {folder}: cannot be written: {(error.strerror or str(error)).lower()}") from None
    return [str(path) for path in saved]


def _steps(document: dict[str, Any]) -> list[tuple[str, int]]:
    """Where the detections went, in order: (what, bits taken off)."""
    book = document["ledger"]
    steps = [("bases differ", book["other_basis"]), ("test basis", book["test"]), ("sample", book["sampled"])]
    if not document["key"]:
        return steps
    told = book["parities"] + book["verification"]
    return [
        *steps,
        ("told: parities, tag", told),
        ("eavesdropper, finite size", book["hashed_away"] - told),
        ("authentication", book["payback"]),
    ]


def _draw(path: Path, document: dict[str, Any]) -> None:
    steps = _steps(document)
    names = ["detections", *(name for name, _ in steps), "secret bits" if document["key"] else "bits left, no key"]
    values = [document["ledger"]["detected"], *(-n for _, n in steps), 0]
    measures = ("absolute", *("relative" for _ in steps), "total")
    panel = Panel({"bits": (names, np.array(values))}, "", "bits", waterfall=measures)
    end = (
        f"{document['net_bit']} secret bits at both ends, {document['rate_bit_per_s']:.3g} bit/s; f = "
        f"{document['efficiency']:.3f} at {100 * document['error_rate']:.2f} % errors."
        if document["key"]
        else f"No key: {document['reason_alice'] or document['reason_bob']}."
    )
    title = f"From detections to key: {document['preset']}, {document['km']:g} km"
    write_panels(path, [panel], title, [end])


def _print(document: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    book, screen = document["ledger"], Console(highlight=False)
    table = Table(title=escape(f"{document['preset']}, {document['km']:g} km: {document['pulses']:.3g} pulses"))
    table.add_column("bits")
    table.add_column("", justify="right")
    table.add_row("detections", f"{book['detected']}")
    for name, n in _steps(document):
        table.add_row(f"- {name}", f"{n}")
    if document["key"]:
        table.add_row("[bold]secret bits[/bold]", f"[bold]{document['net_bit']}[/bold]")
    screen.print(table)
    if book["reconciled"] and book["parities"]:
        screen.print(
            f"{document['reconciliation']}: {book['errors']} of {book['reconciled']} bits were wrong "
            f"({100 * document['error_rate']:.2f} %), {book['parities']} bits told, f = {document['efficiency']:.3f}"
        )
    screen.print(f"{book['messages']} messages, {book['message_bytes']} bytes; {book['authentication']} pad bits")
    if document["key"]:
        screen.print(
            f"[bold]{document['net_bit']}[/bold] secret bits, equal at both ends: {document['rate_bit_per_pulse']:.3g} "
            f"a pulse, {document['rate_bit_per_s']:.4g} bit/s at {document['seconds']:.3g} s of light"
        )
    else:
        for name in ("alice", "bob"):
            text = document[f"reason_{name}"] or "accepted, but the other end did not"
            screen.print(f"[bold]{name}[/bold]: {escape(text)}")
    for path in document.get("saved", []):
        screen.print(f"saved {escape(path)}")
