"""Usage: what was asked is what is counted, to whoever may know it, through kills, moved clocks and both ways to ask."""

import json
import sqlite3
import subprocess
import threading
import time
from contextlib import closing
from urllib.parse import urlencode

import daemon as daemons
import pytest
from daemon import wait_until
from http1 import Connection, ConnectionEnded, basic, request_bytes
from pulse import Pulse
from service import NAMES, Service

HOUR, DAY = 3600, 86400
NORTH = """
data_directory: data
listeners: [{{address: "localhost:{port}", serves: [public, guard]}}]
realms:
  north:
    dialect: standard
    issuer: http://localhost:{port}
    grants: {{client_credentials: {{}}}}
    scopes: {{read: {{description: Read.}}, write: {{description: Write., level: write}}}}
    default_scope: read
"""
WRITTEN_SECONDS = 1.0  # [issue 4] what a kill may cost at most


def usage(daemon, realm="standard", **arguments):
    return daemon.command("usage", realm=realm, **arguments)


def jeton_usage(daemon, *words):
    return subprocess.run([daemons.BINARY, "usage", "--socket", daemon.data_folder / "control.sock", *words],
                          capture_output=True, text=True, timeout=60, check=False)


def get_usage(daemon, client, realm="standard", query=""):
    headers = {"Authorization": basic(client["client_id"], client["client_secret"])} if client else {}
    return daemon.request("GET", f"/usage/{realm}{query}", headers)


def wait_requests(daemon, count, **arguments):
    """Once so many requests are written down, all that is."""
    def find():
        found = usage(daemon, **arguments)
        return found if found["total"]["requests"] >= count else None
    return wait_until(find, what=f"{count} requests in the usage")


def begin_an_hour(daemon):
    """So that none ends meanwhile."""
    daemon.clock.move(HOUR - int(daemon.clock.time()) % HOUR)


def refused_kinds(line):
    return {kind: line[f"refused_{kind}"] for kind in ("token", "scope", "limit", "rule", "other")
            if line[f"refused_{kind}"]}


# --- what is counted ---


def test_each_request_counts_once_under_its_client(own_demo):
    service = Service(own_demo, "standard")
    other = own_demo.create_client("standard")
    token, others_token = service.token(), service.token(other)
    for _ in range(30):
        assert service.guard(token).status == 200
    for _ in range(3):
        assert service.guard(others_token).status == 200
    assert own_demo.request("GET", "/guard/standard?scope=write", service.bearer(token)).status == 403
    service.revoke(token)
    assert service.guard(token).status == 401
    assert service.guard("unknown").status == 401
    assert own_demo.request("GET", "/guard/standard").status == 401

    lines = {line["client_id"]: line for line in wait_requests(own_demo, 37, by="client")["usage"]}
    own = lines[service.credentials["client_id"]]
    # A revoked client-credentials token is gone, and with it whose it was.
    assert (own["requests"], refused_kinds(own)) == (31, {"scope": 1})
    assert (own["points"], own["tokens_issued"], own["environment"]) == (30, 1, "production")
    assert 256 < own["p50_ns"] <= own["p99_ns"] < 60 * 10**9
    assert (lines[other["client_id"]]["requests"], lines[other["client_id"]]["tokens_issued"]) == (3, 1)
    assert (lines[None]["requests"], refused_kinds(lines[None])) == (3, {"token": 3})
    assert lines[None]["environment"] is None


def test_users_are_told_apart_by_what_they_may(own_demo):
    """Distinct subjects: a service account is one, however often it comes."""
    service = Service(own_demo, "podio")
    for _ in range(3):
        token = service.token()
        for _ in range(4):
            service.guard(token)
    total = wait_requests(own_demo, 12, realm="podio")["total"]
    assert (total["requests"], total["subjects"], total["tokens_issued"]) == (12, 1, 3)


