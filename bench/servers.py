"""The two servers under load: nginx, which answers a fixed text, and the daemon."""

import base64
import json
import os
import pathlib
import random
import re
import socket
import subprocess
import time
import urllib.parse
import urllib.request

WORKERS = 2
START_SECONDS = 20
STOP_SECONDS = 10
PORTS = (10240, 32000)
NGINX = "/usr/sbin/nginx"
LITERAL_MAX = 2000  # nginx takes no string of 4096 bytes; a quote or backslash counts twice
TICK = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """The benchmark cannot go on; the text says why."""


def is_free(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def free_port():
    """Of two in a row, the first: a demo takes both. Below those that the kernel gives to connections of their own, of
    which the load makes so many that one would sit on a server's port between two starts of it."""
    while True:
        port = random.randrange(*PORTS)
        if is_free(port) and is_free(port + 1):
            return port


def tail_of(path, line_count=20):
    return "\n".join(pathlib.Path(path).read_text(errors="replace").splitlines()[-line_count:])


def children_of(pid):
    children = []
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if parent == pid:
            children.append(int(path.parent.name))
    return children


class Server:
    """A process that serves on a port of loopback, with its log in a folder."""

    remembers = True  # what it was told: a code is good once

    def __init__(self, name, folder, port):
        self.name = name
        self.folder = pathlib.Path(folder)
        self.port = port
        self.process = None
        self.pids = []

    def spawn(self, command, **streams):
        self.log = self.folder / f"{self.name}.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log, **streams)
        self.pids = [self.process.pid]

    def fail(self, what):
        raise BenchError(f"{self.name}: {what}; the end of its log:\n{tail_of(self.log)}")

    def await_port(self):
        """Until it accepts a connection."""
        limit = time.monotonic() + START_SECONDS
        while time.monotonic() < limit:
            if self.process.poll() is not None:
                self.fail(f"ended with status {self.process.returncode}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.0002)
        self.fail(f"does not accept connections after {START_SECONDS} s")

    def cpu_seconds(self):
        """User and system time of the whole process tree."""
        ticks = 0
        for pid in self.pids:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / TICK

    def resident_kib(self):
        text = "".join(pathlib.Path(f"/proc/{pid}/status").read_text() for pid in self.pids)
        return sum(int(kib) for kib in re.findall(r"^VmRSS:\s+(\d+)", text, re.M))

    def stop(self):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        self.process = None
        self.pids = []


def quoted(text):
    """As a string of nginx's configuration. `$` begins a variable there and cannot be escaped; any byte will do."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "x") + '"'


class Nginx(Server):
    """Answers each path with a fixed reply: body of the same size and the same headers as the daemon's."""

    remembers = False

    def __init__(self, folder, name="nginx"):
        super().__init__(name, folder, free_port())

    def location(self, path, reply):
        own = {"connection", "content-length", "content-type", "date", "location", "server"}
        headers = {name.lower(): value for name, value in reply.headers}
        lines = [f"add_header {quoted(name)} {quoted(value)} always;"
                 for name, value in reply.headers if name.lower() not in own]
        body = quoted(reply.body)
        if reply.status == 303:  # its text is the Location; the daemon's redirects have no body
            body = quoted(headers["location"])
        elif len(reply.body) > LITERAL_MAX:
            parts = [reply.body[at:at + LITERAL_MAX] for at in range(0, len(reply.body), LITERAL_MAX)]
            lines += [f"set $part{i} {quoted(part)};" for i, part in enumerate(parts)]
            body = '"' + "".join(f"${{part{i}}}" for i in range(len(parts))) + '"'
        content_type = headers.get("content-type", "text/plain")
        return "\n      ".join([f"location = {path} {{", f"types {{}} default_type {quoted(content_type)};", *lines,
                                f"return {reply.status} {body};", "}"])

    def start(self, replies):
        """`replies`: path → Reply of the daemon."""
        self.serve("\n    ".join(self.location(path, reply) for path, reply in replies.items()))

    def serve(self, locations, more=""):
        """`locations` of the one server, and what stands beside it."""
        folder = self.folder
        temporary = "\n".join(f"  {kind}_temp_path {quoted(str(folder / kind))};"
                              for kind in ("client_body", "proxy", "fastcgi", "scgi", "uwsgi"))
        configuration = folder / f"{self.name}.conf"
        configuration.write_text(f"""worker_processes {WORKERS};
daemon off;
pid {quoted(str(folder / f'{self.name}.pid'))};
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
{temporary}
  access_log off;
  server_tokens off;
  keepalive_timeout 60s;
  keepalive_requests 1000000000;
  {more}
  server {{
    listen 127.0.0.1:{self.port} reuseport;
    {locations}
  }}
}}
""")
        self.spawn([NGINX, "-p", str(folder), "-e", "stderr", "-c", str(configuration)], stdout=subprocess.DEVNULL)
        self.await_port()
        limit = time.monotonic() + START_SECONDS
        while len(self.pids) < 1 + WORKERS and time.monotonic() < limit:
            self.pids = [self.process.pid, *children_of(self.process.pid)]


def basic(credentials):
    """[RFC6749 2.3.1] Both are form-encoded before they are joined."""
    pair = ":".join(urllib.parse.quote_plus(credentials[key]) for key in ("client_id", "client_secret"))
    return "Basic " + base64.b64encode(pair.encode()).decode()


class Jeton(Server):
    """`jeton demo` in a folder of its own, always on the same port."""

    def __init__(self, binary, folder, name="jeton"):
        super().__init__(name, folder, free_port())
        self.binary = binary
        self.demo_folder = self.folder / name
        self.demo = None

    def start(self):
        """Until it says `ready`."""
        self.spawn([self.binary, "demo", "--dir", str(self.demo_folder), "--listen", f"127.0.0.1:{self.port}"],
                   stdout=subprocess.PIPE)
        for line in self.process.stdout:
            if line.strip() == b"ready":
                self.demo = json.loads((self.demo_folder / "demo.json").read_text())
                self.take_plan("partner")
                return
        self.process.wait(STOP_SECONDS)
        self.fail(f"ended with status {self.process.returncode} before it was ready")

    def take_plan(self, plan):
        """The guard counts every request in its windows, and no load uses them up."""
        client_id = self.service("standard")["client_id"]
        subprocess.run([self.binary, "client", "plan", "set", client_id, plan, "--realm", "standard", "--config",
                        str(self.configuration())], check=True, stdout=subprocess.DEVNULL)

    def start_to_first_token_ms(self, request):
        """From spawning to the last byte of a token, in a folder that has been used before."""
        began = time.perf_counter()
        self.spawn([self.binary, "demo", "--dir", str(self.demo_folder), "--listen", f"127.0.0.1:{self.port}"],
                   stdout=subprocess.DEVNULL)
        self.await_port()
        reply = exchange(self.port, request)
        span_ms = (time.perf_counter() - began) * 1000
        self.stop()
        if reply.status != 200:
            raise BenchError(f"the first token was refused with {reply.status}")
        return span_ms

    def service(self, name):
        return self.demo["services"][name]

    def configuration(self):
        return self.demo_folder / "jeton.yaml"

    def database(self):
        files = [path for path in self.demo_folder.rglob("*") if path.is_file()
                 and path.open("rb").read(16) == b"SQLite format 3\0"]
        if len(files) != 1:
            raise BenchError(f"{self.demo_folder} holds {len(files)} SQLite files, not one")
        return files[0]

    def metrics(self):
        """Counters of the operations listener, name → value, labels dropped."""
        with urllib.request.urlopen(self.demo["operations"] + "/metrics", timeout=5) as reply:
            text = reply.read().decode()
        return {name: float(value) for name, value in re.findall(r"^(\w+)(?:\{.*\})? (\S+)$", text, re.M)}


class Reply:
    """One whole reply, as it came."""

    def __init__(self, raw):
        head, _, body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.size = len(raw)
        self.status = int(lines[0].split()[1])
        self.headers = [tuple(line.split(": ", 1)) for line in lines[1:]]
        self.body = body.decode()


def exchange(port, request):
    """Sends raw bytes, reads one reply with a Content-Length."""
    try:
        return send_and_read(port, request)
    except OSError as error:
        raise BenchError(f"no reply on port {port} to {request[:40]!r}: {error}") from None


def send_and_read(port, request):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        raw = b""
        while True:
            chunk = connection.recv(65536)
            raw += chunk
            head, end, body = raw.partition(b"\r\n\r\n")
            length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.I)
            if end and len(body) >= (int(length[1]) if length else 0):
                return Reply(raw)
            if not chunk:
                raise BenchError(f"the server on port {port} closed the connection before its reply was whole")
