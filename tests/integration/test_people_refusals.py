"""What the authorization and token endpoints refuse when a person is in the flow, and where they say it."""

from urllib.parse import quote, urlsplit

import pytest
from people import FLOWS, Person, pkce

DESCRIPTIONS = {
    "podio": "The user denied your request.",
    "producthunt": "The resource owner or authorization server denied the request.",
    "radioworkflow": "The user denied access to your application",
}


@pytest.fixture(params=FLOWS)
def person(request, shared_demo):
    return Person(shared_demo, request.param)


@pytest.fixture
def standard(shared_demo):
    return Person(shared_demo, "standard")


def is_page(page):
    return page.status in (400, 401, 403) and page.location is None and \
        page.reply.headers["Content-Type"].startswith("text/html")


def test_denied(person):
    """[RFC6749 4.1.2.1] access_denied, with the state, in the service's words."""
    page = person.deny(person.reach_consent(state="tracking-7"))
    answer = page.query()
    assert answer["error"] == "access_denied" and answer["state"] == "tracking-7"
    assert answer.get("error_description") == DESCRIPTIONS.get(person.name, answer.get("error_description"))
    assert "code" not in answer


def test_podio_denial_is_byte_exact(shared_demo):
    """The order and the escapes of the documents [DOC]."""
    person = Person(shared_demo, "podio")
    page = person.deny(person.reach_consent(state=None))
    assert urlsplit(page.location).query == ("error_reason=user_denied&error=access_denied"
                                             "&error_description=The+user+denied+your+request.")


def test_unknown_client_is_told_on_a_page(person):
    """Behaviour 14: never redirect for a client that nobody knows."""
    assert is_page(person.authorize(client_id="nobody"))
    assert is_page(person.authorize(client_id=None))


def test_what_the_server_refuses_is_told_on_a_page(person):
    """Behaviour 20: whoever is sent to the authorization endpoint is a person, whatever is wrong with the request."""
    path = person.account["authorize_path"]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for method, body, status in (("PUT", None, 405), ("DELETE", None, 405), ("POST", "state=" + "s" * 70_000, 413)):
        page = person.open(method, path, body, form)
        assert page.status == status and page.reply.headers["Content-Type"].startswith("text/html"), repr(page)
        assert page.html.headings and "frame-ancestors 'none'" in page.reply.headers["Content-Security-Policy"]
        assert status != 405 or "GET" in page.reply.headers["Allow"]


@pytest.mark.parametrize("uri", ["https://evil.example/callback", "http://localhost:8765/callback/",
                                 "http://localhost:8765/Callback", "http://localhost:8765/callback?",
                                 "http://localhost:8765/callback?x=1", "http://localhost.evil.example:8765/callback",
                                 "http://user@localhost:8765/callback", "//localhost:8765/callback",
                                 "javascript:alert(1)", "http://localhost:8765/callback#f"])
def test_unregistered_redirect_is_told_on_a_page(person, uri):
    """Behaviours 14, 15: compared as strings; the registered one is not told."""
    if person.name == "podio" and urlsplit(uri).hostname == "localhost" and "@" not in uri and "#" not in uri:
        pytest.skip("matched by domain")
    page = person.authorize(redirect_uri=uri)
    assert is_page(page), repr(page)
    assert person.redirect_uri not in page.text


def test_podio_matches_by_domain(shared_demo):
    """Path, port and query are free; the query stays [DOC]."""
    person = Person(shared_demo, "podio")
    uri = "http://localhost:1/elsewhere?redirect_state=a%20b&x=1"
    page = person.allow(person.reach_consent(redirect_uri=uri))
    assert page.location.startswith(uri + "&code=")
    code = page.query()["code"]
    shared_demo.secrets.add(code)
    person.read_tokens(person.redeem(code, redirect_uri=uri))


def test_radioworkflow_needs_a_state(shared_demo):
    """[contracts 4.1] Told to the client, for the registered redirect is known."""
    person = Person(shared_demo, "radioworkflow")
    page = person.refused(state=None)
    assert page.query()["error"] == "invalid_request"
    assert page.query()["error_description"] == "The state parameter is required"


def test_unknown_scope_and_response_type(person):
    """Behaviour 21: by redirect, with the state."""
    page = person.refused(scope="no-such-scope", state="s")
    assert page.query()["error"] == "invalid_scope" and page.query()["state"] == "s", repr(page)
    page = person.refused(response_type="nonsense", state="s")
    assert page.query()["error"] in ("unsupported_response_type", "invalid_request"), repr(page)


def test_implicit_is_off_where_nobody_documents_it(standard):
    """[RFC9700 2.1.2]"""
    page = standard.refused(response_type="token")
    assert "unsupported_response_type" in page.location and "access_token" not in page.location


