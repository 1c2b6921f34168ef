"""A person with a browser that knows no JavaScript, and the client that has sent her: both sides of every flow."""

import base64
import hashlib
import hmac
import json
import secrets
import struct
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import http1
import requests
from service import Service

TIMEOUT_SECONDS = 30
FLOWS = ("podio", "producthunt", "podchaser", "radioworkflow", "standard")
CODE_MUTATION = """mutation Redeem($id: String!, $secret: String!, $code: String!, $redirect: String!) {
  requestAccessToken(input: {grant_type: AUTHORIZATION_CODE, client_id: $id, client_secret: $secret, code: $code,
                             redirect_uri: $redirect}) { access_token token_type expires_in }
}"""


@dataclass
class Form:
    """One <form> as a browser without JavaScript would send it."""

    action: str = ""
    method: str = "get"
    is_hidden: bool = False  # until a script shows it
    fields: list = field(default_factory=list)  # (name, value) of what is sent whatever button is pressed
    buttons: list = field(default_factory=list)  # attributes of each button
    choices: dict = field(default_factory=dict)  # name of a select or radio: its values


class FormReader(HTMLParser):
    """Forms, the title, headings and alerts of a page."""

    def __init__(self):
        super().__init__()
        self.forms, self.ids, self.lang = [], set(), None
        self.form = self.select = None
        self.text, self.alerts, self.alert_depth, self.headings = [], [], 0, []
        self.heading = False

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if "id" in found:
            assert found["id"] not in self.ids, f"the id {found['id']} stands twice"
            self.ids.add(found["id"])
        if tag == "html":
            self.lang = found.get("lang")
        if self.alert_depth and tag not in ("br", "img", "input", "hr"):
            self.alert_depth += 1
        if found.get("role") == "alert":
            self.alert_depth = max(self.alert_depth, 1)
        self.heading = tag == "h1" or self.heading
        if tag == "form":
            self.form = Form(found.get("action", ""), found.get("method", "get").lower(), "hidden" in found)
            self.forms.append(self.form)
        if self.form is not None:
            self.read_control(tag, found)

    def read_control(self, tag, found):
        name = found.get("name")
        if tag == "button":
            self.form.buttons.append(found)
        elif tag == "select":
            self.select = name
            self.form.choices[name] = []
        elif tag == "option" and self.select:
            self.form.choices[self.select].append(found.get("value"))
            if "selected" in found:
                self.form.fields.append((self.select, found.get("value")))
        elif tag == "input" and name and found.get("type") in ("radio", "checkbox"):
            self.form.choices.setdefault(name, []).append(found.get("value"))
            if "checked" in found:
                self.form.fields.append((name, found.get("value", "on")))
        elif tag == "input" and name:
            self.form.fields.append((name, found.get("value", "")))

    def handle_endtag(self, tag):
        if self.alert_depth:
            self.alert_depth -= 1
        if tag == "form":
            self.form = None
        if tag == "select":
            self.select = None
        if tag == "h1":
            self.heading = False

    def handle_data(self, data):
        self.text.append(data)
        if self.alert_depth:
            self.alerts.append(data.strip())
        if self.heading:
            self.headings.append(data.strip())


class Page:
    """A reply, read as HTML when it is some."""

    def __init__(self, reply):
        self.reply, self.status, self.url = reply, reply.status_code, reply.url
        self.location = reply.headers.get("Location")
        self.html = FormReader()
        if reply.headers.get("Content-Type", "").startswith("text/html"):
            self.html.feed(reply.text)

    @property
    def text(self):
        return " ".join(" ".join(self.html.text).split())

    @property
    def alert(self):
        return " ".join(part for part in self.html.alerts if part)

    @property
    def form(self):
        """The form that the page is about: the one that says how to answer it."""
        posts = [form for form in self.html.forms if form.method == "post" and not form.is_hidden]
        assert posts, f"no form on {self.url} ({self.status}): {self.text[:400]}"
        return max(posts, key=lambda form: len(form.fields))

    def has_button(self, **wanted):
        return any(wanted.items() <= button.items() for form in self.html.forms for button in form.buttons)

    def query(self):
        return dict(parse_qsl(urlsplit(self.location).query, keep_blank_values=True))

    def fragment(self):
        return dict(parse_qsl(urlsplit(self.location).fragment, keep_blank_values=True))

    def __repr__(self):
        return f"<{self.status} {self.url} -> {self.location} {self.text[:300]!r}>"


class Browser:
    """Cookies and forms; follows redirects within the server only."""

    def __init__(self, daemon, language=None):
        self.daemon = daemon
        self.origin = daemon.description["origin"]
        self.session = requests.Session()
        self.session.trust_env = False
        if language:
            self.session.headers["Accept-Language"] = language

    def get(self, target, **options):
        return self.open("GET", target, **options)

    def open(self, method, target, data=None, headers=None):
        url = urljoin(self.origin, target)
        reply = self.session.request(method, url, data=data, headers=headers, allow_redirects=False,
                                     timeout=TIMEOUT_SECONDS)
        while reply.is_redirect and self.is_ours(reply):
            reply = self.session.get(urljoin(reply.url, reply.headers["Location"]), allow_redirects=False,
                                     timeout=TIMEOUT_SECONDS)
        return Page(reply)

    def is_ours(self, reply):
        return urljoin(reply.url, reply.headers["Location"]).startswith(self.origin + "/")

    def submit(self, page, button=None, form=None, **values):
        """Presses a button: by its id, its (name, value), or the only one."""
        form = form or page.form
        data = [(name, value) for name, value in form.fields if name not in values]
        data += [(name, value) for name, value in values.items() if value is not None]
        if button:
            data += pressed(form, button)
        return self.open("POST", urljoin(page.url, form.action), urlencode(data),
                         {"Content-Type": "application/x-www-form-urlencoded"})


