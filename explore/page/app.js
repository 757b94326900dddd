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
    pairs.push(['map', ['map-x', 'map-y', 'map-value'].map(id => $(id).value).join(',')]);
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

class Refusal extends Error {}

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
      try {
        this.controller = new AbortController();
        let answer, body, tries = 0;
        do { // a server that is busy is asked again, unless there is something newer to ask
          if (tries++)
            await new Promise(resolve => setTimeout(resolve, 500));
          answer = await fetch(this.path + '?' + query(pairs), {signal: this.controller.signal});
          body = await answer.json();
        } while (answer.status === 503 && body.error.startsWith('busy') && !this.next && tries < 60);
        if (answer.status === 503 && this.next)
          continue;
        this.take(answer.ok ? body : null, answer.ok ? null : body.error, pairs);
      } catch (error) {
        if (error.name !== 'AbortError')
          this.take(null, 'the program does not answer: ' + error.message, pairs);
      }
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
  const begun = performance.now();
  showRefusal(null);
  shown = {predicted: profile};
  dragged = null;
  $('charts').classList.remove('stale');
  document.body.dataset.state = 'predicted';
  draw();
  requestAnimationFrame(() => { redraws = [...redraws.slice(-99), performance.now() - begun]; });
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

/* ---- controls, made of the table ---- */

/* A slider's range: what is useful around the default, within what the program takes. */
function sliderRange(s) {
  const usual = Number(s.default), factor = s.type === 'integer' ? 16 : 100;
  if (s.scale !== 'log' || !(usual > 0))
    return {from: s.least, to: Math.min(s.most, Math.max(1, 16 * usual)), log: false};
  return {from: Math.max(s.least, usual / factor), to: Math.min(s.most, usual * factor), log: true};
}

const places = value => Number(value.toPrecision(3));

function fromSlider(s, position) {
  const {from, to, log} = sliderRange(s);
  const value = log ? from * (to / from) ** position : from + (to - from) * position;
  return String(s.type === 'integer' ? Math.round(value) : places(value));
}

function toSlider(s, value) {
  const {from, to, log} = sliderRange(s);
  const position = log ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from);
  return Math.min(1, Math.max(0, position));
}

function set(s, value) {
  values[s.name] = value;
  idle.delete(s.name);
  showControls();
  changed();
}

function numberControl(s) {
  const box = make('input', {type: 'number', step: 'any', min: s.least, max: s.most, ariaLabel: s.name});
  const slider = make('input', {type: 'range', min: 0, max: 1, step: 0.002, ariaLabel: s.name + ' slider'});
  slider.oninput = () => {
    dragged = s;
    set(s, fromSlider(s, Number(slider.value)));
  };
  box.onchange = () => box.value !== '' && set(s, box.value);
  slider.dataset.slider = s.name;
  return [box, slider];
}

function choiceControl(s) {
  const select = make('select', {ariaLabel: s.name});
  select.append(...s.choices.map(name => make('option', {value: name, textContent: name})));
  select.onchange = () => set(s, select.value);
  return [select];
}

function makeControls() {
  for (const s of tables.settings.filter(each => each.type !== 'text')) {
    const name = make('span', {className: 'name', title: s.summary, textContent: s.name.replaceAll('-', ' ')});
    const control = make('div', {className: 'control', id: 'control-' + s.name}, name,
                         ...(isNumber(s) ? numberControl(s) : choiceControl(s)), make('span', {className: 'why'}));
    name.ondblclick = () => set(s, s.default);
    $(s.rare ? 'rare' : 'controls').append(control);
  }
}

function showControls() {
  for (const s of tables.settings.filter(each => each.type !== 'text')) {
    const control = $('control-' + s.name), [field, slider] = control.querySelectorAll('input, select');
    if (document.activeElement !== field || field.tagName === 'SELECT')
      field.value = values[s.name];
    if (slider && !(dragged === s && document.activeElement === slider))
      slider.value = toSlider(s, Number(values[s.name]));
    control.classList.toggle('moved', values[s.name] !== s.default && !idle.has(s.name));
    control.classList.toggle('idle', idle.has(s.name));
    control.querySelector('.why').textContent = idle.has(s.name) ? 'nothing in this block reads it' : '';
    if (s.rare && values[s.name] !== s.default)
      $('more').open = true;
  }
}

/* A statement a line; those of a section stand behind its name. */
function laidOut(text) {
  const lines = text.replaceAll(/; */g, '\n').replaceAll(/^(\s*(?:first|final|block)\b[^:\n=]*:)[ \t]*(?=\S)/gm, '$1\n').split('\n');
  const heads = lines.map(line => /^\s*(first|final|block)\b[^=]*:\s*$/.test(line)), first = heads.indexOf(true);
  return lines.map((line, i) => first < 0 || i <= first || heads[i] ? line : '  ' + line.trim()).join('\n');
}

