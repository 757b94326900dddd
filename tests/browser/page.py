#!/usr/bin/env python3
"""The explorer in a real browser: Debian's chromium, headless, driven by chromedriver over WebDriver.

Usage: page.py SPANSCOPE [PICTURES]   Pictures of the page go to the folder PICTURES. Status 1 where something does not hold.
"""
import base64
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

PATIENCE = 300  # s for the page to do what it is asked, on a machine however busy


class Browser:
    """A WebDriver session."""

    def __init__(self):
        self.home = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)  # the browser may still be writing
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        for line in self.driver.stdout:
            if "successfully on port" in line:
                self.url = "http://127.0.0.1:" + line.rsplit(" ", 1)[1].strip(" .\n")
                break
        else:
            raise RuntimeError("chromedriver does not start")
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage", "--no-proxy-server",
                     f"--user-data-dir={self.home.name}", "--window-size=1600,1250"]
        options = {"args": arguments, "binary": "/usr/bin/chromium"}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self.session = None
        self.session = self.ask("POST", "", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
        self.ask("POST", "/timeouts", {"script": 1000 * PATIENCE, "pageLoad": 1000 * PATIENCE})

    def ask(self, method, path, body=None):
        url = self.url + "/session" + (f"/{self.session}" if self.session else "") + path
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE + 30) as answer:
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

    def dress(self, dark, width, height):
        """Another screen: its colours and its size."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("POST", "/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"features": [scheme]}})
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.ask("POST", "/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": size})

    def go(self, url):
        self.ask("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, what, script, *arguments):
        """Until the script, which the page runs whenever it has drawn, says something true: that."""
        value, state = self.ask("POST", "/execute/async", {"script": WAIT, "args": [script, list(arguments), 1000 * PATIENCE]})
        if not value:
            raise AssertionError(f"{what} did not happen within {PATIENCE} s ({state})")
        return value

    def errors(self):
        return [entry["message"] for entry in self.ask("POST", "/se/log", {"type": "browser"})
                if entry["level"] == "SEVERE" and " 400 " not in entry["message"] and " 503 " not in entry["message"]]

    def picture(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.ask("GET", "/screenshot")))


WAIT = """
    const [script, given, patience, done] = arguments, condition = new Function(script), begun = performance.now();
    const look = () => {
      const value = condition(...given);
      if (value || performance.now() - begun > patience)
        done([value, document.body.dataset.state + ': ' + document.getElementById('refusal').textContent]);
      else
        setTimeout(look, 15);
    };
    look();"""
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


SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def read(text):
    """A number as the page writes it: 0.98, −0.2, 1.23 · 10⁻⁵, 10⁴."""
    front, power, exponent = text.replace("−", "-").partition("10") if "10" in text and text[-1] in "⁰¹²³⁴⁵⁶⁷⁸⁹" else (text, "", "")
    if not power:
        return float(front)
    return float(front.rstrip(" ·") or 1) * 10.0 ** int(exponent.translate(SUPERSCRIPTS))


def near(text, number):
    """Whether a text is a number to the three digits that the page shows."""
    return math.isclose(read(text), number, rel_tol=0.0051, abs_tol=1e-300)


def cells(profile, name, member):
    """The column that a command prints, of layers that have it; where it is wide, by its logarithm."""
    out = []
    for layer in profile["layers"]:
        cell = layer.get(name, {})
        value = cell.get(member)
        if value is None and cell.get("log10_" + member) is not None:
            value = 10.0 ** cell["log10_" + member]
        out.append(value)
    return out


# Every chart's columns and the labels of their curves.
CHARTS = """return charts.map(chart => chart.columns.map((column, i) => ({column, tag: chart.tags[i], log: chart.logarithmic,
    sets: chart.view.data.datasets.map(set => ({label: set.label, data: set.data}))}))).flat()"""
# What the pointer is told of a column at a layer, of its curves of some kinds.
HOVER = """const [column, layer, kinds] = arguments, chart = charts.find(each => each.columns.includes(column)), {view} = chart;
           const tag = chart.tags[chart.columns.indexOf(column)], wanted = kinds.map(kind => view.data.datasets.findIndex(s => s.label === tag + kind));
           view.tooltip.setActiveElements(wanted.map(datasetIndex => ({datasetIndex,
               index: view.data.datasets[datasetIndex].data.findIndex(point => point.x === layer)})), {x: 0, y: 0});
           view.update('none');
           const told = view.tooltip.body.flatMap(part => part.lines).map(line => line.split(': ').at(-1));
           view.tooltip.setActiveElements([], {x: 0, y: 0});
           return told;"""
TABLE = """const rows = [...document.querySelectorAll('#numbers tr')].map(row => [...row.cells].map(cell => [cell.textContent, cell.colSpan]));
           return {heads: rows.slice(0, 2), body: rows.slice(2).map(row => row.map(cell => cell[0]))}"""


def same_curve(points, profile, name, member, logarithmic):
    """Whether a chart's points are a command's column: the heights are its numbers or their logarithms, but for rounding."""
    wanted = [(layer["layer"], value) for layer, value in zip(profile["layers"], cells(profile, name, member)) if value is not None]
    assert [point["x"] for point in points] == [layer for layer, _ in wanted], (name, member)
    for point, (layer, value) in zip(points, wanted):
        height = math.log10(value) if logarithmic else value
        assert abs(point["y"] - height) < 1e-12 * max(1, abs(height)), (name, member, layer, point["y"], height)


def test_numbers_are_the_commands(browser, program):
    """Curves, bands, dots with their intervals, pinned curves, the table, the line of words: each number that is to be seen."""
    browser.run("document.getElementById('pin').click(); set(setting('layers'), '9'); document.getElementById('numbers').open = true")
    browser.wait("the prediction", PREDICTED + " && values.layers === '9'")
    browser.wait("the bounds", "return Boolean(shown.bounds)")
    browser.run("document.getElementById('sample-count').value = 8; document.getElementById('sample').click()")
    browser.wait("all samples", "return shown.measured?.config.samples === 8 && events === null")
    words = browser.run("return words().flatMap(([name, value]) => ['--' + name, value])")
    pin = browser.run("return [...new URLSearchParams(pinned.query)].flatMap(([name, value]) => ['--' + name, value])")
    own = {"predicted": command(program, "predict", "--width-limit", *words), "pinned": command(program, "predict", "--width-limit", *pin),
           "bounds": command(program, "predict", "--width-limit", "--bounds", *words), "measured": command(program, "run", "-n", "8", "-q", *words)}
    kinds = {"": ("predicted", "mean"), ", sampled": ("measured", "mean"), ", pinned": ("pinned", "mean")}
    for chart in browser.run(CHARTS):
        sets = {each["label"]: each["data"] for each in chart["sets"]}
        for suffix, (source, member) in kinds.items():
            same_curve(sets[chart["tag"] + suffix], own[source], chart["column"], member, chart["log"])
        for end in ("lo", "hi"):
            points = [{"x": point["x"], "y": point[end]} for point in sets[chart["tag"] + ", sampled"]]
            low = [value for value in cells(own["measured"], chart["column"], end) if value is not None]
            if not chart["log"] or min(low) > 0:
                same_curve(points, own["measured"], chart["column"], end, chart["log"])
        if chart["column"] == "gradient_variance":
            for limit in ("floor", "ceiling"):
                same_curve(sets[limit], own["bounds"], chart["column"], limit, chart["log"])
        for text, (source, member) in zip(browser.run(HOVER, chart["column"], 3, list(kinds)), kinds.values()):
            assert near(text, cells(own[source], chart["column"], member)[3]), (chart["column"], source, text)
    same_table(browser.run(TABLE), {chart["tag"]: chart["column"] for chart in browser.run(CHARTS)}, own)
    ratio, cosine = re.match(r"g₀/g_L = (.*?): .*\(r = (.*?)\)", browser.run("return document.getElementById('words').textContent")).groups()
    gradients = column(own["predicted"], "gradient_variance")
    assert near(ratio, gradients[0] / gradients[-1]) and near(cosine, column(own["predicted"], "token_cosine")[-1])
    browser.run("document.getElementById('unpin').click(); document.getElementById('numbers').open = false")


def same_table(table, columns, own):
    """Every cell of the table under the curves is the command's number, and none that a curve has is missing."""
    kinds = {"predicted": ("predicted", "mean"), "floor": ("bounds", "floor"), "ceiling": ("bounds", "ceiling"),
             "sampled": ("measured", "mean"), "from": ("measured", "lo"), "to": ("measured", "hi")}
    groups = [tag for tag, span in table["heads"][0][1:] for _ in range(span)]
    heads = [(columns[tag], *kinds[kind]) for tag, (kind, _) in zip(groups, table["heads"][1][1:])]
    assert {(name, "predicted", "mean") for name in columns.values()} <= set(heads)
    assert {("gradient_variance", *kinds[kind]) for kind in kinds} <= set(heads)
    assert len(table["body"]) == len(own["predicted"]["layers"])
    for at, (name, source, member) in enumerate(heads, 1):
        for row, value in zip(table["body"], cells(own[source], name, member)):
            assert (row[at] == "") == (value is None) and (value is None or near(row[at], value)), (name, source, member, row, value)


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
    line = browser.run("return document.querySelector('#command code').textContent.split('\\n')[0]")
    printed = subprocess.run(["sh", "-c", line.replace("spanscope", program, 1) + " -f json"], capture_output=True)
    assert column(json.loads(printed.stdout), "gradient_variance") == before
    browser.run("document.getElementById('copy').click(); document.getElementById('unpin').click()")


