"""Debian's Chromium through Selenium, and a client's own site that it comes back to."""

import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service as Driver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

WAIT_SECONDS = 20
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--hide-scrollbars", "--window-size=1280,900")
SCREENSHOTS = Path(os.environ.get("BUILD", "build")) / "screenshots"


class Chromium:
    """One browser with an empty profile."""

    def __init__(self, profile, with_scripts=True, language="en"):
        options = Options()
        for flag in (*FLAGS, f"--user-data-dir={profile}", f"--lang={language}"):
            options.add_argument(flag)
        preferences = {"intl.accept_languages": language}
        if not with_scripts:
            preferences["profile.managed_default_content_settings.javascript"] = 2
        options.add_experimental_option("prefs", preferences)
        self.with_scripts = with_scripts
        self.driver = webdriver.Chrome(service=Driver("/usr/bin/chromedriver"), options=options)
        self.driver.set_page_load_timeout(WAIT_SECONDS)

    def close(self):
        self.driver.quit()

    def open(self, url):
        self.driver.get(url)

    def find(self, selector):
        return WebDriverWait(self.driver, WAIT_SECONDS).until(
            lambda driver: driver.find_element(By.CSS_SELECTOR, selector), f"{selector} on {self.driver.current_url}")

    def has(self, selector):
        return bool(self.driver.find_elements(By.CSS_SELECTOR, selector))

    def type(self, selector, text):
        element = self.find(selector)
        element.clear()
        element.send_keys(text)

    def press(self, selector):
        self.find(selector).click()

    def wait_for_url(self, beginning):
        WebDriverWait(self.driver, WAIT_SECONDS).until(
            lambda driver: driver.current_url.startswith(beginning), f"{beginning}, not {self.driver.current_url}")
        return self.driver.current_url

    @property
    def text(self):
        return self.find("body").text

    def picture(self, name):
        """A screenshot that stays as the test's output."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(SCREENSHOTS / f"{name}.png"))

    def sign_in(self, user):
        self.type("input[name=username]", user["username"])
        self.type("input[name=password]", user["password"])
        self.press("#sign-in")

    def choose(self, instance):
        """Of the radio buttons or the select that the consent page has."""
        if self.has("select[name=instance]"):
            self.press(f"select[name=instance] option[value='{instance}']")
        else:
            self.press(f"label:has(input[name=instance][value='{instance}'])")


class ClientSite:
    """Where the client is reached: it remembers what the browser brings."""

    def __init__(self):
        site = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self, body=""):
                site.visits.append((self.command, self.path, body))
                page = b"<!doctype html><title>Client</title><h1>Back at the client</h1>"
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def do_GET(self):
                self.answer()

            def do_POST(self):
                self.answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

            def log_message(self, *unused):
                pass

        self.visits = []
        self.server = ThreadingHTTPServer(("localhost", 0), Handler)
        self.uri = f"http://localhost:{self.server.server_address[1]}/callback"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def last_query(self):
        _, path, _ = next(visit for visit in reversed(self.visits) if visit[1].startswith("/callback"))
        return {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}


@pytest.fixture(scope="module")
def client_site():
    site = ClientSite()
    yield site
    site.close()


@pytest.fixture
def browser(tmp_path):
    """A browser with scripts and nothing remembered."""
    chromium = Chromium(tmp_path / "profile")
    yield chromium
    chromium.close()
