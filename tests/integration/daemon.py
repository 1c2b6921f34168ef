"""The real binary under test: started on free ports in a folder of its own, watched, and taken down without a trace."""

import ctypes
import errno
import json
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

import http1

REPOSITORY = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("JETON", str(REPOSITORY / "build" / "jeton"))
HELD = []  # sockets; see free_port
LIBC = ctypes.CDLL(None)
READY_SECONDS = 60
STOP_SECONDS = 60
SANITIZER_REPORT = re.compile(r"(AddressSanitizer|LeakSanitizer|ThreadSanitizer|UndefinedBehavior|: runtime error: ).*")


SIXTH_CONFIGURATION = """
data_directory: data
dialect_directory: {dialects}
listeners:
  - {{address: "localhost:{port}", serves: [public, guard]}}
realms:
  sixth:
    dialect: orchard
    issuer: http://localhost:{port}
    grants: {{client_credentials: {{}}, authorization_code: {{}}}}
    authorize: {{tell_issuer: true}}
    access_token: {{lifetime_seconds: 600, prefix: orc_}}
    scopes: {{look: {{description: Look at trees.}}, pick: {{description: Pick apples., level: write}}}}
    default_scope: look
"""


def each_key_once(members):
    """Of an object of the log: whoever reads it keeps the first of two keys, or the last, or refuses the line."""
    assert len(dict(members)) == len(members), f"a key is there twice: {members}"
    return dict(members)


class DaemonFailed(AssertionError):
    pass


class Clock:
    """The time of day of a server that was started with it: the machine's, and `later` seconds more (later.c)."""

    def __init__(self, folder):
        self.path = Path(folder) / "later"
        self.path.write_bytes(bytes(8))
        self.later = 0

    def move(self, seconds):
        self.later += seconds
        with open(self.path, "r+b") as file:  # in place: the server has it mapped
            file.write(struct.pack("=q", self.later))

    def time(self):
        return time.time() + self.later

    def environment(self):
        return {**preloaded("later"), "LATER_FILE": str(self.path)}


class SlowNames:
    """A resolver that has no hurry with names under slow.test (slow_names.c)."""

    @staticmethod
    def environment():
        return preloaded("slow_names")


def preloaded(name):
    """The environment of a server that has this library of the tests' before all others."""
    # A sanitizer would insist on coming first.
    asan = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))
    library = Path(BINARY).parent / "tests" / "integration" / f"lib{name}.so"
    return {**os.environ, "LD_PRELOAD": str(library), "ASAN_OPTIONS": asan}


def wait_until(holds, seconds=20, what="the condition"):
    """Polls until `holds()` is true; its value is the result."""
    end = time.monotonic() + seconds
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true in {seconds} s")
        time.sleep(0.01)


class Daemon:
    """A server process. `arguments` are those of the program; demo() and serve() below know the usual ones."""

    def __init__(self, arguments, folder, clock=None):
        self.arguments = [str(argument) for argument in arguments]
        self.folder = Path(folder)
        self.clock = clock
        self.log_path = self.folder / "daemon.log"
        self.process = None
        self.secrets = set()
        self.description = {}
        self.address = None
        self.data_folder = self.folder / "demo" / "data"
        self.configuration_path = None

    # --- life ---

    def start(self):
        served_before = self._served_count()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([BINARY, *self.arguments], stdout=subprocess.PIPE, stderr=log,
                                            stdin=subprocess.DEVNULL, start_new_session=True,
                                            preexec_fn=die_with_parent,
                                            env=self.clock and self.clock.environment())
        self._wait_ready(served_before)
        return self

    def stop(self):
        """SIGTERM, then everything that a clean end means."""
        if not self.process:
            return
        self.end(signal.SIGTERM)
        self.check_clean()

    def kill(self):
        """SIGKILL, as the machine would."""
        self.end(signal.SIGKILL)
        self.process = None

    def check_clean(self):
        status, group, self.process = self.process.returncode, self.process.pid, None
        log = self.log()
        report = SANITIZER_REPORT.search(log)
        if report:
            raise DaemonFailed(f"sanitizer report: {report.group(0)}\n{self.log_tail(200)}")
        if status != 0:
            raise DaemonFailed(f"the daemon ended with {status}\n{self.log_tail()}")
        if group_lives(group):
            os.killpg(group, signal.SIGKILL)
            raise DaemonFailed("the daemon left a process behind")
        self.check_no_secret_logged(log)

    def check_no_secret_logged(self, log=None):
        log = self.log() if log is None else log
        for secret in self.secrets:
            assert secret not in log, f"a secret stands in the log: {secret[:6]}… of {len(secret)} characters"

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def log(self):
        return self.log_path.read_text("utf-8", "replace") if self.log_path.exists() else ""

    def log_tail(self, lines=60):
        return f"--- {self.log_path} (last {lines} lines)\n" + "\n".join(self.log().splitlines()[-lines:])

    def log_events(self, name=None):
        """The log's JSON lines, those that are whole; `name` picks one event."""
        whole, _, _ = self.log().rpartition("\n")
        lines = [line for line in whole.splitlines() if line.startswith("{")]
        events = [json.loads(line, object_pairs_hook=each_key_once) for line in lines]
        return [event for event in events if name is None or event.get("event") == name]

    def end(self, number):
        self.process.send_signal(number)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise DaemonFailed(f"signal {number} did not end the daemon in {STOP_SECONDS} s\n{self.log_tail()}")
        finally:
            self.process.stdout.close()

    def _wait_ready(self, served_before):
        """`demo` says `ready`, `serve` logs it: once its first listener accepts, another may yet be missing, or fail."""
        guard = threading.Timer(READY_SECONDS, self.process.kill)
        guard.start()
        is_ready = self._wait_line() if self.arguments[0] == "demo" else self._wait_serving(served_before)
        guard.cancel()
        if not is_ready:
            self.process.wait()
            raise DaemonFailed(f"not ready: {self.arguments}\n{self.log_tail()}")
        threading.Thread(target=drain, args=(self.process.stdout,), daemon=True).start()

    def _wait_line(self):
        return any(line.strip() == b"ready" for line in self.process.stdout)

    def _wait_serving(self, served_before):
        while self.is_running():
            if self._served_count() > served_before:
                return True
            time.sleep(0.01)
        return False

    def _served_count(self):
        return self.log().count('"event":"serving"')

    # --- requests ---

    def send(self, data):
        return http1.exchange(self.address, data)

    def request(self, method, target, headers=None, body=None, host=None):
        """One exchange. `host` overrides the Host header, `body` as in http1.request_bytes."""
        headers = {"Host": host or self.authority, **(headers or {})}
        return self.send(http1.request_bytes(method, target, headers, body))

    def post_form(self, target, parameters, headers=None, host=None):
        headers = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return self.request("POST", target, headers, http1.form(**parameters), host)

    def post_json(self, target, value, headers=None, host=None):
        headers = {"Content-Type": "application/json", **(headers or {})}
        return self.request("POST", target, headers, json.dumps(value), host)

    @property
    def authority(self):
        return f"{self.address[0]}:{self.address[1]}"

    def take_origin(self, origin):
        host, port = origin.split("://", 1)[1].rsplit(":", 1)
        self.address = (host, int(port))

    # --- the operator's commands ---

    def command(self, name, /, **arguments):
        """One operator's command by the control socket; its result."""
        answer = self.ask_control({"command": name, "arguments": arguments})
        assert answer.get("ok") is True, f"{name} {arguments}: {answer}"
        self.secrets |= collect_secrets(answer["result"])
        return answer["result"]

    def ask_control(self, request):
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(http1.TIMEOUT_SECONDS)
            control.connect(str(self.data_folder / "control.sock"))
            control.sendall(json.dumps(request).encode() + b"\n")
            return json.loads(control.makefile("rb").readline())

    def create_client(self, realm, **arguments):
        """A new application's production client: {"client_id", "client_secret", "application_id"}."""
        created = self.command("app create", realm=realm, name="made by a test", **arguments)
        return {**created["clients"][0], "application_id": created["application_id"]}


