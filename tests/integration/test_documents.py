"""What the documents show of jeton.yaml is a configuration: whoever copies it gets no mistakes."""

import re
import subprocess

import pytest
import yaml
from daemon import BINARY, REPOSITORY

BASE = """
data_directory: data
listeners: [{address: "localhost:8080", serves: [public, guard]}]
realms:
  main:
    dialect: standard
    issuer: https://auth.example.com
    grants: {client_credentials: {}, authorization_code: {}}
    scopes: {look: {description: Look.}, read: {description: Read.}, write: {description: Write., level: write}}
    default_scope: look
    limited: {lifetime_seconds: 1h, scope: look}
"""


def lay_over(base, more):
    for key, value in more.items():
        base[key] = lay_over(base[key], value) if isinstance(value, dict) and isinstance(base.get(key), dict) else value
    return base


def blocks(page):
    """The page's configurations: blocks of YAML that have realms, and no gaps."""
    found = re.findall(r"^```yaml\n(.*?)^```", (REPOSITORY / "docs" / page).read_text(), re.S | re.M)
    return [yaml.safe_load(text) for text in found if re.search(r"^realms:", text, re.M) and "…" not in text]


@pytest.mark.parametrize("page", ["rules.md", "limits.md", "upstream.md", "people.md"])
def test_a_documents_configuration_is_one(tmp_path, page):
    configurations = blocks(page)
    assert configurations
    for configuration in configurations:
        (tmp_path / "mail.password").write_text("secret\n")
        (tmp_path / "mail.password").chmod(0o600)
        path = tmp_path / "jeton.yaml"
        path.write_text(yaml.safe_dump(lay_over(yaml.safe_load(BASE), configuration), allow_unicode=True))
        ended = subprocess.run([BINARY, "check", "--config", str(path)], capture_output=True, text=True, check=False)
        assert ended.returncode == 0, f"{ended.stdout}{ended.stderr}\n{path.read_text()}"


def test_usage_says_where_each_refusal_is_counted():
    """As oauth/count.c sorts them."""
    source = (REPOSITORY / "src" / "oauth" / "count.c").read_text()
    rows = dict(re.findall(r"^\| `(refused_\w+)` \| (.*) \|$", (REPOSITORY / "docs" / "usage.md").read_text(), re.M))
    sorted_in = re.findall(r"((?:\s*case REFUSED_\w+:)+)\s*return USAGE_(\w+);", source)
    assert len(sorted_in) == 4
    for cases, kind in sorted_in:
        assert set(re.findall(r"REFUSED_(\w+)", cases)) == set(re.findall(r"`(\w+)`", rows[kind])), kind


def test_each_metric_is_listed_once():
    table = re.findall(r"^\| (`jeton_[^|]*) \|", (REPOSITORY / "docs" / "operations.md").read_text(), re.M)
    names = re.findall(r"`(\w+)`", " ".join(table))
    assert len(names) > 20 and len(set(names)) == len(names)
