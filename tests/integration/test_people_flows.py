"""Each service's flows with a person in them: from the client's redirect to a token that opens the API."""

import html
import re
from urllib.parse import parse_qsl, urlsplit

import pytest
from http1 import basic
from people import FLOWS, Person, body_of, pkce

# What the documents show of the tokens: member order, lifetime, whether a refresh token comes with them.
MEMBERS = {
    "podio": ["access_token", "token_type", "expires_in", "refresh_token", "scope", "ref"],
    "producthunt": ["access_token", "token_type"],
    "podchaser": ["access_token", "token_type", "expires_in"],
    "radioworkflow": ["access_token", "expires_in", "token_type", "scope", "refresh_token"],
    "standard": ["access_token", "token_type", "expires_in", "refresh_token", "scope"],
}
LIFETIMES = {"podio": 28800, "podchaser": 31536000, "radioworkflow": 3600, "standard": 3600}
SHAPES = {"podio": r"[0-9a-f]{128}", "producthunt": r"[0-9a-f]{64}", "podchaser": r"[0-9a-f]{80}",
          "radioworkflow": r"[0-9a-f]{40}", "standard": r"jtn_[0-9A-Za-z]{37}"}


@pytest.fixture(params=FLOWS)
def person(request, shared_demo):
    return Person(shared_demo, request.param)


def test_code_flow(person):
    """The documented request, the pages, the documented reply, and the token is this person's."""
    page = person.authorize(state="a b&c=d/é")
    assert page.status == 200 and page.has_button(id="sign-in"), repr(page)
    page = person.sign_in(page)
    assert page.has_button(name="decision", value="deny", id="deny")
    page = person.allow(page)
    assert page.status in (302, 303)
    assert page.location.startswith(person.redirect_uri + "?")
    answer = page.query()
    assert answer.pop("state") == "a b&c=d/é" and answer.pop("code")
    assert set(answer) == ({"iss"} if person.name == "standard" else set())


def test_tokens_as_documented(person):
    """Order of members, lifetimes and shapes of contracts.md."""
    tokens = person.tokens()
    assert list(tokens) == MEMBERS[person.name]
    assert tokens.get("expires_in") == LIFETIMES.get(person.name)
    assert re.fullmatch(SHAPES[person.name], tokens["access_token"])
    assert person.service.guard(tokens["access_token"]).status == 200


def test_guard_names_the_person_and_the_instance(person):
    """The token carries who allowed it and for which instance."""
    first, second = person.account["instances"]
    for instance in (first, second):
        token = person.read_tokens(person.redeem(person.give_code(instance["name"])))["access_token"]
        reply = person.service.guard(token)
        assert reply.header("X-Jeton-Instance") == instance["name"]
        assert reply.header("X-Jeton-Subject").isdigit()
        described = person.service.introspect(token).json()
        assert described["active"] is True and described["sub"] == reply.header("X-Jeton-Subject")


def test_podio_reply_names_the_user(shared_demo):
    """`ref` is the user's, as on the documents' page [SEED]."""
    person = Person(shared_demo, "podio")
    tokens = person.tokens()
    assert tokens["ref"]["type"] == "user" and isinstance(tokens["ref"]["id"], int)
    assert tokens["scope"] == "global:all" and tokens["token_type"] == "bearer"
    reply = person.service.guard(tokens["access_token"])
    assert reply.header("X-Podio-Auth-Ref") == f"user_{tokens['ref']['id']}"


def test_podio_client_side_flow(shared_demo):
    """response_type=token: everything in the fragment, in the documented order, nothing escaped [DOC]."""
    person = Person(shared_demo, "podio")
    page = person.allow(person.reach_consent(response_type="token"))
    assert page.location.startswith(person.redirect_uri + "#")
    names = [name for name, _ in parse_qsl(urlsplit(page.location).fragment)]
    assert names == ["access_token", "token_type", "expires_in", "refresh_token", "scope", "state"]
    answer = page.fragment()
    shared_demo.secrets |= {answer["access_token"], answer["refresh_token"]}
    assert answer["expires_in"] == "28800" and answer["token_type"] == "bearer"
    assert f"access_token={answer['access_token']}&" in page.location
    assert person.service.guard(answer["access_token"]).status == 200


def test_podio_password_flow(shared_demo):
    """grant_type=password with the user's own password [SEED]; off at every other service."""
    person = Person(shared_demo, "podio")
    body = {"grant_type": "password", **person.user, "client_id": person.account["client_id"],
            "client_secret": person.account["client_secret"]}
    tokens = person.read_tokens(shared_demo.post_form("/oauth/token", body))
    assert tokens["ref"]["type"] == "user" and tokens["refresh_token"]
    tokens = person.read_tokens(shared_demo.post_json("/oauth/token/v2", body))
    reply = shared_demo.post_form("/oauth/token", {**body, "password": "not the password"})
    assert reply.status == 400 and reply.json()["error"] == "invalid_grant"
    assert reply.json()["error_detail"] == "user.invalid.password"


