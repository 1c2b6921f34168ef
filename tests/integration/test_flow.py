"""The main job, at each service: token, guard, introspection, whoami, revocation, and the very next request refused."""

import pytest
from service import NAMES, Service

IDENTITY = ("X-Jeton-Client", "X-Jeton-Application", "X-Jeton-Environment", "X-Jeton-Subject", "X-Jeton-Instance",
            "X-Jeton-Scope", "X-Jeton-Token-Id")
CLIENTS = [*[(name, None) for name in NAMES], ("podero", "sandbox"), ("podchaser", "development")]


@pytest.fixture(params=CLIENTS, ids=lambda client: "-".join(filter(None, client)))
def service(request, shared_demo):
    return Service(shared_demo, *request.param)


def test_token_lives_until_it_is_revoked(service):
    """A revoked token is refused by the very next request, cache or not."""
    token = service.token()
    for _ in range(3):  # the later ones answer from the cache
        assert service.guard(token).status == 200
        assert service.is_active(token)
        assert service.whoami(token).status == 200
    service.revoke(token)
    assert service.guard(token).status == 401
    assert not service.is_active(token)
    assert service.whoami(token).status == 401 or b"errors" in service.whoami(token).body


def test_guard_names_the_holder(service):
    """Identity headers are always there, so that copies from outside are overwritten."""
    reply = service.guard(service.token(), {name: "forged" for name in IDENTITY})
    assert reply.status == 200
    values = {name: reply.header(name) for name in IDENTITY}
    assert None not in values.values() and "forged" not in values.values(), values
    assert values["X-Jeton-Client"] == service.credentials["client_id"]
    assert values["X-Jeton-Application"] not in ("", "-")
    assert values["X-Jeton-Token-Id"] not in ("", "-")


def test_environment_is_told(service):
    """Production and development clients are told apart."""
    is_development = service.credentials is service.account.get("development")
    expected = "development" if is_development else "production"
    assert service.guard(service.token()).header("X-Jeton-Environment") == expected


def test_whoami_tells_the_client(service):
    """The documents' "test your token" step tells whose token it is."""
    reply = service.whoami(service.token())
    assert reply.status == 200 and service.credentials["client_id"] in reply.body.decode()
    reply.json()


def test_introspection_tells_the_client(service):
    """[RFC7662 2.2]"""
    described = service.introspect(service.token()).json()
    assert described["active"] is True and described["client_id"] == service.credentials["client_id"]


def test_introspection_needs_the_caller(service):
    """[RFC7662 2.1] Nobody learns anything without authenticating."""
    token = service.token()
    reply = service.daemon.post_form(service.spelling.introspect_path, {"token": token}, host=service.host)
    assert b'"active"' not in reply.body
    wrong = {"client_id": service.credentials["client_id"], "client_secret": "wrong"}
    assert b'"active"' not in service.introspect(token, wrong).body


def test_client_introspects_its_own_tokens_only(service):
    """A client that is no resource server sees its own tokens at most, never another's."""
    other = service.daemon.create_client(service.realm, trusted=True)
    reply = service.introspect(service.token(), other)
    assert b'"active":true' not in reply.body.replace(b" ", b"")


def test_tokens_differ(service):
    """Two requests never get the same token."""
    tokens = {service.token() for _ in range(20)}
    assert len(tokens) == 20


def test_replies_are_not_stored(service):
    """Behaviour 47: token, introspection, whoami and guard replies carry no-store; refusals too."""
    token = service.token()
    for reply in (service.ask_token(), service.introspect(token), service.whoami(token), service.guard(token),
                  service.guard("bogus"), service.whoami("bogus"), service.ask_token({**service.credentials,
                                                                                      "client_secret": "wrong"}),
                  service.introspect("bogus"), service.introspect(token, {"client_id": "x", "client_secret": "y"})):
        assert "no-store" in (reply.header("Cache-Control") or ""), str(reply)


def test_plus_between_scopes_is_a_space(shared_demo):
    """Behaviour 48 [RFC6749 B]: `%2B` is part of a name."""
    service = Service(shared_demo, "standard")
    for body, status in (("read+write", 200), ("read%20write", 200), ("read%2Bwrite", 400)):
        reply = service.ask_token(scope=body)
        assert reply.status == status, str(reply)
        if status == 200:
            assert reply.json()["scope"] == "read write"
        else:
            assert reply.json()["error"] == "invalid_scope"


def test_revocation_leaves_the_others(service):
    """Revoking one token of a client does not touch its other ones."""
    first, second = service.token(), service.token()
    service.revoke(first)
    assert service.guard(first).status == 401 and service.guard(second).status == 200


def test_podio_revoking_the_refresh_token_ends_its_access_tokens(shared_demo):
    """[RFC7009 2.1] Behaviour 55."""
    service = Service(shared_demo, "podio")
    pair = service.ask_token().json()
    shared_demo.secrets |= {pair["access_token"], pair["refresh_token"]}
    assert service.guard(pair["access_token"]).status == 200
    service.revoke(pair["refresh_token"])
    assert service.guard(pair["access_token"]).status == 401
    reply = shared_demo.post_form("/oauth/token", {
        "grant_type": "refresh_token", "refresh_token": pair["refresh_token"],
        "client_id": service.credentials["client_id"], "client_secret": service.credentials["client_secret"]})
    assert reply.status == 400 and reply.json()["error"] == "invalid_grant"


def test_podio_refresh_token_is_no_access_token(shared_demo):
    """A refresh token opens nothing by itself."""
    service = Service(shared_demo, "podio")
    assert service.guard(service.ask_token().json()["refresh_token"]).status == 401


def test_metadata_tells_where_things_are(shared_demo):
    """[RFC8414 2, 3.2] The issuer and every endpoint of the standard realm, as absolute URLs that answer."""
    reply = shared_demo.request("GET", "/.well-known/oauth-authorization-server")
    assert reply.status == 200 and reply.header("Content-Type").startswith("application/json")
    metadata = reply.json()
    origin = shared_demo.description["origin"]
    assert metadata["issuer"].startswith("http")
    assert metadata["token_endpoint"] == f"{origin}/oauth2/token"
    assert metadata["revocation_endpoint"] == f"{origin}/oauth2/revoke"
    assert metadata["introspection_endpoint"] == f"{origin}/oauth2/introspect"
    assert "client_credentials" in metadata["grant_types_supported"]
    assert {"client_secret_basic", "client_secret_post"} <= set(metadata["token_endpoint_auth_methods_supported"])


def test_limited_token_reads_only(shared_demo):
    """limited_scope: read-only common entities [SEED]: other scopes than the full token's."""
    service = Service(shared_demo, "podchaser")
    query = {"query": 'mutation { requestAccessToken(input: {grant_type: CLIENT_CREDENTIALS, client_id: "%s", '
                      'client_secret: "%s", limited_scope: true}) { access_token } }'
                      % (service.credentials["client_id"], service.credentials["client_secret"])}
    limited = shared_demo.post_json("/graphql", query).json()["data"]["requestAccessToken"]["access_token"]
    assert service.guard(limited).header("X-Jeton-Scope") != service.guard(service.token()).header("X-Jeton-Scope")


def test_untrusted_client_may_not_use_client_credentials(shared_demo):
    """Radio Workflow keeps other grants for trusted Partners [SEED]."""
    service = Service(shared_demo, "radioworkflow")
    reply = service.ask_token(shared_demo.create_client("radioworkflow"))
    assert reply.status == 400 and reply.json()["error"] == "unauthorized_client"
    assert service.ask_token(shared_demo.create_client("radioworkflow", trusted=True)).status == 200
