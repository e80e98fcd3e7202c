"""Which models a world uses, for the manifest and the bibliography."""

from __future__ import annotations

from collections.abc import Iterator

from silla.base.provenance import all_models
from silla.world.types import World

__all__ = ["models_used"]


def models_used(world: World) -> list[str]:
    """Ids of the model cards whose functions a run of this world calls, sorted."""
    prefixes = tuple(_prefixes(world))
    return [card for card in all_models() if card.startswith(prefixes)]


def _prefixes(world: World) -> Iterator[str]:
    yield from (
        "radio.modulation",
        "radio.antennas",
        "radio.shadowing",
        "radio.penetration",
        "compute.cell_power",
        "compute.energy",
    )
    if world.environment.los == "buildings":
        yield "radio.obstruction"
    else:
        yield "radio.los"
    for name in sorted(set(world.sites.propagation)):
        yield f"radio.path_loss.{name.split('-')[0]}"
    if (world.carriers.frequency_hz > 10e9).any():
        yield "radio.atmosphere.gas"
        if world.environment.rain_mm_per_h > 0:
            yield "radio.atmosphere.rain"
    if (world.carriers.frequency_hz > 100e9).any():
        yield "radio.path_loss.subthz"
    if len(world.pools.id):
        yield from ("compute.gpu", "compute.pool", "compute.ran_load")
    if len(world.key_links.id):
        yield from (
            "optical.fibre.loss",
            "optical.fibre.attenuation",
            "quantum.finite_key.two_decoy",
            "quantum.detectors",
            "quantum.attack",
            "quantum.photons.trojan_phase_error",
            "quantum.bounds.plob",
            "quantum.channel",
            "quantum.distillation.sifting",
            "quantum.distillation.wegman_carter",
        )
        for way in sorted({way for way in world.key_links.error_correction if way != "assumed"}):
            yield f"quantum.distillation.{way}"
    if len(world.air.id):
        yield from (
            "optical.free_space.budget",
            "quantum.finite_key.two_decoy",
            "quantum.detectors",
            "quantum.bounds.plob",
            "quantum.channel",
        )
    if world.fibres.classical_channels.any() and len(world.key_links.id):
        yield "optical.raman"
    if len(world.direct_links.id):
        yield "quantum.dl04"
        yield "quantum.direct_decoys.leak"
