"""The demo's sample APIs behind Jeton: the documents' own examples answer with a token and refuse without."""

import json
import re
import subprocess

import http1
import pytest
from daemon import wait_until
from people import Person as Visitor
from service import Service

PODCAST = '{ podcast(identifier: {id: "731600", type: PODCHASER}) { id title description } }'


def client_token(daemon, name):
    token = Service(daemon, name).token()
    daemon.secrets.add(token)
    return token


def get(daemon, name, path, token=None, method="GET", body=None, host=None):
    scheme = "OAuth2" if name == "podio" else "Bearer"
    headers = {"Authorization": f"{scheme} {token}"} if token else {}
    if body is not None:
        headers["Content-Type"] = "application/json"
    return daemon.request(method, path, headers, body, host)


def ask(daemon, name, path, query, token=None):
    return get(daemon, name, path, token, "POST", json.dumps({"query": query}))


def test_each_line_calls_its_api(shared_demo):
    for name, service in shared_demo.description["services"].items():
        done = subprocess.run(service["call"], shell=True, capture_output=True, text=True, timeout=60, check=True)
        answer = json.loads(done.stdout)
        assert "error" not in answer and "errors" not in answer, (name, done.stdout)


def test_a_podcast_is_told_to_whoever_has_a_token(shared_demo):
    token = client_token(shared_demo, "podchaser")
    reply = ask(shared_demo, "podchaser", "/graphql", PODCAST, token)
    assert reply.status == 200 and reply.json()["data"]["podcast"]["title"] == "Office Ladies"
    assert int(reply.header("X-Podchaser-Query-Cost")) == 4
    before = int(reply.header("X-Podchaser-Points-Remaining"))
    again = ask(shared_demo, "podchaser", "/graphql", PODCAST, token)
    assert int(again.header("X-Podchaser-Points-Remaining")) == before - 4


@pytest.mark.parametrize("name, path", [("podchaser", "/graphql"), ("producthunt", "/v2/api/graphql")])
def test_a_mistake_in_a_query_is_told_where_it_is(shared_demo, name, path):
    """As the API would tell it, and free of charge: 200, with the line and column."""
    reply = ask(shared_demo, name, path, "{\n  podcast( }", client_token(shared_demo, name))
    assert reply.status == 200, reply
    error, = reply.json()["errors"]
    assert error["message"] == 'Syntax Error: Expected Name, found "}".'
    assert error["locations"] == [{"line": 2, "column": 12}]


@pytest.mark.parametrize("token", [None, "nonsense"])
def test_without_a_token_the_error_stands_in_the_answer(shared_demo, token):
    for query in (PODCAST, "{ podcasts(first: 3) { data { id } } }"):
        reply = ask(shared_demo, "podchaser", "/graphql", query, token)
        assert reply.status == 200 and reply.json()["errors"][0]["message"] == "Unauthenticated."


def refused_tokens(demo, realm, rule):
    usage = demo.command("usage", realm=realm, by="rule")["usage"]
    return sum(line["refused_token"] for line in usage if line["rule"] == rule)


def test_what_is_refused_in_the_apis_place_counts(own_demo):
    ask(own_demo, "podchaser", "/graphql", "{ __schema { mutationType { name } } }")  # asks for nothing of the API's
    for token in (None, "nonsense"):
        assert "errors" in ask(own_demo, "podchaser", "/graphql", PODCAST, token).json()
    wait_until(lambda: refused_tokens(own_demo, "podchaser", "graphql") >= 2, what="two refusals")
    assert refused_tokens(own_demo, "podchaser", "graphql") == 2


def test_the_viewer_costs_points_as_any_query(shared_demo):
    token = client_token(shared_demo, "producthunt")
    first, second = (ask(shared_demo, "producthunt", "/v2/api/graphql", "{ viewer { user { username } } }", token)
                     for _ in range(2))
    assert int(second.header("X-Rate-Limit-Remaining")) == int(first.header("X-Rate-Limit-Remaining")) - 3


