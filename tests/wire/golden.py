"""Golden wire files: requests and the replies that must come back, byte by byte.

A file is

    # The rule, on one or more comment lines, and in brackets how sure it is: [DOC], [SRC, INF], [RFC6749 5.2]
    === request
    POST /oauth/token HTTP/1.1
    Content-Type: application/json

    {"client_id":"{{client_id}}"}
    === reply
    HTTP/1.1 200
    Content-Type: application/json
    !WWW-Authenticate

    {"access_token":"{{token:hex:64}}"}

and may go on with further pairs. `=== person allow` (or `deny`; an instance's name may follow) stands for a request from a
browser: the demo's user signs in, answers and goes on until the browser leaves for the client, and that is the reply. The Host header and Content-Length of a request are added when the file does not give
them. Listed headers must be there with that value, `!Name` must not be there; the body is compared whole. The newline
before `===` and at the end of the file belongs to the format, not to the body; `\\` at the end of a line joins it with
the next.

How sure: SEED the service's documents that we began with, which beat all others, DOC its other public documents, SRC the
source of an official client or of the library that it runs, MEAS a published measurement of the live service, CLIENT what
a third-party client sends or needs, INF inferred; OWN a rule of ours, where no document says anything.

Placeholders, innermost first:
    {{client_id}}, {{basic}}, {{podio.client_id}}   what the demo server handed out, `basic` being base64 of id:secret
    {{NAME:hex:64}}, {{NAME:alnum:30}}, {{NAME:urlsafe:32,}}, {{NAME:number}},
    {{NAME:text}}, {{NAME:scalar}}, {{NAME:any}}
                                                    in a reply: matches and binds NAME; `_` binds nothing
    {{NAME}}                                        what was bound; in a reply it must be that again
    {{base64:TEXT}}, {{escaped:TEXT}} (every byte as %XX), {{byte:ff}}, {{repeat:100:x}}
"""

import base64
import re
from dataclasses import dataclass, field

MARK = re.compile(r"^=== (request|reply|person (?:allow|deny)(?: [\w-]+)?)[ \t]*$", re.MULTILINE)
PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
CERTAINTY = re.compile(r"\[(SEED|DOC|MEAS|SRC|CLIENT|INF|OWN|RFC\d+ [\d.]+|GRAPHQL [\d.]+)(, [A-Z0-9 .]+)*\]")
BODILESS = ("GET", "HEAD", "OPTIONS", "DELETE")

KINDS = {
    "hex": lambda count: f"[0-9a-f]{{{count}}}",
    "alnum": lambda count: f"[0-9A-Za-z]{{{count}}}",
    "urlsafe": lambda count: f"[0-9A-Za-z_.~-]{{{count}}}",
    "number": lambda count: "[0-9]+",
    "scalar": lambda count: r'(?:null|"(?:[^"\\]|\\.)*")',
    "text": lambda count: r'[^"\\\x00-\x1f]*',
    "any": lambda count: r"[\s\S]*",
}


class GoldenMistake(Exception):
    """The golden file itself is wrong."""


@dataclass
class Step:
    actor: str  # "request", or "person allow"
    request: str
    reply: str
    line: int


@dataclass
class Golden:
    rule: str
    steps: list = field(default_factory=list)


