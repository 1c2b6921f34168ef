"""The example files and the page about them say the same."""

import re

from daemon import REPOSITORY
from gateway import EXAMPLES, KINDS

PAGE = REPOSITORY / "docs" / "gateways.md"


def test_the_page_quotes_the_files():
    """Each block of the page that names a file stands in it, line by line."""
    quoted = re.findall(r"\[`(?:examples/gateways/)?([\w.-]+)`\]\(\.\./examples/gateways/[\w.-]+\)[^\n]*:\n\n```\w*\n(.*?)```",
                        PAGE.read_text(), re.S)
    assert {name for name, _ in quoted} >= {"nginx.conf", "Caddyfile", "haproxy.cfg", "apache.conf", "traefik.yaml", "envoy.yaml"}
    for name, block in quoted:
        lines = [line.strip() for line in block.splitlines()]
        file = [line.strip() for line in (EXAMPLES / name).read_text().splitlines()]
        assert any(file[at:at + len(lines)] == lines for at in range(len(file))), f"{name} has no such lines:\n{block}"


def test_the_page_names_every_file():
    page = PAGE.read_text()
    for file in EXAMPLES.iterdir():
        assert f"../examples/gateways/{file.name})" in page, file.name


def test_every_file_is_tested():
    """A gateway runs it, or test_requests.py sends what it says."""
    run = {file for _, _, name, others, _ in KINDS.values() for file in (name, *others)}
    assert run | {"traefik.yaml", "envoy.yaml"} == {file.name for file in EXAMPLES.iterdir()}


def test_the_cached_variant_is_the_plain_one_and_its_cache():
    def directives(name):
        lines = (line.strip() for line in (EXAMPLES / name).read_text().splitlines())
        return [line for line in lines if line and not line.startswith("#")]

    cached = [line for line in directives("nginx-cached.conf") if not line.startswith(("proxy_cache", "proxy_ignore"))]
    assert cached == directives("nginx.conf")
