"""A person with a browser: reads pages, fills in the forms by their documented names, keeps cookies. No JavaScript."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

# More pages than this between the question and the answer are a loop.
PAGES_MAX = 12


@dataclass
class Form:
    action: str
    method: str
    fields: dict = field(default_factory=dict)
    buttons: dict = field(default_factory=dict)  # (name, value) pairs by id
    choices: dict = field(default_factory=dict)  # values of radios and selects by name


class FormReader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms, self.selected = [], None

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "form":
            self.forms.append(Form(values.get("action", ""), values.get("method", "get").upper()))
        if not self.forms:
            return
        form, name = self.forms[-1], values.get("name")
        if tag == "button":
            form.buttons[values.get("id", name)] = (name, values.get("value", ""))
        elif tag == "select":
            self.selected = name
        elif tag == "option" and self.selected:
            form.choices.setdefault(self.selected, []).append(values.get("value", ""))
        elif tag == "input" and values.get("type") == "radio":
            form.choices.setdefault(name, []).append(values.get("value", ""))
        elif tag == "input" and name:
            form.fields[name] = values.get("value") or ""

    def handle_endtag(self, tag):
        if tag == "select":
            self.selected = None


def read_forms(html):
    reader = FormReader()
    reader.feed(html)
    return reader.forms


class Person:
    """One browser of one user. `decision` is what consent is answered with; `instance` by name, else the first."""

    def __init__(self, daemon, user, decision="allow", instance=None, host=None):
        self.daemon, self.user, self.decision, self.instance = daemon, user, decision, instance
        self.host = host or daemon.authority
        self.cookies = {}
        self.at = "/"

    def open(self, target, method="GET", body=None, headers=None):
        """One request with the cookies; the reply."""
        headers = dict(headers or {})
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        reply = self.daemon.request(method, target, headers, body, self.host)
        return self.take(reply, target)

    def take(self, reply, target):
        """Stands at `target`, which was answered so."""
        self.at = target
        for name, value in reply.headers:
            if name.lower() == "set-cookie":
                cookie, _, content = value.split(";", 1)[0].partition("=")
                self.cookies[cookie] = content
        return reply

    def submit(self, form, button=None, **values):
        fields = {**form.fields, **values}
        if button:
            name, value = form.buttons[button]
            fields |= {name: value} if name else {}
        target = urlsplit(urljoin(f"http://{self.host}{self.at}", form.action))
        path = target.path + (f"?{target.query}" if target.query else "")
        return self.open(path, "POST", urlencode(fields))

    def answer(self, reply):
        """The next step of a person who sees this page, or None when it is none of the flow's."""
        for form in read_forms(reply.body.decode("utf-8", "replace")):
            if "sign-in" in form.buttons and "password" in form.fields:
                return self.submit(form, "sign-in", username=self.user["username"], password=self.user["password"])
            if self.decision in form.buttons:
                chosen = {}
                if "instance" in form.choices:
                    chosen["instance"] = self.instance or form.choices["instance"][0]
                return self.submit(form, self.decision, **chosen)
        return None

    def is_ours(self, location):
        return location.startswith("/") or urlsplit(location).netloc == self.host

    def carry_through(self, reply):
        """From the reply to the client's request to the one that leaves for the client, or to a page without a way on."""
        for _ in range(PAGES_MAX):
            location = reply.header("Location")
            if location and not self.is_ours(location):
                return reply
            if location:
                target = urlsplit(location)
                following = self.open(target.path + (f"?{target.query}" if target.query else ""))
            else:
                following = self.answer(reply)
            if following is None:
                return reply
            reply = following
        raise AssertionError(f"the person goes round in circles at {self.at}:\n{reply}")

    def authorize(self, target):
        return self.carry_through(self.open(target))
