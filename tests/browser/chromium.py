"""Debian's Chromium through Selenium, and a client's own site that it comes back to."""

import base64
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service as Driver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

WAIT_SECONDS = 20
POLL_SECONDS = 0.02
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--hide-scrollbars", "--window-size=1280,900")
SCREENSHOTS = Path(os.environ.get("BUILD", "build")) / "screenshots"
SCREENS = {"desk": {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False},
           "phone": {"width": 375, "height": 780, "deviceScaleFactor": 2, "mobile": True}}

# [WCAG 2.1] 1.4.3 contrast, 1.4.10 no scrolling sideways, 1.3.1 and 4.1.2 every field has a name, as the browser sees it.
MEASURE = """
const found = [];
const root = document.documentElement;
if (root.scrollWidth > root.clientWidth) found.push(`${root.scrollWidth} px wide, not ${root.clientWidth}`);
const shown = (element) => element.checkVisibility({checkOpacity: true, checkVisibilityCSS: true});
for (const field of document.querySelectorAll("input, select, textarea"))
  if (field.type !== "hidden" && shown(field) && !field.labels.length && !field.ariaLabel)
    found.push(`no label: ${field.outerHTML}`);
for (const button of document.querySelectorAll("button, a"))
  if (shown(button) && !button.textContent.trim() && !button.ariaLabel) found.push(`no name: ${button.outerHTML}`);
for (const image of document.querySelectorAll("img"))
  if (!image.hasAttribute("alt")) found.push(`no alt: ${image.outerHTML}`);
const parts = (color) => color.match(/[0-9.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const color = parts(getComputedStyle(at).backgroundColor);
    if (color.length < 4 || color[3] > 0.99) return color;
  }
  return [255, 255, 255];
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !shown(element) || element.closest(".skip, option, script")) continue;
  const style = getComputedStyle(element), size = parseFloat(style.fontSize);
  const [high, low] = [light(parts(style.color)), light(behind(element))].sort((a, b) => b - a);
  const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
  if ((high + 0.05) / (low + 0.05) < least)
    found.push(`contrast ${((high + 0.05) / (low + 0.05)).toFixed(2)}: ${walker.currentNode.data.trim()}`);
}
return found;
"""


def has_gone(element):
    """While its page is left the driver has more than one word for that."""
    try:
        element.is_enabled()
        return False
    except WebDriverException:
        return True


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
        self.driver.command_executor.set_timeout(3 * WAIT_SECONDS)  # a browser that hangs is a failure

    def close(self):
        self.driver.quit()

    def open(self, url):
        self.driver.get(url)

    def find(self, selector):
        return WebDriverWait(self.driver, WAIT_SECONDS, POLL_SECONDS).until(
            lambda driver: driver.find_element(By.CSS_SELECTOR, selector), f"{selector} on {self.driver.current_url}")

    def has(self, selector):
        return bool(self.driver.find_elements(By.CSS_SELECTOR, selector))

    def type(self, selector, text):
        element = self.find(selector)
        element.clear()
        element.send_keys(text)

    def tap(self, selector):
        self.find(selector).click()

    def press(self, selector):
        """What leads to another page, perhaps of the same look: it is there once the old one has gone."""
        page = self.find("html")
        self.tap(selector)
        WebDriverWait(self.driver, WAIT_SECONDS, POLL_SECONDS).until(lambda _: has_gone(page), f"what {selector} leads to")

    def wait_for_url(self, beginning):
        WebDriverWait(self.driver, WAIT_SECONDS, POLL_SECONDS).until(
            lambda driver: driver.current_url.startswith(beginning), f"{beginning}, not {self.driver.current_url}")
        return self.driver.current_url

    @property
    def text(self):
        return self.find("body").text

    def picture(self, name):
        """A screenshot of the whole page that stays as the test's output."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
        (SCREENSHOTS / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))

    def look(self, name):
        """The page as on a desk and on a phone, light and dark: pictures, and what can be measured of how it looks."""
        command = self.driver.execute_cdp_cmd
        for screen, metrics in SCREENS.items():
            command("Emulation.setDeviceMetricsOverride", metrics)
            for scheme in ("light", "dark"):
                command("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
                self.picture(f"{name}-{screen}-{scheme}")
                found = self.driver.execute_script(MEASURE)
                assert found == [], f"{name} on a {screen}, {scheme}: {found}"
        command("Emulation.setEmulatedMedia", {"features": []})
        command("Emulation.clearDeviceMetricsOverride", {})

    def sign_in(self, user):
        self.type("input[name=username]", user["username"])
        self.type("input[name=password]", user["password"])
        self.press("#sign-in")

    def choose(self, instance):
        """Of the radio buttons or the select that the consent page has."""
        if self.has("select[name=instance]"):
            self.tap(f"select[name=instance] option[value='{instance}']")
        else:
            self.tap(f"label:has(input[name=instance][value='{instance}'])")


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

    def callbacks(self):
        """The paths of those visits that are the flow's: a browser asks for icons, too, when it likes."""
        return [path for _, path, _ in self.visits if path.startswith("/callback")]

    def last_query(self):
        return {name: values[0] for name, values in parse_qs(urlsplit(self.callbacks()[-1]).query).items()}


@pytest.fixture(scope="module")
def client_site():
    site = ClientSite()
    yield site
    site.close()


@pytest.fixture(scope="module", params=["with scripts", "without scripts"])
def chromium(request, tmp_path_factory):
    """One browser for the module: a profile costs seconds, cookies are cleared before each test."""
    browser = Chromium(tmp_path_factory.mktemp("profile"), request.param == "with scripts")
    yield browser
    browser.close()


@pytest.fixture
def browser(tmp_path):
    """A browser with scripts and nothing remembered."""
    chromium = Chromium(tmp_path / "profile")
    yield chromium
    chromium.close()
