"""Refresh tokens: one successor, the same answer to a repeat in the grace time, then the end of the whole family."""

import contextlib
import sqlite3
import threading

import pytest
from daemon import Clock, free_port, serve
from service import Service

GRACE_SECONDS = 60
CONFIGURATION = """
data_directory: data
listeners:
  - {{address: "localhost:{port}", serves: [public, guard]}}
realms:
  standard:
    dialect: standard
    issuer: http://localhost:{port}
    grants: {{service_account: {{refresh_token: true}}, refresh_token: {{}}, client_credentials: {{}}}}
    refresh: {{rotation: rotate, grace_seconds: {grace}}}
    refresh_token: {{lifetime_seconds: {lifetime}}}
    scopes: {{read: {{description: Read.}}, write: {{description: Write., level: write}}}}
    default_scope: read write
"""


class Rotating:
    """A standard realm with a client and a service account, whose grace time ends when the test moves the clock."""

    def __init__(self, folder, lifetime=3600):
        port, self.clock = free_port(), Clock(folder)
        text = CONFIGURATION.format(port=port, grace=GRACE_SECONDS, lifetime=lifetime)
        self.daemon = serve(folder, text, port, self.clock)
        self.account = self.daemon.command("account create", realm="standard", name="made by a test")
        self.client = self.daemon.create_client("standard")
        self.daemon.description = {"services": {"standard": {
            **self.client, "resource_server": self.daemon.create_client("standard", may_introspect=True)}}}
        self.service = Service(self.daemon, "standard")

    def sign_in(self, **extra):
        account = {"account_id": self.account["account_id"], "account_secret": self.account["account_secret"]}
        return self.pair(self.service.ask_token(grant_type="service_account", **account, **extra))

    def refresh(self, refresh_token, **extra):
        return self.service.ask_token(grant_type="refresh_token", refresh_token=refresh_token, **extra)

    def pair(self, reply):
        assert reply.status == 200, str(reply)
        pair = reply.json()
        self.daemon.secrets |= {pair["access_token"], pair["refresh_token"]}
        return pair

    def is_live(self, pair):
        return self.service.guard(pair["access_token"]).status == 200


@pytest.fixture
def rotating(folder):
    server = Rotating(folder)
    yield server
    server.daemon.stop()


def test_rotation_goes_on(rotating):
    """Each use gives a successor that works."""
    pair = rotating.sign_in()
    for _ in range(10):
        successor = rotating.pair(rotating.refresh(pair["refresh_token"]))
        assert successor["refresh_token"] != pair["refresh_token"]
        assert successor["access_token"] != pair["access_token"] and rotating.is_live(successor)
        pair = successor


def test_a_repeat_in_the_grace_time_gets_the_same_answer(rotating):
    """Behaviours 41, 42: a client that did not hear the answer hears it again."""
    pair = rotating.sign_in()
    first, second = (rotating.pair(rotating.refresh(pair["refresh_token"])) for _ in range(2))
    assert first["refresh_token"] == second["refresh_token"]
    assert rotating.is_live(first) and rotating.is_live(second)


def test_parallel_refreshes_have_one_successor(rotating):
    """Behaviour 42: deterministic, whoever comes first."""
    pair = rotating.sign_in()
    replies = []
    threads = [threading.Thread(target=lambda: replies.append(rotating.refresh(pair["refresh_token"])))
               for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    successors = [rotating.pair(reply) for reply in replies]
    assert len(successors) == 16 and len({pair["refresh_token"] for pair in successors}) == 1
    assert all(rotating.is_live(successor) for successor in successors)


def test_a_later_replay_ends_the_family(rotating):
    """Behaviour 39: reuse revokes all of it, access tokens included."""
    pair, other = rotating.sign_in(), rotating.sign_in()
    successor = rotating.pair(rotating.refresh(pair["refresh_token"]))
    rotating.clock.move(GRACE_SECONDS + 1)
    assert rotating.is_live(successor)
    assert rotating.refresh(pair["refresh_token"]).status == 400
    assert not rotating.is_live(successor) and not rotating.is_live(pair)
    reply = rotating.refresh(successor["refresh_token"])
    assert reply.status == 400 and reply.json()["error"] == "invalid_grant"
    assert rotating.is_live(other), "another sign-in's family was touched"


def test_ending_a_family_is_constant_work(rotating):
    """Behaviour 40: its grant is marked, and none of its tokens is touched, however many there are."""
    first = pair = rotating.sign_in()
    for _ in range(100):
        pair = rotating.pair(rotating.refresh(pair["refresh_token"]))
    before = rows(rotating, "access_tokens"), rows(rotating, "refresh_tokens")
    assert all(len(table) == 101 for table in before)
    rotating.clock.move(GRACE_SECONDS + 1)
    assert rotating.refresh(first["refresh_token"]).status == 400
    assert not rotating.is_live(pair)
    assert (rows(rotating, "access_tokens"), rows(rotating, "refresh_tokens")) == before
    assert [grant["revoked_at"] is not None for grant in rows(rotating, "grants")] == [True]


def rows(rotating, table):
    with contextlib.closing(sqlite3.connect(rotating.daemon.data_folder / "jeton.db")) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(f"SELECT * FROM {table} ORDER BY id")]