@pytest.mark.parametrize("name", ["producthunt", "radioworkflow", "standard"])
def test_password_flow_is_off_elsewhere(shared_demo, name):
    """[RFC9700 2.4] The resource owner password credentials grant MUST NOT be used, unless policy says so."""
    person = Person(shared_demo, name)
    client = person.account
    headers, body = {}, {"grant_type": "password", **person.user}
    if name == "producthunt":
        body |= {"client_id": client["client_id"], "client_secret": client["client_secret"]}
    else:
        headers["Authorization"] = basic(client["client_id"], client["client_secret"])
    reply = shared_demo.post_form(client["token_path"], body, headers)
    assert reply.status == 400 and reply.json()["error"] == "unsupported_grant_type"


def test_podio_refreshes_over_and_over(shared_demo):
    """Exchange before expiry, again and again, each time with the full reply [SEED]."""
    person = Person(shared_demo, "podio")
    tokens = person.tokens()
    for _ in range(3):
        fresh = person.read_tokens(person.refresh(tokens["refresh_token"]))
        assert list(fresh) == MEMBERS["podio"] and fresh["ref"] == tokens["ref"]
        assert fresh["access_token"] != tokens["access_token"]
        assert person.service.guard(fresh["access_token"]).status == 200


def test_radioworkflow_refreshes_at_its_own_endpoint(shared_demo):
    """refreshToken takes the refresh token with Basic; the instance stays [SEED]."""
    person = Person(shared_demo, "radioworkflow")
    instance = person.account["instances"][1]["name"]
    tokens = person.read_tokens(person.redeem(person.give_code(instance)))
    fresh = person.read_tokens(person.refresh(tokens["refresh_token"]))
    assert list(fresh) == MEMBERS["radioworkflow"]
    assert person.service.guard(fresh["access_token"]).header("X-Jeton-Instance") == instance


def test_radioworkflow_scopes(shared_demo):
    """A space-delimited list [SEED]; the token has what was asked for."""
    person = Person(shared_demo, "radioworkflow")
    assert person.tokens(scope="basic dubbed")["scope"] == "basic dubbed"


def test_producthunt_viewer(shared_demo):
    """The customary check tells a user's token from a client's: `viewer` is null for the latter [DOC]."""
    person = Person(shared_demo, "producthunt")
    query = {"query": "query { viewer { user { username } } }"}
    token = person.tokens(scope="public private")["access_token"]
    reply = shared_demo.post_json("/v2/api/graphql", query, person.service.bearer(token))
    assert reply.json() == {"data": {"viewer": {"user": {"username": person.user["username"]}}}}
    reply = shared_demo.post_json("/v2/api/graphql", query, person.service.bearer(person.service.token()))
    assert reply.json() == {"data": {"viewer": None}}


def test_producthunt_code_reply(shared_demo):
    """105 bytes and no scope [DOC]."""
    person = Person(shared_demo, "producthunt")
    reply = person.redeem(person.give_code())
    assert len(reply.body) == 105 and reply.header("Cache-Control") == "no-store"
    person.read_tokens(reply)


def test_podchaser_ignores_response_type(shared_demo):
    """None in the documents; generic libraries send `code` [DOC]."""
    assert Person(shared_demo, "podchaser").tokens(response_type="code")["token_type"] == "Bearer"


def test_pkce(shared_demo):
    """[RFC7636 4.6] The verifier that fits the challenge opens the code."""
    person = Person(shared_demo, "standard")
    verifier, challenge = pkce()
    code = person.give_code(code_challenge=challenge, code_challenge_method="S256")
    assert person.read_tokens(person.redeem(code, code_verifier=verifier))["access_token"]


def test_form_post(shared_demo):
    """response_mode=form_post: a page that posts the answer, by a button where there is no script."""
    person = Person(shared_demo, "standard")
    page = person.allow(person.reach_consent(response_mode="form_post", state='"><script>'))
    assert page.status == 200
    form = page.form
    fields = dict(form.fields)
    shared_demo.secrets.add(fields["code"])
    assert form.action == person.redirect_uri and fields["state"] == '"><script>' and "iss" in fields
    assert '"><script>' not in page.reply.text and html.escape('"><script>') in page.reply.text
    assert person.redirect_uri.rsplit("/", 1)[0] in page.reply.headers["Content-Security-Policy"]


def test_post_to_authorize_works_like_get(person):
    """Behaviour 20: the parameters may come in a form body."""
    from urllib.parse import urlencode
    page = person.open("POST", person.account["authorize_path"], urlencode(person.parameters()),
                       {"Content-Type": "application/x-www-form-urlencoded"})
    page = person.allow(person.sign_in(page))
    assert "code" in page.query()


def test_long_state(person):
    """Behaviour 28: up to 4 KiB come back as they were."""
    state = "S" * 4096
    page = person.allow(person.reach_consent(state=state))
    assert page.query()["state"] == state


def test_metadata_of_the_standard_server(shared_demo):
    """[RFC8414 2] What the authorization endpoint can do is told."""
    metadata = body_of(shared_demo.request("GET", "/.well-known/oauth-authorization-server"))
    assert metadata["authorization_endpoint"].endswith("/oauth2/authorize")
    assert metadata["response_types_supported"] == ["code"]
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert set(metadata["response_modes_supported"]) == {"query", "form_post"}
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert "authorization_code" in metadata["grant_types_supported"]
