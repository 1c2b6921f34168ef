"""Nothing leaks between realms or instances: no credential and no token of one works at any other."""

import itertools

import pytest
from http1 import basic
from people import FLOWS, Person
from service import NAMES, SPELLINGS, Service

REALMS = [*[(name, None) for name in NAMES], ("podero", "sandbox")]
PAIRS = list(itertools.permutations(REALMS, 2))


def name_of(realm):
    return "-".join(filter(None, realm))


@pytest.fixture(params=PAIRS, ids=lambda pair: f"{name_of(pair[0])} at {name_of(pair[1])}")
def pair(request, shared_demo):
    """(a service, another one that must not know it)"""
    ours, theirs = request.param
    return Service(shared_demo, *ours), Service(shared_demo, *theirs)


def test_credentials_are_foreign(pair):
    """The token endpoint refuses a client of another realm as it refuses an unknown one."""
    ours, theirs = pair
    assert theirs.has_refused(theirs.ask_token(ours.credentials))
    unknown = {"client_id": "nobody", "client_secret": ours.credentials["client_secret"]}
    assert theirs.ask_token(ours.credentials).status == theirs.ask_token(unknown).status


def test_tokens_are_foreign(pair):
    """Guard, whoami and introspection do not know another realm's token."""
    ours, theirs = pair
    token = ours.token()
    for scheme in ("Bearer", theirs.spelling.scheme):
        headers = theirs.bearer(token, scheme)
        assert theirs.guard("x", headers).status == 401
        method, path = theirs.spelling.whoami
        reply = theirs.daemon.request(method, path, headers, host=theirs.host)
        assert reply.status == 401 or b"errors" in reply.body
    assert not theirs.is_active(token)


def test_resource_servers_are_foreign(pair):
    """Another realm's resource server may not introspect, not even a token of its own realm."""
    ours, theirs = pair
    caller = ours.credentials.get("resource_server") or ours.account["resource_server"]
    for token in (ours.token(), theirs.token()):
        reply = theirs.introspect(token, caller)
        assert b'"active"' not in reply.body, str(reply)


def test_revocation_is_foreign(pair):
    """No other realm's client or endpoint ends a token."""
    ours, theirs = pair
    token = ours.token()
    theirs.post_as(ours.credentials, theirs.spelling.revoke_path, token)
    theirs.post_as(theirs.credentials, theirs.spelling.revoke_path, token)
    assert ours.guard(token).status == 200


def test_sandbox_is_told_by_host_alone(shared_demo):
    """The same path, another host name: another realm; neither side's tokens work on the other [SEED]."""
    production, sandbox = Service(shared_demo, "podero"), Service(shared_demo, "podero", "sandbox")
    assert sandbox.host.split(":")[0] == "sandbox.localhost"
    token = sandbox.token()
    method, path = SPELLINGS["podero"].whoami
    assert shared_demo.request(method, path, sandbox.bearer(token), host=sandbox.host).status == 200
    assert shared_demo.request(method, path, sandbox.bearer(token)).status == 401
    assert shared_demo.request(method, path, sandbox.bearer(token), host="app.example.com").status == 401
    assert shared_demo.request(method, path, production.bearer(production.token()), host=sandbox.host).status == 401


def test_sandbox_host_has_no_case_and_no_port(shared_demo):
    """[RFC9110 4.2.3] Host names have no case; the port does not choose the realm."""
    sandbox = Service(shared_demo, "podero", "sandbox")
    headers = {"Authorization": basic(sandbox.credentials["client_id"], sandbox.credentials["client_secret"])}
    for host in ("SANDBOX.localhost", "sandbox.localhost:1", "Sandbox.LocalHost:65535"):
        reply = shared_demo.post_form("/oauth2/token/", {"grant_type": "client_credentials"}, headers, host)
        assert reply.status == 200, str(reply)


def test_environments_have_their_own_secrets(shared_demo):
    """The development client's secret does not open the production client, nor the reverse."""
    service = Service(shared_demo, "podchaser")
    production, development = service.account, service.account["development"]
    for one, other in ((production, development), (development, production)):
        mixed = {"client_id": one["client_id"], "client_secret": other["client_secret"]}
        assert service.has_refused(service.ask_token(mixed))