/* Text and name of placement and init. A text that is a row's own is that row. */
function makeTexts() {
  for (const s of tables.settings.filter(each => each.type === 'text')) {
    const area = $(s.name), select = $(s.name + '-name');
    select.append(...table(s).map(row => make('option', {value: row.name, textContent: row.name, title: row.summary})),
                  make('option', {value: '', textContent: 'your own', hidden: true}));
    select.onchange = () => {
      idle.clear();
      values[s.name] = select.value;
      showText(s, true);
      showControls();
      changed();
    };
    area.oninput = () => {
      idle.clear();
      values[s.name] = area.value.trim().includes('=') ? area.value : area.value + '\n';
      showText(s, false);
      changed();
    };
  }
}

function showText(s, rewrites) {
  const row = rowOf(s, values[s.name].replace(/:.*/s, ''));
  if (rewrites)
    $(s.name).value = row && !values[s.name].includes('=') ? laidOut(row.text) : laidOut(values[s.name]);
  $(s.name + '-name').value = row && !values[s.name].includes('=') ? row.name : '';
  if (s.name === 'placement')
    $('placement-note').textContent = row ? `${row.summary} (${row.source})` : '';
}

function showTexts() {
  for (const s of tables.settings.filter(each => each.type === 'text'))
    showText(s, true);
}

/* ---- curves ---- */

const charts = [
  {title: 'Gradient', logarithmic: true, columns: ['gradient_variance', 'gradient_specific'], tags: ['g, total', 'token-specific']},
  {title: 'Activation', logarithmic: true, columns: ['activation_variance'], tags: ['q, variance']},
  {title: 'Tokens', logarithmic: false, columns: ['token_cosine'], tags: ['r, cosine of two tokens']},
  {title: 'Layers', logarithmic: false, columns: ['layer_cosine'], tags: ['cosine to the layer below']},
];

const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/* Points of a profile's column; of wide values the decimal logarithm. */
function points(profile, column, logarithmic, member = 'mean') {
  const out = [];
  for (const layer of profile?.layers ?? []) {
    const cell = layer[column];
    if (!cell)
      continue;
    const log10 = member === 'mean' ? cell.log10_mean : cell['log10_' + member];
    const y = !logarithmic ? cell[member] : log10 ?? (cell[member] > 0 ? Math.log10(cell[member]) : null);
    if (y !== null && y !== undefined)
      out.push({x: layer.layer, y});
  }
  return out;
}

/* Samples as points with their interval. A wide mean has no interval within double: it is a point. */
function clouds(profile, column, logarithmic) {
  return points(profile, column, logarithmic).map(point => {
    const cell = profile.layers.find(l => l.layer === point.x)[column];
    const end = value => typeof value !== 'number' ? point.y : !logarithmic ? value
      : value > 0 ? Math.log10(value) : point.y - 1;
    return {...point, lo: end(cell.lo), hi: end(cell.hi)};
  });
}

const whiskers = {
  id: 'whiskers',
  beforeDatasetDraw(chart, {index, meta}) {
    const data = chart.data.datasets[index];
    if (!data.whiskers)
      return;
    const {ctx, scales: {y}, chartArea: area} = chart;
    ctx.save();
    ctx.beginPath();
    ctx.rect(area.left, area.top, area.width, area.height);
    ctx.clip();
    ctx.strokeStyle = data.borderColor;
    ctx.lineWidth = 1;
    ctx.beginPath();
    meta.data.forEach((element, i) => {
      ctx.moveTo(element.x, y.getPixelForValue(data.data[i].lo));
      ctx.lineTo(element.x, y.getPixelForValue(data.data[i].hi));
    });
    ctx.stroke();
    ctx.restore();
  },
};

const superscript = n => String(n).replace('-', '⁻').replace(/\d/g, d => '⁰¹²³⁴⁵⁶⁷⁸⁹'[d]);
const written = v => !isFinite(v) ? '–' : v !== 0 && (Math.abs(v) < 1e-3 || Math.abs(v) >= 1e4)
  ? v.toExponential(2).replace(/e\+?(-?)(\d+)/, (m, sign, n) => ' · 10' + superscript(sign + n)) : String(places(v));

/* A power of ten by its exponent, plain numbers near 1. */
function writtenLog(exponent) {
  if (Math.abs(exponent) <= 3)
    return String(places(10 ** exponent));
  const whole = Math.floor(exponent), front = places(10 ** (exponent - whole));
  return (front === 1 ? '' : front + ' · ') + '10' + superscript(whole);
}

/* Tics of a logarithmic axis: powers of ten, or round numbers where it spans less than two of them. */
function logarithmicTics(axis) {
  const span = axis.max - axis.min, tics = [];
  if (span >= 2) {
    const step = Math.max(1, Math.ceil(span / 6));
    for (let power = Math.ceil(axis.min / step) * step; power <= axis.max; power += step)
      tics.push({value: power, label: writtenLog(power)});
  } else {
    const low = 10 ** axis.min, high = 10 ** axis.max, rough = (high - low) / 5, unit = 10 ** Math.floor(Math.log10(rough));
    const step = unit * [1, 2, 5, 10].find(each => each * unit >= rough), digits = Math.max(0, -Math.floor(Math.log10(step * 1.0001)));
    for (let value = Math.ceil(low / step) * step; value <= high; value += step)
      if (value > 0)
        tics.push({value: Math.log10(value), label: digits > 5 ? writtenLog(Math.log10(value)) : value.toFixed(digits)});
  }
  axis.ticks = tics;
}

