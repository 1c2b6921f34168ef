"""One person's way through a service's flow in Chromium: where it begins, and how the client ends it."""

import pytest
from people import FLOWS, Person


@pytest.fixture(params=FLOWS)
def person(request, shared_demo, chromium, client_site):
    """A client of the service that is reached at the client's own site."""
    chromium.driver.delete_all_cookies()
    person = Person(shared_demo, request.param)
    key = "client of the browser's tests"
    clients = shared_demo.__dict__.setdefault(key, {})
    if (request.param, client_site.uri) not in clients:
        clients[request.param, client_site.uri] = shared_demo.create_client(
            request.param, redirect_uri=client_site.uri, trusted=True)
    person.account = {**person.account, **clients[request.param, client_site.uri]}
    person.redirect_uri = client_site.uri
    return person


def url(person, **changes):
    return person.daemon.description["origin"] + person.target(**changes)


def redeem(person, client_site):
    """The client's second step with what the browser has brought: the access token, which opens the API."""
    code = client_site.last_query()["code"]
    person.daemon.secrets.add(code)
    redirect_uri = None if person.name == "radioworkflow" else client_site.uri
    token = person.read_tokens(person.redeem(code, redirect_uri=redirect_uri))["access_token"]
    assert person.service.guard(token).status == 200
    return token