def test_rules_and_their_refusals(folder):
    port = daemons.free_port()
    configuration = NORTH.format(port=port) + """    plans: {small: [{name: few, limit: scarce, seconds: 1h, most: 2}]}
    default_plan: {production: small}
    guard:
      rules:
        - {path: "/things/*", scope: read, cost: 3, name: things}
        - {path: /things, method: POST, scope: write, name: make}
        - {path: /scarce, limit: scarce, name: scarce}
"""
    daemon = daemons.serve(folder, configuration, port)
    client = daemon.create_client("north")
    token = daemon.post_form("/oauth2/token", {"grant_type": "client_credentials", **{
        key: client[key] for key in ("client_id", "client_secret")}}).json()["access_token"]

    def ask(method, path):
        return daemon.request("GET", "/guard/north", {"Authorization": f"Bearer {token}", "X-Original-Method": method,
                                                      "X-Original-URI": path}).status
    assert [ask("GET", "/things/7") for _ in range(4)] == [200] * 4
    assert ask("POST", "/things") == 403
    assert ask("GET", "/elsewhere") == 403
    assert [ask("GET", "/scarce") == 200 for _ in range(5)] == [True, True, False, False, False]
    # What the API's server tells afterwards is no request of its own.
    server = daemon.create_client("north", may_introspect=True)
    told = daemon.request("POST", "/usage/north", {
        "Authorization": basic(server["client_id"], server["client_secret"]), "X-Jeton-Client": client["client_id"],
        "X-Jeton-Cost": "40", "X-Original-URI": "/things/7"})
    assert told.status == 204

    def find():
        found = usage(daemon, realm="north", by="rule")
        return found if (found["total"]["requests"], found["total"]["points"]) == (11, 54) else None
    found = wait_until(find, what="eleven requests and their points")
    lines = {line["rule"]: line for line in found["usage"]}
    assert (lines["things"]["requests"], lines["things"]["points"]) == (4, 52)
    assert refused_kinds(lines["things"]) == {}
    assert (lines["make"]["requests"], refused_kinds(lines["make"])) == (1, {"scope": 1})
    assert (lines["scarce"]["requests"], refused_kinds(lines["scarce"])) == (5, {"limit": 3})
    assert (lines[None]["requests"], refused_kinds(lines[None]), lines[None]["tokens_issued"]) == (1, {"rule": 1}, 1)
    assert refused_kinds(found["total"]) == {"scope": 1, "rule": 1, "limit": 3}
    daemon.stop()


def test_a_clean_stop_loses_nothing(own_demo):
    service = Service(own_demo, "standard")
    token = service.token()
    for _ in range(50):
        service.guard(token)
    own_demo.stop()
    with closing(sqlite3.connect(own_demo.data_folder / "jeton.db")) as database:
        assert database.execute("SELECT sum(requests) FROM usage_hours").fetchone() == (50,)
    own_demo.start()


def test_kill_nine_costs_the_last_second_at_most(own_demo):
    """[issue 4] Asked without a pause by four clients; what was answered a second before the kill is there after it."""
    service = Service(own_demo, "standard")
    token = service.token()
    request = request_bytes("GET", "/guard/standard", {"Host": own_demo.authority, **service.bearer(token)})
    answered, is_over = [], threading.Event()

    def ask():
        with Connection(own_demo.address) as connection:
            while not is_over.is_set():
                try:
                    connection.send(request)
                    connection.reply()  # a limit's refusal counts as well
                except (OSError, ConnectionEnded):  # the kill
                    return
                answered.append(time.monotonic())

    threads = [threading.Thread(target=ask) for _ in range(4)]
    with Pulse(own_demo.folder) as pulse:
        for thread in threads:
            thread.start()
        wait_until(lambda: answered and pulse.before(answered[-1], 3.3) > answered[0], seconds=60, what="seconds of load")
        killed_at = time.monotonic()
        own_demo.kill()
        is_over.set()
        for thread in threads:
            thread.join()
    own_demo.start()
    daemons.read_description(own_demo)
    last_second = pulse.before(killed_at, WRITTEN_SECONDS)
    safe = sum(1 for at in answered if at < last_second)
    found = usage(own_demo)["total"]["requests"]
    assert 100 < safe <= found <= len(answered) + 4
    assert service.whoami(token).status == 200


# --- who may know it ---