def test_map_and_dot(browser, program):
    browser.run("""document.getElementById('map-x').value = 'layers'; document.getElementById('map-y').value = 'c';
                   document.getElementById('map-points').value = 5; document.getElementById('map-draw').click()""")
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


def test_block_picture(browser, program):
    browser.run("set(setting('placement'), 'postnorm'); showTexts()")
    browser.wait("the picture", "return document.querySelectorAll('#block .node').length === 8")
    words = browser.run("return [...document.querySelectorAll('#block .node')].map(n => n.querySelector('text').textContent)")
    assert words == ["x", "attn", "+", "norm", "ffn", "+", "norm", "x"], words
    browser.run("document.querySelectorAll('#block .node')[1].dispatchEvent(new Event('pointerenter'))")
    assert browser.run("return document.getElementById('block-words').textContent").startswith("attn: multi-head attention")
    type_formula(browser, "x = norm(x + 2*ffn(x))")
    browser.wait("the picture of what is typed", "return document.querySelectorAll('#block .node').length === 6")
    svg = subprocess.run([program, "diagram", "-f", "svg", "-p", "x = norm(x + 2*ffn(x))"], capture_output=True, text=True).stdout
    assert svg.count('class="node ') == 6


def test_one_sample_from_within(browser, program):
    browser.run("values.placement = 'prenorm'; values.mask = 'causal'; showTexts(); document.getElementById('inside-head').value = 3;"
                "document.getElementById('inside-sample').value = 5; changed()")
    browser.wait("the prediction", PREDICTED)
    browser.run("document.getElementById('look').click()")
    browser.wait("the sample", "return document.body.dataset.inside === 'drawn' && inside.of === query(words())")
    words = browser.run("return words().flatMap(([name, value]) => ['--' + name, value])")
    own = command(program, "inspect", "--sample", "5", "--head", "3", *words)
    assert own == browser.run("return inside.entries")
    assert browser.run("return document.querySelectorAll('#attentions canvas').length") == len(own["attentions"])
    browser.run("document.getElementById('inside-head').value = 77; document.getElementById('look').click()")
    browser.wait("the refusal", "return document.getElementById('inside-note').textContent.includes('has 4 heads')")
    browser.run("document.getElementById('inside-head').value = 3")


