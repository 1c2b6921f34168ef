"""Whoever comes at the same time: one code has one winner, one refresh token one successor."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from people import FLOWS, Person

CROWD = 32


@pytest.fixture(params=FLOWS)
def person(request, shared_demo):
    return Person(shared_demo, request.param)


def at_once(call):
    with ThreadPoolExecutor(CROWD) as pool:
        return list(pool.map(lambda _: call(), range(CROWD)))


def test_one_code_has_one_winner(person):
    """Behaviour 30; the losers are replays, so what the winner got is revoked [RFC6749 4.1.2]."""
    code = person.give_code()
    replies = at_once(lambda: person.redeem(code))
    winners = [reply for reply in replies if not person.refuses(reply)]
    assert len(winners) == 1, [str(reply) for reply in replies]
    token = person.read_tokens(winners[0])["access_token"]
    assert person.service.guard(token).status == 401


@pytest.mark.parametrize("name", ["standard", "radioworkflow"])
def test_one_refresh_token_has_one_successor(shared_demo, name):
    """Behaviour 42: within the grace window everybody hears the same answer."""
    person = Person(shared_demo, name)
    tokens = person.tokens()
    answers = [person.read_tokens(reply) for reply in at_once(lambda: person.refresh(tokens["refresh_token"]))]
    assert len({answer["refresh_token"] for answer in answers}) == 1
    assert len({answer["access_token"] for answer in answers}) == 1
    assert person.service.guard(answers[0]["access_token"]).status == 200


def test_kept_refresh_token_serves_everybody(shared_demo):
    """Podio keeps the token: each exchange gives an access token of its own [SEED]."""
    person = Person(shared_demo, "podio")
    tokens = person.tokens()
    answers = [person.read_tokens(reply) for reply in at_once(lambda: person.refresh(tokens["refresh_token"]))]
    assert len({answer["access_token"] for answer in answers}) == CROWD
    assert {answer["refresh_token"] for answer in answers} == {tokens["refresh_token"]}


def test_one_form_sent_by_a_crowd_gives_one_code(person):
    """Behaviour 26: a consent form counts once, however often it is sent."""
    page = person.reach_consent()
    pages = at_once(lambda: person.allow(page))
    assert {page.status for page in pages} <= {302, 303}
    assert len({page.query()["code"] for page in pages}) == 1


def test_one_password_is_replaced_once(own_demo):
    """Whoever was compared with a password that is no longer the one has not shown it."""
    person = Person(own_demo, "standard")
    page = person.sign_in(person.get("/auth/standard/security"))
    words = [f"a new password, number {number}" for number in range(8)]
    own_demo.secrets |= set(words)
    form = next(form for form in page.html.forms if form.action.endswith("/security/password"))

    def change(word):
        return person.submit(page, form=form, password=person.user["password"], new_password=word)

    with ThreadPoolExecutor(len(words)) as pool:
        pages = list(pool.map(change, words))
    assert [page.url.endswith("?done=password") for page in pages].count(True) == 1, pages