def test_a_client_hears_of_itself_only(own_demo):
    service = Service(own_demo, "standard")
    mine, other = service.credentials, own_demo.create_client("standard")
    tokens = [service.token(client) for client in (mine, other)]
    for token in tokens:
        service.guard(token)
    wait_requests(own_demo, 2)
    for query in ("", f"?client_id={mine['client_id']}"):
        told = get_usage(own_demo, mine, query=query)
        assert told.status == 200 and told.header("Cache-Control") == "no-store"
        assert (told.json()["client_id"], told.json()["total"]["requests"]) == (mine["client_id"], 1)
    # Whether another client exists is not told either; it is no matter of credentials, so no 401 and no challenge.
    refused = [get_usage(own_demo, mine, query=f"?client_id={name}") for name in (other["client_id"], "nobody")]
    assert [reply.status for reply in refused] == [403, 403]
    assert refused[0].body == refused[1].body and other["client_id"] not in refused[0].body.decode()
    assert refused[0].json()["error"] == "forbidden" and refused[0].header("WWW-Authenticate") is None
    # By client, too, it is alone.
    lines = get_usage(own_demo, mine, query="?by=client").json()["usage"]
    assert [line["client_id"] for line in lines] == [mine["client_id"]]


def test_a_resource_server_hears_of_everybody(own_demo):
    service = Service(own_demo, "standard")
    server = service.account["resource_server"]
    service.guard(service.token())
    service.guard("unknown")
    wait_requests(own_demo, 2)
    told = get_usage(own_demo, server, query="?by=client").json()
    assert {line["client_id"] for line in told["usage"]} == {service.credentials["client_id"], None}
    one = get_usage(own_demo, server, query=f"?client_id={service.credentials['client_id']}").json()
    assert one["total"]["requests"] == 1
    assert get_usage(own_demo, server, query="?client_id=nobody").status == 400
    # Of its own realm: the same name is nobody in another.
    assert get_usage(own_demo, server, realm="podero").status == 401


def test_nobody_else_hears_anything(own_demo):
    client = Service(own_demo, "standard").credentials
    assert get_usage(own_demo, None).status == 401
    assert get_usage(own_demo, {**client, "client_secret": "wrong"}).status == 401
    assert get_usage(own_demo, {**client, "client_id": "nobody"}).status == 401
    token = Service(own_demo, "standard").token()
    assert own_demo.request("GET", "/usage/standard", {"Authorization": f"Bearer {token}"}).status == 401
    secret_in_query = own_demo.request("GET", "/usage/standard?client_id={client_id}&client_secret={client_secret}"
                                       .format(**client))
    assert secret_in_query.status in (400, 401)
    public = own_demo.create_client("standard", public=True)
    assert get_usage(own_demo, {**public, "client_secret": ""}).status == 401
    assert own_demo.request("GET", "/usage/nowhere").status == 404


@pytest.mark.parametrize("query", ["?since=", "?since=yesterday", "?since=401d", "?since=2026-02-30", "?by=month",
                                   "?by=", "?since=1h&since=1h", "?since=%zz", "?since=9999-01-01",
                                   "?until=", "?until=now", "?until=2026-02-30", "?until=1h&until=1h", "?rule=", "?rule=a&rule=a",
                                   "?environment=", "?environment=sandbox"])
def test_questions_that_cannot_be_read(shared_demo, query):
    client = Service(shared_demo, "standard").credentials
    assert get_usage(shared_demo, client, query=query).status == 400


@pytest.mark.parametrize("query, words", [
    ("by=month", "by takes hour, day, client or rule."),
    ("rule=", "rule takes a name, or - for what no rule was for."),
    ("environment=sandbox", "environment takes production or development."),
    ("client_id=zzz", "No client has this client_id."),
    ("client_id=", "No client has this client_id.")])
def test_what_is_wrong_with_a_question_is_told(shared_demo, query, words):
    server = Service(shared_demo, "standard").account["resource_server"]
    reply = get_usage(shared_demo, server, query=f"?since=2h&{query}")
    assert (reply.status, reply.json()["error"], reply.json()["error_description"]) == (400, "invalid_request", words)