def test_address_and_commands_hold_all(browser, program):
    """What is open is open again behind its address, and every line of "As a command" prints what the page shows."""
    browser.run("document.getElementById('inside-head').value = 2; document.getElementById('look').click();"
                "values.mask = 'none'; changed(); document.getElementById('map-value').selectedIndex = 2; document.getElementById('map-points').value = 4; document.getElementById('map-draw').click()")
    browser.wait("map and sample", "return !mapper.busy && !looker.busy && mapped?.y.name === 'c' && inside.entries")
    browser.run("document.querySelector('#lesson-collapse summary').click()")
    browser.wait("the scene", "return values.layers === '64' && location.hash.includes('lesson=collapse') && " + PREDICTED[7:])
    browser.run("document.getElementById('look').click(); document.getElementById('map-draw').click();"
                "document.getElementById('sample-count').value = 2; document.getElementById('sample').click()")
    browser.wait("all of it", "return !mapper.busy && !looker.busy && shown.measured?.config.samples === 2 && events === null")
    address = browser.run("return location.href")
    browser.run("document.getElementById('copy').click()")
    lines = browser.run("return document.querySelector('#command code').textContent.split('\\n')")
    shown = browser.run("return [shown.predicted.layers[0].gradient_variance.mean, shown.measured.layers, inside.entries, mapped.values]")
    assert [line.split()[1] for line in lines] == ["predict", "run", "inspect", "map", "diagram"], lines
    printed = [subprocess.run(["sh", "-c", f"{line.replace('spanscope', program, 1)} {more}"], capture_output=True,
                              check=True).stdout for line, more in zip(lines, ["-f json", "-f json -q", "-f json", "-q", ""])]
    documents = [json.loads(text) for text in printed[:4]]
    assert documents[0]["layers"][0]["gradient_variance"]["mean"] == shown[0]
    assert [documents[1]["layers"], documents[2], documents[3]["values"]] == shown[1:]
    browser.go("about:blank")
    browser.go(address)
    browser.wait("the page again", "return typeof inside !== 'undefined' && inside.entries && mapped && "
                 "document.getElementById('lesson-collapse').open && !looker.busy && " + PREDICTED[7:])
    assert browser.run("return [inside.entries, mapped.values, values.layers, $('inside-head').value]") == [*shown[2:], "64", "2"]
    browser.run("document.getElementById('lesson-collapse').open = false")


