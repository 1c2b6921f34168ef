"""Replies that are kept and given again: the decision is made each time, and nothing of one exchange shows in another."""

import pytest
from http1 import Connection, request_bytes
from service import Service

ROUNDS = 50


@pytest.fixture
def service(shared_demo):
    return Service(shared_demo, "standard")


def guard_request(service, token):
    return request_bytes("GET", "/guard/standard", {"Host": service.daemon.authority, **service.bearer(token)})


def test_each_reply_has_an_id_of_its_own(service):
    """Pipelined on several connections, two tokens in turn: no id comes twice."""
    tokens = [service.token(), service.token()]
    connections = [Connection(service.daemon.address) for _ in range(8)]
    for connection in connections:
        connection.send(b"".join(guard_request(service, tokens[turn % 2]) for turn in range(ROUNDS)))
    replies = [connection.reply() for connection in connections for _ in range(ROUNDS)]
    assert {reply.status for reply in replies} == {200}
    ids = [reply.header("X-Request-Id") for reply in replies]
    assert all(len(value) == 16 for value in ids)
    assert len(set(ids)) == len(ids)
    for connection in connections:
        connection.close()


def test_replies_of_two_tokens_are_not_mixed_up(service):
    """Each token's own client, scope and id come back, first and later."""
    client = service.daemon.create_client("standard")
    tokens = {service.token(): service.credentials["client_id"], service.token(client): client["client_id"]}
    seen = {}
    for _ in range(ROUNDS):
        for token, client_id in tokens.items():
            reply = service.guard(token)
            assert reply.header("X-Jeton-Client") == client_id
            assert seen.setdefault(token, reply.header("X-Jeton-Token-Id")) == reply.header("X-Jeton-Token-Id")
            assert service.introspect(token).json()["client_id"] == client_id
    assert len(set(seen.values())) == 2


def test_a_kept_reply_does_not_outlive_its_token(service):
    """A revoked token is refused by the very next request, on every worker that knew it."""
    token = service.token()
    connections = [Connection(service.daemon.address) for _ in range(8)]
    for connection in connections:
        connection.send(guard_request(service, token))
        assert connection.reply().status == 200
    service.revoke(token)
    for connection in connections:
        connection.send(guard_request(service, token))
        assert connection.reply().status == 401
        connection.close()
