"""Every page in Chromium, on a desk and on a phone, light and dark: pictures to look at, and what can be measured.

A realm of its own kind: whoever comes may register, mails lie in a folder, operators need a second step; a second realm
asks everybody for one.
"""

import re
import tempfile
from email import message_from_bytes
from email.policy import default as modern
from urllib.parse import parse_qs, urlencode, urlsplit

import daemon as daemons
import pytest
from chromium import Chromium
from daemon import Clock, free_port, wait_until
from fixtures import lived
from people import totp

CONFIGURATION = """
data_directory: data
listeners:
  - {{address: "localhost:{port}", serves: [public, guard]}}
mail: {{from: no-reply@example.com, directory: letters}}
realms:
  main:
    dialect: standard
    issuer: http://localhost:{port}
    appearance: {{title: Desert Radio}}
    grants: {{authorization_code: {{refresh_token: true}}, refresh_token: {{}}}}
    authorize: {{tell_issuer: true}}
    people: {{registration: open, second_factor_roles: [operator]}}
    scopes:
      read: {{description: Read your stations and what is played on them}}
      write: {{description: "Change your stations, their schedules and what listeners hear", level: write}}
      profile: {{description: Your name and e-mail address, needs_user: true}}
  strict:
    dialect: standard
    hosts: [strict.localhost]
    issuer: http://strict.localhost:{port}
    grants: {{authorization_code: {{refresh_token: true}}, refresh_token: {{}}}}
    people: {{second_factor: required}}
    scopes: {{read: {{description: Read everything}}}}
"""
PASSWORD = "an owl on the roof at night"
TITLES = ["Harbour Radio", "Desert Broadcasters", "Mountain FM", "Radio of the Seven Hills and the Valley Below",
          "City Waves", "Night Line"]


@pytest.fixture(scope="module")
def town():
    with tempfile.TemporaryDirectory(prefix="jeton-") as folder:
        port = free_port()
        yield from lived(daemons.serve(folder, CONFIGURATION.format(port=port), port, Clock(folder)))


