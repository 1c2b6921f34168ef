"""Load on one server, and rounds that alternate between two."""

import dataclasses
import json
import re
import resource
import statistics
import subprocess

from servers import BenchError

WARM_UP_SECONDS = 0.1
GRACE_SECONDS = 15


@dataclasses.dataclass
class Script:
    """What a connection says: one request file or several in turn; bench/script.h tells about holes and what fills
    them."""

    files: list
    tokens: object = None
    draw: str = "random"
    takes: tuple = ()
    is_used_up: bool = False  # by the daemon: a line serves once; nginx takes any line any number of times
    first: int = 0  # line that nobody has used

    def options(self, remembers):
        options = []
        if self.tokens:
            draw = "random" if self.draw == "once" and not remembers else self.draw
            first = self.first if self.is_used_up and remembers else 0
            options += ["--tokens", str(self.tokens), "--draw", draw, "--first", str(first)]
        for take in self.takes:
            options += ["--take", take]
        return options


@dataclasses.dataclass
class Sample:
    """One run of the generator against one server."""

    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float  # of the server's process tree, per request
    errors: dict


def run_generator(command, seconds):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + GRACE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise BenchError(f"{command[0]} did not end") from None
    if done.returncode != 0:
        raise BenchError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


class Pace:
    """Our own generator: one thread, rate-limited or as fast as replies come."""

    def __init__(self, binary):
        self.binary = str(binary)

    def command(self, server, script, connections, seconds, rate, warm_up=WARM_UP_SECONDS):
        options = ["--connections", str(connections), "--seconds", str(seconds), "--warm-up", str(warm_up)]
        if rate:
            options += ["--rate", f"{rate:.0f}"]
        return [self.binary, *options, *script.options(server.remembers), f"127.0.0.1:{server.port}", *map(str, script.files)]

    def read(self, text):
        seen = json.loads(text)
        return seen["rate"], seen["p50_us"] / 1000, seen["p99_us"] / 1000, seen["reply_count"], seen["errors"], seen["line_count"]


class Wrk:
    """The cross-check. Two threads: one saturates its core before the servers do."""

    def __init__(self, script):
        self.script = str(script)

    def command(self, server, script, connections, seconds, rate, _warm_up=0):
        if rate:
            raise BenchError("wrk cannot limit its rate")
        return ["wrk", "-t2", f"-c{connections}", f"-d{round(seconds) or 1}s", "--latency", "-s", self.script,
                f"http://127.0.0.1:{server.port}/", "--", str(script.files[0]), *([str(script.tokens)] if script.tokens else [])]

    def read(self, text):
        def milliseconds(percentile):
            value, unit = re.search(rf"^\s+{percentile}%\s+([\d.]+)(us|ms|s)$", text, re.M).groups()
            return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]

        errors = {name: int(count) for name, count in re.findall(r"(connect|read|write|timeout) ([1-9]\d*)", text)}
        refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
        if refused:
            errors["status not 2xx"] = int(refused[1])
        rate = float(re.search(r"^Requests/sec:\s+([\d.]+)", text, re.M)[1])
        count = int(re.search(r"(\d+) requests in", text)[1])
        return rate, milliseconds(50), milliseconds(99), count, errors, 0


def measure(generator, server, script, connections, seconds, rate=None, warm_up=WARM_UP_SECONDS):
    command = generator.command(server, script, connections, seconds, rate, warm_up)
    before = server.cpu_seconds()
    text = run_generator(command, seconds + warm_up)
    used = server.cpu_seconds() - before
    per_second, p50_ms, p99_ms, count, errors, line_count = generator.read(text)
    if script.is_used_up and server.remembers:
        script.first += line_count
    return Sample(per_second, p50_ms, p99_ms, used / count * 1e6 if count else 0.0, errors)


def median_of(samples):
    """The median of every figure; all errors."""
    errors = {}
    for sample in samples:
        for name, count in sample.errors.items():
            errors[name] = errors.get(name, 0) + count
    medians = {field: statistics.median(getattr(sample, field) for sample in samples)
               for field in ("rate", "p50_ms", "p99_ms", "cpu_us")}
    return Sample(errors=errors, **medians)


@dataclasses.dataclass
class Pair:
    """One server beside its yardstick; ratios are medians over rounds, since the machine's speed drifts."""

    yardstick: Sample
    sample: Sample
    rate_ratio: float
    cpu_ratio: float  # requests per CPU second, against the yardstick's


def measure_pair(rounds, measure_yardstick, measure_server):
    """Alternates, so that both meet the same drift."""
    yardsticks, samples = [], []
    for _ in range(rounds):
        yardsticks.append(measure_yardstick())
        samples.append(measure_server())
    both = list(zip(yardsticks, samples))
    return Pair(median_of(yardsticks), median_of(samples),
                statistics.median(ours.rate / theirs.rate if theirs.rate else 0 for theirs, ours in both),
                statistics.median(theirs.cpu_us / ours.cpu_us if ours.cpu_us else 0 for theirs, ours in both))


def own_cpu_seconds():
    """Of this program and of all generators that have ended."""
    return sum(usage.ru_utime + usage.ru_stime
               for usage in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)))