def demo(folder, clock=None):
    """A demo server; its folder is `folder`/demo. A restart comes back at the same addresses."""
    daemon = Daemon(["demo", "--dir", Path(folder) / "demo", "--listen", f"localhost:{free_port(2)}"], folder, clock)
    daemon.start()
    read_description(daemon)
    return daemon


def serve(folder, configuration, port, clock=None):
    """A server on a configuration of the test's own, whose first listener is localhost:`port`."""
    folder = Path(folder)
    path = folder / "jeton.yaml"
    path.write_text(configuration)
    daemon = Daemon(["serve", "--config", path], folder, clock)
    daemon.data_folder = folder / "data"
    daemon.configuration_path = path
    daemon.address = ("localhost", port)
    return daemon.start()


def sixth(folder):
    """The made-up sixth company of tests/wire/sixth, with a client and a resource server."""
    port = free_port()
    configuration = SIXTH_CONFIGURATION.format(port=port, dialects=REPOSITORY / "tests" / "wire" / "sixth")
    daemon = serve(folder, configuration, port)
    redirect_uri = "http://localhost:8765/callback?own=1"
    user = {"username": "grower@orchard.example", "password": "an apple a day keeps them away"}
    daemon.command("user add", realm="sixth", **user)
    daemon.description = {"origin": f"http://{daemon.authority}", "services": {"sixth": {
        **daemon.create_client("sixth", redirect_uri=redirect_uri), "redirect_uri": redirect_uri, "user": user,
        "resource_server": daemon.create_client("sixth", may_introspect=True)}}}
    return daemon


def free_port(count=1):
    """The first of so many ports in a row, on loopback, kept until this process ends: another test, or a connection
    that wants any port, could take one between two starts of a server."""
    while True:
        first = bound("127.0.0.1", 0)
        port = first.getsockname()[1]
        held = [first] + [bound(host, port + i) for i in range(count) for host in ("127.0.0.1", "::1")
                          if (host, i) != ("127.0.0.1", 0)]
        if all(held):
            HELD.extend(held)
            return port
        for taken in filter(None, held):
            taken.close()


def bound(host, port):
    """A socket that has the port and does not listen, so that a server (SO_REUSEADDR) still can; None when it is taken."""
    holder = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        holder.bind((host, port))
    except OSError as error:
        if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):  # a machine without IPv6 needs no holder there
            holder.close()
            return None
    except OverflowError:  # behind the last port
        holder.close()
        return None
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # only now: another holder must not share it
    return holder


def read_description(daemon):
    daemon.description = json.loads((daemon.folder / "demo" / "demo.json").read_text())
    daemon.take_origin(daemon.description["origin"])
    daemon.secrets |= collect_secrets(daemon.description)


def collect_secrets(value):
    """What must never be logged, found by the names of its members."""
    if isinstance(value, list):
        return set().union(*map(collect_secrets, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    found = {text for key, text in value.items()
             if key in ("client_secret", "account_secret", "app_token", "access_token", "refresh_token", "password")
             and isinstance(text, str) and text}
    return found.union(*map(collect_secrets, value.values()))


def die_with_parent():
    """No server outlives the tests, not even when they are killed or a fixture fails half-way [PR_SET_PDEATHSIG]."""
    LIBC.prctl(1, signal.SIGKILL)


def drain(stream):
    try:
        while stream.read(65536):
            pass
    except ValueError:
        pass  # closed by stop()


def group_lives(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
