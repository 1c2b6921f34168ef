"""The API behind a gateway: it tells in JSON what reached it, and on which connection. The headers X-Own-Status and
X-Own-Cost choose its status and what it says that the request has cost."""

import hashlib
import http.server
import json
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self):
        body = self.read_body()
        seen = {"method": self.command, "target": self.path, "headers": [list(pair) for pair in self.headers.items()],
                "body_len": len(body), "body_sha256": hashlib.sha256(body).hexdigest(),
                "connection": self.client_address[1]}
        self.server.seen.append(seen)
        text = json.dumps(seen).encode()
        self.send_response(int(self.headers.get("X-Own-Status", "200")))
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Own-Answer", "the API's")
        if "X-Own-Cost" in self.headers:
            self.send_header("X-Jeton-Cost", self.headers["X-Own-Cost"])
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(self.chunks())
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def chunks(self):
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            chunk = self.rfile.read(size)
            self.rfile.readline()
            if not size:
                return
            yield chunk

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except ConnectionResetError:
            self.close_connection = True  # gateways close so what they kept

    def log_message(self, *unused):
        pass


class Api:
    """`seen` has every request that reached it."""

    def __enter__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.seen = []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *unused):
        self.server.shutdown()
        self.server.server_close()

    @property
    def authority(self):
        return f"127.0.0.1:{self.server.server_port}"

    @property
    def seen(self):
        return self.server.seen