function chartOptions(chart) {
  const rule = css('--rule'), soft = css('--soft'), label = chart.logarithmic ? writtenLog : v => String(places(v));
  return {
    animation: false, maintainAspectRatio: false, parsing: false, normalized: true,
    interaction: {mode: 'nearest', axis: 'x', intersect: false},
    scales: {
      x: {type: 'linear', min: 0, grid: {color: rule}, ticks: {color: soft, precision: 0, maxTicksLimit: 9}},
      y: {grace: '6%', grid: {color: rule}, ticks: {color: soft, maxTicksLimit: 7, includeBounds: false,
          ...(chart.logarithmic ? {callback: (value, i, tics) => tics[i].label} : {})},
          ...(chart.logarithmic ? {afterBuildTicks: logarithmicTics} : {})},
    },
    plugins: {
      legend: {display: false},
      tooltip: {
        filter: item => !item.dataset.silent,
        callbacks: {
          title: items => items.length ? 'layer ' + items[0].parsed.x : '',
          label: item => `${item.dataset.label}: ${label(item.parsed.y)}`,
        },
      },
    },
  };
}

function makeCharts() {
  for (const chart of charts) {
    const canvas = make('canvas', {role: 'img', ariaLabel: chart.title + ' against layer'});
    const tags = chart.tags.map((tag, i) => make('span', {className: 'tag ' + (i ? 'second' : 'first'), textContent: tag}));
    $('charts').append(make('div', {className: 'chart'}, make('h3', {}, chart.title, ...tags), make('div', {}, canvas)));
    chart.canvas = canvas;
  }
  dressCharts();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { dressCharts(); draw(); drawMap(); drawInside(); });
}

function dressCharts() {
  for (const chart of charts) {
    chart.view?.destroy();
    chart.view = new Chart(chart.canvas, {type: 'line', data: {datasets: []}, options: chartOptions(chart), plugins: [whiskers]});
  }
}

const hues = ['--blue', '--red'];
const marks = ['circle', 'triangle'];

function datasets(chart) {
  const sets = [], flat = {pointRadius: 0, pointHitRadius: 0, tension: 0};
  chart.columns.forEach((column, i) => {
    const colour = css(hues[i]), name = chart.tags[i], log = chart.logarithmic;
    const bound = {...flat, borderWidth: i ? 0 : 1, borderColor: css('--band'), silent: true};
    const samples = clouds(shown.measured, column, log);
    sets.push({...flat, label: name, data: points(shown.predicted, column, log), borderColor: colour, borderWidth: 2.2,
               borderDash: i ? [7, 3] : []});
    if (samples.length)
      sets.push({label: name + ', sampled', data: samples, showLine: false, whiskers: true, borderColor: css('--ink'),
                 backgroundColor: css('--card'), pointRadius: samples.length > 24 ? 2.2 : 3.2, pointStyle: marks[i], borderWidth: 1.2});
    if (pinned)
      sets.push({...flat, label: name + ', pinned', data: points(pinned.predicted, column, log), borderColor: css('--grey'),
                 borderWidth: 1.6, borderDash: i ? [2, 3] : [5, 4]});
    if (i)
      return;
    const floor = points(shown.bounds, column, log, 'floor'), ceiling = points(shown.bounds, column, log, 'ceiling');
    sets.push({...bound, label: 'floor', data: floor, fill: ceiling.length ? '+1' : false, backgroundColor: css('--band')},
              {...bound, label: 'ceiling', data: ceiling});
  });
  return sets;
}

/* The axis follows curves and samples; a ceiling far above them is cut, not followed. */
function fit(chart) {
  const seen = [], bounds = [];
  for (const set of chart.view.data.datasets)
    for (const point of set.data)
      (set.silent ? bounds : seen).push(point.y);
  if (!seen.length)
    return;
  let low = Math.min(...seen), high = Math.max(...seen);
  const room = Math.max(high - low, chart.logarithmic ? 0.3 : 0.02);
  low = Math.max(Math.min(low, ...bounds), low - 0.8 * room);
  high = Math.min(Math.max(high, ...bounds), high + 0.8 * room);
  const margin = 0.06 * Math.max(high - low, room / 2);
  Object.assign(chart.view.options.scales.y, {min: low - margin, max: high + margin});
}

function draw() {
  const layers = Math.max(shown.predicted?.config.layers ?? 1, pinned?.predicted.config.layers ?? 1);
  for (const chart of charts) {
    const sets = datasets(chart), old = chart.view.data.datasets;
    if (old.length === sets.length) // what the library has built for them stays
      old.forEach((set, i) => Object.assign(set, {fill: false, borderDash: [], showLine: true, whiskers: false, pointStyle: 'circle'}, sets[i]));
    else
      chart.view.data.datasets = sets;
    chart.view.options.scales.x.max = layers;
    fit(chart);
    chart.view.update('none');
  }
  $('words').textContent = shown.predicted ? inWords(shown.predicted) : '';
}

