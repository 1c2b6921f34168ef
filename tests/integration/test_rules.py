"""A realm's rules: which request needs which token, by every way a gateway tells of it, and no way around."""

import json
import re
import subprocess

import pytest
from daemon import BINARY, free_port, serve
from http1 import Connection, request_bytes
from people import Person
from service import Service
from test_guard import GATEWAYS

CONFIGURATION = """
data_directory: data
listeners:
  - {{address: "localhost:{port}", serves: [public, guard]}}
realms:
  standard:
    dialect: standard
    issuer: http://localhost:{port}
    grants: {{client_credentials: {{}}}}
    limited: {{lifetime_seconds: 60, scope: look}}
    scopes: {{look: {{description: Look.}}, read: {{description: Read.}}, write: {{description: Write., level: write}}}}
    default_scope: read write
    guard:
      unmatched: {unmatched}
      rules:
        - {{path: /things, limited_tokens: true}}
        - {{path: "/things/*", method: [GET, HEAD], scope: read, name: one thing}}
        - {{path: "/things/*", scope: write}}
        - {{path: /things/secret, level: user}}
        - {{path: "/test/**", environment: development}}
        - {{path: /free}}
        - {{path: /graphql, cost: graphql}}
        - {{path: "/live/**", environment: production, scope: read write}}
"""
# Spellings of /things/secret, and what two servers may read in two ways.
SECRET = ["/things/secret", "/things/secret/", "/things/secret?x=1", "/things/%73ecret", "/%74hings/%73%65cret/", "/things/secret?/../x"]
TREACHEROUS = ["/things//secret", "/things/./secret", "/things/x/../secret", "/things/%2e%2e/things/secret", "//things/1",
               "/things%2fsecret", "/things/secret%2f", "/things/secret;x", "/things/secret%3Bx", "/things\\secret",
               "/things/%5csecret", "/things/secret%00", "/things/secret%2500", "/things/%252e%252e/secret", "/things/%c0%ae",
               "/things/%", "/things/1#x", "things/1", "*", "http://api.example.com/things/1", "/things/\xff"]


class Ruled:
    """A server with rules, and tokens of each kind."""

    def __init__(self, folder, unmatched="deny"):
        self.port = free_port()
        self.daemon = serve(folder, CONFIGURATION.format(port=self.port, unmatched=unmatched), self.port)
        client = self.daemon.create_client("standard")
        self.daemon.description = {"origin": f"http://localhost:{self.port}", "services": {"standard": {
            **client, "resource_server": self.daemon.create_client("standard", may_introspect=True)}}}
        self.service = Service(self.daemon, "standard")
        self.both = self.token(scope="read+write")
        self.read = self.token(scope="read")
        self.write = self.token(scope="write")
        self.limited = self.token(limited_scope="true")

    def token(self, **extra):
        return self.service.token_of(self.service.ask_token(**extra))

    def ask(self, token, method, target, gateway="nginx", **headers):
        own, path, told = GATEWAYS[gateway]("standard", method, target)
        authorization = self.service.bearer(token) if token else {}
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        data = request_bytes(own, path, {"Host": self.daemon.authority, **told, **authorization, **more})
        with Connection(self.daemon.address) as connection:
            connection.send(data)
            return connection.reply(to_head=own == "HEAD")


@pytest.fixture(scope="module")
def ruled(tmp_path_factory):
    server = Ruled(tmp_path_factory.mktemp("ruled"))
    yield server
    server.daemon.stop()


def verdict(reply):
    """The status and the refusal's name."""
    return reply.status, (reply.header("X-Jeton-Refusal") or "").split(";")[0]


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_the_rule_of_the_request_decides(ruled, gateway):
    for token, method, target, expected in (
            (ruled.read, "GET", "/things/1", (200, "")),
            (ruled.read, "GET", "/things/1?a=/x/../y", (200, "")),
            (ruled.write, "GET", "/things/1", (403, "scope_insufficient")),
            (ruled.read, "POST", "/things/1", (403, "scope_insufficient")),
            (ruled.write, "DELETE", "/things/1", (200, "")),
            (ruled.both, "GET", "/things/secret", (403, "user_needed")),
            (ruled.both, "GET", "/test/1", (403, "environment_wrong")),
            (ruled.both, "GET", "/live", (200, "")),
            (ruled.read, "GET", "/live/1/2", (403, "scope_insufficient")),
            (ruled.both, "GET", "/other", (403, "request_unmatched")),
            (ruled.both, "GET", "/", (403, "request_unmatched"))):
        assert verdict(ruled.ask(token, method, target, gateway)) == expected, (method, target)


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize("target", SECRET)
def test_no_spelling_leads_around_a_rule(ruled, gateway, target):
    assert verdict(ruled.ask(ruled.both, "GET", target, gateway)) == (403, "user_needed")


