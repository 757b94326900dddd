/* The explorer's page. It shows what commands print: every number comes from a profile or map of the program, asked for by
   /predict, /bounds, /samples, /inspect and /map, whose words are those of the command line. */
'use strict';

const $ = id => document.getElementById(id);
const make = (tag, attributes = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), attributes);
  element.append(...children);
  return element;
};

let tables;                      // list --format=json
let values = {};                 // of the settings by name, as texts
let idle = new Set();            // settings that nothing in the model reads
let shown = {};                  // profiles on the page: predicted, bounds, measured
let pinned = null;               // {name, predicted}
let dragged = null;              // the setting under the hand

/* ---- the settings and the address ---- */

const setting = name => tables.settings.find(s => s.name === name);
const isNumber = s => s.type === 'integer' || s.type === 'real';
const table = s => s.name === 'placement' ? tables.placements : tables.inits;
const rowOf = (s, text) => table(s).find(row => row.name === text);

/* What the command is told: placement and init always, of the rest what differs from its default and is read. */
function words(given = values) {
  const pairs = [];
  for (const s of tables.settings) {
    const value = given[s.name];
    if (value !== undefined && (s.type === 'text' || value !== s.default) && !idle.has(s.name))
      pairs.push([s.name, value]);
  }
  return pairs;
}

const query = pairs => new URLSearchParams(pairs).toString();
const quote = text => /^[\w.:+-]+$/.test(text) ? text : "'" + text.replaceAll("'", "'\\''") + "'";

const commandLine = (command, pairs) =>
  'spanscope ' + command + pairs.map(([name, value]) => ` --${name} ${quote(String(value))}`).join('');

/* The commands that print the numbers on the page, a line each. */
function asCommand() {
  const lines = [commandLine('predict', words()) + ' --width-limit --bounds'];
  if (shown.measured)
    lines.push(commandLine('run', [...words(), ['samples', shown.measured.config.samples]]));
  if (inside.entries && inside.of === query(words()))
    lines.push(commandLine('inspect', insideWords()));
  if (mapped && mapFor === query(mapWords()))
    lines.push(commandLine('map', mapWords()));
  lines.push(commandLine('diagram', [['placement', values.placement]]));
  return lines.join('\n');
}

function showCommands() {
  if (!$('command').hidden)
    $('command').firstElementChild.textContent = asCommand();
}

function writeAddress() {
  const pairs = words();
  const open = document.querySelector('#lesson-list details[open]');
  if (pinned)
    pairs.push(['pin', pinned.query]);
  if (mapped)
    pairs.push(['map', mapControls.map(id => $(id).value).join(',')]);
  if (inside.entries)
    pairs.push(['look', `${$('inside-head').value},${$('inside-sample').value}`]);
  if (open)
    pairs.push(['lesson', open.id.replace('lesson-', '')]);
  history.replaceState(null, '', '#' + query(pairs));
  showCommands();
}

function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const s of tables.settings)
    values[s.name] = given.get(s.name) ?? s.default;
  return given;
}

/* ---- asking ---- */

let answered = 0;                // when the last answer came, ms

/* {body}, {error} in the program's words, or {gone: true} where nobody waits any more. A server that is busy is asked
   again, unless there is something newer to ask. */
async function answerTo(path, pairs, {signal, isStale = () => false} = {}) {
  for (let tries = 0; tries < 60; tries++) {
    try {
      const answer = await fetch(path + '?' + query(pairs), {signal});
      answered = performance.now();
      const body = /json/.test(answer.headers.get('Content-Type')) ? await answer.json() : await answer.text();
      if (answer.ok)
        return {body};
      if (answer.status !== 503 || !body.error.startsWith('busy'))
        return {error: body.error};
    } catch (error) {
      return error.name === 'AbortError' ? {gone: true} : {error: 'the program does not answer: ' + error.message};
    }
    if (isStale())
      return {gone: true};
    await new Promise(resolve => setTimeout(resolve, 500));
  }
  return {error: 'the program is busy'};
}

/* One asker a purpose: a new question takes the place of the one that waits, and while one is under way the latest waits
   for its answer, so that the hand is followed as fast as answers come. */
class Asker {
  constructor(path, take) { Object.assign(this, {path, take, next: null, busy: false}); }
  ask(pairs) {
    this.next = pairs;
    if (!this.busy)
      this.run();
  }
  drop() { this.next = null; this.controller?.abort(); }
  async run() {
    this.busy = true;
    while (this.next) {
      const pairs = this.next;
      this.next = null;
      this.controller = new AbortController();
      const {body, error, gone} = await answerTo(this.path, pairs, {signal: this.controller.signal, isStale: () => this.next});
      if (!gone)
        this.take(body, error, pairs);
    }
    this.busy = false;
  }
}

const predictor = new Asker('predict', (profile, error, pairs) => profile ? takePrediction(profile) : refuse(error));
const bounder = new Asker('bounds', (profile, error, pairs) => {
  if (profile && query(pairs) === query(words())) {
    shown.bounds = profile;
    draw();
  }
});
let settled;

/* The model has changed. */
function changed() {
  stopSampling();
  predictor.ask(words());
  document.body.dataset.state = 'asking';
  $('charts').classList.add('stale');
  markMap();
  markInside();
}

let redraws = [];                // ms from an answer of the server to the picture on the screen, the last hundred

function takePrediction(profile) {
  const begun = answered;
  showRefusal(null);
  shown = {predicted: profile};
  dragged = null;
  $('charts').classList.remove('stale');
  document.body.dataset.state = 'predicted';
  draw();
  requestAnimationFrame(() => setTimeout(() => { redraws = [...redraws.slice(-99), performance.now() - begun]; }));
  writeAddress();
  drawBlock();
  clearTimeout(settled);
  settled = setTimeout(() => bounder.ask(words()), 120);
}

/* What nothing reads is left out and marked; a whole number that does not fit under the hand goes to the nearest power of
   two; anything else is shown in the program's words. */
function refuse(error) {
  const unread = /^--(\S+): nothing in/.exec(error);
  if (unread && setting(unread[1]) && !idle.has(unread[1])) {
    idle.add(unread[1]);
    showControls();
    return predictor.ask(words());
  }
  if (dragged && dragged.type === 'integer') {
    const power = String(2 ** Math.round(Math.log2(Number(values[dragged.name]))));
    if (power !== values[dragged.name]) {
      values[dragged.name] = power;
      showControls();
      return predictor.ask(words());
    }
  }
  showRefusal(error);
}

/* "formula: line 1, column 14: ..." puts the mark there. */
function showRefusal(error) {
  const place = /line (\d+), column (\d+)/.exec(error ?? ''), ofInit = /^init/.test(error ?? '');
  $('refusal').hidden = !error;
  $('refusal').textContent = error ?? '';
  document.body.dataset.state = error ? 'refused' : document.body.dataset.state;
  $('placement').classList.toggle('wrong', Boolean(place) && !ofInit);
  $('init').classList.toggle('wrong', Boolean(place) && ofInit);
  $('caret').hidden = !place || ofInit;
  if (place) {
    $('caret').style.left = `calc(9px + ${place[2] - 1}ch)`;
    $('caret').style.top = `${9 + 19 * place[1] - 3 - $('placement').scrollTop}px`;
  }
}