/* ---- the block as a picture ---- */

let blockOf = null;              // the placement that is drawn or asked for

async function drawBlock() {
  const wanted = values.placement;
  if (blockOf === wanted)
    return;
  blockOf = wanted;
  const answer = await fetch('diagram?' + query([['placement', wanted]]));
  if (blockOf !== wanted)
    return;
  if (answer.ok)
    showBlock(new DOMParser().parseFromString(await answer.text(), 'image/svg+xml').documentElement);
  else
    $('block').replaceChildren(make('p', {className: 'note', textContent: (await answer.json()).error}));
}

/* Every box says what it does: on the box for the pointer, and in a line of words for pointer and keyboard. */
function showBlock(svg) {
  for (const box of svg.querySelectorAll('.node, .edge, .cluster, .graph')) {
    const link = box.querySelector('a'), says = link?.getAttribute('xlink:title')?.trim(), title = box.querySelector('title');
    link?.replaceWith(...link.childNodes);
    title.textContent = says ?? '';
    if (!says || !box.classList.contains('node')) {
      title.remove();
      continue;
    }
    const word = box.querySelector('text').textContent, show = () => { $('block-words').textContent = `${word}: ${says}`; };
    box.setAttribute('tabindex', '0');
    box.setAttribute('aria-label', `${word}: ${says}`);
    box.addEventListener('pointerenter', show);
    box.addEventListener('focus', show);
  }
  svg.setAttribute('role', 'group');
  svg.setAttribute('aria-label', 'The block as a graph');
  $('block-words').textContent = '';
  $('block').replaceChildren(document.adoptNode(svg));
}

/* ---- one line of words ---- */

function inWords(profile) {
  const first = profile.layers[0], last = profile.layers.at(-1), depth = profile.config.layers;
  const ratio = column => first[column] && last[column] ? first[column].log10_mean - last[column].log10_mean : NaN;
  const total = ratio('gradient_variance'), own = ratio('gradient_specific'), r = last.token_cosine?.mean;
  const parts = [];
  if (Math.abs(total) < Math.log10(1.5))
    parts.push(`g₀/g_L = ${writtenLog(total)}: an isometry`);
  else if (isFinite(total))
    parts.push(`g₀/g_L = ${writtenLog(total)}: gradients ${total < 0 ? 'vanish' : 'grow'} towards the input`);
  if (isFinite(own) && Math.abs(own - total) > 0.3)
    parts.push(`the token-specific part changes by ${writtenLog(own / depth)} a block`);
  if (typeof r === 'number')
    parts.push(r > 0.9 ? `tokens collapse (r = ${places(r)})` : `tokens stay apart (r = ${places(r)})`);
  const growth = last.activation_variance.log10_mean - first.activation_variance.log10_mean;
  if (Math.abs(growth) > 1)
    parts.push(`activations ${growth > 0 ? 'grow' : 'shrink'} by ${writtenLog(growth)}`);
  return parts.join('; ') + '.';
}

/* ---- samples ---- */

let events = null;

function stopSampling() {
  events?.close();
  events = null;
  $('sample').textContent = 'Sample';
  $('sampled').textContent = '';
}

function sample() {
  if (events)
    return stopSampling();
  const count = $('sample-count').value, stream = new EventSource('samples?' + query([...words(), ['samples', count]]));
  events = stream;
  $('sample').textContent = 'Stop';
  $('sampled').textContent = 'drawing …';
  stream.onmessage = event => {
    if (events !== stream)
      return;
    shown.measured = JSON.parse(event.data);
    $('sampled').textContent = `${shown.measured.config.samples} of ${count}, ${shown.measured.config.engine}`;
    draw();
  };
  const finish = text => {
    const said = text ?? $('sampled').textContent;
    stopSampling();
    $('sampled').textContent = said;
  };
  stream.addEventListener('done', () => finish());
  stream.addEventListener('refused', event => finish(JSON.parse(event.data).error));
  stream.onerror = () => events === stream && finish('the program does not answer, or is busy');
}

/* ---- pinned curves ---- */

function pin() {
  if (!shown.predicted)
    return;
  pinned = {predicted: shown.predicted, query: query(words()), name: nameOf(shown.predicted)};
  showPinned();
  draw();
  writeAddress();
}

const nameOf = profile => {
  const moved = words().filter(([name]) => setting(name).type !== 'text')
    .map(([name, value]) => (setting(name).before ?? '') + value);
  return [profile.config.placement, profile.config.init, ...moved].join(', ');
};

function showPinned() {
  $('pinned-key').hidden = !pinned;
  $('pinned-name').textContent = pinned?.name ?? '';
}

