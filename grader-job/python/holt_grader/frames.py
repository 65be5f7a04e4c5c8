"""Sends and receives frames: a length of four bytes, big endian, and JSON in UTF-8."""

from __future__ import annotations

import json
import math
import select
import socket
import time
from collections.abc import Iterator
from itertools import chain

CAP = 8 * 2**20
#: A frame with a notebook in it may be as long as that; what is too large was refused before.
JOB_BYTES = 160 * 2**20
DEPTH = 64
MOST_VALUES = 2**20
SMALLEST, LARGEST = -(2**63), 2**63 - 1
HEAD = 4
CHUNK = 2**16


class FrameError(ValueError):
    """Says why bytes or a value are no frame. The stream they came from cannot be read on."""


def check_value(value: object) -> None:
    """Refuses every value that is not plain, finite and shallow. Exact types only: no method of a class runs."""
    walks: list[Iterator[object]] = [iter((value,))]
    left = MOST_VALUES
    while walks:
        for item in walks[-1]:
            left -= 1
            kind = type(item)
            if kind is list or kind is tuple or kind is dict:
                if len(walks) > DEPTH:
                    raise FrameError(f"A frame may be nested {DEPTH} deep and no deeper.")
                walks.append(_walk(item))
                break
            _check_plain(item, kind)
        else:
            walks.pop()
        if left < 0:
            raise FrameError("A frame has more values than fit in one: send less.")


def _walk(item: object) -> Iterator[object]:
    if isinstance(item, dict):
        if not all(type(key) is str for key in item):
            raise FrameError("The keys in a frame must be text.")
        return chain(iter(item), iter(item.values()))
    assert isinstance(item, (list, tuple))
    return iter(item)


def _check_plain(item: object, kind: type) -> None:
    if kind is str:
        assert isinstance(item, str)
        try:
            item.encode()
        except UnicodeEncodeError:
            raise FrameError("The text in a frame must be UTF-8: it has a lone surrogate.") from None
    elif kind is int:
        assert isinstance(item, int)
        if not SMALLEST <= item <= LARGEST:
            raise FrameError("An integer in a frame must fit in 64 bits.")
    elif kind is float:
        assert isinstance(item, float)
        if not math.isfinite(item):
            raise FrameError("A number in a frame must be finite.")
    elif kind is not bool and item is not None:
        raise FrameError(f"A frame cannot hold a {kind.__name__}.")


def send(sock: socket.socket, value: object, cap: int = CAP) -> None:
    """Writes one frame whole, within the socket's timeout, if it has one."""
    check_value(value)
    body = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    if len(body) > cap:
        raise FrameError(f"A frame may have {cap} bytes; this one has {len(body)}.")
    deadline = _deadline(sock)
    left = memoryview(len(body).to_bytes(HEAD, "big") + body)
    while left:
        _wait(sock, select.POLLOUT, deadline)
        try:
            left = left[sock.send(left, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL) :]
        except BlockingIOError:
            continue


def receive(sock: socket.socket, cap: int = CAP) -> object:
    """Reads one frame whole, within the socket's timeout, if it has one. EOFError where the stream ended before it."""
    deadline = _deadline(sock)
    head = _read(sock, HEAD, deadline)
    if not head:
        raise EOFError("The stream has ended.")
    length = int.from_bytes(head, "big")
    if len(head) < HEAD:
        raise FrameError("The stream ended within a frame's length.")
    if length > cap:
        raise FrameError(f"A frame may have {cap} bytes; this one claims {length}.")
    body = _read(sock, length, deadline)
    if len(body) < length:
        raise FrameError("The stream ended within a frame.")
    return _parse(body)


def _parse(body: bytes) -> object:
    try:
        value: object = json.loads(
            body.decode(), parse_int=_parse_integer, parse_float=_parse_float, parse_constant=_refuse_constant
        )
    except FrameError:
        raise
    except RecursionError:
        raise FrameError(f"A frame may be nested {DEPTH} deep and no deeper.") from None
    except ValueError as error:
        raise FrameError(f"A frame must be JSON in UTF-8: {error}.") from None
    check_value(value)
    return value


def _parse_integer(text: str) -> int:
    # A long one is refused before it is converted, which takes time that grows with the square of its length.
    if len(text) > 20:
        raise FrameError("An integer in a frame must fit in 64 bits.")
    return int(text)


def _parse_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise FrameError("A number in a frame must be finite.")
    return value


def _refuse_constant(_: str) -> object:
    raise FrameError("A number in a frame must be finite.")


def _deadline(sock: socket.socket) -> float | None:
    # A timeout of 0 is a socket that an event loop made non-blocking, not a wish to give up at once.
    timeout = sock.gettimeout()
    return time.monotonic() + timeout if timeout else None


def _wait(sock: socket.socket, event: int, deadline: float | None) -> None:
    # The deadline is the whole frame's: a peer that sends one byte a second must not hold its reader for hours.
    poll = select.poll()
    poll.register(sock, event)
    left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
    if not poll.poll(left):
        raise TimeoutError("A frame was not sent or received in time.")


def _read(sock: socket.socket, count: int, deadline: float | None) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        _wait(sock, select.POLLIN, deadline)
        try:
            part = sock.recv(min(CHUNK, count - len(parts)), socket.MSG_DONTWAIT)
        except BlockingIOError:
            continue
        if not part:
            break
        parts += part
    return bytes(parts)
