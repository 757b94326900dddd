/* ---- curves ---- */

const charts = [
  {title: 'Gradient', logarithmic: true, columns: ['gradient_variance', 'gradient_specific'], tags: ['g, total', 'token-specific']},
  {title: 'Activation', logarithmic: true, columns: ['activation_variance'], tags: ['q, variance']},
  {title: 'Tokens', logarithmic: false, columns: ['token_cosine'], tags: ['r, cosine of two tokens']},
  {title: 'Layers', logarithmic: false, columns: ['layer_cosine'], tags: ['cosine to the layer below']},
];

const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/* What tells apart the gradients of tokens that are all alike is rounding: a mean of T numbers of size g is known to T eps g. */
const isRounding = (layer, column, profile) => column === 'gradient_specific' && layer.gradient_variance &&
  layer[column].log10_mean < layer.gradient_variance.log10_mean + 2 * Math.log10(profile.config.tokens * Number.EPSILON);

/* Points of a profile's column; of wide values the decimal logarithm. */
function points(profile, column, logarithmic, member = 'mean') {
  const out = [];
  for (const layer of profile?.layers ?? []) {
    const cell = layer[column];
    if (!cell || isRounding(layer, column, profile))
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
  showNumbers();
}

/* ---- the same as numbers ---- */

/* What the charts show, by source and member of a profile's cell. */
const kinds = [['predicted', 'mean', 'predicted'], ['bounds', 'floor', 'floor'], ['bounds', 'ceiling', 'ceiling'],
               ['measured', 'mean', 'sampled'], ['measured', 'lo', 'from'], ['measured', 'hi', 'to']];

const numberOf = (cell, member) => {
  const wide = cell?.['log10_' + member], plain = cell?.[member];
  return typeof plain === 'number' ? written(plain) : typeof wide === 'number' ? writtenLog(wide) : '';
};

/* The table of a column: its kinds that have a number at any layer, and their texts by layer. */
function numbersOf(column) {
  return kinds.map(([source, member, name]) => ({name, texts: shown.predicted.layers.map((layer, i) =>
    numberOf(shown[source]?.layers[i]?.[column], member))})).filter(kind => kind.texts.some(text => text));
}

function showNumbers() {
  if (!$('numbers').open || !shown.predicted)
    return;
  const tables = charts.flatMap(chart => chart.columns.map((column, i) => ({tag: chart.tags[i], kinds: numbersOf(column)})));
  const all = tables.flatMap(each => each.kinds), cell = (tag, text, span = 1) => make(tag, {textContent: text, colSpan: span});
  $('numbers').querySelector('table').replaceChildren(
    make('thead', {},
      make('tr', {}, cell('th', ''), ...tables.map(each => cell('th', each.tag, each.kinds.length))),
      make('tr', {}, cell('th', 'layer'), ...all.map(kind => cell('th', kind.name)))),
    make('tbody', {}, ...shown.predicted.layers.map((layer, i) =>
      make('tr', {}, cell('th', layer.layer), ...all.map(kind => cell('td', kind.texts[i]))))));
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

const nameOf = (profile, pairs = words()) => {
  const moved = pairs.filter(([name]) => setting(name).type !== 'text')
    .map(([name, value]) => (setting(name).before ?? '') + value);
  return [profile.config.placement, profile.config.init, ...moved].join(', ');
};

function showPinned() {
  $('pinned-key').hidden = !pinned;
  $('pinned-name').textContent = pinned?.name ?? '';
}

async function pinAgain(text) {
  const {body: predicted} = await answerTo('predict', text);
  if (!predicted)
    return;
  pinned = {predicted, query: text, name: nameOf(predicted, [...new URLSearchParams(text)])};
  showPinned();
  draw();
}
