"""A server without requests keeps nothing from being done: no worker holds the database as it was."""

import sqlite3

from daemon import wait_until
from http1 import Connection, request_bytes
from service import Service

CONNECTIONS = 8
REQUESTS = 40


def cut_log(database):
    """Whether the whole log could be folded back and cut, which takes that nobody is reading."""
    connection = sqlite3.connect(database, timeout=0)
    try:
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return busy == 0
    finally:
        connection.close()


def test_an_idle_worker_holds_no_transaction(own_demo):
    """Every worker has just read, many requests at a time; then nobody asks anything, with the connections still open."""
    service = Service(own_demo, "podio")
    connections = [Connection(own_demo.address) for _ in range(CONNECTIONS)]
    for first, connection in enumerate(connections):
        tokens = [f"{first * REQUESTS + number:0128x}" for number in range(1, REQUESTS + 1)]
        connection.send(b"".join(request_bytes("GET", "/guard/podio", {"Host": own_demo.authority,
                                                                      **service.bearer(token)}) for token in tokens))
    assert {connection.reply().status for connection in connections for _ in range(REQUESTS)} == {401}
    service.token()  # a commit that no reader has seen
    wait_until(lambda: cut_log(own_demo.data_folder / "jeton.db"), what="a log that can be cut")
    for connection in connections:
        connection.close()
