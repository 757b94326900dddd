/* ---- the map ---- */

let mapped = null, mapFor = '';
const mapControls = ['map-x', 'map-y', 'map-value', 'map-points'];
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
  return `${name}=${places(Math.max(from, s.least))}:${places(to)}:${$('map-points').value}:${log ? 'log' : 'lin'}`;
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
  $('map-value').append(...tables.map_values.map(v => make('option', {value: v.name, textContent: v.name.replace(/^log10_/, '').replaceAll('_', ' '), title: v.summary})));
  $('map-value').selectedIndex = 1;
  $('map-value').onchange = drawMap;
  $('map-points').onchange = markMap;
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
  return `hsl(${hue} ${75 * part}% ${dark ? 18 + 42 * part : 96 - 50 * part}%)`;
}

/* The range of what is coloured: 6 decades either way. */
function shadedRange() {
  const all = mapped.values[$('map-value').value].flat().filter(v => v !== null);
  return [Math.max(-6, Math.min(...all)), Math.min(6, Math.max(...all))];
}

/* What the colours mean, from the least to the most. */
function drawKey() {
  const [least, most] = shadedRange(), name = $('map-value').value, parts = 16;
  const at = part => least + (most - least) * part, write = v => name.startsWith('log10') ? writtenLog(v) : written(v);
  const colours = [...Array(parts + 1).keys()].map(i => shade(at(i / parts), least, most));
  const middle = least < 0 && most > 0 ? -least / (most - least) : 0.5, named = tables.map_values.find(v => v.name === name);
  const marks = [[0, least], ...(middle > 0.2 && middle < 0.8 ? [[middle, at(middle)]] : []), [1, most]];
  $('map-key').replaceChildren(
    make('p', {textContent: named.summary.replace(/^log10 of /, '')}),
    make('i', {style: `background: linear-gradient(to right, ${colours.join(', ')})`}),
    make('div', {}, ...marks.map(([part, value]) =>
      make('span', {textContent: isFinite(value) ? write(value) : '–', style: `left: ${100 * part}%; translate: ${-100 * part}%`}))));
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
  drawKey();
  listPhases();
}

function drawInvitation(pen, f) {
  pen.fillStyle = css('--field');
  pen.fillRect(f.left, f.top, f.width, f.height);
  pen.fillStyle = css('--soft');
  pen.textAlign = 'center';
  pen.fillText(`“Draw” predicts ${$('map-points').value ** 2} models around this one`, f.left + f.width / 2, f.top + f.height / 2);
}

function drawCells(pen, f) {
  const rows = mapped.values[$('map-value').value], [least, most] = shadedRange();
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
