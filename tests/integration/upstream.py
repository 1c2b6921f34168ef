"""An API's server for tests: each path behaves in its own way, and everything that came is remembered."""

import hashlib
import json
import socket
import threading
from dataclasses import dataclass, field

PIECE = 65536


def pattern(length):
    """Bytes that tell when some are missing or twice."""
    return (hashlib.sha256(b"jeton").digest() * (length // 32 + 1))[:length]


@dataclass
class Seen:
    """A request as it came."""
    connection: int
    method: str
    target: str
    headers: list = field(default_factory=list)
    body_length: int = 0
    body_digest: str = ""

    def header(self, name):
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) < 2, f"{name} came {len(values)} times: {values}"
        return values[0] if values else None


class Gone(Exception):
    pass


class Upstream:
    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.seen, self.connections, self.gone = [], 0, 0
        self.lock, self.release, self.arrived = threading.Lock(), threading.Event(), threading.Semaphore(0)
        self.stalled = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.release.set()
        self.listener.close()

    def seen_at(self, target):
        """Only this target's: requests of clients that have long gone may still come in."""
        with self.lock:
            return [seen for seen in self.seen if seen.target == target]

    def _accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                number = self.connections
            threading.Thread(target=self._serve, args=(peer, number), daemon=True).start()

    def _serve(self, peer, number):
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with peer, peer.makefile("rb", PIECE) as stream:
            try:
                while self._serve_one(peer, stream, number):
                    pass
            except (Gone, OSError):
                with self.lock:
                    self.gone += 1

    def _serve_one(self, peer, stream, number):
        line = stream.readline().decode("latin-1").split()
        if not line:
            return False
        seen = Seen(number, line[0], line[1])
        seen.stream = stream
        while (text := stream.readline().decode("latin-1").rstrip("\r\n")):
            name, value = text.split(":", 1)
            seen.headers.append((name, value.strip()))
        with self.lock:
            self.seen.append(seen)
        self.arrived.release()
        path = seen.target.split("?")[0].removeprefix("/below/v1").strip("/").split("/")
        if path[0] == "early":
            self.reply(peer, 413, b"too much")
        if path[0] not in ("die-head", "early-close", "export", "convert", "refuse-and-stall",
                           "short-answer"):
            body = b"".join(self._body(stream, seen, keep=path[0] == "echo"))
        else:
            body = b""
        answer = getattr(self, "answer_" + path[0].replace("-", "_"), self.answer_tell)
        return answer(peer, seen, body, *path[1:]) is not False

    def _body(self, stream, seen, keep):
        digest = hashlib.sha256()
        for piece in self._pieces(stream, seen):
            digest.update(piece)
            seen.body_length += len(piece)
            if keep:
                yield piece
        seen.body_digest = digest.hexdigest()

    def _pieces(self, stream, seen):
        if (seen.header("Transfer-Encoding") or "").lower() == "chunked":
            while (size := int(stream.readline() or self._gone(), 16)):
                yield self._exactly(stream, size)
                stream.readline()
            stream.readline()
            return
        left = int(seen.header("Content-Length") or 0)
        while left:
            piece = self._exactly(stream, min(left, PIECE))
            left -= len(piece)
            yield piece

    @staticmethod
    def _gone():
        raise Gone

    @staticmethod
    def _exactly(stream, length):
        data = stream.read(length)
        if len(data) < length:
            raise Gone
        return data

    # --- answers ---

    @staticmethod
    def reply(peer, status, body=b"", *lines, length=None):
        head = [f"HTTP/1.1 {status} Some", f"Content-Length: {len(body) if length is None else length}", *lines]
        peer.sendall("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body)

    def answer_tell(self, peer, seen, body, *rest):
        told = {"method": seen.method, "target": seen.target, "headers": seen.headers, "connection": seen.connection,
                "length": seen.body_length, "digest": seen.body_digest}
        text = json.dumps(told).encode()
        self.reply(peer, 200, b"" if seen.method == "HEAD" else text, "Content-Type: application/json",
                   length=len(text))

    def answer_echo(self, peer, seen, body, *rest):
        self.reply(peer, 200, body, "Content-Type: application/octet-stream")

    def answer_bytes(self, peer, seen, body, length):
        self.reply(peer, 200, pattern(int(length)))

    def answer_chunks(self, peer, seen, body, length, piece="50000"):
        peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n")
        if seen.method == "HEAD":
            return
        data = pattern(int(length))
        for at in range(0, len(data), int(piece)):
            part = data[at:at + int(piece)]
            peer.sendall(b"%x\r\n%s\r\n" % (len(part), part))
        peer.sendall(b"0\r\nX-Sum: 1\r\n\r\n")

    def answer_until_close(self, peer, seen, body, length):
        peer.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + pattern(int(length)))
        return False

    def answer_status(self, peer, seen, body, status):
        if status in ("204", "304"):
            peer.sendall(f"HTTP/1.1 {status} Some\r\nETag: \"x\"\r\n\r\n".encode())
        else:
            self.reply(peer, int(status), b"status " + status.encode())

    def answer_slow(self, peer, seen, body, *rest):
        """Until the test lets go; notices when the other side has gone."""
        peer.settimeout(0.02)
        while not self.release.is_set():
            try:
                if peer.recv(1) == b"":
                    raise Gone
            except TimeoutError:
                pass
        peer.settimeout(None)
        self.answer_tell(peer, seen, body)

    def answer_drip(self, peer, seen, body, *rest):
        """A first piece, then silence until the test lets go or the other side has gone."""
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                     b"6\r\nfirst\n\r\n")
        peer.settimeout(0.02)
        while not self.release.is_set():
            try:
                if peer.recv(1) == b"":
                    raise Gone
            except TimeoutError:
                pass
        peer.settimeout(None)
        peer.sendall(b"5\r\nlast\n\r\n0\r\n\r\n")

    def answer_endless(self, peer, seen, body, *rest):
        peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        part = pattern(PIECE)
        while True:
            peer.sendall(b"%x\r\n%s\r\n" % (len(part), part))
            with self.lock:
                self.endless_sent = getattr(self, "endless_sent", 0) + len(part)

    def answer_die(self, peer, seen, body, *rest):
        self.reply(peer, 200, b"x" * 100000, length=200000)
        return False

    def answer_die_chunked(self, peer, seen, body, *rest):
        peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        return False

    def answer_die_head(self, peer, seen, body, *rest):
        return False

    def answer_early(self, peer, seen, body, *rest):
        """It has said no already."""

    def answer_early_close(self, peer, seen, body, *rest):
        self.reply(peer, 413, b"too much", "Connection: close")
        peer.shutdown(socket.SHUT_WR)
        return self._read_over(peer, 0.3)

    @staticmethod
    def _read_over(peer, seconds):
        """Until nothing has come for so long; then the connection ends."""
        peer.settimeout(seconds)
        try:
            while peer.recv(PIECE):
                pass
        except OSError:
            pass
        return False

    def answer_headers(self, peer, seen, body, *rest):
        self.reply(peer, 200, b"ok", "Connection: keep-alive, X-Hop", "Keep-Alive: timeout=5", "X-Hop: 1",
                   "X-Jeton-Cost: 7", "X-Jeton-Client: forged", "X-Request-Id: theirs", "X-End: to end",
                   "RateLimit: theirs", "Set-Cookie: __Host-jeton-api=forged; Path=/; Secure", "Set-Cookie: =jeton-api=forged",
                   "Set-Cookie: a=1", "Set-Cookie: b=2", "X-Empty:", "Date: Mon, 01 Jan 2001 00:00:00 GMT")

    def answer_export(self, peer, seen, body, mib="16"):
        """Before it reads the request's body, as many servers answer a GET."""
        head = f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {int(mib) << 20}\r\n\r\n"
        peer.sendall(head.encode())
        for _ in range(int(mib)):
            peer.sendall(b"x" * (1 << 20))
        return self._read_over(peer, 0.5)

    def answer_refuse_and_stall(self, peer, seen, body, *rest):
        """A part of a refusal before the body was read, and then nothing."""
        peer.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\npartial")
        self.stalled.set()
        return self._read_over(peer, 60)

    def answer_short_answer(self, peer, seen, body, *rest):
        """All of an answer, and nothing of the request is ever read."""
        self.reply(peer, 200, b"ok")
        self.release.wait(20)
        return False

    def answer_convert(self, peer, seen, body, *rest):
        """Answers while it reads, and reads more slowly than the client sends."""
        length = int(seen.header("Content-Length"))
        sender = threading.Thread(target=self.reply, args=(peer, 200, b"x" * (1 << 20), "Connection: close"))
        sender.start()
        while seen.body_length < length and (piece := seen.stream.read1(20000)):
            seen.body_length += len(piece)
            self.release.wait(0.004)
        sender.join()
        return False

    def answer_die_late(self, peer, seen, body, *rest):
        peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        self.release.wait(0.3)
        return False

    def answer_upgrade(self, peer, seen, body, *rest):
        peer.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhello")
        return False

    def answer_hints(self, peer, seen, body, *rest):
        peer.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100)
        self.reply(peer, 200, b"after")

    def answer_late(self, peer, seen, body, *rest):
        self.reply(peer, 200, b"ok", "X-Jeton-Cost: 1")

    def answer_big_head(self, peer, seen, body, length):
        self.reply(peer, 200, b"ok", *[f"X-Big-{i}: {'y' * 1000}" for i in range(int(length) // 1000)])

    def answer_garbage(self, peer, seen, body, *rest):
        peer.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        return False

    def answer_folded(self, peer, seen, body, *rest):
        self.reply(peer, 200, b"ok", "X-A: b\r\n folded")

    def answer_hint(self, peer, seen, body, *rest):
        peer.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        self.reply(peer, 200, b"after")
