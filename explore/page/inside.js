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
    const says = `block ${map.block}${map.site ? ', ' + map.site : ''}, head ${map.head}`;
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
