"""The server that the gateways ask, with the realms of realms.yaml."""

from pathlib import Path
from string import Template

import daemon as daemons
from service import Service

CONFIGURATION = Path(__file__).resolve().parent / "realms.yaml"
REALMS = ("standard", "podio", "producthunt", "podchaser")


def serve(folder):
    port = daemons.free_port(2)
    ports = {"port": port, "guard_port": port + 1}
    daemon = daemons.serve(folder, Template(CONFIGURATION.read_text()).substitute(ports), port)
    daemon.address = ("127.0.0.1", port)
    daemon.guard_authority = f"127.0.0.1:{port + 1}"
    daemon.description = {"services": {realm: account(daemon, realm) for realm in REALMS}}
    return daemon


def account(daemon, realm):
    """What Service needs to know of a realm: a new client, and a service account where clients have no grant."""
    members = daemon.create_client(realm)
    if realm == "podio":
        made = daemon.command("account create", realm=realm)
        members |= {"app_id": made["account_id"], "app_token": made["account_secret"]}
    return members


class Caller:
    """A client of the realm with a token of its own."""

    def __init__(self, daemon, realm):
        self.service = Service(daemon, realm)
        self.service.credentials = daemon.create_client(realm)
        self.client_id = self.service.credentials["client_id"]
        self.token = self.service.token()

    def headers(self, **more):
        return {**self.service.bearer(self.token), **more}

    def revoke(self):
        self.service.revoke(self.token)