@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize("time", ["450d", "401d", "9601h", "12w"])
def test_a_time_that_is_too_long_ago_is_told_the_limit_and_the_forms(shared_demo, name, time):
    client = Service(shared_demo, "standard").credentials
    by_command = jeton_usage(shared_demo, "--realm", "standard", f"--{name}", time)
    assert by_command.returncode == 1 and by_command.stderr.startswith(f"jeton: --{name} ")
    by_rest = get_usage(shared_demo, client, query=f"?{name}={time}")
    assert by_rest.status == 400 and by_rest.json()["error_description"].startswith(f"{name} ")
    for text in (by_command.stderr, by_rest.json()["error_description"]):
        assert all(word in text for word in ("400 days", "hours or days", "24h", "30d", "2026-11-01"))


def test_an_end_that_is_not_after_the_beginning_is_told(shared_demo):
    client = Service(shared_demo, "standard").credentials
    for since, until in (("2h", "2h"), ("2026-11-02", "2026-11-01"), (None, "25h")):
        words = [f"--since={since}"] * bool(since) + [f"--until={until}"]
        by_command = jeton_usage(shared_demo, "--realm", "standard", *words)
        assert by_command.returncode == 1
        assert by_command.stderr.startswith("jeton: --until must lie an hour after --since, which is 24h ago")
        by_rest = get_usage(shared_demo, client, query=f"?until={until}" + (f"&since={since}" if since else ""))
        assert by_rest.status == 400
        assert by_rest.json()["error_description"].startswith("until must lie an hour after since (24h if absent)")


def test_both_ways_and_every_dialect_give_the_same_numbers(own_demo):
    for name in NAMES:
        service = Service(own_demo, name)
        client = service.credentials
        token = service.token()
        for _ in range(3):
            service.guard(token)
        wait_requests(own_demo, 3, realm=service.realm)
        for by in ("hour", "day", "client", "rule"):
            by_rest = get_usage(own_demo, client, service.realm, f"?by={by}&since=2d").json()
            by_command = jeton_usage(own_demo, "--client", client["client_id"], "--realm", service.realm, "--by", by,
                                     "--since", "2d", "--json")
            assert by_rest == json.loads(by_command.stdout)
            assert by_rest["total"]["requests"] == 3
            assert sum(line["requests"] for line in by_rest["usage"]) == 3


