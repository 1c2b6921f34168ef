"""What operators watch: health, readiness, metrics, the log."""

import re
import tempfile
from pathlib import Path

import pytest
from daemon import free_port, serve
from http1 import exchange, request_bytes
from service import Service
from test_reload import CONFIGURATION

SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*",?)*\})? '
                    r'(-?[0-9.]+(?:[eE][-+]?[0-9]+)?|[+-]Inf|NaN)')
SUFFIXES = ("_bucket", "_sum", "_count")


class Operated:
    """A server with a listener of its own for operations."""

    def __init__(self, folder):
        port, self.port = free_port(), free_port()
        listeners = f'listeners:\n  - {{address: "localhost:{self.port}", serves: [operations]}}'
        text = CONFIGURATION.format(port=port, lifetime=3600).replace("listeners:", listeners)
        self.daemon = serve(folder, text, port)
        self.daemon.description = {"services": {"standard": {
            **self.daemon.create_client("standard"),
            "resource_server": self.daemon.create_client("standard", may_introspect=True)}}}
        self.service = Service(self.daemon, "standard")

    def get(self, path):
        return exchange(("localhost", self.port), request_bytes("GET", path, {"Host": "localhost"}))

    def metrics(self):
        """{name{labels}: value}, after checking the text format."""
        reply = self.get("/metrics")
        assert reply.status == 200 and reply.header("Content-Type").startswith("text/plain")
        return parse_metrics(reply.body.decode())


def parse_metrics(text):
    """The Prometheus text format 0.0.4, strictly."""
    assert text.endswith("\n")
    samples, kinds = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in kinds, f"{name} has two types"
            assert kind in ("counter", "gauge", "histogram", "summary")
            kinds[name] = kind
        elif line and not line.startswith("#"):
            match = SAMPLE.fullmatch(line)
            assert match, f"no sample: {line!r}"
            family = next((match[1].removesuffix(suffix) for suffix in SUFFIXES
                           if kinds.get(match[1].removesuffix(suffix)) in ("histogram", "summary")), match[1])
            assert family in kinds, f"{family} has no type before its samples"
            key = match[1] + (match[2] or "")
            assert key not in samples, f"{key} comes twice"
            samples[key] = float(match[3])
    return samples


@pytest.fixture(scope="module")
def operated():
    with tempfile.TemporaryDirectory(prefix="jeton-") as name:
        server = Operated(name)
        yield server
        server.daemon.stop()


def total(samples, *words):
    """The sum of all counters whose name and labels have the words."""
    return sum(value for key, value in samples.items()
               if all(word in key for word in words) and "_bucket" not in key and "_sum" not in key)


def test_health_and_readiness(operated):
    """/healthz: the process lives; /readyz: the store takes writes."""
    for path in ("/healthz", "/readyz"):
        assert operated.get(path).status == 200


def test_metrics_are_prometheus_text(operated):
    """Strictly parsed, and not empty."""
    operated.service.ask_token()
    assert len(operated.metrics()) > 10


def test_counters_move(operated):
    """Requests, tokens by realm and grant, refusals by error, store batches, cache."""
    before = operated.metrics()
    for _ in range(5):
        token = operated.service.token()
        operated.service.guard(token)
        operated.service.guard(token)
    operated.service.ask_token({"client_id": "nobody", "client_secret": "x"})
    after = operated.metrics()
    for words, least in ((("token", "standard", "client_credentials"), 5), (("invalid_client",), 1),
                         (("request",), 16), (("batch",), 1), (("cache",), 5)):
        assert total(after, *words) - total(before, *words) >= least, \
            (words, {key: value for key, value in after.items() if all(word in key for word in words)})


def test_histograms_are_cumulative(operated):
    """Latencies: buckets never fall, and +Inf is the count."""
    operated.service.ask_token()
    samples = operated.metrics()
    series = {}
    for key, value in samples.items():
        if "_bucket{" in key:
            name = re.sub(r',?le="[^"]*"', "", key)
            series.setdefault(name, []).append((float(re.search(r'le="([^"]*)"', key)[1]), value))
    assert series
    for name, buckets in series.items():
        values = [value for _, value in sorted(buckets)]
        assert values == sorted(values) and sorted(buckets)[-1][0] == float("inf"), name


def test_metrics_hold_no_secret(operated):
    """Labels are realms, grants and errors, never what clients sent."""
    operated.service.ask_token({"client_id": "x-in-a-label", "client_secret": "y-in-a-label"})
    text = operated.get("/metrics").body.decode()
    assert "in-a-label" not in text
    assert not any(secret in text for secret in operated.daemon.secrets)


def test_operations_are_not_public(operated):
    """They answer on their own listener only, and that one serves nothing else."""
    for path in ("/healthz", "/readyz", "/metrics"):
        assert operated.daemon.request("GET", path).status == 404
    assert operated.get("/oauth2/whoami").status == 404


def test_log_is_json_lines_with_the_exchange_id(operated):
    """One JSON object a line; what a request did carries the id that its reply carried."""
    reply = operated.daemon.request("POST", "/oauth2/token?client_secret=leaked-in-a-query", {
        "Content-Type": "application/x-www-form-urlencoded"}, "grant_type=client_credentials")
    events = operated.daemon.log_events()
    lines = [line for line in operated.daemon.log().splitlines() if line]
    assert len(events) == len(lines), [line for line in lines if not line.startswith("{")][:3]
    assert all({"time", "level", "event"} <= set(event) for event in events)
    leaks = [event for event in events if event["event"] == "secret_in_query"]
    assert reply.header("X-Request-Id") in [event["exchange"] for event in leaks]
    assert "leaked-in-a-query" not in operated.daemon.log()


def test_stats_command(operated):
    """`jeton stats` on the running server."""
    assert operated.daemon.command("stats")["store_is_ready"] is True


def test_backup_is_a_database_of_its_own(operated, folder):
    """Consistent, while serving: a server on the copy knows the token."""
    token = operated.service.token()
    copy = Path(folder) / "data"
    copy.mkdir()
    database = next(path for path in operated.daemon.data_folder.iterdir()
                    if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3")
    operated.daemon.command("backup", path=str(copy / database.name))
    port = free_port()
    restored = serve(folder, CONFIGURATION.format(port=port, lifetime=3600), port)
    try:
        restored.description = operated.daemon.description
        assert Service(restored, "standard").guard(token).status == 200
    finally:
        restored.stop()
