"""Each flow of each service in Chromium, from the client's redirect to the token, with and without JavaScript."""

from urllib.parse import parse_qsl, urlsplit

from journey import person, redeem, url  # noqa: F401
from people import Person


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