def test_one_rule_and_one_environment(folder):
    """Filters go together with each other, a client, and what lines are by; the command and the desk agree."""
    port = daemons.free_port()
    daemon = daemons.serve(folder, NORTH.format(port=port) + """    guard:
      rules:
        - {path: /query, name: graphql}
        - {path: "/größe/*", method: GET}
""", port)
    production, development = daemon.command("app create", realm="north", name="Two", development=True)["clients"]
    server = daemon.create_client("north", may_introspect=True)

    def ask(client, *paths):
        token = daemon.post_form("/oauth2/token", {"grant_type": "client_credentials", **{
            key: client[key] for key in ("client_id", "client_secret")}}).json()["access_token"]
        for path in paths:
            daemon.request("GET", "/guard/north", {"Authorization": f"Bearer {token}", "X-Original-Method": "GET",
                                                   "X-Original-URI": path})
    ask(production, "/query", "/query", "/gr%C3%B6%C3%9Fe/7", "/elsewhere")
    ask(development, "/query", "/gr%C3%B6%C3%9Fe/8", "/gr%C3%B6%C3%9Fe/9")
    daemon.request("GET", "/guard/north", {"X-Original-Method": "GET", "X-Original-URI": "/query"})
    wait_requests(daemon, 8, realm="north")
    of_rule = "GET /größe/*"
    assert {line["rule"] for line in usage(daemon, realm="north", by="rule")["usage"]} == {"graphql", of_rule, None}

    def count(**filters):
        """The command's words and the desk's parameters are the same but for the client's."""
        words = [f"--{name}={value}" for name, value in filters.items()]
        found = json.loads(jeton_usage(daemon, "--realm", "north", *words, "--json").stdout)
        asked = {"client_id" if name == "client" else name: value for name, value in filters.items()}
        assert get_usage(daemon, server, "north", "?" + urlencode(asked)).json() == found
        assert [found[name] for name in ("rule", "environment")] == [filters.get(name)
                                                                     for name in ("rule", "environment")]
        return found["total"]["requests"]
    assert count() == 8
    assert (count(rule="graphql"), count(rule=of_rule), count(rule="gone")) == (4, 3, 0)
    assert count(rule="-") == 1
    assert (count(environment="production"), count(environment="development")) == (4, 3)
    assert count(client=production["client_id"], rule="graphql", by="hour") == 2
    assert count(client=production["client_id"], environment="development") == 0
    assert count(environment="development", rule=of_rule, by="client", since="2d") == 2
    assert count(environment="production", until="1h", by="rule") == 0
    # A client that hears of itself only may ask in the same way.
    own = get_usage(daemon, production, "north", "?" + urlencode({"rule": of_rule, "by": "day"})).json()
    assert (own["client_id"], own["total"]["requests"]) == (production["client_id"], 1)
    # As the table prints it, so it can be asked for.
    names = [line.split("  ")[0] for line in jeton_usage(daemon, "--realm", "north", "--by", "rule")
             .stdout.splitlines()[1:-1]]
    assert sorted(names) == sorted(["graphql", of_rule, "-"])
    assert [count(rule=name) > 0 for name in names] == [True] * 3
    for words in (["--environment", "sandbox"], ["--rule", ""]):
        failed = jeton_usage(daemon, "--realm", "north", *words)
        assert failed.returncode == 1 and failed.stderr.startswith(f"jeton: {words[0]} takes "), failed.stderr
    daemon.stop()


# --- how it is shown ---


def test_table_and_chart(clocked_demo):
    daemon = clocked_demo
    begin_an_hour(daemon)
    service = Service(daemon, "standard")
    token = service.token()
    for _ in range(7):
        service.guard(token)
    service.guard("unknown")
    wait_requests(daemon, 8)
    table = jeton_usage(daemon, "--realm", "standard", "--by", "client").stdout.splitlines()
    assert table[0].split()[:4] == ["client_id", "environment", "requests", "refused_token"]
    assert table[1].split()[:4] == [service.credentials["client_id"], "production", "7", "0"]
    assert table[2].split()[:4] == ["-", "-", "1", "1"]
    assert table[3].split()[:4] == ["total", "-", "8", "1"]
    chart = jeton_usage(daemon, "--realm", "standard", "--chart").stdout
    assert "█" * 35 in chart and "░" in chart and "8 (1 refused)" in chart
    assert jeton_usage(daemon, "--realm", "podero").stdout == "none\n"
    for words in (["--realm", "nowhere"], ["--realm", "standard", "--by", "month"], ["--client", "nobody"],
                  ["--realm", "standard", "--since", "tomorrow"], []):
        failed = jeton_usage(daemon, *words)
        assert failed.returncode == 1 and failed.stderr.startswith("jeton: "), words


def test_usage_outlives_its_client(own_demo):
    service = Service(own_demo, "standard")
    client = own_demo.create_client("standard")
    service.guard(service.token(client))
    wait_requests(own_demo, 1)
    own_demo.command("app delete", application_id=client["application_id"])
    (line,) = usage(own_demo, by="client")["usage"]
    assert line["client_id"].startswith("(deleted ") and line["requests"] == 1


# --- how it ages ---


