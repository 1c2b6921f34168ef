"""Plans, their windows and what clients are told, by the real binary; golden bytes of each dialect's refusal."""

import json
import re
import threading
import time

import daemon as daemons
import pytest
from daemon import free_port, wait_until
from http1 import Connection, basic, form, request_bytes
from pulse import Pulse

REALM = """
  {name}:
    dialect: {dialect}
    issuer: http://localhost:{port}
    path: {path}
    grants: {{client_credentials: {{}}, service_account: {{}}}}
    access_token: {{format: base62, length: 40, lifetime_seconds: 1h}}
    scopes: {{read: {{}}}}
    default_scope: read
    plans:
      standard: {windows}
      exact: [{{name: hour, seconds: 1h, most: 777}}, {{name: day, limit: all, seconds: 1d, most: 1000}}]
      large: [{{name: hour, seconds: 1h, most: 1000000}}]
      short: [{{name: short, seconds: {short_seconds}, most: 200}}]
    default_plan: {{production: standard}}
    token_requests: {{per_client: {{most: {tokens}, seconds: 1h}}, failures_per_address: {{most: {failures}, seconds: 1h}}}}
"""
WINDOWS = {
    "podio": "[{name: hour, per: user, seconds: 1h, most: 2}]",
    "producthunt": "[{name: graphql, unit: points, seconds: 15m, most: 50}]",
    "podchaser": "[{name: points, unit: points, seconds: 30d, most: 25}, {name: burst, limit: all, seconds: 1h, most: 3}]",
    "podero": "[{name: burst, seconds: 1h, most: 2}]",
    "radioworkflow": "[{name: burst, seconds: 1h, most: 2}]",
    "standard": "[{name: hour, seconds: 1h, most: 2}, {name: day, limit: all, seconds: 1d, most: 1000}]",
}
TOKEN_PATHS = {"podio": "/podio/oauth/token", "producthunt": "/producthunt/v2/oauth/token", "podero": "/podero/oauth2/token/",
               "radioworkflow": "/radioworkflow/token", "standard": "/standard/oauth2/token"}
CONNECTIONS = 64
SHORT_SECONDS = 1200


def configuration(port, private_port, tokens=0, failures=0):
    text = f"data_directory: data\nlisteners:\n  - {{address: 'localhost:{port}', serves: [public, guard]}}\n"
    text += f"  - {{address: 'localhost:{private_port}', serves: [guard]}}\nrealms:"
    for name, windows in WINDOWS.items():
        text += REALM.format(name=name, dialect=name, port=port, path=f"/{name}", windows=windows, tokens=tokens,
                             failures=failures, short_seconds=SHORT_SECONDS)
    return text