def test_a_refresh_token_belongs_to_its_client(shared_demo):
    """Another client of the same realm cannot use it, and it stays good for its own."""
    service = Service(shared_demo, "podio")
    refresh_token = service.ask_token().json()["refresh_token"]
    shared_demo.secrets.add(refresh_token)
    stranger = shared_demo.create_client("podio")
    for client, status in ((stranger, 400), (service.credentials, 200)):
        reply = shared_demo.post_form("/oauth/token", {
            "grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": client["client_id"],
            "client_secret": client["client_secret"]})
        assert reply.status == status, str(reply)


@pytest.fixture(scope="module")
def people(shared_demo):
    """{service: (its person, what her client holds)}"""
    found = {name: Person(shared_demo, name) for name in FLOWS}
    return {name: (person, person.tokens()) for name, person in found.items()}


@pytest.mark.parametrize("name, other", itertools.permutations(FLOWS, 2))
def test_what_people_allowed_is_foreign(people, name, other):
    """A user's token is nothing at any endpoint of another realm, and nothing there ends it; nor is her cookie."""
    (person, tokens), (stranger, _) = people[name], people[other]
    token = tokens["access_token"]
    assert stranger.service.guard(token).status == 401
    reply = stranger.service.whoami(token)
    assert reply.status == 401 or b"errors" in reply.body
    assert not stranger.service.is_active(token)
    refreshed = stranger.refresh(tokens.get("refresh_token", token))
    assert b"access_token" not in refreshed.body and refreshed.status in (400, 415), str(refreshed)
    for given in tokens.get("refresh_token"), token:
        if given:
            stranger.service.post_as(stranger.service.credentials, stranger.service.spelling.revoke_path, given)
    assert person.service.guard(token).status == 200
    visitor = Person(stranger.daemon, other)
    visitor.session.cookies.update(person.session.cookies)
    for page in ("account", "security", "security/set-up", "applications"):
        assert visitor.get(f"/auth/{other}/{page}").has_button(id="sign-in"), page


@pytest.mark.parametrize("name", FLOWS)
def test_instances_are_strangers(shared_demo, name):
    """What was allowed in one instance stays its own at every endpoint, whatever the client sends."""
    person = Person(shared_demo, name)
    service, (here, there) = person.service, (instance["name"] for instance in person.account["instances"])
    tokens = person.read_tokens(person.redeem(person.give_code(here), instance=there))
    given = [tokens]
    if "refresh_token" in tokens:
        given.append(person.read_tokens(person.refresh(tokens["refresh_token"], instance=there)))
    for token in (held["access_token"] for held in given):
        assert service.guard(token).header("X-Jeton-Instance") == here
        for instance, status in ((here, 200), (there, 403)):
            path = f"/guard/{name}?instance={instance}"
            assert shared_demo.request("GET", path, {**service.original(), **service.bearer(token)}).status == status
        assert service.introspect(token).json()["instance"] == here
        reply = service.whoami(token)
        assert reply.status == 200 and there.encode() not in reply.body
        assert here.encode() in reply.body or name == "producthunt"  # whose documents have no such member
    other = person.tokens(instance=there)["access_token"]
    service.revoke(given[-1]["access_token"])
    assert service.guard(other).header("X-Jeton-Instance") == there
    withdraw(person, person.account["instances"][0]["title"])
    assert service.guard(tokens["access_token"]).status == 401
    assert service.guard(other).status == 200


def withdraw(person, title):
    """Takes back what was allowed in the instance of that title, until nothing is left of it."""
    page = person.get(f"/auth/{person.name}/applications")
    while title in page.text:
        form = next(form for form in page.html.forms if form.action.endswith("/applications"))
        count = page.text.count(title)
        page = person.submit(page, form=form, withdraw=page_grant(page, title))
        assert page.text.count(title) < count


def page_grant(page, title):
    """The grants stand in the order of the page's texts."""
    words = [title if title in part else "" for part in page.reply.text.split('<li class="card">')[1:]]
    return [button["value"] for form in page.html.forms for button in form.buttons
            if button.get("name") == "withdraw"][words.index(title)]
