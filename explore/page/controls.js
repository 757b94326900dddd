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
