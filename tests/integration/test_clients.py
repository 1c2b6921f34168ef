"""Unmodified client libraries: each service's documented way to authenticate, only the base URL changed."""

import base64
import os

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from oauthlib.oauth2 import BackendApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session
from service import Service, graphql_token

# oauthlib insists on TLS and on scopes that do not change; neither is what is tested here.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
os.environ["OAUTHLIB_RELAX_TOKEN_SCOPE"] = "1"

# How each service's documents have a client authenticate, as the libraries call it.
METHODS = {"producthunt": "client_secret_post", "radioworkflow": "client_secret_basic",
           "podero": "client_secret_basic", "standard": "client_secret_basic"}
LIFETIMES = {"radioworkflow": 3600, "podero": 36000}


@pytest.fixture(params=METHODS)
def service(request, shared_demo):
    return Service(shared_demo, request.param)


def url(service, path):
    return service.daemon.description["origin"] + path


def token_url(service):
    return url(service, service.account.get("token_path", service.spelling.token_path))


def check_use(service, session, token):
    """The library's own header opens the token's page."""
    service.daemon.secrets.add(token["access_token"])
    method, path = service.spelling.whoami
    assert session.request(method, url(service, path)).status_code == 200
    assert token["token_type"].lower() == "bearer"
    if service.name in LIFETIMES:
        assert token["expires_in"] == LIFETIMES[service.name]
    if service.name == "producthunt":
        assert "expires_in" not in token


def test_requests_oauthlib(service):
    """OAuth2Session with BackendApplicationClient."""
    client_id, secret = service.credentials["client_id"], service.credentials["client_secret"]
    session = OAuth2Session(client=BackendApplicationClient(client_id=client_id))
    if METHODS[service.name] == "client_secret_basic":
        token = session.fetch_token(token_url(service), auth=HTTPBasicAuth(client_id, secret))
    else:
        token = session.fetch_token(token_url(service), client_id=client_id, client_secret=secret,
                                    include_client_id=True)
    check_use(service, session, token)


def test_authlib(service):
    """Authlib's session, with revocation and introspection by RFC 7009 and 7662."""
    with AuthlibSession(service.credentials["client_id"], service.credentials["client_secret"],
                        token_endpoint_auth_method=METHODS[service.name]) as session:
        token = session.fetch_token(token_url(service), grant_type="client_credentials")
        check_use(service, session, token)
        reply = session.revoke_token(url(service, service.spelling.revoke_path), token=token["access_token"])
        assert reply.status_code == 200
    assert service.guard(token["access_token"]).status == 401


def test_authlib_introspection(service):
    """A resource server with Authlib."""
    server = service.account["resource_server"]
    token = service.token()
    with AuthlibSession(server["client_id"], server["client_secret"],
                        token_endpoint_auth_method="client_secret_basic") as session:
        described = session.introspect_token(url(service, service.spelling.introspect_path), token=token).json()
    assert described["active"] is True and described["client_id"] == service.credentials["client_id"]


def test_wrong_secret_raises(service):
    """The library understands the refusal."""
    session = OAuth2Session(client=BackendApplicationClient(client_id=service.credentials["client_id"]))
    with pytest.raises(Exception, match="invalid_client"):
        if METHODS[service.name] == "client_secret_basic":
            session.fetch_token(token_url(service), auth=HTTPBasicAuth(service.credentials["client_id"], "wrong"))
        else:
            session.fetch_token(token_url(service), client_secret="wrong", include_client_id=True)


def test_podero_documented_python(shared_demo):
    """The document's own Python sample, the URL apart [SEED]."""
    service = Service(shared_demo, "podero")
    credentials = f"{service.credentials['client_id']}:{service.credentials['client_secret']}"
    encoded = base64.b64encode(credentials.encode()).decode()
    response = requests.post(
        url(service, "/oauth2/token/"),
        headers={"Authorization": f"Basic {encoded}", "Cache-Control": "no-cache", "Content-Type": "application/json"},
        json={"grant_type": "client_credentials"}, timeout=20)
    data = response.json()
    assert response.status_code == 200 and data["expires_in"] == 36000
    shared_demo.secrets.add(data["access_token"])


def test_podio_refreshes_with_requests_oauthlib(shared_demo):
    """A library refreshes the app grant's token by itself and uses `Bearer`, which answers as `OAuth2` does [MEAS]."""
    service = Service(shared_demo, "podio")
    first = service.ask_token().json()
    extra = {"client_id": service.credentials["client_id"], "client_secret": service.credentials["client_secret"]}
    session = OAuth2Session(service.credentials["client_id"], token=first)
    second = session.refresh_token(url(service, "/oauth/token"), **extra)
    shared_demo.secrets |= {first["refresh_token"], second["access_token"], second["refresh_token"]}
    assert second["access_token"] != first["access_token"] and second["expires_in"] == 28800
    assert session.get(url(service, "/oauth/info")).status_code == 200


def test_podchaser_with_requests(shared_demo):
    """POST with variables, then the bearer [SEED]."""
    service = Service(shared_demo, "podchaser")
    data = requests.post(url(service, "/graphql"), json=graphql_token(service.credentials), timeout=20).json()
    token = data["data"]["requestAccessToken"]["access_token"]
    shared_demo.secrets.add(token)
    query = {"query": 'query { podcast(identifier: {id: "731600", type: PODCHASER}) { title } }'}
    reply = requests.post(url(service, "/graphql"), json=query, headers=service.bearer(token), timeout=20)
    assert "errors" not in reply.json() and "podcast" in reply.json()["data"]
