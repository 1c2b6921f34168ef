"""The golden format itself: a runner that cannot fail proves nothing."""

import golden
import pytest
from http1 import Reply

ALWAYS = [("X-Request-Id", "0123456789abcdef"), ("Date", "now")]
CASE = """# The rule. [SEED]
=== request
POST /token HTTP/1.1
Authorization: Basic {{base64:{{client_id}}:pass}}

{"a":"{{client_id}}"}
=== reply
HTTP/1.1 200
Cache-Control: no-store
!Pragma

{"token":"{{token:hex:8}}","id":"{{client_id}}"}
"""


def reply(status=200, body=b'{"token":"0123abcd","id":"me"}', headers=(("Cache-Control", "no-store"),)):
    return Reply(status, [*headers, *ALWAYS, ("Content-Length", str(len(body)))], body)


def names():
    return {"client_id": "me", "host": "localhost:1"}


def test_request_gets_host_length_and_values():
    step = golden.parse(CASE).steps[0]
    assert golden.request_bytes(step.request, names()) == (
        b"POST /token HTTP/1.1\r\nHost: localhost:1\r\nAuthorization: Basic bWU6cGFzcw==\r\nContent-Length: 10\r\n\r\n"
        b'{"a":"me"}')


def test_reply_binds_what_it_captures():
    bound = names()
    golden.check_reply(golden.parse(CASE).steps[0].reply, reply(), bound)
    assert bound["token"] == "0123abcd"


@pytest.mark.parametrize("wrong", [
    reply(status=201),
    reply(body=b'{"token":"0123abcd","id":"you"}'),
    reply(body=b'{"token":"0123abcg","id":"me"}'),
    reply(body=b'{"token":"0123abcd","id":"me"} '),
    reply(body=b'{"token": "0123abcd","id":"me"}'),
    reply(headers=()),
    reply(headers=(("Cache-Control", "no-cache"),)),
    reply(headers=(("Cache-Control", "no-store"), ("Pragma", "no-cache"))),
], ids=["status", "value", "alphabet", "tail", "spacing", "missing header", "other header", "forbidden header"])
def test_any_difference_fails(wrong):
    with pytest.raises(AssertionError):
        golden.check_reply(golden.parse(CASE).steps[0].reply, wrong, names())


@pytest.mark.parametrize("text", ["=== request\nGET / HTTP/1.1\n=== reply\nHTTP/1.1 200\n",
                                  "# No certainty.\n=== request\nGET / HTTP/1.1\n=== reply\nHTTP/1.1 200\n",
                                  "# Rule. [SEED]\n=== request\nGET / HTTP/1.1\n",
                                  "# Rule. [SEED]\n"])
def test_a_file_without_rule_or_reply_is_refused(text):
    with pytest.raises(golden.GoldenMistake):
        golden.parse(text)


def test_a_person_may_take_the_clients_place():
    case = golden.parse("# Rule. [SEED]\n=== person deny north\nGET /a HTTP/1.1\n=== reply\nHTTP/1.1 302\n")
    assert [(step.actor, step.request) for step in case.steps] == [("person deny north", "GET /a HTTP/1.1")]


def test_bytes_that_are_no_text_can_be_sent():
    assert golden.request_bytes("POST / HTTP/1.1\n\n{{byte:ff}}{{byte:00}}", names()).endswith(b"\r\n\r\n\xff\x00")