def parse(text):
    pieces = MARK.split(text)
    rule = pieces[0].strip()
    if not rule.startswith("#") or not CERTAINTY.search(rule):
        raise GoldenMistake("the file must begin with a comment: the rule and its certainty in brackets")
    kinds, bodies = pieces[1::2], [unwrap(piece) for piece in pieces[2::2]]
    if not kinds or kinds[1::2] != ["reply"] * (len(kinds) // 2) or len(kinds) % 2 or "reply" in kinds[0::2]:
        raise GoldenMistake(f"requests and replies must take turns: {kinds}")
    lines = [text.count("\n", 0, match.start()) + 1 for match in MARK.finditer(text)]
    return Golden(rule, [Step(*step) for step in zip(kinds[0::2], bodies[0::2], bodies[1::2], lines[1::2])])


def unwrap(piece):
    """Without the line's end after the mark and the one before the next; joined lines joined."""
    return piece[1:].removesuffix("\n").replace("\\\n", "")


# --- requests ---


def request_bytes(block, names):
    head, _, body = expand(block, names).partition("\n\n")
    lines = head.split("\n")
    payload = encode(body)
    given = {line.split(":", 1)[0].lower() for line in lines[1:]}
    if "host" not in given:
        lines.insert(1, f"Host: {names['host']}")
    method = lines[0].split(" ", 1)[0]
    if not given & {"content-length", "transfer-encoding"} and (payload or method not in BODILESS):
        lines.append(f"Content-Length: {len(payload)}")
    if "transfer-encoding" in given:
        payload = payload.replace(b"\n", b"\r\n") + b"\r\n\r\n"
    return encode("\r\n".join(lines)) + b"\r\n\r\n" + payload


def expand(text, names):
    while True:
        expanded = PLACEHOLDER.sub(lambda match: value_of(match.group(1), names), text)
        if expanded == text:
            return text
        text = expanded


def value_of(expression, names):
    function, _, argument = expression.partition(":")
    if function == "base64":
        return base64.b64encode(encode(argument)).decode()
    if function == "escaped":
        return "".join(f"%{byte:02X}" for byte in encode(argument))
    if function == "byte":
        return bytes.fromhex(argument).decode("utf-8", "surrogateescape")
    if function == "repeat":
        count, _, repeated = argument.partition(":")
        return repeated * int(count)
    if expression not in names:
        raise GoldenMistake(f"nothing is bound to {expression}")
    return str(names[expression])


def encode(text):
    return text.encode("utf-8", "surrogateescape")


# --- replies ---


def check_reply(block, reply, names):
    """Asserts that the reply is the one of the block; binds what the block captures."""
    head, _, body = block.partition("\n\n")
    status_line, *headers = head.rstrip("\n").split("\n")
    expected = status_line.split(" ")[1]
    assert re.fullmatch(pattern_of(expected, names), str(reply.status)), f"status {expected} was expected:\n{reply}"
    for line in headers:
        check_header(line, reply, names)
    pattern = pattern_of(body, names)
    match = re.fullmatch(pattern, reply.body.decode("utf-8", "surrogateescape"))
    assert match, f"the body differs:\nexpected {body}\ngot      {reply.body.decode('utf-8', 'backslashreplace')}"
    names.update(match.groupdict())
    check_always(reply)


def difference(block, reply, names):
    """What check_reply says, or None."""
    try:
        check_reply(block, reply, names)
    except AssertionError as said:
        return str(said)
    return None


def check_header(line, reply, names):
    if line.startswith("!"):
        name = line[1:].strip()
        assert not any(key.lower() == name.lower() for key, _ in reply.headers), f"{name} must be absent:\n{reply}"
        return
    name, _, value = line.partition(":")
    got = reply.header(name)
    assert got is not None, f"{name} is missing:\n{reply}"
    match = re.fullmatch(pattern_of(value.strip(), names), got)
    assert match, f"{name} differs:\nexpected {value.strip()}\ngot      {got}"
    names.update(match.groupdict())


def check_always(reply):
    """What every reply carries, whatever the dialect."""
    for name in ("X-Request-Id", "Date", "Content-Length"):
        assert reply.header(name), f"{name} is missing:\n{reply}"
    assert int(reply.header("Content-Length")) == len(reply.body)


def pattern_of(text, names):
    """The regular expression of a template: literals quoted, captures as named groups."""
    parts, end = [], 0
    for match in PLACEHOLDER.finditer(text):
        parts.append(re.escape(text[end:match.start()]))
        parts.append(placeholder_pattern(match.group(1), names))
        end = match.end()
    return "".join(parts) + re.escape(text[end:])


def placeholder_pattern(expression, names):
    name, _, rest = expression.partition(":")
    kind, _, count = rest.partition(":")
    if kind not in KINDS:
        return re.escape(value_of(expression, names))
    pattern = KINDS[kind](count)
    return pattern if name == "_" else f"(?P<{name}>{pattern})"