def pressed(form, button):
    for found in form.buttons:
        if found.get("id") == button or (found.get("name"), found.get("value")) == button:
            return [(found["name"], found.get("value", ""))] if "name" in found else []
    raise AssertionError(f"no button {button} among {form.buttons}")


class Person(Browser):
    """The demo's user of one service, and what its client asks of her."""

    def __init__(self, daemon, name, language=None, user=None):
        super().__init__(daemon, language)
        self.service = Service(daemon, name)
        self.name = name
        self.account = self.service.account
        self.user = user or self.account["user"]
        self.redirect_uri = self.account["redirect_uri"]
        daemon.secrets.add(self.user["password"])

    # --- the client's first step ---

    def parameters(self, **changes):
        """What the service's documents have the client send; None takes a parameter out."""
        asked = {"client_id": self.account["client_id"], "state": secrets.token_urlsafe(12)}
        if self.name not in ("podio", "podchaser"):
            asked["response_type"] = "code"
        if self.name != "radioworkflow":
            asked["redirect_uri"] = self.redirect_uri
        if self.name != "podio":
            asked["scope"] = self.account["scope"]
        asked |= changes
        return {name: value for name, value in asked.items() if value is not None}

    def target(self, **changes):
        return self.account["authorize_path"] + "?" + urlencode(self.parameters(**changes))

    def authorize(self, **changes):
        return self.get(self.target(**changes))

    def refused(self, **changes):
        """What the client hears of a wrong request. Behaviour 27: not before it is known who the person is."""
        page = self.authorize(**changes)
        return self.sign_in(page) if page.has_button(id="sign-in") else page

    # --- the person's ---

    def sign_in(self, page, password=None, username=None):
        return self.submit(page, "sign-in", username=username or self.user["username"],
                           password=password or self.user["password"])

    def allow(self, page, instance=None):
        values = {"instance": instance} if instance else self.first_instance(page)
        return self.submit(page, ("decision", "allow"), **values)

    def deny(self, page):
        return self.submit(page, ("decision", "deny"), **self.first_instance(page))

    @staticmethod
    def first_instance(page):
        choices = page.form.choices.get("instance")
        chosen = dict(page.form.fields).get("instance")
        return {"instance": chosen or choices[0]} if choices else {}

    def reach_consent(self, **changes):
        page = self.authorize(**changes)
        if page.has_button(id="sign-in"):
            page = self.sign_in(page)
        assert page.has_button(name="decision", value="allow"), repr(page)
        return page

    def give_code(self, instance=None, **changes):
        page = self.allow(self.reach_consent(**changes), instance)
        assert page.status in (302, 303), repr(page)
        code = page.query()["code"]
        self.daemon.secrets.add(code)
        return code

    # --- the client's second step ---

    def redeem(self, code, client=None, **changes):
        """The documented exchange; the reply as it is."""
        client = client or self.account
        path = self.account.get("token_path", self.service.spelling.token_path)
        if self.name == "podchaser":
            variables = {"id": client["client_id"], "secret": client["client_secret"], "code": code,
                         "redirect": changes.get("redirect_uri", self.redirect_uri)}
            return self.daemon.post_json(path, {"query": CODE_MUTATION, "variables": variables})
        body = {"grant_type": "authorization_code", "code": code}
        if self.name != "radioworkflow":
            body["redirect_uri"] = self.redirect_uri
        headers = {}
        if self.name in ("radioworkflow", "standard"):
            headers["Authorization"] = http1.basic(client["client_id"], client["client_secret"])
        else:
            body |= {"client_id": client["client_id"], "client_secret": client["client_secret"]}
        body = {name: value for name, value in {**body, **changes}.items() if value is not None}
        return self.daemon.post_form(path, body, headers)

    def tokens(self, **changes):
        """Once through the whole flow."""
        reply = self.redeem(self.give_code(**changes))
        return self.read_tokens(reply)

    def read_tokens(self, reply):
        assert reply.status == 200, str(reply)
        members = reply.json()
        if self.name == "podchaser":
            assert "errors" not in members, members
            members = members["data"]["requestAccessToken"]
        self.daemon.secrets |= {members[name] for name in ("access_token", "refresh_token") if name in members}
        return members

    def refuses(self, reply, error="invalid_grant"):
        """True when the token endpoint says no in the service's shape."""
        if self.name == "podchaser":
            return reply.status == 200 and reply.json()["data"]["requestAccessToken"] is None
        return reply.status in (400, 401) and reply.json()["error"] == error

    def refresh(self, refresh_token, **changes):
        client = self.account
        path = self.account.get("refresh_path") or self.account.get("token_path", self.service.spelling.token_path)
        body = {"grant_type": "refresh_token", "refresh_token": refresh_token, **changes}
        headers = {}
        if self.name in ("radioworkflow", "standard"):
            headers["Authorization"] = http1.basic(client["client_id"], client["client_secret"])
        else:
            body |= {"client_id": client["client_id"], "client_secret": client["client_secret"]}
        return self.daemon.post_form(path, body, headers)


def pkce():
    """(verifier, challenge) [RFC7636 4.1, 4.2]"""
    verifier = secrets.token_urlsafe(32)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def totp(key, at):
    """[RFC6238 4] What an authenticator app shows for a key as it is typed, spaces and all."""
    key = base64.b32decode("".join(key.split()) + "=" * (-len("".join(key.split())) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(at) // 30), "sha1")
    number = struct.unpack_from(">I", digest, digest[-1] & 15)[0] & 0x7FFFFFFF
    return f"{number % 1000000:06}"


def body_of(reply):
    return json.loads(reply.body)
