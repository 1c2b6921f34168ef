"""Each flow of each service in Chromium, from the client's redirect to the token, with and without JavaScript."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from people import FLOWS, Person, totp
from selenium.webdriver.common.action_chains import ActionChains
from test_people_refusals import new_user

FORM_SECONDS = 900
CODE_SECONDS = 30


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


def test_allow(person, chromium, client_site):
    chromium.driver.delete_all_cookies()
    chromium.open(url(person, state="from the browser"))
    name = f"{person.name}-{'script' if chromium.with_scripts else 'plain'}"
    chromium.picture(f"sign-in-{name}")
    chromium.sign_in(person.user)
    chromium.find("#allow")
    chromium.picture(f"consent-{name}")
    instance = person.account["instances"][1]["name"]
    chromium.choose(instance)
    chromium.press("#allow")
    chromium.wait_for_url(client_site.uri)
    answer = client_site.last_query()
    assert answer["state"] == "from the browser"
    assert person.service.guard(redeem(person, client_site)).header("X-Jeton-Instance") == instance


def test_deny(person, chromium, client_site):
    chromium.open(url(person, state="no"))
    chromium.sign_in(person.user)
    chromium.press("#deny")
    chromium.wait_for_url(client_site.uri)
    answer = client_site.last_query()
    assert answer["error"] == "access_denied" and answer["state"] == "no" and "code" not in answer


def test_wrong_password_then_right(person, chromium, client_site):
    chromium.open(url(person))
    user = {**person.user, "password": "not this one at all"}
    chromium.sign_in(user)
    assert chromium.find("[role=alert]").text
    chromium.picture(f"wrong-password-{person.name}")
    chromium.sign_in(person.user)
    chromium.press("#allow")
    chromium.wait_for_url(client_site.uri)


def test_back_button_after_consent(person, chromium, client_site):
    """Whoever goes back and allows again gets the same code: the client sees one flow."""
    chromium.open(url(person))
    chromium.sign_in(person.user)
    chromium.press("#allow")
    chromium.wait_for_url(client_site.uri)
    first = client_site.last_query()["code"]
    chromium.driver.back()
    if chromium.has("#allow"):
        chromium.press("#allow")
        chromium.wait_for_url(client_site.uri)
    person.daemon.secrets.add(first)
    redeem(person, client_site)


def test_double_submit(person, chromium, client_site):
    """Behaviour 26: who presses twice signs in once, and the client sees one code that stays good."""
    seen = len(client_site.visits)
    chromium.open(url(person))
    chromium.type("input[name=username]", person.user["username"])
    chromium.type("input[name=password]", person.user["password"])
    press_twice(chromium, "#sign-in")
    chromium.find("#allow")
    press_twice(chromium, "#allow")
    chromium.wait_for_url(client_site.uri)
    codes = {path for _, path, _ in client_site.visits[seen:] if path.startswith("/callback")}
    assert len(codes) == 1, codes
    redeem(person, client_site)


def press_twice(chromium, selector):
    ActionChains(chromium.driver).double_click(chromium.find(selector)).perform()


def test_expired_forms(person, chromium, client_site):
    """A form that was open for long is shown once more, and nothing that the person came for is lost."""
    clock = person.daemon.clock
    chromium.open(url(person, state="late"))
    clock.move(FORM_SECONDS + 60)
    try:
        chromium.sign_in(person.user)
        chromium.picture(f"sign-in-expired-{person.name}")
        assert chromium.find("[role=alert]").text and chromium.has("#sign-in")
        chromium.sign_in(person.user)
        chromium.find("#allow")
        clock.move(FORM_SECONDS + 60)
        seen = len(client_site.visits)
        chromium.press("#allow")
        assert chromium.find("[role=alert]").text and len(client_site.visits) == seen
        chromium.picture(f"consent-expired-{person.name}")
        chromium.press("#allow")
        chromium.wait_for_url(client_site.uri)
        assert client_site.last_query()["state"] == "late"
        redeem(person, client_site)
    finally:
        clock.move(-clock.later)


def test_second_factor(person, chromium, client_site):
    """[RFC6238 5.2] An app is set up, and asked from then on: a code opens once, so does a recovery code."""
    clock = person.daemon.clock
    new_user(person.daemon, person)
    chromium.open(f"{person.daemon.description['origin']}/auth/{person.name}/security/set-up")
    chromium.sign_in(person.user)
    assert chromium.find("img.qr").size["width"] == 200
    key = chromium.find(".key-text").get_attribute("textContent")
    chromium.type("#code", totp(key, clock.time()))
    chromium.press("#verify")
    chromium.find(".recovery-codes")
    recovery = [code.text for code in chromium.driver.find_elements("css selector", ".recovery-codes code")]
    assert len(recovery) == 10
    person.daemon.secrets.update(recovery)
    try:
        clock.move(CODE_SECONDS)
        with_second_step(person, chromium, client_site, totp(key, clock.time()))
        with_second_step(person, chromium, client_site, recovery[3], used=recovery[3])
    finally:
        clock.move(-clock.later)


def with_second_step(person, chromium, client_site, code, used=None):
    chromium.driver.delete_all_cookies()
    chromium.open(url(person, state="twice sure"))
    chromium.sign_in(person.user)
    chromium.type("#code", "000000")
    chromium.press("#verify")
    assert chromium.find("[role=alert]").text
    chromium.type("#code", code)
    chromium.press("#verify")
    chromium.press("#allow")
    chromium.wait_for_url(client_site.uri)
    assert client_site.last_query()["state"] == "twice sure"
    redeem(person, client_site)
    if used:
        chromium.driver.delete_all_cookies()
        chromium.open(url(person))
        chromium.sign_in(person.user)
        chromium.type("#code", used)
        chromium.press("#verify")
        assert chromium.find("[role=alert]").text


def test_two_tabs(person, chromium, client_site):
    chromium.open(url(person, state="first"))
    chromium.driver.switch_to.new_window("tab")
    chromium.open(url(person, state="second"))
    chromium.sign_in(person.user)
    chromium.press("#allow")
    chromium.wait_for_url(client_site.uri)
    assert client_site.last_query()["state"] == "second"
    chromium.driver.close()
    chromium.driver.switch_to.window(chromium.driver.window_handles[0])
    if chromium.has("#sign-in"):
        chromium.sign_in(person.user)
    chromium.press("#allow")
    chromium.wait_for_url(client_site.uri)
    assert client_site.last_query()["state"] == "first"


def test_unknown_client_is_a_page(person, chromium):
    chromium.open(url(person, client_id="nobody"))
    assert urlsplit(chromium.driver.current_url).netloc == person.daemon.description["origin"].split("//")[1]
    chromium.picture(f"error-{person.name}")
    assert chromium.find("h1").text


def test_podio_client_side(shared_demo, chromium, client_site):
    """The implicit flow's fragment reaches the client's page, not its server."""
    chromium.driver.delete_all_cookies()
    person = Person(shared_demo, "podio")
    person.redirect_uri = client_site.uri
    chromium.open(url(person, response_type="token"))
    chromium.sign_in(person.user)
    chromium.press("#allow")
    answer = dict(parse_qsl(urlsplit(chromium.wait_for_url(client_site.uri)).fragment))
    shared_demo.secrets |= {answer["access_token"], answer["refresh_token"]}
    assert answer["token_type"] == "bearer" and answer["expires_in"] == "28800"
    assert person.service.guard(answer["access_token"]).status == 200
    assert all("access_token" not in path for _, path, _ in client_site.visits)


def test_form_post(shared_demo, chromium, client_site):
    """The answer as a POST to the client; a press of the button where there is no script."""
    chromium.driver.delete_all_cookies()
    person = Person(shared_demo, "standard")
    client = shared_demo.create_client("standard", redirect_uri=client_site.uri)
    person.account = {**person.account, **client}
    person.redirect_uri = client_site.uri
    chromium.open(url(person, response_mode="form_post", state="posted"))
    chromium.sign_in(person.user)
    chromium.press("#allow")
    if not chromium.with_scripts:
        chromium.press("form button")
    chromium.wait_for_url(client_site.uri)
    method, _, body = next(visit for visit in reversed(client_site.visits) if visit[0] == "POST")
    answer = dict(parse_qsl(body))
    shared_demo.secrets.add(answer["code"])
    assert answer["state"] == "posted" and answer["iss"] == shared_demo.description["origin"]