class Server:
    """A server with a client in each realm."""

    def __init__(self, folder, clock=None, **limits):
        port, self.private_port = free_port(), free_port()
        self.text = configuration(port, self.private_port, **limits)
        self.daemon = daemons.serve(folder, self.text, port, clock)
        self.clients = {name: self.daemon.create_client(name) for name in WINDOWS}

    def ask_token(self, name, secret=None, client=None):
        client = client or self.clients[name]
        credentials = {"Authorization": basic(client["client_id"], secret or client["client_secret"])}
        if name != "podchaser":
            return self.daemon.post_form(TOKEN_PATHS[name], {"grant_type": "client_credentials"}, credentials)
        query = ('mutation {requestAccessToken(input: {grant_type: CLIENT_CREDENTIALS, client_id: "%s", client_secret: "%s"})'
                 ' {access_token}}' % (client["client_id"], secret or client["client_secret"]))
        return self.daemon.post_json("/podchaser/graphql", {"query": query})

    def take_plan(self, plan):
        return self.daemon.command("client plan set", client_id=self.clients["standard"]["client_id"], plan=plan)

    def token(self, name):
        reply = self.ask_token(name)
        assert reply.status == 200, str(reply)
        found = re.search(rb'"access_token": ?"([^"]+)"', reply.body)
        self.daemon.secrets.add(found[1].decode())
        return found[1].decode()

    def guard_request(self, name, token):
        scheme = "OAuth2" if name == "podio" else "Bearer"
        return request_bytes("GET", f"/guard/{name}", {
            "Host": self.daemon.authority, "Authorization": f"{scheme} {token}", "X-Original-Method": "GET",
            "X-Original-URI": "/things?id=1"})

    def guard(self, name, token):
        return self.daemon.send(self.guard_request(name, token))

    def charge(self, name, host_port=None, headers=None, **parameters):
        body = form(**parameters)
        headers = {"Host": "guard", "Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        with Connection(("localhost", host_port or self.private_port)) as connection:
            connection.send(request_bytes("POST", f"/usage/{name}", headers, body))
            return connection.reply()

    def used(self, name):
        windows = self.daemon.command("client plan show", client_id=self.clients[name]["client_id"])["windows"]
        return windows[0]["used"]


@pytest.fixture
def server(folder):
    server = Server(folder)
    yield server
    if server.daemon.process:
        server.daemon.stop()


@pytest.fixture
def clocked_server(folder):
    """Whose time of day the test moves."""
    server = Server(folder, daemons.Clock(folder))
    yield server
    server.daemon.stop()


def limit_headers(reply):
    names = ("x-rate-limit", "ratelimit", "x-podchaser", "retry-after")
    return {name: value for name, value in reply.headers if name.lower().startswith(names)}


def near(value, most):
    """A time that has just begun to run."""
    return most - 60 <= int(value) <= most


# What the guard says of the first request, and the status, headers and body with which it refuses the last.
def test_podio_words(server):
    """[DOC] X-Rate-Limit-Limit and -Remaining on every answer; the text with the seconds to wait."""
    token = server.token("podio")
    assert limit_headers(server.guard("podio", token)) == {"X-Rate-Limit-Limit": "2", "X-Rate-Limit-Remaining": "1"}
    assert limit_headers(server.guard("podio", token)) == {"X-Rate-Limit-Limit": "2", "X-Rate-Limit-Remaining": "0"}
    refused = server.guard("podio", token)
    wait = refused.header("Retry-After")
    assert refused.status == 403 and near(wait, 3600)
    assert limit_headers(refused) == {"X-Rate-Limit-Limit": "2", "X-Rate-Limit-Remaining": "0", "Retry-After": wait}
    assert refused.body.decode() == (
        '{"error":"rate_limit","error_detail":null,"error_description":"You have hit the rate limit. Please wait '
        f'{wait} seconds before trying again","error_parameters":{{}},"error_propagate":false,'
        '"request":{"url":"/things","query_string":"id=1","method":"GET"}}')


def test_product_hunt_words(server):
    """[DOC] X-Rate-Limit-Limit, -Remaining and -Reset; the 429's body with what is left below 0."""
    token, client = server.token("producthunt"), server.clients["producthunt"]["client_id"]
    first = limit_headers(server.guard("producthunt", token))
    assert near(first.pop("X-Rate-Limit-Reset"), 900)
    assert first == {"X-Rate-Limit-Limit": "50", "X-Rate-Limit-Remaining": "49"}
    assert server.charge("producthunt", client_id=client, points=99).status == 204
    refused = server.guard("producthunt", token)
    reset = refused.header("X-Rate-Limit-Reset")
    assert refused.status == 403 and near(reset, 900)
    assert limit_headers(refused) == {"X-Rate-Limit-Limit": "50", "X-Rate-Limit-Remaining": "-50",
                                      "X-Rate-Limit-Reset": reset, "Retry-After": reset}
    assert refused.body.decode() == (
        '{"data":null,"errors":[{"error":"rate_limit_reached","error_description":"Sorry. You have exceeded the API '
        'rate limit, please try again later.","details":{"limit":50,"remaining":-50,"reset_in":' + reset + '}}]}')


def test_podchaser_words(server):
    """[DOC] the points that are left and what the query cost. [INF] the bodies."""
    token, client = server.token("podchaser"), server.clients["podchaser"]["client_id"]
    assert limit_headers(server.guard("podchaser", token)) == {"X-Podchaser-Points-Remaining": "24",
                                                               "X-Podchaser-Query-Cost": "1"}
    told = server.charge("podchaser", client_id=client, points=24)
    assert (told.status, limit_headers(told)) == (204, {"X-Podchaser-Points-Remaining": "0",
                                                        "X-Podchaser-Query-Cost": "24"})
    refused = server.guard("podchaser", token)
    assert limit_headers(refused) == {"X-Podchaser-Points-Remaining": "0", "X-Podchaser-Query-Cost": "1",
                                      "Retry-After": refused.header("Retry-After")}
    assert refused.body.decode() == ('{"errors":[{"message":"You do not have enough points left for this query.",'
                                     '"extensions":{"category":"rate-limit"}}]}')


def test_podchaser_burst(server):
    """[DOC] Too many calls at once: Retry-After."""
    token = server.token("podchaser")
    for _ in range(3):
        assert server.guard("podchaser", token).status == 200
    refused = server.guard("podchaser", token)
    assert near(refused.header("Retry-After"), 3600)
    assert refused.body.decode() == '{"errors":[{"message":"Too Many Requests.","extensions":{"category":"rate-limit"}}]}'


def test_standard_words(server):
    """[draft-ietf-httpapi-ratelimit-headers-10] all windows in RateLimit-Policy and RateLimit."""
    token = server.token("standard")
    first = server.guard("standard", token)
    assert first.header("RateLimit-Policy") == '"hour";q=2;w=3600, "day";q=1000;w=86400'
    assert first.header("RateLimit") == '"hour";r=1;t=3600, "day";r=999;t=86400'
    server.guard("standard", token)
    refused = server.guard("standard", token)
    assert near(refused.header("Retry-After"), 3600)
    assert re.fullmatch(r'"hour";r=0;t=35\d\d|"hour";r=0;t=3600', refused.header("RateLimit").split(",")[0])
    assert refused.body.decode() == ('{"error":"rate_limited","error_description":"There were too many requests; '
                                     'try again later."}')


@pytest.mark.parametrize("name, body", [
    ("podero", '{{"detail":"Request was throttled. Expected available in {wait} seconds."}}'),
    ("radioworkflow", '{{"error":"rate_limited","error_description":"There were too many requests; try again later."}}')])
def test_words_of_services_without_documented_limits(server, name, body):
    """[INF, SRC] as the frameworks that they run say it."""
    token = server.token(name)
    assert [server.guard(name, token).status for _ in range(3)] == [200, 200, 403]
    refused = server.guard(name, token)
    wait = refused.header("Retry-After")
    assert near(wait, 3600) and refused.body.decode() == body.format(wait=wait)


@pytest.mark.parametrize("name, status", [("podio", 420), ("producthunt", 429), ("podero", 429), ("radioworkflow", 429),
                                          ("standard", 429)])
def test_status_of_the_dialect_itself(server, name, status):
    """For gateways that hand a refusal through."""
    token = server.token(name)
    server.charge(name, client_id=server.clients[name]["client_id"], points=50)
    for _ in range(2):
        server.guard(name, token)
    request = server.guard_request(name, token).replace(f"/guard/{name}".encode(), f"/guard/{name}?statuses=dialect".encode())
    refused = server.daemon.send(request)
    assert refused.status == status and near(refused.header("Retry-After"), 3600 if name != "producthunt" else 900)


def test_podchaser_statuses(server):
    """[DOC] 400 when the points are used up, 429 for too many requests."""
    token, client = server.token("podchaser"), server.clients["podchaser"]["client_id"]
    request = server.guard_request("podchaser", token).replace(b"/guard/podchaser", b"/guard/podchaser?statuses=dialect")
    assert [server.daemon.send(request).status for _ in range(4)] == [200, 200, 200, 429]
    server.charge("podchaser", client_id=client, points=50)
    assert server.daemon.send(request).status == 400  # both are used up: the longer wait is told


def test_kept_replies_tell_what_is_left_each_time(server):
    """The guard gives a kept reply again; how much is left is another each time, in headers that come once."""
    server.take_plan("large")
    token = server.token("standard")
    with Connection(server.daemon.address) as connection:
        for count in range(1, 40):
            connection.send(server.guard_request("standard", token))
            reply = connection.reply()
            assert re.fullmatch(rf'"hour";r={1000000 - count};t=\d+', reply.header("RateLimit")), str(reply)
            assert reply.header("RateLimit-Policy") == '"hour";q=1000000;w=3600'
            assert reply.header("X-Jeton-Client") == server.clients["standard"]["client_id"]


# --- exactness ---

def ask_at_once(server, name, token, count):
    """The statuses of `count` requests by each of 64 connections."""
    statuses, lock, start = [], threading.Lock(), threading.Barrier(CONNECTIONS)

    def ask():
        own = []
        with Connection(server.daemon.address) as connection:
            start.wait()
            for _ in range(count):
                connection.send(server.guard_request(name, token))
                own.append(connection.reply().status)
        with lock:
            statuses.extend(own)

    threads = [threading.Thread(target=ask) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(statuses) == CONNECTIONS * count
    return statuses


def test_64_connections_get_neither_one_too_many_nor_one_too_few(server):
    server.take_plan("exact")
    statuses = ask_at_once(server, "standard", server.token("standard"), 20)
    assert statuses.count(200) == 777 and statuses.count(403) == CONNECTIONS * 20 - 777
    assert server.used("standard") == 777


def test_64_connections_across_two_windows(clocked_server):
    """200 in the first window, 200 in the next that begins once it is over, however many ask meanwhile."""
    server = clocked_server
    server.take_plan("short")
    token = server.token("standard")
    statuses, over = [], threading.Event()

    def ask():
        with Connection(server.daemon.address) as connection:
            while not over.is_set():
                connection.send(server.guard_request("standard", token))
                statuses.append(connection.reply().status)

    def passed(expected):
        """How many passed: so many at least, and then ten times as many as there are connections were refused."""
        wait_until(lambda: statuses.count(200) >= expected, seconds=60, what=f"{expected} that pass")
        at = len(statuses)
        wait_until(lambda: statuses[at:].count(403) >= 10 * CONNECTIONS, seconds=60, what="refusals")
        return statuses.count(200)

    threads = [threading.Thread(target=ask) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    try:
        assert passed(200) == 200
        server.daemon.clock.move(SHORT_SECONDS - 120)
        assert passed(200) == 200, "the first window is not over"
        server.daemon.clock.move(120)
        assert passed(400) == 400
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert statuses.count(200) == 400 and server.used("standard") == 200


# --- what survives ---

def test_restart_keeps_all_that_was_used(server):
    server.take_plan("exact")
    token = server.token("standard")
    for _ in range(100):
        server.guard("standard", token)
    server.daemon.stop()
    server.daemon.start()
    assert server.used("standard") == 100
    assert server.guard("standard", token).header("RateLimit").startswith('"hour";r=676;')


def test_kill_loses_no_more_than_a_second(server):
    server.take_plan("large")
    token = server.token("standard")
    answered = []
    with Pulse(server.daemon.folder) as pulse:
        with Connection(server.daemon.address) as connection:
            end = time.monotonic() + 3
            while time.monotonic() < end:
                connection.send(server.guard_request("standard", token))
                reply = connection.reply()
                assert reply.status == 200, (len(answered), str(reply))
                answered.append(time.monotonic())
        killed_at = time.monotonic()
        server.daemon.kill()
    server.daemon.start()
    used = server.used("standard")
    last_second = pulse.before(killed_at, 1)
    assert sum(1 for at in answered if at < last_second) <= used <= len(answered)


def test_reload_keeps_counts_and_takes_the_new_limit(server):
    token = server.token("standard")
    server.guard("standard", token)
    server.daemon.configuration_path.write_text(server.text.replace(WINDOWS["standard"], "[{name: hour, seconds: 1h, most: 9}]"))
    server.daemon.reload()
    wait_until(lambda: server.daemon.log_events("configuration_reloaded"))
    assert server.guard("standard", token).header("RateLimit").startswith('"hour";r=7;')
    # A plan that is gone: the default holds, and the log says whose it was.
    server.take_plan("large")
    server.daemon.configuration_path.write_text(server.text.replace("large:", "huge:"))
    server.daemon.reload()
    wait_until(lambda: len(server.daemon.log_events("configuration_reloaded")) == 2)
    assert server.guard("standard", token).status == 403
    assert {"realm": "standard", "plan": "large"}.items() <= server.daemon.log_events("plan_unknown")[0].items()


# --- the operator ---

def test_plan_is_changed_while_serving(server):
    client_id = server.clients["standard"]["client_id"]
    token = server.token("standard")
    assert [server.guard("standard", token).status for _ in range(3)] == [200, 200, 403]
    shown = server.take_plan("large")
    assert (shown["own_plan"], shown["plan"], shown["windows"][0]["used"]) == ("large", "large", 2)
    assert server.guard("standard", token).header("RateLimit").startswith('"hour";r=999997;')
    assert server.daemon.command("client plan reset", client_id=client_id)["own_plan"] is None
    assert server.guard("standard", token).status == 403
    answer = server.daemon.ask_control({"command": "client plan set", "arguments": {"client_id": client_id, "plan": "x"}})
    assert answer["error"] == '"x" is none of the realm\'s plans: standard, exact, large, short'


# --- points after the fact ---

def test_points_come_in_a_form_json_or_headers(server):
    client = server.clients["producthunt"]["client_id"]
    assert server.charge("producthunt", client_id=client, points=5, path="/x?y").status == 204
    with Connection(("localhost", server.private_port)) as connection:
        body = json.dumps({"client_id": client, "points": 7, "subject": "-"})
        connection.send(request_bytes("POST", "/usage/producthunt", {"Host": "a", "Content-Type": "application/json"}, body))
        assert connection.reply().status == 204
        headers = {"X-Jeton-Client": client, "X-Jeton-Subject": "-", "X-Jeton-Cost": "11"}
        connection.send(request_bytes("POST", "/usage/producthunt", {"Host": "a", **headers}))
        assert connection.reply().status == 204
    assert server.used("producthunt") == 23


@pytest.mark.parametrize("change, status", [
    ({"points": "-1"}, 400), ({"points": "1000001"}, 400), ({"points": "x"}, 400), ({"points": None}, 400),
    ({"client_id": None}, 400), ({"client_id": "nobody"}, 400), ({"subject": "nobody"}, 400), ({"rule": "none"}, 400),
    ({"path": "a/b"}, 400), ({"path": "/a/../b"}, 400)])
def test_points_that_cannot_be_read_are_refused(server, change, status):
    parameters = {"client_id": server.clients["standard"]["client_id"], "points": 1, **change}
    assert server.charge("standard", **parameters).status == status


def test_strangers_charge_nobody(server):
    """On a listener that serves the public too only a resource server is heard."""
    client = server.clients["producthunt"]
    public = server.daemon.address[1]
    parameters = {"client_id": client["client_id"], "points": 3}
    assert server.charge("producthunt", public, **parameters).status == 401
    own = {"Authorization": basic(client["client_id"], client["client_secret"])}
    assert server.charge("producthunt", public, own, **parameters).status == 400
    resource_server = server.daemon.create_client("producthunt", may_introspect=True)
    trusted = {"Authorization": basic(resource_server["client_id"], resource_server["client_secret"])}
    assert server.charge("producthunt", public, trusted, **parameters).status == 204
    assert server.used("producthunt") == 3


# --- requests for tokens ---

TOKEN_REFUSALS = {
    "podio": (420, '{{"error":"rate_limit","error_detail":null,"error_description":"You have hit the rate limit. Please wait '
                   '{wait} seconds before trying again","error_parameters":{{}},"error_propagate":false,'
                   '"request":{{"url":"/podio/oauth/token","query_string":"","method":"POST"}}}}'),
    "producthunt": (429, '{{"error":"rate_limit_reached","error_description":"Sorry. You have exceeded the API rate limit, '
                         'please try again later."}}'),
    "podchaser": (200, '{{"errors":[{{"message":"Too Many Requests.","locations":[{{"line":1,"column":11}}],'
                       '"path":["requestAccessToken"],"extensions":{{"category":"rate-limit"}}}}],'
                       '"data":{{"requestAccessToken":null}}}}'),
    "podero": (429, '{{"error": "rate_limited"}}'),
    "radioworkflow": (429, '{{"error":"rate_limited","error_description":"There were too many requests; try again later."}}'),
    "standard": (429, '{{"error":"rate_limited","error_description":"There were too many requests; try again later."}}'),
}


@pytest.mark.parametrize("kind", ["tokens", "failures"])
def test_token_requests_are_limited_in_the_dialects_words(folder, kind):
    server = Server(folder, **{kind: 2})
    for name, (status, body) in TOKEN_REFUSALS.items():
        for _ in range(2):
            server.ask_token(name, secret="wrong" if kind == "failures" else None)
        refused = server.ask_token(name)
        wait = refused.header("Retry-After")
        assert near(wait, 3600), str(refused)
        if name == "standard":
            window = "failures" if kind == "failures" else "token_requests"
            assert refused.header("RateLimit-Policy") == f'"{window}";q=2;w=3600'
            assert refused.header("RateLimit") == f'"{window}";r=0;t={wait}'
        assert (refused.status, refused.body.decode()) == (status, body.format(wait=wait))
        other = server.daemon.create_client(name)
        assert (server.ask_token(name, client=other).header("Retry-After") is None) == (kind == "tokens")
    told = [event["realm"] for event in server.daemon.log_events("guessing_limited")]
    assert sorted(told) == (sorted(WINDOWS) if kind == "failures" else []), "once each"
    server.daemon.stop()


def test_an_operator_forgets_what_was_used_up(server):
    """Of all of a client, or of one of its users; also after a restart."""
    client = server.clients["standard"]["client_id"]
    token = server.token("standard")
    assert server.guard("standard", token).status == 200
    assert server.used("standard") > 0
    assert server.daemon.command("client plan clear", client_id=client)["windows"][0]["used"] == 0
    first = server.guard("standard", token).header("RateLimit")
    server.daemon.command("client plan clear", client_id=client)
    server.daemon.stop()
    server.daemon.start()
    assert server.guard("standard", token).header("RateLimit").split(";t=")[0] == first.split(";t=")[0]
    answer = server.daemon.ask_control({"command": "client plan clear", "arguments": {"client_id": client, "subject": "x"}})
    assert answer["error"] == "the realm has no user or service account of that number"
