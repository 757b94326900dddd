#!/usr/bin/env python3
"""The explorer in a real browser: Debian's chromium, headless, driven by chromedriver over WebDriver.

Usage: page.py SPANSCOPE [PICTURES]   Pictures of the page go to the folder PICTURES. Status 1 where something does not hold.
"""
import base64
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

PATIENCE = 60  # s for the page to do what it is asked, on a busy machine


class Browser:
    """A WebDriver session."""

    def __init__(self, dark=False, width=1600, height=1250):
        self.home = tempfile.TemporaryDirectory()
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        for line in self.driver.stdout:
            if "successfully on port" in line:
                self.url = "http://127.0.0.1:" + line.rsplit(" ", 1)[1].strip(" .\n")
                break
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage", "--no-proxy-server",
                     f"--user-data-dir={self.home.name}", f"--window-size={width},{height}"]
        if dark:
            arguments.append("--force-dark-mode")
            arguments.append("--blink-settings=preferredColorScheme=0")
        options = {"args": arguments, "binary": "/usr/bin/chromium"}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self.session = None
        self.session = self.ask("POST", "", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]

    def ask(self, method, path, body=None):
        url = self.url + "/session" + (f"/{self.session}" if self.session else "") + path
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as why:
            raise RuntimeError(json.load(why)["value"]["message"].split("\n")[0]) from None

    def close(self):
        try:
            self.ask("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.home.cleanup()

    def go(self, url):
        self.ask("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, what, script, *arguments):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            value = self.run(script, *arguments)
            if value:
                return value
            time.sleep(0.05)
        state = self.run("return document.body.dataset.state + ': ' + document.getElementById('refusal').textContent")
        raise AssertionError(f"{what} did not happen within {PATIENCE} s ({state})")

    def errors(self):
        return [entry["message"] for entry in self.ask("POST", "/se/log", {"type": "browser"})
                if entry["level"] == "SEVERE" and " 400 " not in entry["message"]]

    def picture(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.ask("GET", "/screenshot")))


PREDICTED = "return document.body.dataset.state === 'predicted' && !predictor.busy && !predictor.next"
COLUMN = "return shown[arguments[0]].layers.map(l => l[arguments[1]]?.mean ?? null)"


def type_formula(browser, text):
    browser.run("""document.body.dataset.state = 'typing'; const area = document.getElementById('placement');
                   area.value = arguments[0]; area.dispatchEvent(new Event('input'));""", text)


def command(program, *words):
    """The profile that a command prints."""
    return json.loads(subprocess.run([program, *words, "-f", "json"], capture_output=True, check=True).stdout)


def column(profile, name):
    return [layer.get(name, {}).get("mean") for layer in profile["layers"]]


def test_page_loads(browser, program):
    browser.wait("the first prediction", PREDICTED)
    assert browser.run("return Chart.version")
    assert browser.run("return document.getElementById('words').textContent.length") > 20
    outside = browser.run("""return performance.getEntriesByType('resource').map(e => e.name)
                                    .filter(name => !name.startsWith(location.origin) && !name.startsWith('data:'))""")
    assert outside == [], f"loaded from elsewhere: {outside}"


def test_every_setting_has_a_control(browser, program):
    tables = json.loads(subprocess.run([program, "list", "-f", "json"], capture_output=True, check=True).stdout)
    for setting in tables["settings"]:
        if setting["type"] != "text":
            assert browser.run("return document.getElementById('control-' + arguments[0]) !== null", setting["name"])


def test_broken_formula_shows_the_caret(browser, program):
    type_formula(browser, "y = norm(x + attn(x))\nx = nrm(x + ffn(y))")
    browser.wait("the refusal", "return document.body.dataset.state === 'refused'")
    said = subprocess.run([program, "predict", "-p", "y = norm(x + attn(x))\nx = nrm(x + ffn(y))"],
                          capture_output=True, text=True).stderr
    shown = browser.run("return document.getElementById('refusal').textContent")
    assert said == f"spanscope predict: {shown}\n", (said, shown)
    assert browser.run("return !document.getElementById('caret').hidden")
    left, top = browser.run("const c = document.getElementById('caret'); return [c.style.left, c.style.top]")
    assert left == "calc(4ch + 9px)" and top == "44px", (left, top)
    type_formula(browser, "y = norm(x + attn(x))\nx = norm(x + ffn(y))")
    browser.wait("the prediction of the mended formula", PREDICTED)
    assert browser.run("return document.getElementById('refusal').hidden")


def test_dragging_depth_redraws(browser, program):
    browser.run("""document.body.dataset.state = 'dragging';
                   const slider = document.querySelector('[data-slider=layers]'); slider.focus();
                   for (let at = 0; at <= 1; at += 0.05) { slider.value = at; slider.dispatchEvent(new Event('input')); }
                   slider.value = 0.8; slider.dispatchEvent(new Event('input'));""")
    browser.wait("the curves of the last depth", PREDICTED)
    layers = browser.run("return values.layers")
    browser.wait("the depth in the address", "return location.hash.includes('layers=' + arguments[0])", layers)
    text = browser.run("return charts[0].view.data.datasets.find(s => s.label === 'g, total').data.length")
    assert text == int(layers) + 1, (text, layers)


def test_numbers_are_the_commands(browser, program):
    words = browser.run("return words().flatMap(([name, value]) => ['--' + name, value])")
    assert column(command(program, "predict", *words), "gradient_specific") == browser.run(COLUMN, "predicted",
                                                                                            "gradient_specific")
    browser.wait("the bounds", "return Boolean(shown.bounds)")
    bounds = command(program, "predict", "--bounds", *words)
    for limit in ("floor", "ceiling"):
        own = [layer["gradient_variance"].get(limit) for layer in bounds["layers"]]
        page = browser.run("return shown.bounds.layers.map(l => l.gradient_variance[arguments[0]] ?? null)", limit)
        assert own == page


def test_samples_agree_with_run(browser, program):
    browser.run("""values.layers = '12'; showControls(); document.body.dataset.state = 'set'; changed();""")
    browser.wait("the prediction", PREDICTED)
    browser.run("document.getElementById('sample-count').value = 12; document.getElementById('sample').click()")
    browser.wait("all samples", "return shown.measured?.config.samples === 12 && events === null")
    words = browser.run("return words().flatMap(([name, value]) => ['--' + name, value])")
    profile = command(program, "run", "-n", "12", "-q", *words)
    for name in ("gradient_variance", "token_cosine", "layer_cosine"):
        assert column(profile, name) == browser.run(COLUMN, "measured", name)


def test_changing_the_model_stops_sampling(browser, program):
    browser.run("document.getElementById('sample-count').value = 4096; document.getElementById('sample').click()")
    browser.wait("a first sample", "return shown.measured?.config.samples >= 1")
    browser.run("values.layers = '14'; document.body.dataset.state = 'set'; changed()")
    browser.wait("the prediction", PREDICTED)
    assert browser.run("return events === null && !shown.measured")


def test_unread_setting_is_marked(browser, program):
    browser.run("set(setting('experts'), '16')")
    browser.wait("the mark", "return document.getElementById('control-experts').classList.contains('idle')")
    browser.wait("the prediction", PREDICTED)


def test_pin_and_address(browser, program):
    browser.run("document.getElementById('pin').click(); set(setting('placement'), 'postnorm'); showTexts()")
    browser.wait("the prediction", PREDICTED)
    address = browser.wait("the address", "return location.hash.includes('pin=') && location.href")
    before = browser.run(COLUMN, "predicted", "gradient_variance")
    browser.go("about:blank")
    browser.go(address)
    browser.wait("the shared page", "return typeof pinned !== 'undefined' && pinned !== null && " + PREDICTED[7:])
    assert browser.run(COLUMN, "predicted", "gradient_variance") == before
    assert browser.run("return pinned.predicted.config.placement") != "postnorm"
    browser.run("document.getElementById('copy').click()")
    line = browser.run("return document.querySelector('#command code').textContent")
    printed = subprocess.run(["sh", "-c", line.replace("spanscope", program, 1) + " -f json"], capture_output=True)
    assert column(json.loads(printed.stdout), "gradient_variance") == before
    browser.run("document.getElementById('copy').click(); document.getElementById('unpin').click()")


def test_map_and_dot(browser, program):
    browser.run("""document.getElementById('map-x').value = 'layers'; document.getElementById('map-y').value = 'c';
                   document.getElementById('map-draw').click()""")
    browser.wait("the map", "return document.body.dataset.map === 'drawn'")
    words = browser.run("return mapWords().flatMap(([name, value]) => ['--' + name, value])")
    own = json.loads(subprocess.run([program, "map", *words], capture_output=True, check=True).stdout)
    assert own["values"] == browser.run("return mapped.values")
    assert own["phases"] == browser.run("return mapped.phases")
    before = browser.run("return values.layers")
    browser.run("""const canvas = document.getElementById('map-canvas'); canvas.focus();
                   canvas.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight'}))""")
    browser.wait("the dot's model", PREDICTED)
    assert int(browser.run("return values.layers")) > int(before)


def answers_of(identifier):
    """A right and a wrong answer, which the page is not told: from the table's source."""
    with open(os.path.join(os.path.dirname(__file__), "../../explore/lesson_table.c"), encoding="utf-8") as file:
        row = re.search(r'\.id = "' + identifier + r'".*?\.right = "(.*?)",\s*\.wrong = "(.*?)",\s', file.read(), re.S)
    return row.groups()


def test_lessons_tell_right_from_wrong(browser, program):
    lessons = browser.run("return tables.lessons")
    assert len(lessons) >= 10
    for lesson in lessons:
        verdicts = []
        for answer in answers_of(lesson["id"]):
            browser.run("""const item = document.getElementById('lesson-' + arguments[0]); item.open = true;
                           setScene(tables.lessons.find(l => l.id === arguments[0]));
                           item.querySelector('.verdict').hidden = true;""", lesson["id"])
            if lesson["kind"] == "find":
                browser.run("values[arguments[0]] = arguments[1]; showControls(); changed()",
                            *answer.replace("'", "").split("=", 1))
            elif lesson["kind"] == "number":
                browser.run("document.querySelector(`#lesson-${arguments[0]} input`).value = arguments[1]", lesson["id"],
                            answer)
            else:
                browser.run("document.querySelector(`#lesson-${arguments[0]} input[value='${arguments[1]}']`).click()",
                            lesson["id"], answer)
            browser.run("document.querySelector(`#lesson-${arguments[0]} .check`).click()", lesson["id"])
            verdicts.append(browser.wait("the verdict on " + lesson["id"], """
                const verdict = document.querySelector(`#lesson-${arguments[0]} .verdict`);
                return verdict.hidden ? '' : verdict.classList.contains('wrong') ? 'wrong' : 'right'""", lesson["id"]))
        assert verdicts == ["right", "wrong"], (lesson["id"], verdicts)
        browser.run("document.getElementById('lesson-' + arguments[0]).open = false", lesson["id"])


def pictures(address, folder):
    """The page at two widths, light and dark, with samples, a pinned model and a map: to be looked at."""
    for dark in (False, True):
        for width in (1024, 1600):
            browser = Browser(dark, width, 1500 if width == 1600 else 1900)
            try:
                browser.go(address + "#layers=48&placement=spannorm&pin=placement%3Dpostnorm%26layers%3D48")
                browser.wait("the prediction", PREDICTED)
                browser.run("document.getElementById('map-draw').click(); document.getElementById('sample').click()")
                browser.wait("the map and samples", "return document.body.dataset.map === 'drawn' && "
                             "shown.measured?.config.samples === 16 && events === null")
                browser.wait("the bounds", "bounder.ask(words()); return Boolean(shown.bounds)")
                browser.picture(os.path.join(folder, f"page-{width}-{'dark' if dark else 'light'}.png"))
            finally:
                browser.close()


def serve(program):
    server = subprocess.Popen([program, "explore", "--no-open"], stdout=subprocess.PIPE, text=True)
    return server, server.stdout.readline().strip()


def main():
    program = os.path.abspath(sys.argv[1])
    only = os.environ.get("ONLY", "")
    tests = [(name, each) for name, each in globals().items() if name.startswith("test_") and only in name]
    server, address = serve(program)
    failed = 0
    try:
        browser = Browser()
        try:
            browser.go(address)
            browser.wait("the first prediction", PREDICTED)
            for name, each in tests:
                try:
                    each(browser, program)
                    print("ok", name)
                except Exception as why:  # the others are still of interest
                    failed += 1
                    print("FAILED", name, repr(why))
            errors = browser.errors()
            failed += len(errors)
            print("console:", errors or "no error")
        finally:
            browser.close()
        if len(sys.argv) > 2:
            os.makedirs(sys.argv[2], exist_ok=True)
            pictures(address, sys.argv[2])
    finally:
        server.terminate()
        server.wait()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