@pytest.mark.parametrize("target", TREACHEROUS)
def test_a_path_with_two_readings_is_none(ruled, target):
    reply = ruled.ask(ruled.both, "GET", target)
    assert verdict(reply) == (403, "request_unreadable"), str(reply)


def test_what_two_have_told_is_not_known(ruled):
    """A gateway may pass on what the client wrote into another gateway's headers: it must not choose the rule."""
    for gateway in ("traefik", "caddy", "envoy"):
        for forged in ({"X_Original_URI": "/things/1"}, {"X_Original_Method": "GET"}):
            reply = ruled.ask(ruled.both, "POST", "/things/secret", gateway, **forged)
            assert verdict(reply) == (403, "request_unreadable"), (gateway, forged)
    for forged in ({"X_Forwarded_Uri": "/things/1"}, {"X_Forwarded_Method": "GET"}):
        assert verdict(ruled.ask(ruled.both, "POST", "/things/secret", "nginx", **forged))[1] == "request_unreadable"
    assert ruled.ask(ruled.both, "GET", "/things/1", "caddy", X_Original_URI="/things/1").status == 200


@pytest.mark.parametrize("method", ["get", "Get", "GET ", "G\tET", "", "G:"])
def test_no_spelling_of_a_method_leads_around_a_rule(ruled, method):
    """Some servers take `get` for GET, which a rule for GET does not mean."""
    told = {"X-Original-Method": method, "X-Original-URI": "/things/1"}
    assert ruled.ask(ruled.write, "GET", "/things/1").status == 403
    reply = ruled.daemon.request("GET", "/guard/standard", {**ruled.service.bearer(ruled.write), **told})
    assert verdict(reply) == ((403, "scope_insufficient") if method == "GET " else (403, "request_unreadable"))


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "x-http-method", "X-Method-Override", "X_HTTP-Method_Override"])
def test_what_the_client_overrides_is_not_known(ruled, name):
    """The API might take its request for one of another method."""
    assert ruled.ask(ruled.write, "POST", "/things/1").status == 200
    assert ruled.ask(ruled.write, "POST", "/things/1", **{name: "POST"}).status == 200
    assert verdict(ruled.ask(ruled.write, "POST", "/things/1", **{name: "GET"})) == (403, "request_unreadable")


def test_what_nobody_has_told_is_not_known(ruled):
    """Neither a URI without its method: nginx asks with GET, whatever the client does."""
    for told in ({}, {"X-Original-URI": "/things/1"}, {"X-Original-Method": "GET"}):
        reply = ruled.daemon.request("GET", "/guard/standard", {**told, **ruled.service.bearer(ruled.both)})
        assert verdict(reply) == (403, "request_unreadable"), told


def test_who_has_no_token_hears_of_no_rule(ruled):
    for target in ("/things/1", "/other", "/things//1"):
        assert verdict(ruled.ask(None, "GET", target)) == (401, "authorization_missing")
        assert verdict(ruled.ask("bogus", "GET", target)) == (401, "token_unknown")


def test_a_limited_token_passes_where_a_rule_takes_it(ruled):
    """Its scope is exactly the limited one, whoever asked for it."""
    for token in (ruled.limited, ruled.token(scope="look")):
        assert ruled.ask(token, "GET", "/things").status == 200
        assert verdict(ruled.ask(token, "GET", "/live")) == (403, "scope_insufficient")
        assert verdict(ruled.ask(token, "GET", "/free")) == (403, "limited_refused")
    assert ruled.ask(ruled.token(scope="look+read"), "GET", "/free").status == 200


def test_unmatched_requests_may_be_let_pass(folder):
    """With a live token, and never by a path with two readings."""
    server = Ruled(folder, "allow")
    try:
        assert verdict(server.ask(server.both, "GET", "/other")) == (200, "")
        assert verdict(server.ask(server.limited, "GET", "/other")) == (403, "limited_refused")
        assert verdict(server.ask(server.both, "GET", "/other/../things/secret")) == (403, "request_unreadable")
        assert verdict(server.ask("bogus", "GET", "/other"))[0] == 401
    finally:
        server.daemon.stop()


