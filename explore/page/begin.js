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
  $('numbers').ontoggle = showNumbers;
  $('all-lessons').onclick = () => document.querySelectorAll('#lesson-list [open]').forEach(item => { item.open = false; });
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
  mapControls.forEach((id, i) => {
    const offered = [...$(id).options ?? []].map(option => option.value);
    if (offered.includes(axes[i]) || ($(id).max && axes[i] >= Number($(id).min) && axes[i] <= Number($(id).max)))
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