async function pinAgain(text) {
  const answer = await fetch('predict?' + text);
  if (!answer.ok)
    return;
  const predicted = await answer.json();
  pinned = {predicted, query: text, name: predicted.config.placement + ', ' + predicted.config.init};
  showPinned();
  draw();
}

/* ---- one sample from within ---- */

const inside = {entries: null, of: ''};
const MAPS = 4;
const looker = new Asker('inspect', (entries, error, pairs) => {
  $('inside-note').textContent = error ?? '';
  if (!entries)
    return;
  Object.assign(inside, {entries, of: query(pairs.filter(([name]) => !['sample', 'head', 'blocks'].includes(name)))});
  document.body.dataset.inside = 'drawn';
  $('inside-frame').hidden = false;
  drawInside();
  markInside();
  writeAddress();
});

const insideWords = () => [...words(), ['sample', $('inside-sample').value], ['head', $('inside-head').value], ['blocks', MAPS]];

function look() {
  $('inside-note').textContent = 'drawing …';
  looker.ask(insideWords());
}

function markInside() {
  if (inside.entries)
    $('inside-note').textContent = inside.of === query(words()) ? '' : 'of another model: look again';
}

/* A canvas at the screen's own resolution. */
function pen(canvas) {
  const ratio = devicePixelRatio || 1, context = canvas.getContext('2d');
  canvas.width = canvas.clientWidth * ratio;
  canvas.height = canvas.clientHeight * ratio;
  context.scale(ratio, ratio);
  context.font = '12px system-ui, sans-serif';
  return context;
}

/* From the paper to the ink: what is darker on paper is lighter on a dark screen. */
const tint = part => `color-mix(in srgb, ${css('--blue')} ${Math.round(100 * part)}%, ${css('--field')})`;

function drawInside() {
  if (!inside.entries)
    return;
  drawSpread($('inside-x'), 'activation');
  drawSpread($('inside-g'), 'gradient');
  $('attentions').replaceChildren(...inside.entries.attentions.map(map => {
    const canvas = make('canvas', {role: 'img', ariaLabel: `attention of block ${map.block}`});
    const says = `block ${map.block}${map.site ? ', ' + map.site : ''}, head ${map.head} of ${map.heads}`;
    canvas.title = 'queries down, keys across; the darkest is ' + places(Math.max(...map.attention.flat()));
    return make('figure', {}, canvas, make('figcaption', {textContent: says}));
  }));
  document.querySelectorAll('#attentions canvas').forEach((canvas, i) => drawAttention(canvas, inside.entries.attentions[i].attention));
  $('attentions-title').hidden = !inside.entries.attentions.length;
}

/* A column a layer, a cell a bin, as dark as the bin is full; on top the layer's size is told by a line of words. */
function drawSpread(canvas, name) {
  const context = pen(canvas), layers = inside.entries.layers, reach = inside.entries.reach, bins = layers[0][name].bins.length;
  const left = 30, bottom = canvas.clientHeight - 34, width = (canvas.clientWidth - left - 8) / layers.length, height = (bottom - 6) / bins;
  context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  layers.forEach((layer, x) => {
    const counts = layer[name].bins, most = Math.max(1, ...counts);
    counts.forEach((count, y) => {
      context.fillStyle = tint(Math.sqrt(count / most));
      context.fillRect(left + x * width - 0.2, bottom - (y + 1) * height - 0.2, width + 0.4, height + 0.4);
    });
  });
  context.fillStyle = css('--soft');
  context.textAlign = 'right';
  for (let value = -reach + 1; value < reach; value++)
    context.fillText(String(value).replace('-', '−'), left - 6, bottom - (value + reach) / (2 * reach) * (bottom - 6) + 4);
  context.textAlign = 'center';
  const step = Math.ceil(layers.length / 8);
  layers.forEach((layer, x) => x % step === 0 && context.fillText(layer.layer, left + (x + 0.5) * width, bottom + 15));
  context.fillText('layer', left + layers.length * width / 2, bottom + 30);
  canvas.onpointermove = event => {
    const layer = layers[Math.floor((event.offsetX - left) / width)];
    canvas.title = layer ? `layer ${layer.layer}: root mean square ${writtenLog(layer[name].log10_rms ?? -Infinity)}, ` +
      `entries from ${places(layer[name].least)} to ${places(layer[name].most)} of it` : '';
  };
}

function drawAttention(canvas, rows) {
  const context = pen(canvas), side = canvas.clientWidth, h = side / rows.length, most = Math.max(...rows.flat());
  rows.forEach((row, y) => row.forEach((value, x) => {
    const w = side / row.length;
    context.fillStyle = tint(Math.sqrt(value / (most || 1)));
    context.fillRect(x * w - 0.2, y * h - 0.2, w + 0.4, h + 0.4);
  }));
}

/* ---- the map ---- */

let mapped = null, mapFor = '';
const POINTS = 25;
const mapper = new Asker('map', (map, error, pairs) => {
  $('map-note').textContent = error ?? '';
  if (!map)
    return;
  mapped = map;
  mapFor = query(pairs);
  document.body.dataset.map = 'drawn';
  drawMap();
  writeAddress();
});

