"""Connections to addresses that were judged, and to no other, which end when their time is over."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore2

CONNECT_SECONDS = 5.0
_PIECE = 65_536


class BadCertificate(httpcore2.ConnectError):
    """The server's certificate does not prove the name that was asked for."""


class NoTls(httpcore2.ConnectError):
    """No TLS that both sides speak."""


class Network(httpcore2.NetworkBackend):
    """Connects to the given addresses, whatever the host is called, and all of it ends in time."""

    def __init__(self, addresses: list[str], ends_at: float) -> None:
        self.addresses, self.ends_at = addresses, ends_at

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        failure: Exception = httpcore2.ConnectError("no address")
        for address in self.addresses:
            try:
                return _Line(_connect(address, port, self.ends_at), self.ends_at)
            except TimeoutError as error:
                failure = httpcore2.ConnectTimeout(str(error))
            except OSError as error:
                failure = httpcore2.ConnectError(str(error))
        raise failure


class _Line(httpcore2.NetworkStream):
    """A connection of which every step takes from one and the same time."""

    def __init__(self, line: socket.socket, ends_at: float) -> None:
        self.line, self.ends_at = line, ends_at

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            self.line.settimeout(_left(self.ends_at))
            return self.line.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore2.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        rest = memoryview(buffer)
        try:
            while rest:
                self.line.settimeout(_left(self.ends_at))
                rest = rest[self.line.send(rest[:_PIECE]) :]
        except TimeoutError as error:
            raise httpcore2.WriteTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.WriteError(str(error)) from error

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            self.line.settimeout(_left(self.ends_at))
            line = ssl_context.wrap_socket(self.line, server_hostname=server_hostname)
        except TimeoutError as error:
            self.close()
            raise httpcore2.ConnectTimeout(str(error)) from error
        except OSError as error:
            self.close()
            raise _refused(error) from error
        return _Line(line, self.ends_at)

    def close(self) -> None:
        self.line.close()

    def get_extra_info(self, info: str) -> Any:
        return None


def _refused(error: OSError) -> httpcore2.ConnectError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return BadCertificate(str(error))
    return (NoTls if isinstance(error, ssl.SSLError) else httpcore2.ConnectError)(str(error))


def _connect(address: str, port: int, ends_at: float) -> socket.socket:
    """Open a connection to one address; nothing is resolved again."""
    line = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        line.settimeout(min(_left(ends_at), CONNECT_SECONDS))
        line.connect((address, port))
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        line.close()
        raise
    return line


def _left(ends_at: float) -> float:
    left = ends_at - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time is over")
    return left
