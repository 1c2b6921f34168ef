"""A full disk, a read-only one, a corrupt file: the daemon says so, answers 503 in the dialect's shape, loses nothing,
and goes on by itself once the cause is gone."""

import resource
import shutil
import sqlite3
import subprocess

import daemon as daemons
import pytest
from daemon import wait_until
from http1 import exchange, request_bytes
from people import Person
from service import NAMES, Service

DISK = "6m"
KIBIBYTE = 1024


@pytest.fixture
def small_disk(folder):
    """A demo whose data folder is a file system of six mebibytes."""
    daemon = daemons.demo(folder)
    daemon.stop()
    data = daemon.data_folder
    kept = data.with_name("kept")
    data.rename(kept)
    data.mkdir(0o700)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "tmpfs", data],
                             capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"no mount here: {mounted.stderr.strip()}")
    try:
        shutil.copytree(kept, data, dirs_exist_ok=True)
        daemon.start()
        daemons.read_description(daemon)
        yield daemon
        if daemon.is_running():
            daemon.stop()
    finally:
        if daemon.is_running():
            daemon.kill()
        subprocess.run(["umount", "--lazy", data], check=True)


def fill(daemon):
    """Takes all that is left on the disk; returns the file."""
    path = daemon.data_folder / "ballast"
    with open(path, "wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(b"x" * 4096)
        except OSError:
            pass
    return path


def is_unavailable(service, reply):
    """503 in the dialect's shape; a GraphQL field that fails is null beside an error."""
    if service.name == "podchaser" and reply.status == 200:
        return "errors" in reply.json() and reply.json()["data"] == {"requestAccessToken": None}
    if reply.status != 503:
        return False
    value = reply.json()
    assert "errors" in value if service.name == "podchaser" else isinstance(value["error"], str), str(reply)
    return True


def use_up(service):
    """Asks for tokens until the store can take no more; those that were given."""
    tokens = []
    while True:
        reply = service.ask_token()
        if reply.status != 200:
            assert is_unavailable(service, reply), str(reply)
            return tokens
        tokens.append(service.token_of(reply))
        assert len(tokens) < 100_000


def test_full_disk(small_disk):
    """503 while it is full, in every dialect; nothing acknowledged is lost; service returns with the space."""
    services = [Service(small_disk, name) for name in NAMES]
    standard = services[-1]
    kept = [standard.token() for _ in range(20)]
    ballast = fill(small_disk)
    kept += use_up(standard)
    for service in services:
        assert is_unavailable(service, service.ask_token()), service.name
    assert all(standard.guard(token).status == 200 for token in kept[-200:])  # reading needs no space
    assert any(event["level"] in ("error", "warning") for event in small_disk.log_events()
               if "store" in event["event"]), small_disk.log_tail()
    ballast.unlink()
    wait_until(lambda: standard.ask_token().status == 200, what="recovery without a restart")
    assert all(standard.guard(token).status == 200 for token in kept[-200:])
    small_disk.stop()
    small_disk.start()
    daemons.read_description(small_disk)
    assert all(Service(small_disk, "standard").guard(token).status == 200 for token in kept)


def test_full_disk_refuses_revocation_honestly(small_disk):
    """A revocation that cannot be stored is not answered with success."""
    service = Service(small_disk, "standard")
    token = service.token()
    ballast = fill(small_disk)
    use_up(service)
    reply = service.post_as(service.credentials, service.spelling.revoke_path, token)
    assert reply.status == (503 if service.guard(token).status == 200 else 200)
    ballast.unlink()
    wait_until(lambda: service.post_as(service.credentials, service.spelling.revoke_path, token).status == 200,
               what="recovery")
    assert service.guard(token).status == 401


def test_full_disk_keeps_the_refresh_token(small_disk):
    """Behaviour 45: what fails half-way is undone as a whole; the client may try the same token again."""
    person = Person(small_disk, "standard")
    tokens = person.tokens()
    ballast = fill(small_disk)
    while (reply := person.refresh(tokens["refresh_token"])).status == 200:
        tokens = person.read_tokens(reply)
    assert reply.status == 503 and reply.json()["error"] == "temporarily_unavailable", str(reply)
    assert person.service.guard(tokens["access_token"]).status == 200
    ballast.unlink()
    wait_until(lambda: person.service.ask_token().status == 200, what="recovery")
    fresh = person.read_tokens(person.refresh(tokens["refresh_token"]))
    assert person.service.guard(fresh["access_token"]).status == 200
    assert fresh["refresh_token"] != tokens["refresh_token"]


def test_file_size_limit(folder):
    """The same without mounting: the process may write no file past a limit (EFBIG in place of ENOSPC)."""
    daemon = daemons.demo(folder)
    service = Service(daemon, "standard")
    try:
        largest = max(path.stat().st_size for path in daemon.data_folder.iterdir() if path.is_file())
        kept = [service.token() for _ in range(10)]
        limit(daemon, largest + 64 * KIBIBYTE)
        kept += use_up(service)
        assert daemon.is_running(), daemon.log_tail()
        assert all(service.guard(token).status == 200 for token in kept[-100:])
        limit(daemon, resource.RLIM_INFINITY)
        wait_until(lambda: service.ask_token().status == 200, what="recovery without a restart")
        assert all(service.guard(token).status == 200 for token in kept)
    finally:
        limit(daemon, resource.RLIM_INFINITY)
        daemon.stop()


def limit(daemon, size):
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_readiness_tells(small_disk):
    """/readyz is 503 while nothing can be stored, and 200 again afterwards; /healthz stays 200."""
    host, port = small_disk.description["operations"].split("://")[1].rsplit(":", 1)

    def status(path):
        return exchange((host, int(port)), request_bytes("GET", path, {"Host": "localhost"})).status

    assert status("/readyz") == 200
    ballast = fill(small_disk)
    use_up(Service(small_disk, "standard"))
    wait_until(lambda: status("/readyz") == 503, what="readiness to fail")
    assert status("/healthz") == 200
    ballast.unlink()
    wait_until(lambda: status("/readyz") == 200, what="readiness to return")


def test_read_only_disk_at_start(small_disk):
    """On a read-only file system it says so and ends, instead of serving what it cannot keep; then it starts."""
    service = Service(small_disk, "standard")
    token = service.token()
    small_disk.stop()
    assert remount(small_disk, "ro")
    try:
        done = subprocess.run([daemons.BINARY, *small_disk.arguments], capture_output=True, text=True, timeout=60,
                              check=False)
    finally:
        assert remount(small_disk, "rw")
    assert done.returncode == 1 and "ready" not in done.stdout.split("\n")
    assert "read-only" in done.stderr.lower() or "readonly" in done.stderr.lower(), done.stderr
    small_disk.start()
    daemons.read_description(small_disk)
    assert service.guard(token).status == 200


def remount(daemon, how):
    done = subprocess.run(["mount", "-o", f"remount,{how}", str(daemon.data_folder)], capture_output=True, check=False)
    return done.returncode == 0


def database_of(daemon):
    return next(path for path in daemon.data_folder.iterdir()
                if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3")


def test_corrupt_file_at_start(folder):
    """The daemon says which file is wrong and does not pretend to serve; the right file back, it starts."""
    daemon = daemons.demo(folder)
    token = Service(daemon, "standard").token()
    daemon.stop()
    database = database_of(daemon)
    good = database.read_bytes()
    database.write_bytes(b"no database " * (len(good) // 12))
    done = subprocess.run([daemons.BINARY, *daemon.arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "ready" not in done.stdout.split("\n")
    assert database.name in done.stderr or "database" in done.stderr, done.stderr
    database.write_bytes(good)
    daemon.start()
    daemons.read_description(daemon)
    assert Service(daemon, "standard").guard(token).status == 200
    daemon.stop()


def damage_index_of_realms(database):
    """The file opens, and nothing finds a realm in it."""
    with sqlite3.connect(database) as connection:
        page_bytes, = connection.execute("PRAGMA page_size").fetchone()
        page, = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_realms_1'").fetchone()
    connection.close()
    with open(database, "r+b") as file:
        file.seek((page - 1) * page_bytes)
        file.write(b"\xa5" * page_bytes)


def test_a_damaged_page_at_start_is_no_recovery(folder):
    """The log says that the store failed, and not in the same breath that it is well again."""
    daemon = daemons.demo(folder)
    daemon.stop()
    damage_index_of_realms(database_of(daemon))
    done = subprocess.run([daemons.BINARY, *daemon.arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "ready" not in done.stdout.split("\n")
    assert "store_failed" in done.stderr and "malformed" in done.stderr, done.stderr
    assert "store_recovered" not in done.stderr, done.stderr


def test_corrupt_file_while_serving(folder):
    """Overwritten under its feet: it says so and answers 503, to tokens and checks alike; with the old bytes back the same
    process serves again, and a token from before is good."""
    daemon = daemons.demo(folder)
    services = [Service(daemon, name) for name in NAMES]
    kept = services[-1].token()
    database = database_of(daemon)
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    good = database.read_bytes()
    with open(database, "r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (len(good) - 4096))
    for service in services:
        assert is_unavailable(service, service.ask_token()), service.name
    assert services[0].guard("0" * 128).status == 503
    failures = daemon.log_events("store_failed") + daemon.log_events("store_read_failed")
    assert any("malformed" in event["error"] for event in failures)
    with open(database, "r+b") as file:
        file.write(good)
    wait_until(lambda: services[-1].ask_token().status == 200, what="recovery without a restart")
    wait_until(lambda: services[-1].guard(kept).status == 200, what="the readers, which look again every 100 ms")
    daemon.stop()