/* The setting's range on an axis: its slider's. */
function axisText(name) {
  const s = setting(name), {from, to, log} = sliderRange(s);
  return `${name}=${places(Math.max(from, s.least))}:${places(to)}:${POINTS}:${log ? 'log' : 'lin'}`;
}

function mapWords() {
  const axes = [$('map-x').value, $('map-y').value];
  return [...words().filter(([name]) => !axes.includes(name)), ['x', axisText(axes[0])], ['y', axisText(axes[1])]];
}

function makeMap() {
  const numbers = tables.settings.filter(isNumber);
  for (const [id, usual] of [['map-x', numbers.find(s => s.name === 'layers')], ['map-y', numbers[0]]]) {
    $(id).append(...numbers.map(s => make('option', {value: s.name, textContent: s.name})));
    $(id).value = usual.name;
    $(id).onchange = markMap;
  }
  $('map-value').append(...tables.map_values.map(v => make('option', {value: v.name, textContent: v.name.replaceAll('_', ' '), title: v.summary})));
  $('map-value').selectedIndex = 1;
  $('map-value').onchange = drawMap;
  $('map-draw').onclick = askMap;
  $('map-canvas').onpointerdown = event => { $('map-canvas').setPointerCapture(event.pointerId); moveTo(event); };
  $('map-canvas').onpointermove = event => event.buttons && moveTo(event);
  $('map-canvas').onkeydown = walk;
  new ResizeObserver(drawMap).observe($('map-canvas'));
  drawMap();
}

function askMap() {
  $('map-note').textContent = 'predicting …';
  mapper.ask(mapWords());
}

function markMap() {
  if (mapped && mapFor !== query(mapWords()))
    $('map-note').textContent = 'of another model: draw it again';
  else
    $('map-note').textContent = '';
  drawMap();
}

/* Where the map lies on the canvas. */
function frame() {
  const canvas = $('map-canvas');
  return {left: 58, top: 8, width: canvas.clientWidth - 70, height: canvas.clientHeight - 48};
}

/* Position 0 to 1 of a value along an axis, and back; cells are centred on the axis' values. */
function along(axis, value) {
  const scale = axis.scale === 'log' ? Math.log : v => v, n = axis.values.length;
  const from = scale(axis.values[0]), to = scale(axis.values[n - 1]);
  return ((scale(value) - from) / (to - from) * (n - 1) + 0.5) / n;
}

const nearest = (axis, position) => axis.values[Math.min(axis.values.length - 1, Math.max(0, Math.floor(position * axis.values.length)))];

/* Blue below, white at the middle, red above; lightness alone tells the size in grey. */
function shade(value, least, most) {
  if (value === null)
    return css('--field');
  const dark = matchMedia('(prefers-color-scheme: dark)').matches, crosses = least < 0 && most > 0;
  const size = crosses ? Math.abs(value) / Math.max(-least, most) : (value - least) / (most - least || 1);
  const hue = crosses && value < 0 ? 212 : crosses ? 18 : 170, part = Math.sqrt(Math.min(1, Math.max(0, size)));
  return `hsl(${hue} ${30 + 45 * part}% ${dark ? 18 + 42 * part : 96 - 50 * part}%)`;
}

function drawMap() {
  const canvas = $('map-canvas'), ratio = devicePixelRatio || 1, pen = canvas.getContext('2d'), f = frame();
  canvas.width = canvas.clientWidth * ratio;
  canvas.height = canvas.clientHeight * ratio;
  pen.scale(ratio, ratio);
  pen.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  pen.font = '12px system-ui, sans-serif';
  if (!mapped)
    return drawInvitation(pen, f);
  drawCells(pen, f);
  drawPhases(pen, f);
  drawAxes(pen, f);
  drawDot(pen, f);
  listPhases();
}

function drawInvitation(pen, f) {
  pen.fillStyle = css('--field');
  pen.fillRect(f.left, f.top, f.width, f.height);
  pen.fillStyle = css('--soft');
  pen.textAlign = 'center';
  pen.fillText('“Draw” predicts 625 models around this one', f.left + f.width / 2, f.top + f.height / 2);
}

function drawCells(pen, f) {
  const rows = mapped.values[$('map-value').value], all = rows.flat().filter(v => v !== null);
  const least = Math.max(-6, Math.min(...all)), most = Math.min(6, Math.max(...all));
  const w = f.width / mapped.x.values.length, h = f.height / mapped.y.values.length;
  rows.forEach((row, y) => row.forEach((value, x) => {
    pen.fillStyle = shade(value, least, most);
    pen.fillRect(f.left + x * w - 0.3, f.top + f.height - (y + 1) * h - 0.3, w + 0.6, h + 0.6);
  }));
}

