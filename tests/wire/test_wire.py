"""Every golden file against the real server."""

from base64 import b64encode
from pathlib import Path
from urllib.parse import quote

import golden
import pytest
from person import Person

FOLDER = Path(__file__).resolve().parent
SIXTH = "sixth"
FILES = sorted(FOLDER.glob("*/*.http"))


def flat(prefix, value):
    """{"a": {"b": 1}} as {"a.b": 1}; wherever there is a client, also its `basic`."""
    names = {}
    for key, member in value.items():
        if isinstance(member, dict):
            names.update(flat(f"{prefix}{key}.", member))
        else:
            names[prefix + key] = member
    if "client_id" in value and "client_secret" in value:
        pair = f"{value['client_id']}:{value['client_secret']}"
        names[prefix + "basic"] = b64encode(pair.encode()).decode()
    return names


def names_for(daemon, realm):
    services = daemon.description["services"]
    return {**flat("", services), **flat("", services[realm]), "host": daemon.authority,
            "origin": daemon.description["origin"], "iss": quote(daemon.description["origin"], safe="")}


def send(daemon, realm, step, names):
    data = golden.request_bytes(step.request, names)
    reply = daemon.send(data)
    actor, *answer = step.actor.split(" ")
    if actor == "request":
        return reply
    person = Person(daemon, daemon.description["services"][realm]["user"], *answer)
    return person.carry_through(person.take(reply, data.split(b" ", 2)[1].decode()))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_golden(path, request):
    realm = path.parent.name
    daemon = request.getfixturevalue("sixth_company" if realm == SIXTH else "shared_demo")
    names = names_for(daemon, realm)
    case = golden.parse(path.read_text("utf-8"))
    for step in case.steps:
        reply = send(daemon, realm, step, names)
        difference = golden.difference(step.reply, reply, names)
        if difference:
            pytest.fail(f"{path.relative_to(FOLDER)}:{step.line}\n{case.rule}\n{difference}", pytrace=False)


def test_every_dialect_has_golden_files():
    folders = {path.parent.name for path in FILES}
    assert folders == {"podio", "producthunt", "podchaser", "radioworkflow", "podero", "standard", SIXTH}
