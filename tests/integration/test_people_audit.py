"""The audit trail: whatever a person, or somebody in her name, does leaves a line that says who, from where and when."""

import re
import time

import daemon as daemons
import pytest
from daemon import free_port, wait_until
from fixtures import lived
from people import Browser, totp

CONFIGURATION = """
data_directory: data
listeners:
  - {{address: "localhost:{port}", serves: [public]}}
mail: {{from: no-reply@example.com, directory: letters}}
realms:
  main:
    dialect: standard
    issuer: http://localhost:{port}
    grants: {{authorization_code: {{refresh_token: true}}, refresh_token: {{}}}}
    people: {{registration: open}}
    scopes: {{read: {{description: Read.}}}}
"""
ADDRESS, NEW_ADDRESS, PASSWORD = "ada@example.org", "ada.king@example.org", "an owl on the roof at night"
CALLBACK = "http://localhost:8765/back"


class Trail:
    """One person's browser at a server of her own, and what the log said since the last look."""

    def __init__(self, server):
        self.server, self.browser, self.seen = server, Browser(server), 0
        self.letters = 0

    def get(self, path):
        return self.browser.get(f"/auth/main/{path}")

    def send(self, path, button=None, **values):
        """Fills in the form of that path on the page where it stands."""
        page = self.get(path.split("/")[0] if "set-up" not in path else path)
        return self.submit(page, path, button, **values)

    def submit(self, page, path, button=None, **values):
        form = next(form for form in page.html.forms if form.action.split("?")[0].endswith(f"/{path}"))
        self.server.secrets |= {value for name, value in values.items() if "password" in name}
        return self.browser.submit(page, button, form=form, **values)

    def sign_in(self, username=ADDRESS, password=PASSWORD):
        return self.send("sign-in", username=username, password=password)

    def link(self):
        """Of the next letter."""
        self.letters += 1
        file = self.server.folder / "letters" / f"{self.letters}.eml"
        wait_until(file.exists, what=str(file))
        link = re.search(r"http://\S+", file.read_text())[0]
        self.server.secrets.update(re.findall(r"ticket=(\S+)", link))
        return link

    def events(self):
        """The lines since the last look, but those of the operator and of mail."""
        lines = self.server.log_events()
        fresh, self.seen = lines[self.seen:], len(lines)
        return [line for line in fresh if not line["event"].startswith(("operator_", "mail_", "listen", "serving"))]


@pytest.fixture
def trail(folder):
    port = free_port()
    server = daemons.serve(folder, CONFIGURATION.format(port=port), port)
    server.description = {"origin": f"http://{server.authority}"}
    yield Trail(server)
    for _ in lived(server):
        pass


def expect(trail, *names, username=ADDRESS):
    """Exactly these lines, each with the realm, the person, the address and the time."""
    events = trail.events()
    assert [event["event"] for event in events] == list(names), events
    for event in events:
        assert event["realm"] == "main" and event["client_address"] in ("127.0.0.1", "::1"), event
        assert event.get("username", username) == username, event
        assert event["exchange"] and event["time"], event
    return events


def test_a_persons_life(trail):
    """Registering, signing in and out, second step, consent, changes of password, name and address, what others tried."""
    trail.send("register", username=ADDRESS, display_name="Ada")
    expect(trail, "user_registered")
    trail.submit(trail.browser.get(trail.link()), "confirm", password=PASSWORD)
    expect(trail, "email_confirmed")
    wrong = trail.sign_in(password="not this one at all")
    assert wrong.alert
    assert expect(trail, "sign_in_failed")[0]["reason"] == "wrong"
    trail.sign_in(username="nobody@example.org", password="not this one at all")
    expect(trail, "sign_in_failed", username="(unknown)")
    trail.sign_in()
    expect(trail, "user_signed_in")

    set_up_second_step(trail)
    decide(trail)
    change_everything(trail)

    trail.get("sign-out")
    trail.send("sign-out")
    expect(trail, "user_signed_out")
    trail.send("forgot", username=NEW_ADDRESS)
    expect(trail, "password_reset_asked")
    trail.letters += 2  # the ones about the changes
    trail.submit(trail.browser.get(trail.link()), "reset", password=PASSWORD)
    expect(trail, "password_reset")


def set_up_second_step(trail):
    page = trail.get("security/set-up")
    key = re.search(r'class="key-text">([A-Z2-7 ]+)<', page.reply.text)[1]
    page = trail.submit(page, "set-up", code=totp(key, time.time()))
    codes = re.findall(r"<li><code>([^<]+)</code>", page.reply.text)
    trail.server.secrets.update(codes)
    expect(trail, "second_factor_set_up")
    other = Trail(trail.server)
    other.seen = trail.seen
    page = other.sign_in()
    page = other.submit(page, "factor", code="000000")
    page = other.submit(page, "factor", code=codes[0])
    events = expect(other, "user_signed_in", "second_factor_failed", "second_factor_shown")
    assert events[-1]["reason"] == "recovery_code"
    other.send("security/factor", ("do", "recovery_codes"), password=PASSWORD)
    other.send("security/factor", ("do", "remove"), password=PASSWORD)
    expect(other, "recovery_codes_made", "second_factor_removed")
    trail.seen = other.seen


def decide(trail):
    client = trail.server.create_client("main", redirect_uri=CALLBACK)
    target = f"/oauth2/authorize?response_type=code&client_id={client['client_id']}&scope=read&state=1&redirect_uri={CALLBACK}"
    trail.events()
    trail.browser.submit(trail.browser.get(target), ("decision", "deny"))
    assert expect(trail, "consent_denied")[0]["client_id"] == client["client_id"]
    page = trail.browser.submit(trail.browser.get(target), ("decision", "allow"))
    trail.server.secrets.add(page.query()["code"])
    given = expect(trail, "consent_given")[0]
    assert given["client_id"] == client["client_id"] and given["scope"] == "read" and given["instance"] == ""
    page = trail.get("applications")
    button = next(button for form in page.html.forms for button in form.buttons if button.get("name") == "withdraw")
    trail.submit(page, "applications", withdraw=button["value"])
    assert expect(trail, "consent_withdrawn")[0]["application"] == client["application_id"]


def change_everything(trail):
    trail.send("account", display_name="Ada King")
    expect(trail, "user_renamed")
    trail.send("account/email", email=NEW_ADDRESS, password=PASSWORD)
    expect(trail, "email_change_asked")
    trail.submit(trail.browser.get(trail.link()), "confirm")
    expect(trail, "email_confirmed")
    trail.send("security/password", password="not this one at all", new_password=PASSWORD[::-1])
    expect(trail, "sign_in_failed")
    trail.send("security/password", password=PASSWORD, new_password=PASSWORD[::-1])
    expect(trail, "password_changed")
    Trail(trail.server).sign_in(password=PASSWORD[::-1])
    trail.send("security/sessions", ("end", "others"))
    expect(trail, "user_signed_in", "sessions_ended")