/* A line between neighbours of different phases, and each phase's name in its middle. */
function drawPhases(pen, f) {
  const at = mapped.phases?.at;
  if (!at)
    return;
  const w = f.width / at[0].length, h = f.height / at.length, bottom = f.top + f.height, middles = {};
  pen.strokeStyle = css('--ink');
  pen.lineWidth = 1.4;
  pen.beginPath();
  at.forEach((row, y) => row.forEach((phase, x) => {
    if (x > 0 && row[x - 1] !== phase) {
      pen.moveTo(f.left + x * w, bottom - y * h);
      pen.lineTo(f.left + x * w, bottom - (y + 1) * h);
    }
    if (y > 0 && at[y - 1][x] !== phase) {
      pen.moveTo(f.left + x * w, bottom - y * h);
      pen.lineTo(f.left + (x + 1) * w, bottom - y * h);
    }
    if (phase !== null) {
      const middle = middles[phase] ??= {x: 0, y: 0, n: 0};
      middle.x += x + 0.5;
      middle.y += y + 0.5;
      middle.n++;
    }
  }));
  pen.stroke();
  pen.textAlign = 'center';
  for (const [phase, middle] of Object.entries(middles)) {
    if (middle.n < 12)
      continue;
    const x = f.left + middle.x / middle.n * w, y = bottom - middle.y / middle.n * h;
    pen.lineWidth = 4;
    pen.strokeStyle = css('--card');
    pen.strokeText(mapped.phases.names[phase], x, y);
    pen.fillStyle = css('--ink');
    pen.fillText(mapped.phases.names[phase], x, y);
  }
}

function drawAxes(pen, f) {
  pen.fillStyle = css('--soft');
  for (const part of [0, 0.25, 0.5, 0.75, 1]) {
    const x = mapped.x.values[Math.round(part * (mapped.x.values.length - 1))];
    const y = mapped.y.values[Math.round(part * (mapped.y.values.length - 1))];
    pen.textAlign = 'center';
    pen.fillText(written(x), f.left + along(mapped.x, x) * f.width, f.top + f.height + 16);
    pen.textAlign = 'right';
    pen.fillText(written(y), f.left - 6, f.top + f.height - along(mapped.y, y) * f.height + 4);
  }
  pen.textAlign = 'center';
  pen.fillStyle = css('--ink');
  pen.fillText(mapped.x.name, f.left + f.width / 2, f.top + f.height + 34);
  pen.save();
  pen.translate(12, f.top + f.height / 2);
  pen.rotate(-Math.PI / 2);
  pen.fillText(mapped.y.name, 0, 0);
  pen.restore();
}

function drawDot(pen, f) {
  const x = f.left + along(mapped.x, Number(values[mapped.x.name])) * f.width;
  const y = f.top + f.height - along(mapped.y, Number(values[mapped.y.name])) * f.height;
  if (!(x >= f.left && x <= f.left + f.width && y >= f.top && y <= f.top + f.height))
    return;
  pen.beginPath();
  pen.arc(x, y, 7, 0, 2 * Math.PI);
  pen.fillStyle = css('--card');
  pen.fill();
  pen.lineWidth = 3;
  pen.strokeStyle = css('--ink');
  pen.stroke();
}

function listPhases() {
  const phases = mapped.phases;
  $('phases').replaceChildren(...(phases?.names ?? []).map((name, i) =>
    make('li', {}, make('b', {textContent: name}), phases.summaries[i])));
}

/* The model goes to a point of the map. */
function place(x, y) {
  for (const [axis, value] of [[mapped.x, x], [mapped.y, y]]) {
    values[axis.name] = String(setting(axis.name).type === 'integer' ? value : places(value));
    idle.delete(axis.name);
  }
  showControls();
  changed();
}

function moveTo(event) {
  if (!mapped)
    return;
  const f = frame();
  place(nearest(mapped.x, (event.offsetX - f.left) / f.width), nearest(mapped.y, 1 - (event.offsetY - f.top) / f.height));
}

function walk(event) {
  const step = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]}[event.key];
  if (!step || !mapped)
    return;
  event.preventDefault();
  const next = (axis, by) => nearest(axis, along(axis, Number(values[axis.name])) + by / axis.values.length);
  place(next(mapped.x, step[0]), next(mapped.y, step[1]));
}

/* ---- lessons ---- */

const solved = new Set();

function makeLessons() {
  for (const lesson of tables.lessons ?? []) {
    const body = make('div', {className: 'lesson-body'}), item = make('details', {id: 'lesson-' + lesson.id});
    item.append(make('summary', {textContent: lesson.title}), body);
    body.append(make('p', {textContent: lesson.question}));
    const answers = lesson.answers.map((answer, i) =>
      make('label', {}, make('input', {type: 'radio', name: lesson.id, value: i + 1}), ' ' + answer));
    if (lesson.kind === 'number')
      answers.push(make('label', {}, 'Your answer ', make('input', {type: 'number', step: 'any', name: lesson.id})));
    const verdict = make('div', {className: 'verdict', hidden: true});
    const start = make('button', {textContent: 'Set the scene'});
    const check = make('button', {className: 'check', textContent: 'Check', onclick: () => checkLesson(lesson, item, verdict)});
    verdict.setAttribute('role', 'status');
    body.append(...answers, make('p', {}, start, ' ', check), verdict);
    $('lesson-list').append(make('li', {}, item));
    start.onclick = () => setScene(lesson);
    item.addEventListener('toggle', () => {
      if (item.open && !item.dataset.again)
        setScene(lesson);
      delete item.dataset.again;
      writeAddress();
    });
  }
}