def test_redraw(browser, program):
    """Not judged: how long an answer of the server takes until it is painted, where the hand drags a setting."""
    browser.run("redraws = []")
    for step in range(20):
        browser.run("document.body.dataset.state = 'dragging'; set(setting('layers'), arguments[0])", str(20 + 5 * step))
        browser.wait("the redraw", "return redraws.length > arguments[0]", step)
    times = sorted(browser.run("return redraws"))
    print(f"redraw: median {times[len(times) // 2]:.0f} ms, longest {times[-1]:.0f} ms of {len(times)}")


def answers_of(identifier):
    """A right and a wrong answer, which the page is not told: from the table's source."""
    with open(os.path.join(os.path.dirname(__file__), "../../explore/lesson_table.c"), encoding="utf-8") as file:
        row = re.search(r'\.id = "' + identifier + r'".*?\.right = "(.*?)",\s*\.wrong = "(.*?)",\s', file.read(), re.S)
    return row.groups()


# Gives an answer to an open lesson and has it checked.
ANSWER = """
    const [id, answer] = arguments, item = document.getElementById('lesson-' + id);
    const number = item.querySelector('input[type=number]'), choice = item.querySelector(`input[value='${CSS.escape(answer)}']`);
    item.querySelector('.verdict').hidden = true;
    if (number)
      number.value = answer;
    else if (choice)
      choice.click();
    else {
      const [name, value] = answer.replaceAll("'", '').split(/=(.*)/s);
      values[name] = value;
      showTexts();
      showControls();
      changed();
    }
    item.querySelector('.check').click();"""