def test_whoami_and_introspection_have_no_rule(ruled):
    assert ruled.service.whoami(ruled.both).status == 200
    assert ruled.service.is_active(ruled.both)


def test_statuses_and_headers_of_a_no(ruled):
    """A gateway that takes all statuses needs no headers, and those must not reach the client."""
    headers = {"X-Original-Method": "GET", "X-Original-URI": "/other", **ruled.service.bearer(ruled.both)}
    plain = ruled.daemon.request("GET", "/guard/standard", headers)
    assert plain.status == 403 and plain.header("X-Jeton-Status") == "403"
    own = ruled.daemon.request("GET", "/guard/standard?statuses=dialect", headers)
    assert own.status == 403 and own.header("X-Jeton-Status") is None and own.body == plain.body
    below = ruled.ask(ruled.both, "GET", "/other", "envoy", X_Jeton_Statuses="dialect")
    assert below.status == 403 and below.header("X-Jeton-Status") is None
    again = ruled.daemon.request("GET", f"/guard/standard?refused={plain.header('X-Jeton-Refusal')}", headers)
    assert again.status == 403 and again.body == plain.body


def test_a_refusal_is_repeated_whatever_the_token(ruled):
    """It can only refuse."""
    headers = {**ruled.service.original(), **ruled.service.bearer(ruled.both)}
    for value in ("rate_limited", "nonsense", "", "rate_limited;limit=x", "rate_limited;other=1", "%", "a&refused=b"):
        reply = ruled.daemon.request("GET", f"/guard/standard?refused={value}", headers)
        assert reply.status in (403, 429) and reply.header("X-Jeton-Client") is None, value


# --- the operator's side ---


def guard_test(server, method, uri, token=None):
    """By the command line, the token by stdin."""
    command = [BINARY, "guard", "test", method, uri, "--json", "--socket", server.daemon.data_folder / "control.sock"]
    ended = subprocess.run(command + (["--token", "-"] if token else []), input=token, capture_output=True, text=True,
                           check=False)
    told = json.loads(ended.stdout)
    assert ended.returncode == (0 if told["passes"] else 1), ended.stderr
    return told


def test_guard_test_tells_the_rule_and_why(ruled):
    told = guard_test(ruled, "GET", "/things/1", ruled.write)
    assert told["passes"] is False and told["refusal"] == "scope_insufficient"
    assert told["why"] == 'the rule needs the scope "read", the token has "write"'
    assert told["rule"] == "one thing" and told["rule_number"] == 1
    told = guard_test(ruled, "HEAD", "https://api.example.com/things/1?x", ruled.read)
    assert told["passes"] is True and told["rule"] == "one thing"
    told = guard_test(ruled, "GET", "/things/secret", ruled.both)
    assert told["why"] == "the rule needs a user's token, this one is the client's own"
    told = guard_test(ruled, "GET", "/things//secret", ruled.both)
    assert told["refusal"] == "request_unreadable" and told["rule"] is None
    told = guard_test(ruled, "GET", "/other", ruled.both)
    assert told["refusal"] == "request_unmatched"
    told = guard_test(ruled, "GET", "/test/x")
    assert told["refusal"] == "authorization_missing" and told["needed_environment"] == "development"


