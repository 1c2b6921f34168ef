"""Secrets of a client: several at once, each ended at once; a suspended application is out at the next request."""

import pytest
from http1 import basic
from service import Service

SECRETS_MAX = 5


@pytest.fixture
def service(shared_demo):
    return Service(shared_demo, "standard")


@pytest.fixture
def client(shared_demo):
    return shared_demo.create_client("standard")


def with_secret(client, added):
    return {"client_id": client["client_id"], "client_secret": added["client_secret"]}


def test_secrets_overlap(service, client):
    """Behaviour 7: old and new both pass during the overlap, the old one fails right after."""
    added = service.daemon.command("client secret add", client_id=client["client_id"], label="second")
    assert service.ask_token(client).status == 200
    assert service.ask_token(with_secret(client, added)).status == 200
    listed = service.daemon.command("client secret list", client_id=client["client_id"])
    old = next(secret["secret_id"] for secret in secrets_of(listed) if secret["secret_id"] != added["secret_id"])
    service.daemon.command("client secret revoke", client_id=client["client_id"], secret_id=old)
    assert service.ask_token(client).status == 401
    assert service.ask_token(with_secret(client, added)).status == 200


def secrets_of(listed):
    return listed if isinstance(listed, list) else listed["secrets"]


def test_five_secrets_live_and_a_sixth_is_refused(service, client):
    """Up to five live secrets of a client."""
    added = [service.daemon.command("client secret add", client_id=client["client_id"], label=str(number))
             for number in range(1, SECRETS_MAX)]
    for secret in added:
        assert service.ask_token(with_secret(client, secret)).status == 200
    answer = service.daemon.ask_control({"command": "client secret add", "arguments": {
        "client_id": client["client_id"], "label": "one too many"}})
    assert answer["ok"] is False
    assert service.ask_token(client).status == 200


def test_a_secret_expires(clocked_demo):
    """Behaviour 7: an expired secret fails, the client's other one does not."""
    service, client = Service(clocked_demo, "standard"), clocked_demo.create_client("standard")
    added = clocked_demo.command("client secret add", client_id=client["client_id"], expires_in=600)
    clocked_demo.clock.move(540)
    assert service.ask_token(with_secret(client, added)).status == 200
    clocked_demo.clock.move(60)
    assert service.ask_token(with_secret(client, added)).status == 401
    assert service.ask_token(client).status == 200


def test_listing_shows_no_secret(service, client):
    """Shown once: what is stored is a hash."""
    shown = service.daemon.command("client secret list", client_id=client["client_id"])
    assert client["client_secret"] not in str(shown)
    assert client["client_secret"] not in str(service.daemon.command("client show", client_id=client["client_id"]))


def test_database_holds_no_secret_and_no_token(service, client):
    """The store keeps hashes only."""
    token = service.token(client)
    for path in service.daemon.data_folder.iterdir():
        if path.is_file():
            content = path.read_bytes()
            assert client["client_secret"].encode() not in content, path
            assert token.encode() not in content, path


def test_suspension_ends_tokens_and_resuming_restores(service, client):
    """A suspended application's tokens and credentials are refused by the next request."""
    token = service.token(client)
    assert service.guard(token).status == 200
    service.daemon.command("app suspend", application_id=client["application_id"])
    assert service.guard(token).status == 401
    assert not service.is_active(token)
    assert service.ask_token(client).status == 401
    service.daemon.command("app resume", application_id=client["application_id"])
    assert service.ask_token(client).status == 200


def test_a_client_is_switched_off_by_itself(service):
    """One environment's client goes, the other of the same application stays; its application's suspension outlasts
    its own."""
    command = service.daemon.command
    application = command("app create", realm="standard", name="made by a test", development=True)
    production, development = application["clients"]
    token, other = service.token(production), service.token(development)
    assert command("client suspend", client_id=production["client_id"])["suspended_at"]
    assert service.guard(token).status == 401
    assert not service.is_active(token)
    assert service.ask_token(production).status == 401
    assert service.guard(other).status == 200
    command("app suspend", application_id=application["application_id"])
    assert command("client resume", client_id=production["client_id"])["suspended_at"]
    assert service.guard(token).status == 401
    command("app resume", application_id=application["application_id"])
    assert service.guard(token).status == 200
    assert command("client show", client_id=production["client_id"])["suspended_at"] is None