def test_lessons_tell_right_from_wrong(browser, program):
    lessons = browser.run("return tables.lessons")
    assert len(lessons) >= 10
    for lesson in lessons:
        verdicts = []
        for answer in answers_of(lesson["id"]):
            browser.run("""document.getElementById('lesson-' + arguments[0]).open = true;
                           setScene(tables.lessons.find(l => l.id === arguments[0]))""", lesson["id"])
            browser.run(ANSWER, lesson["id"], answer)
            verdicts.append(browser.wait("the verdict on " + lesson["id"], """
                const verdict = document.querySelector(`#lesson-${arguments[0]} .verdict`);
                return verdict.hidden ? '' : verdict.classList.contains('wrong') ? 'wrong' : 'right'""", lesson["id"]))
        assert verdicts == ["right", "wrong"], (lesson["id"], verdicts)
        browser.run("document.getElementById('lesson-' + arguments[0]).open = false", lesson["id"])


def pictures(browser, address, folder):
    """The page at two widths, light and dark, with samples, a pinned model, a map and a look inside; then every lesson
    with its right answer, each on another screen: to be looked at."""
    screens = [(dark, width) for dark in (False, True) for width in (1024, 1600)]
    everything = "#layers=48&placement=spannorm&pin=placement%3Dpostnorm%26layers%3D48&map=layers,c,log10_gradient_ratio,25&look=1,0"
    for dark, width in screens:
        browser.dress(dark, width, 1700)
        browser.go("about:blank")
        browser.go(address + everything)
        browser.wait("the page", "return typeof inside !== 'undefined' && inside.entries && mapped && " + PREDICTED[7:])
        browser.run("document.getElementById('sample').click()")
        browser.wait("all samples", "return shown.measured?.config.samples === 16 && events === null")
        browser.wait("the bounds", "return shown.bounds || (bounder.busy || bounder.ask(words()), false)")
        browser.picture(os.path.join(folder, f"page-{width}-{'dark' if dark else 'light'}.png"))
    for number, lesson in enumerate(browser.run("return tables.lessons.map(l => l.id)")):
        dark, width = screens[number % len(screens)]
        browser.dress(dark, width, 1000)
        browser.run("const item = document.getElementById('lesson-' + arguments[0]); item.open = true; item.scrollIntoView()", lesson)
        browser.wait("the scene", PREDICTED)
        browser.run(ANSWER, lesson, answers_of(lesson)[0])
        browser.wait("the verdict", "return !document.querySelector(`#lesson-${arguments[0]} .verdict`).hidden", lesson)
        browser.wait("the prediction", PREDICTED)
        browser.picture(os.path.join(folder, f"lesson-{lesson}-{width}-{'dark' if dark else 'light'}.png"))
        browser.run("document.getElementById('lesson-' + arguments[0]).open = false", lesson)


def serve(program):
    server = subprocess.Popen([program, "explore", "--no-open", "--seconds", str(PATIENCE)], stdout=subprocess.PIPE, text=True)
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
                begun = time.monotonic()
                try:
                    each(browser, program)
                    print("ok", name, f"{time.monotonic() - begun:.1f} s", flush=True)
                except Exception as why:  # the others are still of interest
                    failed += 1
                    print("FAILED", name, repr(why))
            errors = browser.errors()
            failed += len(errors)
            print("console:", errors or "no error")
            if len(sys.argv) > 2:
                os.makedirs(sys.argv[2], exist_ok=True)
                pictures(browser, address, sys.argv[2])
        finally:
            browser.close()
    finally:
        server.terminate()
        server.wait()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
