"""How a machine client of each service speaks: the same five steps, spelled six ways."""

import json
from dataclasses import dataclass

from http1 import basic


@dataclass
class Spelling:
    """Where an API keeps its things. `whoami` and `api`, an ordinary request, are (method, path)."""

    token_path: str
    whoami: tuple
    introspect_path: str
    revoke_path: str
    api: tuple
    scheme: str = "Bearer"


SPELLINGS = {
    "podio": Spelling("/oauth/token", ("GET", "/oauth/info"), "/oauth/introspect", "/oauth/grant/invalidate",
                      ("GET", "/item/1"), "OAuth2"),
    "producthunt": Spelling("/v2/oauth/token", ("GET", "/v2/oauth/token/info"), "/v2/oauth/introspect",
                            "/v2/oauth/revoke", ("POST", "/v2/api/graphql")),
    "podchaser": Spelling("/graphql", ("GET", "/graphql/whoami"), "/graphql/introspect", "/graphql/revoke",
                          ("POST", "/graphql")),
    "radioworkflow": Spelling("/token", ("GET", "/whoami"), "/introspect", "/revoke", ("GET", "/things/1")),
    "podero": Spelling("/oauth2/token/", ("GET", "/oauth2/whoami/"), "/oauth2/introspect/", "/oauth2/revoke_token/",
                       ("GET", "/api/partners/v2.0/org/1/users")),
    "standard": Spelling("/oauth2/token", ("GET", "/oauth2/whoami"), "/oauth2/introspect", "/oauth2/revoke",
                         ("GET", "/things/1")),
}
NAMES = tuple(SPELLINGS)
# Services that sign clients in with Basic [SEED, DOC]; the others take id and secret in the body.
BASIC = ("radioworkflow", "podero", "standard")
MUTATION = """mutation Token($id: String!, $secret: String!) {
  requestAccessToken(input: {grant_type: CLIENT_CREDENTIALS, client_id: $id, client_secret: $secret}) {
    access_token token_type expires_in
  }
}"""


class Service:
    """One realm of a running server, asked as its own documents say."""

    def __init__(self, daemon, name, environment=None):
        self.daemon = daemon
        self.name = name
        self.account = daemon.description["services"][name]
        self.credentials = self.account[environment] if environment else self.account
        self.spelling = SPELLINGS[name]
        self.host = self.credentials.get("host")
        self.realm = name if not self.host else f"{name}-{environment}"

    # --- tokens ---

    def token_request(self, client=None, **extra):
        """(path, headers, body) of the documented token request."""
        client = client or self.credentials
        path = self.account.get("token_path", self.spelling.token_path)
        if self.name == "podchaser":
            return path, {"Content-Type": "application/json"}, json.dumps(graphql_token(client))
        parameters = {"grant_type": "client_credentials", **extra}
        headers = {"Content-Type": "application/json"}
        if self.name in BASIC:
            headers["Authorization"] = basic(client["client_id"], client["client_secret"])
        else:
            parameters |= {"client_id": client["client_id"], "client_secret": client["client_secret"]}
        if self.name == "podio":
            parameters |= {"grant_type": "app", "app_id": self.account["app_id"],
                           "app_token": self.account["app_token"]}
            path = "/oauth/token/v2"
        if self.name in ("radioworkflow", "standard"):
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            return path, headers, "&".join(f"{key}={value}" for key, value in parameters.items())
        return path, headers, json.dumps(parameters)

    def ask_token(self, client=None, **extra):
        path, headers, body = self.token_request(client, **extra)
        return self.daemon.request("POST", path, headers, body, self.host)

    def token(self, client=None):
        """A new access token."""
        token = self.token_of(self.ask_token(client))
        self.daemon.secrets.add(token)
        return token

    def token_of(self, reply):
        assert reply.status == 200, str(reply)
        value = reply.json()
        if self.name == "podchaser":
            assert "errors" not in value, value
            value = value["data"]["requestAccessToken"]
        return value["access_token"]

    def has_refused(self, reply):
        """Whether a token request was refused in the dialect's own way."""
        if self.name == "podchaser":
            return reply.status == 200 and "errors" in reply.json() and b"access_token" not in reply.body
        return reply.status in (400, 401) and b"access_token" not in reply.body

    # --- their use ---

    def bearer(self, token, scheme=None):
        return {"Authorization": f"{scheme or self.spelling.scheme} {token}"}

    def whoami(self, token):
        method, path = self.spelling.whoami
        return self.daemon.request(method, path, self.bearer(token), host=self.host)

    def guard(self, token, headers=None):
        return self.daemon.request("GET", f"/guard/{self.realm}",
                                   {**self.original(), **self.bearer(token), **(headers or {})}, host=self.host)

    def original(self):
        """What a gateway tells of an ordinary request."""
        return dict(zip(("X-Original-Method", "X-Original-URI"), self.spelling.api))

    def introspect(self, token, caller=None):
        caller = caller or self.credentials.get("resource_server") or self.account["resource_server"]
        return self.post_as(caller, self.spelling.introspect_path, token)

    def is_active(self, token):
        reply = self.introspect(token)
        assert reply.status == 200, str(reply)
        if not reply.json()["active"]:
            assert reply.json() == {"active": False}
        return reply.json()["active"]

    def revoke(self, token, client=None):
        reply = self.post_as(client or self.credentials, self.spelling.revoke_path, token)
        assert reply.status in (200, 204), str(reply)
        return reply

    def post_as(self, client, path, token):
        headers = {"Authorization": basic(client["client_id"], client["client_secret"])}
        return self.daemon.post_form(path, {"token": token}, headers, self.host)


def graphql_token(client):
    return {"query": MUTATION, "variables": {"id": client["client_id"], "secret": client["client_secret"]}}
