"""Kinds of request, as raw bytes in files for the generator."""

import dataclasses
import json
import pathlib

import load
from servers import BenchError, basic, exchange

REALM = "standard"
FORM = "application/x-www-form-urlencoded"
CONNECTIONS = (64, 256)


@dataclasses.dataclass
class Work:
    """One kind of request, or of several in turn."""

    name: str
    script: load.Script
    is_durable: bool = False


def filled(text, values):
    """As the generator fills holes."""
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


def raw_request(method, path, headers, content_type=None, body="", values=None):
    """`values`: what the holes of the body will hold, as long as it will be."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers.items()),
             "Accept: */*"]
    if content_type:
        lines += [f"Content-Type: {content_type}", f"Content-Length: {len(filled(body, values or {}))}"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def write_request(folder, name, request):
    file = pathlib.Path(folder) / (name.replace(", ", "-").replace(" ", "-") + ".request")
    file.write_bytes(request)
    return file


def write_work(folder, name, request, is_durable=False):
    return Work(name, load.Script([write_request(folder, name, request)]), is_durable)


def issue_request(credentials):
    return raw_request("POST", "/oauth2/token", {"Authorization": basic(credentials)}, FORM,
                       "grant_type=client_credentials")


def guard_request(token):
    return raw_request("GET", f"/guard/{REALM}", {"Authorization": f"Bearer {token}"})


def get_token(jeton):
    """A fresh token of the standard realm, with its scope and lifetime."""
    reply = exchange(jeton.port, issue_request(jeton.service(REALM)))
    if reply.status != 200:
        raise BenchError(f"no token: {reply.status} {reply.body}")
    return json.loads(reply.body)