def test_an_account_is_switched_off(service, client):
    """A suspended service account has no tokens; the list tells since when."""
    command = service.daemon.command
    account = command("account create", realm="standard", name="made by a test")
    body = {"grant_type": "service_account", "account_id": account["account_id"],
            "account_secret": account["account_secret"]}
    ask = lambda: service.daemon.post_form(  # noqa: E731
        "/oauth2/token", body, {"Authorization": basic(client["client_id"], client["client_secret"])})
    token = ask().json()["access_token"]
    assert service.guard(token).status == 200
    command("account suspend", realm="standard", account_id=account["account_id"])
    assert service.guard(token).status == 401
    assert ask().json()["error"] == "invalid_grant"
    listed = [row for row in command("account list", realm="standard") if row["account_id"] == account["account_id"]]
    assert len(listed) == 1 and listed[0]["suspended_at"] and "secret" not in str(listed)
    command("account resume", realm="standard", account_id=account["account_id"])
    assert service.guard(token).status == 200
    assert ask().status == 200


def test_what_a_client_is_allowed_changes_at_run_time(service, client):
    """Introspecting every token of the realm: given, taken back; a client's kind is not touched."""
    command = service.daemon.command
    stranger = service.daemon.create_client("standard")
    token = service.token(stranger)

    def is_seen():
        headers = {"Authorization": basic(client["client_id"], client["client_secret"])}
        return service.daemon.post_form("/oauth2/introspect", {"token": token}, headers).json()["active"]

    assert not is_seen()
    assert command("client set", client_id=client["client_id"], may_introspect="yes")["may_introspect"] is True
    assert is_seen()
    shown = command("client set", client_id=client["client_id"], may_introspect="no", trusted="yes")
    assert (shown["may_introspect"], shown["trusted"], shown["public"]) == (False, True, False)
    assert not is_seen()
    for arguments in ({}, {"trusted": "perhaps"}):
        answer = service.daemon.ask_control({"command": "client set", "arguments": {
            "client_id": client["client_id"], **arguments}})
        assert answer["ok"] is False, answer


def test_deletion_ends_tokens(service, client):
    """A deleted application is gone with all that hung on it."""
    token = service.token(client)
    assert service.guard(token).status == 200
    service.daemon.command("app delete", application_id=client["application_id"])
    assert service.guard(token).status == 401
    assert service.ask_token(client).status == 401
    assert not service.is_active(token)


def test_public_client_has_no_secret_to_send(service):
    """Behaviours 5, 49: a public client gets no token of its own, with a secret or without."""
    public = service.daemon.create_client("standard", public=True)
    assert not public.get("client_secret")
    for parameters in ({}, {"client_secret": "anything"}):
        reply = service.daemon.post_form("/oauth2/token", {
            "grant_type": "client_credentials", "client_id": public["client_id"], **parameters})
        assert reply.status in (400, 401) and "access_token" not in reply.json(), str(reply)
    assert service.ask_token({"client_id": public["client_id"], "client_secret": ""}).status in (400, 401)


def test_confidential_client_must_send_its_secret(service, client):
    """Behaviour 5."""
    reply = service.daemon.post_form("/oauth2/token", {"grant_type": "client_credentials",
                                                       "client_id": client["client_id"]})
    assert reply.status == 401 and reply.json()["error"] == "invalid_client"
    headers = {"Authorization": basic(client["client_id"], "")}
    reply = service.daemon.post_form("/oauth2/token", {"grant_type": "client_credentials"}, headers)
    assert reply.status == 401


def test_a_client_gets_no_more_than_its_scopes(service):
    """Behaviour 49: scope must lie within what the client may have."""
    reader = service.daemon.create_client("standard", scope="read")
    reply = service.ask_token(reader)
    assert reply.status == 200 and reply.json()["scope"] == "read"
    assert service.ask_token(reader, scope="read+write").json()["error"] == "invalid_scope"


def test_operator_revokes_a_token(service, client):
    """`jeton token revoke`: refused by the very next request."""
    token = service.token(client)
    assert service.daemon.command("token inspect", token=token)["active"] is True
    service.daemon.command("token revoke", token=token)
    assert service.guard(token).status == 401
    answer = service.daemon.ask_control({"command": "token inspect", "arguments": {"token": token}})
    assert answer["ok"] is False or answer["result"]["active"] is False
