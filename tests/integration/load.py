"""Clients that loop in threads until they are told to stop, and remember what they saw."""

import threading

from http1 import Connection, ConnectionEnded, request_bytes


class Load:
    """`count` clients, each on connections of its own, sending `make_request()` and calling `on_reply`."""

    def __init__(self, address, make_request, count=8):
        self.address = address
        self.make_request = make_request
        self.replies = []  # appended by all threads: list.append is atomic
        self.failures = []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._loop, daemon=True) for _ in range(count)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *unused):
        self.finish()

    def finish(self):
        self.over.set()
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive(), "a client hangs"

    def _loop(self):
        while not self.over.is_set():
            try:
                with Connection(self.address) as connection:
                    self._use(connection)
            except (ConnectionRefusedError, ConnectionResetError):
                return  # the server is gone before it accepted anything of ours

    def _use(self, connection):
        """Requests on one connection until either side has enough of it."""
        while not self.over.is_set():
            sent = False
            try:
                connection.send(self.make_request())
                sent = True
                reply = connection.reply()
            except (ConnectionEnded, ConnectionResetError, BrokenPipeError, TimeoutError) as ended:
                self.failures.append((sent, repr(ended)))
                return
            self.replies.append(reply)
            if (reply.header("Connection") or "").lower() == "close":
                return


def token_requests(service):
    """The service's documented token request, as bytes, again and again."""
    path, headers, body = service.token_request()
    data = request_bytes("POST", path, {"Host": service.host or service.daemon.authority, **headers}, body)
    return lambda: data
