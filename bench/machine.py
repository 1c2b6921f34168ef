"""What the figures were measured on: machine, versions, disk, and how busy others kept it."""

import os
import pathlib
import re
import statistics
import subprocess
import time

SYNC_COUNT = 200
SYNC_BYTES = 16384


def output_of(*command):
    """Both streams: nginx and wrk tell their version on stderr or beside other text. Empty when it cannot run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return ""
    return (done.stdout + done.stderr).strip()


def first_match(pattern, text, otherwise="unknown"):
    found = re.search(pattern, text, re.M)
    return found[1].strip() if found else otherwise


def package_version(package):
    return output_of("dpkg-query", "-W", "-f=${Version}", package) or "unknown"


def file_system_of(folder):
    return output_of("stat", "--file-system", "--format=%T", str(folder)) or "unknown"


def sync_times_ms(folder):
    """One 16 KiB append and fdatasync after another: what a commit of a small batch pays at least."""
    path = pathlib.Path(folder) / "sync-probe"
    block = os.urandom(SYNC_BYTES)
    spans = []
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        for _ in range(SYNC_COUNT):
            os.write(descriptor, block)
            began = time.perf_counter()
            os.fdatasync(descriptor)
            spans.append((time.perf_counter() - began) * 1000)
    finally:
        os.close(descriptor)
        path.unlink()
    return statistics.median(spans), statistics.quantiles(spans, n=100)[98]


def commit_of(root):
    commit = output_of("git", "-C", str(root), "rev-parse", "--short", "HEAD")
    if not commit or " " in commit:
        return "unknown"
    changed = output_of("git", "-C", str(root), "status", "--porcelain", "--untracked-files=no")
    return commit + (" with uncommitted changes" if changed else "")


def describe(root, folder):
    """(name, value) pairs, in the order of the report."""
    cpu = pathlib.Path("/proc/cpuinfo").read_text()
    memory_kib = int(first_match(r"^MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text(), "0"))
    model = first_match(r"^model name\s*:(.*)", cpu)
    median_ms, p99_ms = sync_times_ms(folder)
    return [
        ("date", time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())),
        ("commit", commit_of(root)),
        ("processor", f"{model}, {os.cpu_count()} cores" + (", virtual" if " hypervisor" in cpu else "")),
        ("memory", f"{memory_kib / 1048576:.1f} GiB"),
        ("kernel", os.uname().release),
        ("disk", f"{file_system_of(folder)}; {SYNC_BYTES // 1024} KiB and fdatasync: median {median_ms:.2f} ms, "
                 f"p99 {p99_ms:.2f} ms of {SYNC_COUNT}"),
        ("nginx", first_match(r"nginx/(\S+)", output_of("/usr/sbin/nginx", "-v"))),
        ("wrk", first_match(r"^wrk (\S+)", output_of("wrk", "-v"), "not installed")),
        ("libmicrohttpd", package_version("libmicrohttpd12")),
        ("SQLite", package_version("libsqlite3-0")),
        ("compiler", output_of("gcc", "--version").split("\n")[0]),
    ]


def processor_times():
    """Seconds since boot over all cores: (used by programs, stolen by the hypervisor)."""
    fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _idle, _wait, _interrupt, _soft, steal = (int(field) for field in fields[:8])
    tick = os.sysconf("SC_CLK_TCK")
    return (user + nice + system) / tick, steal / tick


class Bystanders:
    """How many cores' worth of work was done by others while we measured."""

    def __init__(self):
        self.began = time.monotonic()
        self.busy, self.stolen = processor_times()

    def cores(self, own_seconds):
        """(used by other processes, withheld by the hypervisor); own_seconds: what our own processes used."""
        span = time.monotonic() - self.began
        busy, stolen = processor_times()
        return max(0.0, busy - self.busy - own_seconds) / span, (stolen - self.stolen) / span