def test_a_token_is_still_asked_for_at_the_same_endpoint(shared_demo):
    """And what asks for more besides goes on whole: the API does not know the mutation."""
    service = shared_demo.description["services"]["podchaser"]
    token = client_token(shared_demo, "podchaser")
    mutation = ("requestAccessToken(input: {grant_type: CLIENT_CREDENTIALS, client_id: \"%s\", client_secret: \"%s\"})"
                " { token_type }" % (service["client_id"], service["client_secret"]))
    reply = ask(shared_demo, "podchaser", "/graphql", "mutation { %s }" % mutation)
    assert reply.json() == {"data": {"requestAccessToken": {"token_type": "Bearer"}}}
    mixed = ask(shared_demo, "podchaser", "/graphql", "mutation { %s other { id } }" % mutation, token)
    assert "errors" in mixed.json() and "data" not in mixed.json()


def test_introspection_needs_no_token(shared_demo):
    reply = ask(shared_demo, "podchaser", "/graphql", "{ __schema { mutationType { name } } }")
    assert reply.json()["data"]["__schema"]["mutationType"]["name"] == "Mutation"


def test_posts_and_the_viewer(shared_demo):
    token = client_token(shared_demo, "producthunt")
    posts = ask(shared_demo, "producthunt", "/v2/api/graphql", "{ posts(first: 2) { nodes { name } } }", token)
    assert [node["name"] for node in posts.json()["data"]["posts"]["nodes"]] == ["Difference Engine", "Jeton"]
    assert posts.header("X-Rate-Limit-Limit") == "6250"
    viewer = ask(shared_demo, "producthunt", "/v2/api/graphql", "{ viewer { user { username } } }", token)
    assert viewer.json() == {"data": {"viewer": None}}  # a client's own token has none
    refused = ask(shared_demo, "producthunt", "/v2/api/graphql", "{ posts { totalCount } }")
    assert refused.status == 401 and refused.json()["errors"][0]["error"] == "invalid_oauth_token"


# What browsers are told of this API wherever its answer comes from. [Fetch 3.3]
CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "GET, POST, HEAD, OPTIONS",
        "Access-Control-Expose-Headers": "X-Rate-Limit-Limit, X-Rate-Limit-Remaining, X-Rate-Limit-Reset",
        "Access-Control-Max-Age": "7200"}


def told_to_browsers(reply):
    return sorted(pair for pair in reply.headers if pair[0].startswith("Access-Control-"))


def test_a_browser_may_ask_before_it_sends_a_token(shared_demo):
    """[Fetch 4.8] A preflight carries no token, and costs no points."""
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "authorization,content-type"}
    reply = shared_demo.request("OPTIONS", "/v2/api/graphql", asked)
    allowed = {**CORS, "Access-Control-Allow-Headers": "authorization,content-type"}
    assert (reply.status, reply.body, told_to_browsers(reply)) == (204, b"", sorted(allowed.items()))
    del asked["Access-Control-Request-Headers"]
    reply = shared_demo.request("OPTIONS", "/v2/api/graphql", asked)
    assert (reply.status, told_to_browsers(reply)) == (204, sorted(CORS.items()))
    del asked["Access-Control-Request-Method"]
    assert shared_demo.request("OPTIONS", "/v2/api/graphql", asked).status == 401


def test_a_browser_may_read_every_answer(shared_demo):
    """Also what Jeton answers in the API's place: without the headers a page would see no status at all."""
    service = Service(shared_demo, "producthunt")
    token = service.token(shared_demo.create_client("producthunt"))
    viewer, nothing, costly = "{ viewer { user { id } } }", "{ __typename }", "{ posts(first: 1000) { nodes { user { id } } } }"
    for query in (viewer, nothing, "{ unknown }"):
        reply = ask(shared_demo, "producthunt", "/v2/api/graphql", query, token)
        assert (reply.status, told_to_browsers(reply)) == (200, sorted(CORS.items())), query
    reply = ask(shared_demo, "producthunt", "/v2/api/graphql", viewer)
    assert (reply.status, told_to_browsers(reply)) == (401, sorted(CORS.items()))
    used_up = wait_until(lambda: refusal_of(ask(shared_demo, "producthunt", "/v2/api/graphql", costly, token)), what="a 429")
    assert (used_up.status, told_to_browsers(used_up)) == (429, sorted(CORS.items()))


