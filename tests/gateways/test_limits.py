"""What a client hears of its limits through each gateway: the headers and the refusal that its API documents."""

import pytest
from daemon import wait_until
from gateway import send
from realms import REALMS, Caller

# Not nginx-cached: what its cache answers is not counted.
KINDS = ("nginx", "caddy", "haproxy", "apache")
# realm: the refusal's status, the header that tells how much is left.
REFUSALS = {"standard": (429, "RateLimit"), "podio": (420, "X-Rate-Limit-Remaining"),
            "producthunt": (429, "X-Rate-Limit-Remaining"), "podchaser": (429, None)}
# What two answers of the guard about one refusal need not share.
OF_THE_ANSWER = ("date", "x-request-id", "x-podio-request-id", "connection", "content-length", "server", "keep-alive")


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(params=REALMS)
def realm(request):
    return request.param


@pytest.fixture
def caller(jeton, realm):
    return Caller(jeton, realm)


def told(reply):
    """The headers of a refusal without those of the one answer."""
    return sorted((name.lower(), value) for name, value in reply.headers if name.lower() not in OF_THE_ANSWER)


def ask_guard(jeton, caller, method, target):
    """The refusal as the dialect has it, without a gateway."""
    return jeton.request(method, f"/guard/{caller.service.realm}?statuses=dialect",
                         caller.headers(**{"X-Original-Method": method, "X-Original-URI": target}))


def test_a_client_hears_its_limits_and_the_refusal(jeton, api, gateways, kind, realm, caller):
    """Three may pass: what is left is told each time, the fourth is refused in the dialect's own words, and that is all
    that happens to the connection."""
    status, header = REFUSALS[realm]
    gateway = gateways(kind, realm)
    with gateway.connect() as connection:
        for left in (2, 1, 0):
            reply = send(connection, "GET", "/few/1", caller.headers())
            assert reply.status == 200, f"{reply}\n{gateway.log()}"
            if realm == "standard":
                assert f'"few";r={left};' in reply.header("RateLimit") and reply.header("RateLimit-Policy")
            elif header:
                assert (reply.header(header), reply.header("X-Rate-Limit-Limit")) == (str(left), "3")
        before = len(api.seen)
        for method, body in (("GET", None), ("POST", "x" * 1000), ("HEAD", None)):
            refused = send(connection, method, "/few/1?x=1", caller.headers(), body)
            assert refused.status == status, f"{refused}\n{gateway.log()}"
            assert 3500 < int(refused.header("Retry-After")) <= 3600
        assert len(api.seen) == before
        assert send(connection, "GET", "/things/1", caller.headers()).status == 200
    large = gateway.request("POST", "/few/1", caller.headers(), b"GET /things/1 HTTP/1.1\r\n\r\n" * (1 << 17))
    assert large.status == status and len(api.seen) == before + 1


@pytest.mark.parametrize("method, target", [("GET", "/things/1"), ("GET", "/mine/1"), ("DELETE", "/things/1"),
                                            ("GET", "/elsewhere?a=1&b=%20"), ("POST", "/few/1")])
def test_a_refusal_is_the_guards_own(jeton, gateways, kind, realm, caller, method, target):
    """Status, headers and body, of every kind of no: no live token, no scope, no user, no rule, no more."""
    if target == "/things/1" and method == "GET":
        caller.revoke()
    gateway = gateways(kind, realm)
    for _ in range(3 if target == "/few/1" else 0):
        assert gateway.request("GET", "/few/1", caller.headers()).status == 200
    for _ in range(5):  # seconds that are told may pass between two answers
        refused = gateway.request(method, target, caller.headers())
        expected = ask_guard(jeton, caller, method, target)
        if refused.body == expected.body and told(refused) == told(expected):
            break
    assert refused.status == expected.status
    assert told(refused) == told(expected)
    assert refused.body == expected.body


def test_points_are_told_and_used_up(jeton, api, gateways, kind):
    """Two requests of 7 points of 20 pass; the third finds 6 left."""
    realm = "podchaser"
    caller = Caller(jeton, realm)
    gateway = gateways(kind, realm)
    for left in (13, 6):
        reply = gateway.request("GET", "/costly/1", caller.headers())
        assert reply.status == 200, str(reply)
        assert (reply.header("X-Podchaser-Points-Remaining"), reply.header("X-Podchaser-Query-Cost")) == (str(left), "7")
    before = len(api.seen)
    refused = gateway.request("GET", "/costly/1", caller.headers())
    assert refused.status == 400 and len(api.seen) == before
    assert refused.json()["errors"][0]["message"] == "You do not have enough points left for this query."


def used(jeton, caller, name):
    windows = jeton.command("client plan show", client_id=caller.client_id)["windows"]
    return next(window["used"] for window in windows if window["name"] == name)


def test_what_the_api_says_of_the_cost_is_charged(jeton, gateways, kind, realm, caller):
    """Its X-Jeton-Cost goes to the guard and not to the client: in the windows of the request's class, once, and the
    connection goes on."""
    gateway = gateways(kind, realm)
    hands_back = kind != "caddy"  # which has nothing that runs once the answer has gone
    with gateway.connect() as connection:
        for method, cost, sum_before in (("GET", 5, 0), ("HEAD", 9, 12)):
            reply = send(connection, method, "/costly/1?a=%20b", caller.headers(**{"X-Own-Cost": str(cost)}))
            assert (reply.status, reply.header("X-Jeton-Cost")) == (200, None), f"{reply}\n{gateway.log()}"
            assert send(connection, "GET", "/things/1", caller.headers()).status == 200
            if not hands_back:
                return
            wait_until(lambda: used(jeton, caller, "costly") == sum_before + 7 + cost, what="the charge")
        assert send(connection, "GET", "/costly/1", caller.headers()).status >= 400, "they went past the limit"
    assert (used(jeton, caller, "costly"), used(jeton, caller, "few")) == (28, 0)
