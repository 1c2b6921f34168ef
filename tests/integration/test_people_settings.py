"""What the configuration changes for people: realms whose names are alike, and a server that sends no mail."""

import daemon as daemons
import pytest
from daemon import free_port
from fixtures import lived
from people import Browser

CONFIGURATION = """
data_directory: data
listeners:
  - {{address: "localhost:{port}", serves: [public]}}
realms:
  x: {{dialect: standard, issuer: "http://localhost:{port}", path: /x, grants: {{authorization_code: {{}}}}}}
  x-device: {{dialect: podio, issuer: "http://localhost:{port}", grants: {{authorization_code: {{}}}}}}
"""
PASSWORD = "an owl on the roof at night"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    port = free_port()
    folder = tmp_path_factory.mktemp("j")
    server = daemons.serve(folder, CONFIGURATION.format(port=port), port)
    server.description = {"origin": f"http://{server.authority}"}
    for realm in ("x", "x-device"):
        server.command("user add", realm=realm, username="ada", password=PASSWORD, display_name="Ada",
                       email="ada@example.org")
    yield from lived(server)


def sign_in(browser, realm):
    page = browser.get(f"/auth/{realm}/account")
    return browser.submit(page, "sign-in", username="ada", password=PASSWORD)


def test_realms_have_cookies_of_their_own(server):
    """A realm x-device is no device of the realm x: signed in to one, one can sign in to the other, and stay in both."""
    browser = Browser(server)
    for realm in ("x", "x-device"):
        assert sign_in(browser, realm).has_button(id="sign-out"), realm
    assert len(browser.session.cookies) == 4  # a session and a known device each
    for realm in ("x", "x-device"):
        assert browser.get(f"/auth/{realm}/account").has_button(id="sign-out"), realm


def test_without_mail_nothing_is_offered_that_needs_it(server):
    """No link to a form that would promise a letter, and the form itself says whom to ask."""
    browser = Browser(server)
    page = browser.get("/auth/x/sign-in")
    assert "/auth/x/forgot" not in page.reply.text and page.has_button(id="sign-in")
    told = browser.get("/auth/x/forgot")
    assert told.status == 403 and "Ask x for a new password" in told.text and not told.html.forms
    page = sign_in(browser, "x")
    assert page.has_button(id="save") and not page.has_button(id="change-email")
    form = next(form for form in page.html.forms if form.action.endswith("/account"))
    form.action += "/email"
    page = browser.submit(page, form=form, email="other@example.org", password=PASSWORD)
    assert "We have sent" not in page.text
    page = browser.get("/auth/x/security")
    form = next(form for form in page.html.forms if form.action.endswith("/password"))
    browser.submit(page, form=form, password=PASSWORD, new_password=PASSWORD[::-1])
    assert not server.log_events("mail_postponed")