def test_issuer_comes_once_in_errors_too(standard):
    """Behaviour 22 [RFC9207 2]"""
    page = standard.refused(scope="no-such-scope")
    assert page.location.count("iss=") == 1
    assert page.query()["iss"] == standard.daemon.description["origin"]


def test_repeated_parameters(shared_demo):
    """Behaviour 18: refused by the standard, the last one counts at Podio [DOC]."""
    standard = Person(shared_demo, "standard")
    page = standard.sign_in(standard.get(standard.target() + "&scope=read"))
    assert page.query()["error"] == "invalid_request"
    assert is_page(standard.get(standard.target() + "&client_id=other"))
    podio = Person(shared_demo, "podio")
    page = podio.get(podio.target(state="first") + "&state=last")
    assert podio.allow(podio.sign_in(page)).query()["state"] == "last"


def test_secret_in_the_address(person):
    """Client secrets never ride in a URL: refused, logged as a leak, without the secret."""
    page = person.get(person.target() + "&client_secret=" + quote(person.account["client_secret"]))
    assert not page.has_button(id="sign-in") and page.status >= 400
    assert any(event.get("realm") == person.name for event in person.daemon.log_events("secret_in_query"))


def test_prompt(standard):
    """Behaviour 24: prompt=none shows no page; combined with others it is wrong; unknown client is no open redirect."""
    assert standard.authorize(prompt="none").query()["error"] == "login_required"
    assert standard.refused(prompt="none login").query()["error"] == "invalid_request"
    assert is_page(standard.authorize(prompt="none", redirect_uri="https://evil.example/"))
    standard.reach_consent()
    assert standard.authorize(prompt="none").query()["error"] == "consent_required"
    assert standard.authorize(prompt="login").has_button(id="sign-in")


def test_pkce_is_bound(standard):
    """Behaviours 31 to 35 [RFC7636 4.4.1, 4.6]"""
    verifier, challenge = pkce()
    asked = {"code_challenge": challenge, "code_challenge_method": "S256"}
    assert standard.refuses(standard.redeem(standard.give_code(**asked)))
    assert standard.refuses(standard.redeem(standard.give_code(**asked), code_verifier=pkce()[0]))
    assert standard.refuses(standard.redeem(standard.give_code(), code_verifier=verifier))
    for wrong in ({"code_challenge": challenge, "code_challenge_method": "plain"},
                  {"code_challenge_method": "S256"}, {"code_challenge": "short", "code_challenge_method": "S256"},
                  {"code_challenge": challenge}):
        assert standard.refused(**wrong).query()["error"] == "invalid_request", wrong
    code = standard.give_code(**asked)
    standard.redeem(code, code_verifier=pkce()[0])
    standard.read_tokens(standard.redeem(code, code_verifier=verifier))  # a wrong verifier burns nothing


def test_public_client(shared_demo):
    """Behaviours 5, 37: PKCE or nothing, and no secret. [RFC9700 2.1.1]"""
    person = Person(shared_demo, "standard")
    client = shared_demo.command("app create", realm="standard", name="An app", public=True,
                                 redirect_uri="http://127.0.0.1/cb")["clients"][0]
    person.account = {**person.account, "client_id": client["client_id"]}
    person.redirect_uri = "http://127.0.0.1:51004/cb"  # [RFC8252 7.3] any port
    assert person.refused().query()["error"] == "invalid_request"
    verifier, challenge = pkce()
    code = person.give_code(code_challenge=challenge, code_challenge_method="S256")
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": person.redirect_uri,
            "code_verifier": verifier, "client_id": client["client_id"]}
    reply = shared_demo.post_form("/oauth2/token", {**form, "client_secret": "guess"})
    assert reply.status == 401 and reply.json()["error"] == "invalid_client"
    tokens = person.read_tokens(shared_demo.post_form("/oauth2/token", form))
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"],
               "client_id": client["client_id"]}
    person.read_tokens(shared_demo.post_form("/oauth2/token", refresh))
    reply = shared_demo.post_form("/oauth2/token", {"grant_type": "client_credentials",
                                                    "client_id": client["client_id"]})
    assert reply.json()["error"] in ("unauthorized_client", "invalid_client")


def test_code_is_single_use(person):
    """Behaviour 29 [RFC6749 4.1.2]: a second use is refused and ends what the first one gave."""
    code = person.give_code()
    token = person.read_tokens(person.redeem(code))["access_token"]
    assert person.service.guard(token).status == 200
    assert person.refuses(person.redeem(code))
    assert person.service.guard(token).status == 401


