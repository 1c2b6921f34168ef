"""Client libraries that nobody here wrote, through the code flow and refresh of each service."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from people import FLOWS, Person
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

# oauthlib insists on TLS and on scopes that do not change; neither is what is tested here.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
os.environ["OAUTHLIB_RELAX_TOKEN_SCOPE"] = "1"

RUBY = Path(__file__).with_name("client_oauth2.rb")
BASIC = ("radioworkflow", "standard")
# Podchaser's tokens come from a GraphQL mutation: no OAuth library asks for them; below, one does all the rest.
NAMES = tuple(name for name in FLOWS if name != "podchaser")
REFRESHING = ("podio", "radioworkflow", "standard")


@pytest.fixture(params=NAMES)
def person(request, shared_demo):
    return Person(shared_demo, request.param)


def url(person, path):
    return person.daemon.description["origin"] + path


def redirect_uri(person):
    """Radio Workflow's documents send none: the registered one is used."""
    return None if person.name == "radioworkflow" else person.redirect_uri


def go_there_and_back(person, address):
    """The person's part: the library's own address, the pages, and where the client is called back."""
    page = person.get(address)
    page = person.allow(person.sign_in(page))
    person.daemon.secrets.add(page.query()["code"])
    return page.location


def check(person, session, token):
    person.daemon.secrets |= {token[name] for name in ("access_token", "refresh_token") if name in token}
    method, path = person.service.spelling.whoami
    assert session.request(method, url(person, path)).status_code == 200
    assert person.service.guard(token["access_token"]).header("X-Jeton-Subject").isdigit()


def test_requests_oauthlib(person):
    client_id, secret = person.account["client_id"], person.account["client_secret"]
    scope = None if person.name == "podio" else person.account["scope"].split()
    session = OAuth2Session(client_id, redirect_uri=redirect_uri(person), scope=scope)
    address, _ = session.authorization_url(url(person, person.account["authorize_path"]))
    back = go_there_and_back(person, address)
    token_url = url(person, person.account["token_path"])
    if person.name in BASIC:
        token = session.fetch_token(token_url, authorization_response=back, auth=HTTPBasicAuth(client_id, secret))
    else:
        token = session.fetch_token(token_url, authorization_response=back, client_secret=secret,
                                    include_client_id=True)
    check(person, session, token)
    if person.name in REFRESHING:
        refresh_url = url(person, person.account.get("refresh_path", person.account["token_path"]))
        extra = {"auth": HTTPBasicAuth(client_id, secret)} if person.name in BASIC else \
            {"client_id": client_id, "client_secret": secret}
        check(person, session, session.refresh_token(refresh_url, **extra))


def test_podchaser_by_requests_oauthlib(shared_demo):
    """The library sends the person, reads the answer and the token, and uses it; the mutation is sent by hand."""
    person = Person(shared_demo, "podchaser")
    session = OAuth2Session(person.account["client_id"], redirect_uri=person.redirect_uri,
                            scope=person.account["scope"].split())
    address, state = session.authorization_url(url(person, person.account["authorize_path"]))
    answer = session._client.parse_request_uri_response(go_there_and_back(person, address), state=state)
    members = person.read_tokens(person.redeem(answer["code"]))
    check(person, session, session._client.parse_request_body_response(json.dumps(members)))


def test_authlib(person):
    method = "client_secret_basic" if person.name in BASIC else "client_secret_post"
    scope = None if person.name == "podio" else person.account["scope"]
    with AuthlibSession(person.account["client_id"], person.account["client_secret"], scope=scope,
                        redirect_uri=redirect_uri(person), token_endpoint_auth_method=method,
                        code_challenge_method="S256" if person.name == "standard" else None) as session:
        verifier = "v" * 50 if person.name == "standard" else None
        address, state = session.create_authorization_url(url(person, person.account["authorize_path"]),
                                                          **({"code_verifier": verifier} if verifier else {}))
        back = go_there_and_back(person, address)
        token = session.fetch_token(url(person, person.account["token_path"]), authorization_response=back,
                                    state=state, **({"code_verifier": verifier} if verifier else {}))
        check(person, session, token)
        if person.name in REFRESHING:
            refresh_url = url(person, person.account.get("refresh_path", person.account["token_path"]))
            check(person, session, session.refresh_token(refresh_url, refresh_token=token["refresh_token"]))


def test_ruby_oauth2(person):
    """Debian's ruby-oauth2: the library of most Ruby clients."""
    if not shutil.which("ruby"):
        pytest.fail("ruby is missing; packaging/debian-packages lists it")
    asked = {"client_id": person.account["client_id"], "client_secret": person.account["client_secret"],
             "site": person.daemon.description["origin"], "authorize_url": person.account["authorize_path"],
             "token_url": person.account["token_path"], "redirect_uri": redirect_uri(person),
             "scope": None if person.name == "podio" else person.account["scope"],
             "auth_scheme": "basic_auth" if person.name in BASIC else "request_body",
             "refresh_url": person.account.get("refresh_path"), "refreshes": person.name in REFRESHING,
             "state": "from ruby", "header": person.service.spelling.scheme,
             "resource": person.service.spelling.whoami}
    with subprocess.Popen(["ruby", str(RUBY)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as ruby:
        ruby.stdin.write(json.dumps(asked) + "\n")
        ruby.stdin.flush()
        address = ruby.stdout.readline().strip()
        assert address, ruby.stderr.read()
        page = person.allow(person.sign_in(person.get(address)))
        person.daemon.secrets.add(page.query()["code"])
        answer, errors = ruby.communicate(page.query()["code"] + "\n", timeout=30)
    assert ruby.returncode == 0, errors
    told = json.loads(answer)
    person.daemon.secrets |= set(filter(None, told["tokens"]))
    assert told["status"] == 200