@pytest.fixture(scope="module")
def client(town, client_site):
    for name, title in enumerate(TITLES):
        town.command("instance add", realm="main", name=f"i{name}", title=title)
    return town.create_client("main", redirect_uri=client_site.uri, website="https://player.example")


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    """With scripts; one for the module."""
    browser = Chromium(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture(autouse=True)
def a_new_day(request, town):
    """Each test begins as a stranger, on time."""
    for name in {"window", "chromium"} & set(request.fixturenames):
        request.getfixturevalue(name).driver.delete_all_cookies()
    yield
    town.clock.move(-town.clock.later)


def page(town, path, realm="main"):
    host = "localhost" if realm == "main" else f"{realm}.localhost"
    return f"http://{host}:{town.address[1]}/auth/{realm}/{path}"


def authorize(town, client, client_site, **changes):
    asked = {"response_type": "code", "client_id": client["client_id"], "redirect_uri": client_site.uri,
             "scope": "read write", "state": "1", **changes}
    return f"http://localhost:{town.address[1]}/oauth2/authorize?" + urlencode(asked)


def new_user(town, instances=(), realm="main", **details):
    town.made = getattr(town, "made", 0) + 1
    name = f"ada.{town.made}@example.org"
    town.command("user add", realm=realm, username=name, password=PASSWORD, display_name="Ada Lovelace", **details)
    for instance in instances:
        town.command("member add", realm=realm, username=name, instance=instance, role="editor")
    return {"username": name, "password": PASSWORD}


def letter_to(town, address, number=1):
    """The text of the so-manieth letter to somebody."""
    def find():
        files = sorted((town.folder / "letters").glob("*.eml"), key=lambda file: int(file.stem))
        letters = [message_from_bytes(file.read_bytes(), policy=modern) for file in files]
        to_them = [letter for letter in letters if address in letter["To"]]
        return to_them[number - 1] if len(to_them) >= number else None
    return wait_until(find, what=f"letter {number} to {address}").get_content()


def link_in(town, text):
    link = re.search(r"https?://\S+", text)[0]
    town.secrets.update(parse_qs(urlsplit(link).query).get("ticket", []))
    return link


def set_up(browser, town, look=None):
    """The rest of the page that shows a key: (key, recovery codes)."""
    key = browser.find(".key-text").get_attribute("textContent")
    if look:
        look("set-up")
    browser.type("#code", totp(key, town.clock.time()))
    browser.press("#verify")
    browser.find(".recovery-codes")
    if look:
        look("recovery-codes")
    return key, [code.text for code in browser.driver.find_elements("css selector", ".recovery-codes code")]


def test_signing_in(town, client, client_site, window):
    user = new_user(town, ["i0", "i1"])
    window.open(authorize(town, client, client_site))
    window.look("sign-in")
    window.sign_in({**user, "password": "not this one"})
    window.look("sign-in-wrong")
    town.clock.move(1000)
    window.sign_in(user)
    window.look("sign-in-expired")
    window.sign_in(user)
    window.find("#allow")
    window.look("consent")
    town.clock.move(1000)
    window.press("#allow")
    window.look("consent-expired")
    window.press("#deny")
    window.wait_for_url(client_site.uri)
    window.open(authorize(town, client, client_site, client_id="nobody"))
    window.look("error-unknown-client")
    window.open(page(town, "nowhere"))
    window.look("error-not-found")


def test_guessing_waits(town, window):
    user = new_user(town)
    window.open(page(town, "sign-in"))
    for _ in range(7):
        window.sign_in({**user, "password": "not this one"})
        assert window.find("[role=alert]").text
    window.look("sign-in-delayed")


def test_consent(town, client, client_site, window):
    """Many instances make a list; one is told; a client that was verified has a sign of it."""
    many, one = new_user(town, [f"i{number}" for number in range(len(TITLES))]), new_user(town, ["i3"])
    window.open(authorize(town, client, client_site, scope="read write profile"))
    window.sign_in(many)
    window.find("#allow")
    window.look("consent-list")
    window.choose("i3")
    window.press("#allow")
    window.wait_for_url(client_site.uri)
    window.driver.delete_all_cookies()
    window.open(page(town, "applications"))
    window.sign_in(many)
    window.find("[name=withdraw]")
    assert TITLES[3] in window.text
    window.look("applications")
    window.press("[name=withdraw]")
    window.find("[role=status], .empty")
    window.look("applications-none")
    window.driver.delete_all_cookies()
    town.command("app verify", application_id=client["application_id"])
    window.open(authorize(town, client, client_site, scope="read"))
    window.sign_in(one)
    window.find("#allow")
    window.look("consent-verified")


def test_account(town, window, tmp_path):
    user = new_user(town, ["i1", "i3"], email="ada.private@example.org")
    window.open(page(town, "account"))
    window.sign_in(user)
    window.find("#save")
    window.look("account")
    window.type("#display_name", "Ada King")
    window.press("#save")
    assert window.find("[role=status]").text
    other = Chromium(tmp_path / "other")
    try:
        other.open(page(town, "account"))
        other.sign_in(user)
        other.find("#save")
        window.open(page(town, "security"))
        window.find("#sign-out-everywhere")
        window.look("security")
        window.press("#sign-out-everywhere")
        window.find("[role=status]")
        assert not window.has("#sign-out-everywhere")
        other.open(page(town, "account"))
        assert other.find("#sign-in"), "signed out everywhere else"
    finally:
        other.close()
    window.open(page(town, "sign-out"))
    window.look("sign-out")
    window.press("#sign-out")
    window.find(".told")
    window.look("signed-out")


def test_registering(town, chromium):
    """By mail: the link, not the form, makes the account; it works once."""
    address = f"newcomer.{'script' if chromium.with_scripts else 'plain'}@example.org"
    chromium.open(page(town, "sign-in"))
    chromium.press(".below a")
    chromium.find("#register")
    chromium.look("register")
    chromium.type("#display_name", "A Newcomer")
    chromium.type("#username", address)
    chromium.press("#register")
    chromium.find(".told")
    chromium.look("register-sent")
    link = link_in(town, letter_to(town, address))
    chromium.open(link)
    chromium.find("#confirm")
    chromium.look("confirm")
    chromium.type("#password", PASSWORD)
    chromium.press("#confirm")
    chromium.find("a.button")
    chromium.look("confirm-done")
    chromium.press("a.button")
    chromium.sign_in({"username": address, "password": PASSWORD})
    assert chromium.find("#email").get_attribute("value") == address
    chromium.open(link)
    chromium.look("confirm-over")
    assert not chromium.has("#confirm")


def test_forgotten_password(town, chromium):
    """By mail: the old password opens nothing any more, the link works once."""
    user = new_user(town)
    chromium.open(page(town, "sign-in"))
    chromium.press(".label-row a")
    chromium.find("#send")
    chromium.look("forgot")
    chromium.type("#username", user["username"])
    chromium.press("#send")
    chromium.find(".told")
    chromium.look("forgot-sent")
    link = link_in(town, letter_to(town, user["username"]))
    chromium.open(link)
    chromium.type("#password", PASSWORD[::-1])
    chromium.look("reset")
    chromium.press("#save")
    chromium.find("a.button")
    chromium.look("reset-done")
    chromium.open(link)
    assert not chromium.has("#save")
    chromium.open(page(town, "account"))
    chromium.sign_in(user)
    assert chromium.find("[role=alert]").text
    chromium.sign_in({**user, "password": PASSWORD[::-1]})
    chromium.find("#save")


@pytest.mark.parametrize("realm", ["main", "strict"])
def test_second_factor_is_required(town, chromium, realm):
    """Of everybody in one realm, of operators in the other: nothing is open before it is set up."""
    user = new_user(town, realm=realm, **({"roles": "operator"} if realm == "main" else {}))
    chromium.open(page(town, "applications", realm))
    chromium.sign_in(user)
    chromium.find(".qr")
    for path in ("account", "security", "applications"):
        chromium.open(page(town, path, realm))
        assert chromium.has(".qr"), path
    key, codes = set_up(chromium, town, chromium.look)
    town.secrets.update(codes)
    chromium.press("a.button.main")
    chromium.find("h1")
    assert chromium.driver.current_url == page(town, "applications", realm)
    chromium.driver.delete_all_cookies()
    town.clock.move(30)
    chromium.open(page(town, "account", realm))
    chromium.sign_in(user)
    chromium.find("#code")
    chromium.look("factor")
    chromium.type("#code", totp(key, town.clock.time()))
    chromium.press("#verify")
    chromium.find("#save")
    chromium.open(page(town, "security", realm))
    assert chromium.has("#new-recovery-codes") and not chromium.has("#remove-factor")
    chromium.look("security-with-factor")


def test_form_post(town, client, client_site, tmp_path):
    """What is seen of it where no script sends it on."""
    browser = Chromium(tmp_path / "plain", with_scripts=False)
    try:
        browser.open(authorize(town, client, client_site, response_mode="form_post"))
        browser.sign_in(new_user(town, ["i0"]))
        browser.press("#allow")
        browser.find("#continue")
        browser.look("form-post")
        browser.press("#continue")
        browser.wait_for_url(client_site.uri)
    finally:
        browser.close()


def test_by_keyboard_alone(town, client, client_site, window):
    """[WCAG 2.1 2.1.1, 2.4.7] From the client's redirect back to the client without a mouse, and one sees where one is."""
    from selenium.webdriver.common.keys import Keys
    user = new_user(town, ["i0", "i1"])
    window.open(authorize(town, client, client_site, state="keys"))

    def keys(*pressed):
        window.driver.switch_to.active_element.send_keys(*pressed)

    def go_to(selector):
        for _ in range(30):
            element = window.driver.switch_to.active_element
            if window.driver.execute_script("return arguments[0].matches(arguments[1])", element, selector):
                outline = window.driver.execute_script("return getComputedStyle(arguments[0]).outlineStyle", element)
                assert outline != "none", selector
                return
            keys(Keys.TAB)
        raise AssertionError(f"Tab does not reach {selector}")

    go_to("input[name=username]")
    keys(user["username"])
    go_to("input[name=password]")
    keys(user["password"], Keys.ENTER)
    window.find("#allow")
    go_to("input[name=instance]")
    keys(Keys.SPACE)
    go_to("#allow")
    keys(Keys.ENTER)
    window.wait_for_url(client_site.uri)
    assert client_site.last_query()["state"] == "keys"


def test_in_french(town, window, tmp_path):
    """The browser's language is the page's."""
    browser = Chromium(tmp_path / "french", language="fr")
    try:
        browser.open(page(town, "sign-in"))
        assert browser.find("html").get_attribute("lang") == "fr"
        browser.look("sign-in-french")
    finally:
        browser.close()
