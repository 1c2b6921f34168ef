"""The pages that people see: signing in, being asked, looking after what was allowed. Without JavaScript."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from people import FLOWS, Person
from test_people_refusals import new_user


@pytest.fixture(params=FLOWS)
def person(request, shared_demo):
    return Person(shared_demo, request.param)


def check_headers(page):
    """Behaviour 27: framed by nobody, no referrer, kept by nobody."""
    headers = page.reply.headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer" and headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_headers_of_every_page(person):
    page = person.authorize()
    check_headers(page)
    page = person.sign_in(page)
    check_headers(page)
    check_headers(person.authorize(client_id="nobody"))
    for path in ("", "/applications"):
        check_headers(person.get(f"/auth/{person.name}{path}"))


def test_cookie(person):
    """HttpOnly, SameSite=Lax, bound to the path of nobody else; a new one with each sign-in."""
    page = person.authorize()
    before = page.reply.headers["Set-Cookie"]
    name, value = before.split(";")[0].split("=", 1)
    assert name == f"jeton-{person.name}"
    attributes = {part.strip().lower() for part in before.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= attributes
    person.sign_in(page)
    assert person.session.cookies[name] != value
    person.daemon.secrets.add(person.session.cookies[name])


def test_wrong_password(person):
    """The same words whether the user exists or not; what was typed as a name stays, the password does not."""
    user = new_user(person.daemon, person)
    page = person.authorize(state="kept")
    wrong = person.sign_in(page, password="wrong horse battery")
    assert wrong.has_button(id="sign-in") and wrong.alert
    assert user["username"] in wrong.reply.text and "wrong horse battery" not in wrong.reply.text
    unknown = Person(person.daemon, person.name)
    stranger = unknown.sign_in(unknown.authorize(), username="nobody@example.org", password="wrong horse battery")
    assert stranger.alert == wrong.alert and stranger.status == wrong.status
    assert person.allow(person.sign_in(wrong)).query()["state"] == "kept"


def test_guessing_is_slowed_down(shared_demo):
    """After some wrong passwords the next try must wait, the right password too; a browser with a cookie of an earlier
    sign-in need not. All services side by side, since it takes seconds."""
    users = [new_user(shared_demo, Person(shared_demo, name)) for name in FLOWS]
    with ThreadPoolExecutor(len(FLOWS)) as pool:
        list(pool.map(lambda name, user: check_guessing(shared_demo, name, user), FLOWS, users))


def check_guessing(daemon, name, user):
    friend = Person(daemon, name, user=user)
    friend.reach_consent()
    guess_for_a_while(daemon, name, user)
    stranger = Person(daemon, name, user=user)
    page = stranger.sign_in(stranger.authorize())
    assert page.has_button(id="sign-in") and page.alert, repr(page)
    del friend.session.cookies[f"jeton-{name}"]
    page = friend.authorize()
    assert page.has_button(id="sign-in"), repr(page)
    page = friend.sign_in(page)
    assert page.has_button(name="decision", value="allow"), repr(page)


def guess_for_a_while(daemon, name, user):
    """The fifth wrong password costs a second, the eighth eight: enough for what comes next on a busy machine."""
    guesser = Person(daemon, name, user=user)
    page = guesser.authorize()

    def compared():
        return sum(event["username"] == user["username"] and event["reason"] == "wrong"
                   for event in daemon.log_events("sign_in_failed") if event.get("realm") == name)

    while compared() < 8:
        page = guesser.sign_in(page, password="wrong horse battery")
        assert page.has_button(id="sign-in"), repr(page)
        time.sleep(0.05)


def test_forged_form(person):
    """A form token is the browser's own: without it, with another's or with a changed one nothing happens."""
    page = person.authorize()
    token = dict(page.form.fields)["form"]
    other = dict(Person(person.daemon, person.name).authorize().form.fields)["form"]
    for forged in (None, "", other, token[:-1] + ("0" if token[-1] != "0" else "1")):
        tried = person.submit(page, "sign-in", username=person.user["username"], password=person.user["password"],
                              form=without_token(page, forged))
        assert tried.has_button(id="sign-in"), (forged, repr(tried))
    assert person.authorize().has_button(id="sign-in")
    consent = person.reach_consent()
    for forged in (None, other):
        denied = person.submit(consent, ("decision", "allow"), form=without_token(consent, forged),
                               **person.first_instance(consent))
        assert not (denied.location or "").startswith(person.redirect_uri), repr(denied)


def without_token(page, token):
    import copy
    form = copy.deepcopy(page.form)
    form.fields = [(name, value) for name, value in form.fields if name != "form"]
    if token is not None:
        form.fields.append(("form", token))
    return form


def test_return_to_stays_here(person):
    """The sign-in form sends nobody elsewhere."""
    for target in ("https://evil.example/", "//evil.example/", "/\\evil.example", "/unknown", "javascript:alert(1)"):
        page = person.authorize()
        tried = person.submit(page, "sign-in", username=person.user["username"], password=person.user["password"],
                              return_to=target)
        assert "evil" not in (tried.location or "") and "evil" not in tried.url, target
        person.session.cookies.clear()


def test_two_tabs(person):
    """Two requests of one browser wait side by side; each gets its own answer."""
    first, second = person.authorize(state="first"), person.authorize(state="second")
    first = person.sign_in(first)
    second = person.sign_in(second)  # the form is from before the sign-in in the other tab
    if second.has_button(id="sign-in"):
        second = person.sign_in(second)
    assert person.allow(second).query()["state"] == "second"
    first = person.authorize(state="first") if not first.has_button(id="allow") else first
    answer = person.allow(first)
    if not answer.location:
        answer = person.allow(answer)
    assert answer.query()["state"] == "first"


def test_double_submit(person):
    """Behaviour 26: the same code while it is unused; after that a page, and the tokens live."""
    page = person.reach_consent()
    first, second = person.allow(page), person.allow(page)
    code = first.query()["code"]
    assert second.query()["code"] == code
    token = person.read_tokens(person.redeem(code))["access_token"]
    third = person.allow(page)
    assert third.location is None and third.status in (200, 400, 403, 409)
    assert person.service.guard(token).status == 200


def test_connected_applications(person):
    """What was allowed is seen and withdrawn, and ends with the next request."""
    user = new_user(person.daemon, person)
    tokens = person.tokens()
    page = person.get(f"/auth/{person.name}/applications")
    assert "Demo application" in page.text, repr(page)
    form = next(form for form in page.html.forms if any(b.get("name") == "withdraw" for b in form.buttons))
    button = next(button for button in form.buttons if button.get("name") == "withdraw")
    page = person.submit(page, ("withdraw", button.get("value")), form=form)
    assert person.service.guard(tokens["access_token"]).status == 401
    assert "Demo application" not in person.get(f"/auth/{person.name}/applications").text
    assert user["username"]


def test_sign_out(person):
    """The session ends on the server, not only in the browser."""
    person.reach_consent()
    kept = dict(person.session.cookies)
    page = person.get(f"/auth/{person.name}")
    form = next(form for form in page.html.forms if any(b.get("id") == "sign-out" for b in form.buttons))
    person.submit(page, "sign-out", form=form)
    thief = Person(person.daemon, person.name)
    thief.session.cookies.update(kept)
    assert thief.authorize().has_button(id="sign-in")


def test_change_password(person):
    """The old one opens nothing any more, other sessions end, this one stays."""
    user = new_user(person.daemon, person)
    elsewhere = Person(person.daemon, person.name, user=user)
    elsewhere.reach_consent()
    person.reach_consent()
    page = person.get(f"/auth/{person.name}/security")
    form = next(form for form in page.html.forms if any(name == "new_password" for name, _ in form.fields))
    page = person.submit(page, "change-password", form=form, password=user["password"],
                         new_password="a brand new horse 7")
    assert elsewhere.authorize().has_button(id="sign-in")
    assert not person.authorize().has_button(id="sign-in")
    fresh = Person(person.daemon, person.name, user=user)
    assert fresh.sign_in(fresh.authorize()).has_button(id="sign-in")
    fresh.user = {**user, "password": "a brand new horse 7"}
    person.daemon.secrets.add(fresh.user["password"])
    assert fresh.sign_in(fresh.authorize()).has_button(id="allow")


def test_languages(person):
    """Accept-Language chooses; the page says which it is."""
    english = person.authorize()
    french = Person(person.daemon, person.name, language="fr-CH, fr;q=0.9, en;q=0.8").authorize()
    unknown = Person(person.daemon, person.name, language="xx").authorize()
    assert english.html.lang == unknown.html.lang == "en" and french.html.lang == "fr"
    assert french.html.headings != english.html.headings
    assert "Accept-Language" in french.reply.headers["Vary"]


def test_consent_says_what_for(person):
    """Who asks, what for, and in which instance."""
    page = person.reach_consent()
    assert "Demo application" in page.text
    for instance in person.account["instances"]:
        assert instance["title"] in page.text
    assert set(page.form.choices["instance"]) == {instance["name"] for instance in person.account["instances"]}


def test_instance_must_be_ones_own(person):
    """Behaviours of isolation: an instance that the user is no member of cannot be chosen."""
    person.daemon.command("instance add", realm=person.name, name="not-hers", title="Not hers") \
        if not any(found["name"] == "not-hers" for found in
                   person.daemon.command("instance list", realm=person.name)) else None
    page = person.allow(person.reach_consent(), "not-hers")
    assert not (page.location or "").startswith(person.redirect_uri) or "error=" in page.location


def test_stylesheet(person):
    """Served with a name that changes with its content."""
    page = person.authorize()
    paths = re.findall(r'<link rel="stylesheet" href="([^"]+)"', page.reply.text)
    assert paths
    for path in paths:
        style = person.get(path)
        assert style.status == 200 and style.reply.headers["Content-Type"].startswith("text/css")
        assert "max-age" in style.reply.headers["Cache-Control"]


def test_markup_in_names_is_text(person):
    """Escaping by context: an application's name is whatever its developer wrote."""
    name = '<b onclick="x">&"\'</b>'
    created = person.daemon.command("app create", realm=person.name, name=name, redirect_uri=person.redirect_uri)
    client = created["clients"][0]
    person.daemon.secrets.add(client["client_secret"])
    page = person.reach_consent(client_id=client["client_id"])
    assert "<b onclick" not in page.reply.text and name in page.text
