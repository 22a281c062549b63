"""The bytes of TensorBoard's messages: protocol buffers in records with checksums.

https://protobuf.dev/programming-guides/encoding and tensorflow/core/util/event.proto say what stands where.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    Array = numpy.ndarray[Any, Any]

_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_POLYNOMIAL = 0x82F63B78
"""Castagnoli's, its bits reversed."""
_BUCKETS = 30


def _make_table() -> list[int]:
    table = []
    for byte in range(256):
        rest = byte
        for _ in range(8):
            rest = rest >> 1 ^ (_POLYNOMIAL if rest & 1 else 0)
        table.append(rest)
    return table


_TABLE = _make_table()


def checksum(data: bytes) -> int:
    """Return the masked CRC-32C that stands after each part of a record."""
    rest = 0xFFFFFFFF
    table = _TABLE
    for byte in data:
        rest = table[(rest ^ byte) & 0xFF] ^ rest >> 8
    rest ^= 0xFFFFFFFF
    return ((rest >> 15 | rest << 17) + 0xA282EAD8) & 0xFFFFFFFF


def record(data: bytes) -> bytes:
    """Return a message as a record: its length and its bytes, each with a checksum."""
    length = struct.pack("<Q", len(data))
    return b"".join((length, struct.pack("<I", checksum(length)), data, struct.pack("<I", checksum(data))))


def _varint(number: int) -> bytes:
    if number < 0:
        number += 1 << 64
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def _field(number: int, kind: int, data: bytes) -> bytes:
    return _varint(number << 3 | kind) + data


def _nested(number: int, data: bytes) -> bytes:
    return _field(number, _BYTES, _varint(len(data)) + data)


def _double(number: int, value: float) -> bytes:
    return _field(number, _FIXED_64, struct.pack("<d", value))


def file_version() -> bytes:
    """Return the event that every file begins with."""
    return _double(1, 0.0) + _nested(3, b"brain.Event:2")


def summary(time: float, step: int, values: Iterable[bytes]) -> bytes:
    """Return the event of a step with some values."""
    inner = b"".join(_nested(1, value) for value in values)
    return _double(1, time) + _field(2, _VARINT, _varint(step)) + _nested(5, inner)


def scalar(tag: str, value: float) -> bytes:
    """Return a number under a name."""
    with numpy.errstate(over="ignore"):
        single = numpy.float32(value)
    return _nested(1, tag.encode()) + _field(2, _FIXED_32, struct.pack("<f", single))


def histogram(tag: str, values: Array) -> bytes | None:
    """Return the histogram of the finite ones of some values under a name; None where there are none."""
    finite = values[numpy.isfinite(values)].astype("f8").ravel()
    if not finite.size:
        return None
    low, high = float(finite.min()), float(finite.max())
    if low == high:
        counts, limits = numpy.array([float(finite.size)]), numpy.array([numpy.nextafter(high, numpy.inf)])
    else:
        counts, edges = numpy.histogram(finite, bins=_BUCKETS, range=(low, high))
        limits = edges[1:]
    inner = b"".join(
        (
            _double(1, low), _double(2, high), _double(3, float(finite.size)), _double(4, float(finite.sum())),
            _double(5, float((finite * finite).sum())),
            _nested(6, limits.astype("<f8").tobytes()), _nested(7, counts.astype("<f8").tobytes()),
        )
    )  # fmt: skip
    return _nested(1, tag.encode()) + _nested(5, inner)