def test_code_is_its_clients_own(person):
    """[RFC6749 4.1.3] Another client's attempt changes nothing."""
    stranger = person.daemon.create_client(person.name, redirect_uri=person.redirect_uri)
    code = person.give_code()
    assert person.refuses(person.redeem(code, client=stranger))
    person.read_tokens(person.redeem(code))


@pytest.mark.parametrize("name", ["podio", "producthunt", "podchaser", "standard"])
def test_code_is_bound_to_its_redirect(shared_demo, name):
    """Behaviour 31: as sent; the stored one is not told."""
    person = Person(shared_demo, name)
    reply = person.redeem(person.give_code(), redirect_uri="http://localhost:8765/other")
    assert person.refuses(reply) and person.redirect_uri.encode() not in reply.body


def test_garbage_codes(person):
    """Whatever is sent as a code: the same refusal."""
    for code in ("x", "0" * 40, "é", "a" * 4000):
        assert person.refuses(person.redeem(code)), code


def test_scope_narrows_and_never_grows(standard):
    """Behaviours 36, 43 [RFC6749 6]"""
    reply = standard.redeem(standard.give_code(scope="read"), scope="read write")
    tokens = standard.read_tokens(reply)
    assert tokens["scope"] == "read"
    reply = standard.refresh(tokens["refresh_token"], scope="read write")
    assert reply.status == 400 and reply.json()["error"] == "invalid_scope"
    both = standard.tokens(scope="read write")
    narrow = standard.read_tokens(standard.refresh(both["refresh_token"], scope="read"))
    assert narrow["scope"] == "read"
    wide = standard.read_tokens(standard.refresh(narrow["refresh_token"]))
    assert wide["scope"] == "read write"


def test_disabled_user_loses_everything_at_once(shared_demo, person):
    """Tokens end at the next request, codes and refresh tokens too."""
    user = new_user(shared_demo, person)
    tokens, code = person.tokens(), person.give_code()
    assert person.service.guard(tokens["access_token"]).status == 200
    shared_demo.command("user disable", realm=person.name, username=user["username"])
    assert person.service.guard(tokens["access_token"]).status == 401
    assert person.refuses(person.redeem(code))
    if "refresh_token" in tokens:
        assert person.refuses(person.refresh(tokens["refresh_token"]))
    page = Person(shared_demo, person.name, user=user).authorize()
    page = person.sign_in(page)
    assert page.has_button(id="sign-in") and page.alert
    shared_demo.command("user enable", realm=person.name, username=user["username"])


def test_leaving_an_instance_ends_its_tokens(shared_demo, person):
    """Instance isolation: what was given in one instance ends with the membership, the other's lives."""
    user = new_user(shared_demo, person)
    first, second = (instance["name"] for instance in person.account["instances"])
    one = person.read_tokens(person.redeem(person.give_code(first)))["access_token"]
    other = person.read_tokens(person.redeem(person.give_code(second)))["access_token"]
    shared_demo.command("member remove", realm=person.name, username=user["username"], instance=first)
    assert person.service.guard(one).status == 401
    assert person.service.guard(other).status == 200


def test_instance_of_a_token_is_held(shared_demo, person):
    """A gateway that serves one instance lets no other instance's token pass."""
    first, second = (instance["name"] for instance in person.account["instances"])
    token = person.read_tokens(person.redeem(person.give_code(first)))["access_token"]
    path = f"/guard/{person.name}?instance="
    headers = {**person.service.original(), **person.service.bearer(token)}
    assert shared_demo.request("GET", path + first, headers).status == 200
    assert shared_demo.request("GET", path + second, headers).status in (401, 403)


def test_realms_are_strangers(shared_demo):
    """Sessions, codes and tokens of one realm are nothing in another."""
    people = {name: Person(shared_demo, name) for name in FLOWS}
    codes = {name: person.give_code() for name, person in people.items()}
    for name, person in people.items():
        for other, stranger in people.items():
            if other == name:
                continue
            assert stranger.refuses(stranger.redeem(codes[name])), (name, other)
            visitor = Person(shared_demo, other)
            visitor.session.cookies.update(person.session.cookies)
            assert visitor.authorize().has_button(id="sign-in"), (name, other)
    for name, person in people.items():
        person.read_tokens(person.redeem(codes[name]))


def new_user(daemon, person):
    """A user of her own in both instances, and she is who sits at the browser now."""
    made = daemon.command("user add", realm=person.name, username=f"made-{daemon_count(daemon)}@example.org",
                          display_name="Made by a test")
    for instance in person.account["instances"]:
        daemon.command("member add", realm=person.name, username=made["username"], instance=instance["name"])
    person.user = {"username": made["username"], "password": made["password"]}
    daemon.secrets.add(made["password"])
    return person.user


def daemon_count(daemon):
    daemon.made_users = getattr(daemon, "made_users", 0) + 1
    return daemon.made_users
