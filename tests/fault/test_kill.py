"""kill -9 under load, fifty times: no acknowledged token is lost, and the database opens by itself."""

import shutil
import sqlite3
import tempfile
from pathlib import Path

import daemon as daemons
import pytest
from http1 import Connection, request_bytes
from load import Load, token_requests
from service import Service

ROUNDS = 50
REPLIES_PER_ROUND = 60
CLIENTS = 8


def test_kill_nine_loses_no_acknowledged_token(folder):
    """Every token of every round is asked for after the restart; so are those that were revoked."""
    daemon = daemons.demo(folder)
    acknowledged, revoked = [], set()
    try:
        for number in range(ROUNDS):
            acknowledged += kill_under_load(daemon, "podio" if number % 5 == 4 else "standard")
            daemon.start()
            daemons.read_description(daemon)
            fresh = acknowledged[-2 * REPLIES_PER_ROUND:]
            assert dead_among(daemon, fresh) == [name_token for name_token in fresh if name_token in revoked]
            name, token = acknowledged[-1]
            Service(daemon, name).revoke(token)
            revoked.add((name, token))
        assert set(dead_among(daemon, acknowledged)) == revoked
        assert len(acknowledged) >= ROUNDS * REPLIES_PER_ROUND
        check_database(daemon)
    finally:
        daemon.stop() if daemon.is_running() else None


def kill_under_load(daemon, name):
    """[(service, token)] of all replies that came before the process was killed."""
    service = Service(daemon, name)
    with Load(daemon.address, token_requests(service), CLIENTS) as load:
        daemons.wait_until(lambda: len(load.replies) >= REPLIES_PER_ROUND, what="the load")
        daemon.kill()
    return [(name, service.token_of(reply)) for reply in load.replies]


def dead_among(daemon, tokens):
    """Those that are refused, asked over one connection; not by the guard, whose requests are limited."""
    dead = []
    with Connection(daemon.address) as connection:
        for name, token in tokens:
            service = Service(daemon, name)
            method, path = service.spelling.whoami
            connection.send(request_bytes(method, path, {"Host": daemon.authority, **service.bearer(token)}))
            status = connection.reply().status
            assert status in (200, 401)
            if status == 401:
                dead.append((name, token))
    return dead


def check_database(daemon):
    """SQLite itself finds nothing wrong with a copy of the file."""
    with tempfile.TemporaryDirectory() as copy:
        daemon.stop()
        for path in daemon.data_folder.iterdir():
            if path.is_file():
                shutil.copy(path, copy)
        databases = [path for path in Path(copy).iterdir() if path.read_bytes()[:15] == b"SQLite format 3"]
        assert databases
        for path in databases:
            with sqlite3.connect(path) as connection:
                assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]


def test_a_killed_first_start_is_repaired(folder):
    """Killed right after `ready`, before any request: the demo opens with the same credentials."""
    daemon = daemons.demo(folder)
    before = daemon.description["services"]["podio"]
    daemon.kill()
    daemon.start()
    daemons.read_description(daemon)
    try:
        assert daemon.description["services"]["podio"] == before
        assert Service(daemon, "podio").ask_token().status == 200
    finally:
        daemon.stop()


@pytest.mark.parametrize("name", ["control.sock"])
def test_a_stale_socket_is_replaced(folder, name):
    """The control socket of a killed process does not keep the next one from starting."""
    daemon = daemons.demo(folder)
    daemon.kill()
    assert (daemon.data_folder / name).exists()
    daemon.start()
    daemons.read_description(daemon)
    assert daemon.command("stats")["store_is_ready"] is True
    daemon.stop()