def test_hours_become_days_and_days_leave(clocked_demo):
    """[issue 4] By the day after 30 days, gone after 400; the server looks when it starts, and each minute."""
    daemon = clocked_demo
    begin_an_hour(daemon)
    service = Service(daemon, "standard")
    for _ in range(3):
        service.guard(service.token())
    first = wait_requests(daemon, 3)["usage"][0]["begins_at"]
    assert first == daemon.clock.time() // HOUR * HOUR
    daemon.clock.move(2 * HOUR)
    service.guard(service.token())
    assert len(wait_requests(daemon, 4, since="2d")["usage"]) == 2

    def restart(seconds):
        daemon.stop()
        daemon.clock.move(seconds)
        daemon.start()
        daemons.read_description(daemon)

    restart(32 * DAY)
    assert usage(daemon)["usage"] == []
    wait_until(lambda: not rows(daemon, "usage_hours"), what="no hours")
    days = usage(daemon, since="40d")["usage"]
    assert [line["begins_at"] % DAY for line in days] == [0] * len(days)
    assert sum(line["requests"] for line in days) == 4
    total = usage(daemon, since="40d")["total"]
    assert (total["requests"], total["points"], total["tokens_issued"], total["subjects"]) == (4, 4, 4, 0)
    assert total["p50_ns"] > 0

    restart(370 * DAY)
    wait_until(lambda: not rows(daemon, "usage_days"), what="no days")
    assert usage(daemon, since="400d")["usage"] == []


def test_the_hours_until_an_end(clocked_demo):
    """From since on, until before the hour in which the end lies; the same by command and over HTTP."""
    daemon = clocked_demo
    begin_an_hour(daemon)
    service = Service(daemon, "standard")
    for _ in range(3):
        service.guard(service.token())
    first = wait_requests(daemon, 3)["usage"][0]["begins_at"]
    daemon.clock.move(2 * HOUR)
    service.guard(service.token())
    wait_requests(daemon, 4)
    server = service.account["resource_server"]
    for since, until, count, until_at in (("3h", "1h", 3, first + HOUR), ("1h", None, 1, None),
                                          ("3h", None, 4, None), ("3h", "2h", 0, first)):
        words = ["--since", since, *(["--until", until] if until else [])]
        by_command = json.loads(jeton_usage(daemon, "--realm", "standard", *words, "--json").stdout)
        query = f"?since={since}" + (f"&until={until}" if until else "")
        assert get_usage(daemon, server, query=query).json() == by_command
        assert (by_command["total"]["requests"], by_command["until_at"]) == (count, until_at), (since, until)
        assert [line["requests"] for line in by_command["usage"]] == {3: [3], 1: [1], 4: [3, 1], 0: []}[count]
    # An end that is still to come is as good as none.
    ahead = time.strftime("%Y-%m-%d", time.gmtime(daemon.clock.time() + 40 * DAY))
    assert usage(daemon, until=ahead)["total"]["requests"] == 4


def rows(daemon, table):
    with closing(sqlite3.connect(daemon.data_folder / "jeton.db", timeout=20)) as database:
        return database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def fill_hours(daemon, client_id, count):
    """So many rows of usage of the client, 200 rules an hour."""
    with closing(sqlite3.connect(daemon.data_folder / "jeton.db", timeout=20)) as database:
        (realm, client), = database.execute("SELECT realm_id, id FROM clients WHERE client_id = ?", (client_id,))
        hour = int(time.time()) // HOUR
        database.executemany("INSERT INTO usage_hours VALUES (?, ?, ?, ?, 1, 0, 0, 0, 0, 0, 1, 0, NULL, NULL)", (
            ((hour - row // 200) * HOUR, realm, client, f"rule {row % 200}") for row in range(count)))
        database.commit()


def test_questions_leave_room_for_others(own_demo):
    """Few wait at a time for the threads that hash people's passwords; the rest ask again later."""
    client = own_demo.create_client("standard")
    fill_hours(own_demo, client["client_id"], 100000)
    headers = {"Host": own_demo.authority, "Authorization": basic(client["client_id"], client["client_secret"])}
    question = request_bytes("GET", "/usage/standard?since=29d&by=rule", headers)
    connections = [Connection(own_demo.address) for _ in range(32)]
    for _ in range(3):
        for connection in connections:
            connection.send(question)
        replies = [connection.reply() for connection in connections]
        assert {reply.status for reply in replies} == {200, 429}
        assert all(reply.header("Retry-After") == "1" for reply in replies if reply.status == 429)
        assert [reply.status for reply in replies].count(200) < 16, "each takes a good part of a tenth of a second"
    for connection in connections:
        connection.close()
    assert get_usage(own_demo, client).status == 200
