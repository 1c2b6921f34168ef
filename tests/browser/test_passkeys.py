"""Passkeys in Chromium, with its virtual authenticator: what the browser signs is what a real key would sign."""

import pytest
from people import Person, totp
from selenium.webdriver.common.by import By
from test_people_refusals import new_user

AUTHENTICATOR = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                 "isUserVerified": True, "automaticPresenceSimulation": True}


class Keys:
    """The browser's authenticator."""

    def __init__(self, browser, **changes):
        self.command = browser.driver.execute_cdp_cmd
        self.command("WebAuthn.enable", {})
        added = self.command("WebAuthn.addVirtualAuthenticator", {"options": {**AUTHENTICATOR, **changes}})
        self.id = added["authenticatorId"]

    def credentials(self):
        return self.command("WebAuthn.getCredentials", {"authenticatorId": self.id})["credentials"]

    def set_verified(self, is_verified):
        self.command("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": is_verified})


@pytest.fixture
def person(shared_demo):
    """A user of her own: passkeys change how she signs in."""
    person = Person(shared_demo, "standard")
    new_user(shared_demo, person)
    return person


def page(person, path):
    return f"{person.daemon.description['origin']}/auth/{person.name}/{path}"


def add_passkey(browser, person):
    browser.open(page(person, "security"))
    browser.sign_in(person.user)
    browser.tap("#add-passkey")
    browser.find("#passkeys [name=remove]")


def sign_out(browser):
    browser.press("#sign-out")
    browser.driver.delete_all_cookies()


def test_add_sign_in_and_remove(browser, person):
    """[WebAuthn 7.1, 7.2] Added once, it signs in without a password; removed, it opens nothing."""
    keys = Keys(browser)
    add_passkey(browser, person)
    browser.picture("security-with-passkey")
    assert len(keys.credentials()) == 1
    sign_out(browser)
    browser.open(person.daemon.description["origin"] + person.target(state="by passkey"))
    browser.picture("sign-in-with-passkey")
    browser.tap("#use-passkey")
    browser.find("#allow")
    browser.open(page(person, "security"))
    browser.press("#passkeys [name=remove]")
    browser.find("[role=status]")
    assert not browser.has("#passkeys [name=remove]")
    sign_out(browser)
    browser.open(page(person, "account"))
    browser.tap("#use-passkey")
    assert browser.find("[role=alert]").text
    assert browser.has("#sign-in")
    trail = [event for event in person.daemon.log_events() if event["event"].startswith("passkey_")]
    assert [event["event"] for event in trail][-4:] == ["passkey_added", "passkey_shown", "passkey_removed",
                                                        "passkey_failed"]
    assert trail[-2]["username"] == person.user["username"]


def test_as_the_second_step(browser, person):
    """After the password it takes the place of the app's code."""
    Keys(browser)
    browser.open(page(person, "security/set-up"))
    browser.sign_in(person.user)
    key = browser.find(".key-text").get_attribute("textContent")
    browser.type("#code", totp(key, person.daemon.clock.time()))
    browser.press("#verify")
    browser.press("a.button.main")
    browser.tap("#add-passkey")
    browser.find("#passkeys [name=remove]")
    sign_out(browser)
    browser.open(person.daemon.description["origin"] + person.target(state="by both"))
    browser.sign_in(person.user)
    browser.find("#code")
    browser.look("factor-with-passkey")
    browser.tap("#use-passkey")
    assert browser.find("#allow")
    assert person.daemon.log_events("passkey_shown")[-1]["username"] == person.user["username"]


def test_somebody_must_be_verified(browser, person):
    """Alone, a passkey must be used by somebody who knows or is: presence is not enough."""
    keys = Keys(browser)
    add_passkey(browser, person)
    sign_out(browser)
    keys.set_verified(False)
    browser.open(page(person, "account"))
    browser.tap("#use-passkey")
    browser.find("#passkey-form .problem, [role=alert]")
    assert browser.has("#sign-in")


def test_forms_of_another_origin_or_browser_open_nothing(browser, person):
    """The challenge is bound to the cookie: what was signed for one browser is worth nothing in another."""
    Keys(browser)
    add_passkey(browser, person)
    sign_out(browser)
    browser.open(page(person, "account"))
    browser.find("#use-passkey")
    browser.driver.execute_script("HTMLFormElement.prototype.submit = function () { window.sent = true; };")
    browser.tap("#use-passkey")
    wait_for_script(browser)
    form = browser.driver.find_element(By.ID, "passkey-form")
    fields = {field.get_attribute("name"): field.get_attribute("value")
              for field in form.find_elements(By.CSS_SELECTOR, "input[type=hidden]")}
    thief = Person(person.daemon, person.name)
    thief.authorize()
    stolen = thief.open("POST", page(person, "passkey"), fields)
    assert thief.authorize().has_button(id="sign-in"), repr(stolen)


def wait_for_script(browser):
    from daemon import wait_until
    wait_until(lambda: browser.driver.execute_script("return window.sent === true"), what="the script's answer")