def refusal_of(reply):
    return reply if reply.status != 200 else None


def test_a_user_has_a_status(shared_demo):
    visitor = Visitor(shared_demo, "podio")
    token = visitor.tokens()["access_token"]
    status = get(shared_demo, "podio", "/user/status", token)
    assert status.status == 200 and status.header("X-Rate-Limit-Remaining")
    user_id = status.json()["user"]["user_id"]
    assert isinstance(user_id, int)
    assert status.header("X-Podio-Auth-Ref") == f"user_{user_id}"
    assert status.header("X-Podio-Request-Id") == status.header("X-Request-Id")[:8]
    assert get(shared_demo, "podio", "/user", token).json()["user_id"] == user_id
    assert get(shared_demo, "podio", "/item/42", token).json()["item_id"] == 42
    assert get(shared_demo, "podio", "/user/status").status == 401
    assert get(shared_demo, "podio", "/user", client_token(shared_demo, "podio")).status == 403  # an app is no user


@pytest.mark.parametrize("path", ["/item/app/4711/filter/", "/item/app/4711/filter", "/item/app/4711/filter/12/",
                                  "/item/app/4711/filter/12"])
def test_a_marked_operation_tells_its_lower_limit(shared_demo, path):
    """1000 an hour, and 250 of the operations that are marked; neither is taken off the other."""
    token = client_token(shared_demo, "podio")
    plain = get(shared_demo, "podio", "/item/42", token)
    assert plain.header("X-Rate-Limit-Limit") == "1000"
    marked = get(shared_demo, "podio", path, token, "POST", '{"filters": {}, "limit": 30}')
    assert (marked.status, marked.header("X-Rate-Limit-Limit")) == (200, "250"), str(marked)
    found = marked.json()
    assert found["filtered"] == len(found["items"]) <= found["total"]
    assert {item["app"]["app_id"] for item in found["items"]} == {4711}
    left = int(marked.header("X-Rate-Limit-Remaining"))
    again = get(shared_demo, "podio", path, token, "POST", "{}")
    assert int(again.header("X-Rate-Limit-Remaining")) == left - 1
    after = get(shared_demo, "podio", "/item/42", token)
    assert int(after.header("X-Rate-Limit-Remaining")) == int(plain.header("X-Rate-Limit-Remaining")) - 1
    assert get(shared_demo, "podio", path, None, "POST", "{}").status == 401


@pytest.mark.parametrize("instance,names", [("desert-broadcasters", ["Ruth", "Omar"]), ("harbour-radio", ["Mei"])])
def test_a_token_sees_its_instance_only(shared_demo, instance, names):
    visitor = Visitor(shared_demo, "radioworkflow")
    token = visitor.tokens(instance=instance)["access_token"]
    reply = get(shared_demo, "radioworkflow", "/listeners", token)
    assert [listener["name"] for listener in reply.json()["listeners"]] == names
    forged = shared_demo.request("GET", "/listeners", {"Authorization": f"Bearer {token}",
                                                       "X-Jeton-Instance": "another", "x_jeton_instance": "another"})
    assert forged.json()["instance"] == instance


def test_a_partner_makes_a_user(shared_demo):
    token = client_token(shared_demo, "podero")
    reply = get(shared_demo, "podero", "/api/partners/v2.0/org/7/users", token, "POST", '{"role": "user"}')
    assert reply.status == 201 and reply.json()["org_id"] == "7"
    assert reply.json()["created_by"] == shared_demo.description["services"]["podero"]["client_id"]
    assert get(shared_demo, "podero", "/api/partners/v2.0/org/7/users", None, "POST", "{}").status == 401
    assert get(shared_demo, "podero", "/api/partners/v2.0/nothing", token).status == 404


def test_the_sample_api_is_on_the_operations_listener_only(shared_demo):
    assert shared_demo.request("GET", "/sample/standard/things").status == 404
    operations = re.match(r"http://(.*):(\d+)", shared_demo.description["operations"])
    reply = http1.exchange((operations[1], int(operations[2])),
                           http1.request_bytes("GET", "/sample/standard/things", {"Host": "x"}))
    assert reply.status == 200 and reply.json()["client"] == "-"
