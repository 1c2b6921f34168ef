"""What people do to a flow, for each service in Chromium: back, twice, late, in two tabs, with a second step."""

from journey import person, redeem, url  # noqa: F401
from people import totp
from test_people_refusals import new_user

FORM_SECONDS = 900
CODE_SECONDS = 30


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
    seen = len(client_site.callbacks())
    chromium.open(url(person))
    chromium.type("input[name=username]", person.user["username"])
    chromium.type("input[name=password]", person.user["password"])
    press_twice(chromium, "#sign-in")
    chromium.find("#allow")
    press_twice(chromium, "#allow")
    chromium.wait_for_url(client_site.uri)
    codes = set(client_site.callbacks()[seen:])
    assert len(codes) == 1, codes
    redeem(person, client_site)


def press_twice(chromium, selector):
    """By events of the mouse itself: the driver's own double click can wait for ever for a page that the first one left."""
    element = chromium.find(selector)
    chromium.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    place = chromium.driver.execute_script("return arguments[0].getBoundingClientRect()", element)
    at = {"x": place["x"] + place["width"] / 2, "y": place["y"] + place["height"] / 2, "button": "left"}
    for count in (1, 2):
        for kind in ("mousePressed", "mouseReleased"):
            chromium.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": kind, "clickCount": count, **at})


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
        seen = len(client_site.callbacks())
        chromium.press("#allow")
        assert chromium.find("[role=alert]").text and len(client_site.callbacks()) == seen
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