def test_guard_test_ends_with_the_verdict(ruled):
    """A script needs no JSON: what is printed is the same, for people too, and a no is no mistake on stderr."""
    command = [BINARY, "guard", "test", "GET", "--socket", ruled.daemon.data_folder / "control.sock", "--token", ruled.read]
    yes = subprocess.run([*command, "/things/1"], capture_output=True, text=True, check=False)
    assert (yes.returncode, yes.stderr) == (0, "") and re.search("^passes +yes$", yes.stdout, re.M)
    no = subprocess.run([*command, "/live"], capture_output=True, text=True, check=False)
    assert (no.returncode, no.stderr) == (1, "") and re.search("^passes +no$", no.stdout, re.M)
    wrong = subprocess.run([*command, "/live", "again"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stdout) == (2, "")


@pytest.mark.parametrize("method, uri, why", [
    ("get", "/things/1", 'methods are written in capitals, and "get" is not'),
    ("G:", "/things/1", 'methods are written in capitals, and "G:" is not'),
    ("GET", "things/1", 'a path begins with "/", and "things/1" does not'),
    ("GET", "", 'a path begins with "/", and "" does not'),
    ("GET", "/things//1", "the path can be read in more than one way"),
])
def test_guard_test_says_what_of_a_request_is_unreadable(ruled, method, uri, why):
    told = guard_test(ruled, method, uri, ruled.both)
    assert (told["refusal"], told["why"]) == ("request_unreadable", why)


def test_guard_test_tells_a_cost_as_the_configuration_has_it(ruled):
    """A number is one for programs too."""
    assert guard_test(ruled, "GET", "/things/1", ruled.read)["cost"] == 1
    assert guard_test(ruled, "POST", "/graphql", ruled.both)["cost"] == "graphql"


def check(folder, rules, more=""):
    path = folder / "jeton.yaml"
    text = CONFIGURATION.format(port=1, unmatched="deny")
    path.write_text(text[:text.index("      rules:")] + "      rules:\n" + "".join(f"        - {rule}\n" for rule in rules) + more)
    ended = subprocess.run([BINARY, "check", "--config", str(path)], capture_output=True, text=True, check=False)
    first = text[:text.index("      rules:")].count("\n") + 2
    return ended.returncode, ended.stderr + ended.stdout, first


@pytest.mark.parametrize("rules, line, words", [
    (["{path: /a}", "{path: /a/}"], 1, 'realms.standard.guard.rules[1].path: found "/a/", which never decides: rules[0] (/a) does'),
    (['{path: "/a/**"}', "{path: /a}", '{path: "/a/*/**"}'], 0, 'found "/a/**", which never decides: rules[1] (/a) does'),
    (["{path: /a, method: GET}", "{path: /b}", "{path: /a, method: [GET]}"], 2, "rules[0] (GET /a)"),
    (["{path: /a, scope: read admin}"], 0, 'rules[0].scope: found "admin"'),
    (["{path: /a, cost: graphql, method: [PUT]}"], 0, 'rules[0].cost: found "graphql"'),
    (["{path: /a, cost: -1}"], 0, "rules[0].cost"),
    (["{path: /a/../b}"], 0, "rules[0].path"),
    (["{path: a}"], 0, "rules[0].path"),
    (['{path: "/**/a"}'], 0, "rules[0].path"),
    (["{method: GET}"], 0, "rules[0].path"),
    (["{path: /a, method: get}"], 0, "rules[0].method"),
    (["{path: /a, limit: all}"], 0, "rules[0].limit"),
    (["{path: /a, environment: staging}"], 0, "rules[0].environment"),
    (["{path: /a, level: admin}"], 0, "rules[0].level"),
    (["{path: /a, name: '-'}"], 0, 'rules[0].name: found "-", allowed is 1 to 100 bytes, but not -, which the usage shows'),
    (["{path: /a, environment: production}", "{path: /a, environment: development}"], 1,
     'never decides: rules[0] (/a) does, allowed is a path and methods that no other rule takes all of: environment tells no rules apart'),
])
def test_check_finds_rules_that_cannot_be_meant(tmp_path, rules, line, words):
    status, said, first = check(tmp_path, rules)
    assert status == 1 and words in said and f"jeton.yaml:{first + line}: " in said, said


PLAN = "    plans: {p: [{name: dear, limit: search, seconds: 60, most: 5}]}\n"


@pytest.mark.parametrize("limit, status", [("search", 0), ("serch", 1)])
def test_check_finds_a_class_that_no_plan_counts(tmp_path, limit, status):
    """Its requests would not be limited at all."""
    rules = ["{path: /b, limit: search}", "{path: /a, limit: %s}" % limit]
    ended, said, first = check(tmp_path, rules, PLAN)
    assert ended == status, said
    assert not ended or f'jeton.yaml:{first + 1}: realms.standard.guard.rules[1].limit: found "serch"' in said


PLANS = """    plans:
      small: [{name: hour, limit: dear, unit: points, seconds: 1h, most: 50}, {name: day, limit: all, seconds: 1d, most: 3}]
      large: [{name: hour, limit: dear, unit: points, seconds: 1h, most: 200}, {name: all, limit: all, unit: points, seconds: 1d, most: 100}]
"""
BOTH, PRODUCTION = "    default_plan: {production: small, development: large}\n", "    default_plan: {production: small}\n"


@pytest.mark.parametrize("rule, defaults, is_wrong", [
    ("{path: /a, limit: dear, cost: 101}", BOTH, True), ("{path: /a, limit: dear, cost: 100}", BOTH, False),
    ("{path: /a, limit: dear, cost: graphql}", BOTH, False), ("{path: /a, limit: dear}", BOTH, False),
    ("{path: /a, cost: 101}", BOTH, False), ("{path: /a, limit: dear, cost: 101}", PRODUCTION, False),
    ("{path: /a, limit: dear, cost: 101}", "", False),
    ("{path: /a, limit: dear, cost: 101, environment: production}", PRODUCTION, True),
    ("{path: /a, limit: dear, cost: 101, environment: development}", PRODUCTION, False)])
def test_check_finds_a_cost_that_no_plan_lets_pass(tmp_path, rule, defaults, is_wrong):
    """Whoever has no plan is not limited, so that each environment which the rule is for must have one."""
    ended, said, first = check(tmp_path, ["{path: /b, limit: dear}", rule], PLANS + defaults)
    assert ended == is_wrong, said
    words = 'realms.standard.guard.rules[1].cost: found "101", allowed is 0 to 100, graphql: no plan lets more pass at once'
    assert not is_wrong or f"jeton.yaml:{first + 1}: {words}" in said, said


def test_check_finds_limited_tokens_where_there_are_none(tmp_path):
    """Without the realm's section `limited` no token is one."""
    rules = ["{path: /a, limited_tokens: false}", "{path: /b, limited_tokens: true}"]
    assert check(tmp_path, rules)[0] == 0
    path = tmp_path / "jeton.yaml"
    path.write_text(path.read_text().replace("    limited: {", "    # {"))
    ended = subprocess.run([BINARY, "check", "--config", str(path)], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ('guard.rules[1].limited_tokens: found "true", allowed is false, or the section limited beside: the realm gives no '
            'limited tokens') in ended.stdout


def test_check_says_how_many_windows_are_too_many(tmp_path):
    """Nine that count the same request."""
    windows = ", ".join("{name: w%d, seconds: 60, most: 5%s}" % (number, ", limit: all" * (number == 8)) for number in range(9))
    status, said, _ = check(tmp_path, ["{path: /a}"], "    plans: {p: [%s]}\n" % windows)
    assert status == 1 and 'plans.p[0]: found 9 windows that count a request of "default", allowed is at most 8' in said, said


def test_check_takes_rules_that_can(tmp_path):
    status, said, _ = check(tmp_path, ["{path: /a, method: GET, cost: graphql}", "{path: /a}", '{path: "/**"}', "{path: /}"])
    assert status == 0, said


# --- the services' own ---


def test_user_level_of_the_demo(shared_demo):
    """Podio: an app's token is not enough where a user is meant."""
    service = Service(shared_demo, "podio")
    told = {"X-Original-Method": "GET", "X-Original-URI": "/user/profile"}
    assert verdict(service.guard(service.token(), told)) == (403, "user_needed")
    assert service.guard(Person(shared_demo, "podio").tokens()["access_token"], told).status == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_graphql_of_the_demo_costs_points_by_whatever_method(shared_demo, method):
    """Product Hunt: 6250 points for GraphQL, 450 requests elsewhere [DOC]."""
    service = Service(shared_demo, "producthunt")
    told = {"X-Original-Method": method, "X-Original-URI": "/v2/api/graphql"}
    assert service.guard(service.token(), told).header("X-Rate-Limit-Limit") == "6250"


def test_limited_tokens_of_the_demo(shared_demo):
    """Podchaser: a limited token reads common entities, and nothing that is a user's [SEED]."""
    service = Service(shared_demo, "podchaser")
    mutation = ("mutation {{ requestAccessToken(input: {{grant_type: CLIENT_CREDENTIALS, client_id: \"{client_id}\", "
                "client_secret: \"{client_secret}\", limited_scope: true}}) {{ access_token }} }}")
    reply = shared_demo.request("POST", "/graphql", {"Content-Type": "application/json"},
                                json.dumps({"query": mutation.format(**service.credentials)}))
    limited = service.token_of(reply)
    users = {"X-Original-Method": "GET", "X-Original-URI": "/graphql/users/1"}
    assert service.guard(limited).status == 200
    assert verdict(service.guard(limited, users)) == (403, "scope_insufficient")
    assert service.guard(service.token(), users).status == 200