def test_a_revoked_token_gets_no_grace(rotating):
    """Behaviour 41: an explicitly revoked token is never honoured."""
    pair = rotating.sign_in()
    rotating.service.revoke(pair["refresh_token"])
    assert rotating.refresh(pair["refresh_token"]).status == 400
    assert not rotating.is_live(pair)


def test_scope_shrinks_and_does_not_grow(rotating):
    """Behaviour 43: an access token may have less, the refresh token keeps what it had."""
    pair = rotating.sign_in(scope="read+write")
    narrow = rotating.pair(rotating.refresh(pair["refresh_token"], scope="read"))
    assert narrow["scope"] == "read"
    assert set(rotating.pair(rotating.refresh(narrow["refresh_token"]))["scope"].split()) == {"read", "write"}
    small = rotating.sign_in(scope="read")
    assert rotating.refresh(small["refresh_token"], scope="read+write").json()["error"] == "invalid_scope"


def test_another_client_cannot_use_it(rotating):
    """Behaviour 44; and trying does not burn it."""
    pair = rotating.sign_in()
    stranger = rotating.daemon.create_client("standard")
    reply = rotating.service.ask_token(stranger, grant_type="refresh_token", refresh_token=pair["refresh_token"])
    assert reply.status == 400 and reply.json()["error"] == "invalid_grant"
    assert rotating.refresh(pair["refresh_token"]).status == 200


def test_an_expired_one_stays_expired(folder):
    """Behaviour 41."""
    server = Rotating(folder, lifetime=600)
    try:
        pair = server.sign_in()
        server.clock.move(600)
        assert server.refresh(pair["refresh_token"]).status == 400
        assert server.refresh(pair["refresh_token"]).json()["error"] == "invalid_grant"
    finally:
        server.daemon.stop()


def test_client_credentials_give_no_refresh_token(rotating):
    """Behaviour 49, RFC 6749 4.4.3."""
    assert "refresh_token" not in rotating.service.ask_token().json()


def test_refresh_survives_a_kill(rotating):
    """The successor of an acknowledged refresh is durable, and a repeat after the restart is still the same answer."""
    pair = rotating.sign_in()
    successor = rotating.pair(rotating.refresh(pair["refresh_token"]))
    rotating.daemon.kill()
    rotating.daemon.start()
    assert rotating.is_live(successor)
    assert rotating.refresh(successor["refresh_token"]).status == 200


def test_access_tokens_expire_on_time(folder):
    """A token past its lifetime is refused, cache or not: it was live a moment before."""
    port, clock = free_port(), Clock(folder)
    text = CONFIGURATION.format(port=port, grace=1, lifetime=60) + "    access_token: {lifetime_seconds: 600}\n"
    daemon = serve(folder, text, port, clock)
    try:
        client = daemon.create_client("standard")
        daemon.description = {"services": {"standard": {
            **client, "resource_server": daemon.create_client("standard", may_introspect=True)}}}
        service = Service(daemon, "standard")
        token = service.token()
        clock.move(540)
        assert service.guard(token).status == 200 and service.is_active(token)
        clock.move(60)
        assert service.guard(token).status == 401
        assert not service.is_active(token) and service.whoami(token).status == 401
    finally:
        daemon.stop()