/* The lesson's model, as its settings say. */
function setScene(lesson) {
  for (const s of tables.settings)
    values[s.name] = lesson.scene[s.name] ?? s.default;
  idle.clear();
  showTexts();
  showControls();
  changed();
}

/* What is found is answered by all settings as they stand. */
const asAnswer = () => tables.settings.map(s => `${s.name}='${values[s.name]}'`).join(' ');

async function checkLesson(lesson, item, verdict) {
  const chosen = item.querySelector('input:checked, input[type=number]');
  const answer = lesson.kind === 'find' ? asAnswer() : chosen?.value;
  const response = await fetch('lesson?' + query([['lesson', lesson.id], ['answer', answer ?? '']]));
  const result = await response.json();
  verdict.hidden = false;
  verdict.classList.toggle('wrong', !result.right);
  verdict.textContent = !answer ? 'Choose an answer first.' : result.error ?? result.says;
  if (result.right)
    solved.add(lesson.id);
  item.classList.toggle('solved', solved.has(lesson.id));
  $('score').textContent = solved.size ? `${solved.size} of ${tables.lessons.length} solved` : '';
}

/* ---- the buttons, and the beginning ---- */

const download = (name, blob) => {
  const link = make('a', {href: URL.createObjectURL(blob), download: name});
  link.click();
  URL.revokeObjectURL(link.href);
};

/* The four charts with their titles as one picture. */
function saveFigure() {
  const ratio = devicePixelRatio || 1, first = charts[0].canvas, width = first.clientWidth + 24, height = first.clientHeight + 40;
  const sheet = make('canvas', {width: 2 * width * ratio, height: (2 * height + 24) * ratio}), context = sheet.getContext('2d');
  context.scale(ratio, ratio);
  context.fillStyle = css('--card');
  context.fillRect(0, 0, 2 * width, 2 * height + 24);
  context.font = '13px system-ui, sans-serif';
  charts.forEach((chart, i) => {
    const x = (i % 2) * width + 12, y = Math.floor(i / 2) * height;
    context.fillStyle = css('--ink');
    context.fillText([chart.title, ...chart.tags].join(', '), x, y + 20);
    context.drawImage(chart.canvas, x, y + 30, chart.canvas.clientWidth, chart.canvas.clientHeight);
  });
  context.fillStyle = css('--soft');
  context.fillText(nameOf(shown.predicted) + ' · ' + $('words').textContent, 12, 2 * height + 12);
  sheet.toBlob(blob => download('curves.png', blob));
}

function saveData() {
  const text = JSON.stringify(shown.bounds ?? shown.predicted) + '\n';
  download('profile.json', new Blob([text], {type: 'application/json'}));
}

function showCommand() {
  $('command').hidden = !$('command').hidden;
  $('command').firstElementChild.textContent = asCommand();
  if (!$('command').hidden)
    navigator.clipboard?.writeText(asCommand()).catch(() => {});
}

async function begin() {
  const answer = await fetch('tables');
  tables = await answer.json();
  const again = readAddress();
  makeTexts();
  makeControls();
  makeCharts();
  makeMap();
  makeLessons();
  showTexts();
  showControls();
  $('pin').onclick = pin;
  $('unpin').onclick = () => { pinned = null; showPinned(); draw(); writeAddress(); };
  $('copy').onclick = showCommand;
  $('save').onclick = saveData;
  $('save-figure').onclick = saveFigure;
  $('look').onclick = look;
  $('inside-head').onchange = $('inside-sample').onchange = () => inside.entries && look();
  new ResizeObserver(drawInside).observe($('inside-x'));
  $('sample').onclick = sample;
  $('to-lessons').onclick = event => { event.preventDefault(); $('lessons').scrollIntoView(); };
  if (again.get('pin'))
    await pinAgain(again.get('pin'));
  showAgain(again);
  changed();
}

/* What else the address says is open. */
function showAgain(given) {
  const axes = given.get('map')?.split(',') ?? [], [head, sample] = given.get('look')?.split(',') ?? [];
  const lesson = given.get('lesson') && $('lesson-' + given.get('lesson'));
  ['map-x', 'map-y', 'map-value'].forEach((id, i) => {
    if ([...$(id).options].some(option => option.value === axes[i]))
      $(id).value = axes[i];
  });
  if (axes.length)
    askMap();
  if (head) {
    $('inside-head').value = head;
    $('inside-sample').value = sample;
    look();
  }
  if (lesson) {
    lesson.dataset.again = 'yes';
    lesson.open = true;
  }
}

begin().catch(error => showRefusal('the page could not begin: ' + error.message));
