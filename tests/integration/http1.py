"""HTTP/1.1 over a bare socket: the bytes on the wire are exactly those that the test wrote."""

import base64
import json
import socket
from dataclasses import dataclass
from urllib.parse import urlencode

TIMEOUT_SECONDS = 20


class ConnectionEnded(Exception):
    """The other side closed before a whole reply came."""


@dataclass
class Reply:
    status: int
    headers: list
    body: bytes

    def header(self, name):
        """The value, or None; a header that comes twice is an error of the server."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) < 2, f"{name} comes {len(values)} times: {values}"
        return values[0] if values else None

    def json(self):
        return json.loads(self.body)

    def __str__(self):
        head = "\n".join(f"{name}: {value}" for name, value in self.headers)
        return f"HTTP/1.1 {self.status}\n{head}\n\n{self.body.decode('utf-8', 'backslashreplace')}"


def basic(client_id, client_secret):
    """The value of an Authorization header."""
    return "Basic " + base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()


def request_bytes(method, target, headers=None, body=None):
    """`body` may be bytes, text, or None; Content-Length is added unless the test frames the body itself."""
    headers = dict(headers or {})
    payload = body.encode() if isinstance(body, str) else body or b""
    framed = any(name.lower() in ("content-length", "transfer-encoding") for name in headers)
    if not framed and (body is not None or method == "POST"):
        headers["Content-Length"] = str(len(payload))
    head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return head.encode("latin-1") + b"\r\n" + payload


def form(**parameters):
    return urlencode({name: value for name, value in parameters.items() if value is not None})


class Connection:
    """One TCP connection; replies are read as they are framed."""

    def __init__(self, address, timeout=TIMEOUT_SECONDS, tls=None):
        """`tls` is an ssl.SSLContext."""
        self.socket = socket.create_connection(address, timeout=timeout)
        try:
            if tls:
                self.socket = tls.wrap_socket(self.socket, server_hostname=address[0])
        except BaseException:
            self.socket.close()
            raise
        self.stream = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        self.stream.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def reply(self, to_head=False):
        """The next reply, interim ones (100 Continue) skipped. ConnectionEnded when there is none."""
        while True:
            status, headers = self._head()
            if status >= 200:
                break
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), None)
        if to_head or status in (204, 304):
            return Reply(status, headers, b"")
        assert length is not None, f"a reply without Content-Length: {status} {headers}"
        body = self.stream.read(length)
        if len(body) < length:
            raise ConnectionEnded(f"{len(body)} of {length} bytes of the body")
        return Reply(status, headers, body)

    def is_closed(self):
        """Whether the server has closed; waits until it does or the time is over."""
        try:
            return self.stream.read(1) == b""
        except ConnectionResetError:
            return True
        except socket.timeout:
            return False

    def _head(self):
        line = self._line()
        if not line:
            raise ConnectionEnded("no reply")
        version, status = line.split(" ", 2)[:2]
        assert version in ("HTTP/1.1", "HTTP/1.0"), line
        headers = []
        while True:
            line = self._line()
            if not line:
                return int(status), headers
            name, value = line.split(":", 1)
            headers.append((name, value.strip()))

    def _line(self):
        try:
            return self.stream.readline().decode("latin-1").rstrip("\r\n")
        except ConnectionResetError:
            return ""


def exchange(address, data, timeout=TIMEOUT_SECONDS):
    """One request, one reply, one connection."""
    with Connection(address, timeout) as connection:
        try:
            connection.send(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all of it was read: the reply says why
        return connection.reply()
