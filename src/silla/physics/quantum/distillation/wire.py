"""Messages as bytes.

    "SQKD"  version u8  kind u8  session 8 bytes  number u32  length u32  payload            little-endian

A payload is a row of fields: type u8, length u32, content. Integers are 8 bytes, signed; arrays carry their type.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np

__all__ = ["VERSION", "Kind", "Malformed", "Message", "decode", "encode", "packed", "unpacked"]

VERSION = 1
_MAGIC = b"SQKD"
_HEADER = struct.Struct("<4sBB8sII")
_INTEGER, _FLOAT, _BYTES = 1, 2, 3
_ARRAYS = {16: "<u1", 17: "<u2", 18: "<u4", 19: "<u8", 20: "<i8"}
_CODE = {np.dtype(name): code for code, name in _ARRAYS.items()}


class Malformed(Exception):
    """Bytes that no party sends."""


class Kind(IntEnum):
    ABORT = 0
    DETECTED = 1
    SIFTED = 2
    ESTIMATED = 3
    SYNDROMES = 4
    ASK = 5
    TOLD = 6
    VERIFY = 7
    VERIFIED = 8
    AMPLIFY = 9
    ALICE_TAG = 10
    BOB_TAG = 11
    DONE = 12


class Message(NamedTuple):
    kind: Kind
    session: bytes
    number: int
    payload: list[Any]


def encode(message: Message) -> bytes:
    """The message's bytes."""
    body = bytearray()
    for value in message.payload:
        if isinstance(value, np.ndarray):
            code, content = _CODE[value.dtype], value.tobytes()
        elif isinstance(value, bytes):
            code, content = _BYTES, value
        elif isinstance(value, float):
            code, content = _FLOAT, struct.pack("<d", value)
        else:
            code, content = _INTEGER, struct.pack("<q", int(value))
        body += struct.pack("<BI", code, len(content)) + content
    return _HEADER.pack(_MAGIC, VERSION, message.kind, message.session, message.number, len(body)) + bytes(body)


def decode(raw: bytes) -> Message:
    """The message of these bytes; Malformed for anything that `encode` does not make."""
    if len(raw) < _HEADER.size:
        raise Malformed(f"{len(raw)} bytes are shorter than a header")
    magic, version, kind, session, number, length = _HEADER.unpack_from(raw)
    if magic != _MAGIC or version != VERSION:
        raise Malformed(f"not a message of version {VERSION}")
    if kind not in Kind.__members__.values():
        raise Malformed(f"kind {kind} is not known")
    if length != len(raw) - _HEADER.size:
        raise Malformed(f"{len(raw) - _HEADER.size} bytes of payload where {length} are announced")
    return Message(Kind(kind), session, number, _fields(raw))


def _fields(raw: bytes) -> list[Any]:
    out, at = [], _HEADER.size
    while at < len(raw):
        if at + 5 > len(raw):
            raise Malformed("a field's head is cut off")
        code, length = struct.unpack_from("<BI", raw, at)
        content = raw[at + 5 : at + 5 + length]
        at += 5 + length
        if len(content) != length:
            raise Malformed("a field is cut off")
        if code in (_INTEGER, _FLOAT):
            if length != 8:
                raise Malformed(f"a number of {length} bytes")
            out.append(struct.unpack("<q" if code == _INTEGER else "<d", content)[0])
        elif code == _BYTES:
            out.append(content)
        elif code in _ARRAYS:
            dtype = np.dtype(_ARRAYS[code])
            if length % dtype.itemsize:
                raise Malformed("an array of broken length")
            out.append(np.frombuffer(content, dtype))
        else:
            raise Malformed(f"field type {code} is not known")
    return out


def packed(bits: np.ndarray) -> bytes:
    """Bits, eight a byte, first bit lowest."""
    return np.packbits(bits, bitorder="little").tobytes()


def unpacked(raw: bytes, n: int) -> np.ndarray:
    """n bits; Malformed when the bytes are not as many as n bits take."""
    if n < 0 or len(raw) != (n + 7) // 8:
        raise Malformed(f"{len(raw)} bytes where {n} bits are due")
    return np.unpackbits(np.frombuffer(raw, np.uint8), count=n, bitorder="little")
