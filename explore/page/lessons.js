/* ---- lessons ---- */

const solved = new Set();

function makeLessons() {
  for (const lesson of tables.lessons ?? []) {
    const body = make('div', {className: 'lesson-body'}), item = make('details', {id: 'lesson-' + lesson.id, name: 'lesson'});
    item.append(make('summary', {textContent: lesson.title}), body);
    item.firstChild.dataset.number = $('lesson-list').childElementCount + 1;
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
      if (item.open && !item.dataset.again) {
        setScene(lesson);
        scrollTo({top: 0});
      }
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
  const {body, error} = answer ? await answerTo('lesson', [['lesson', lesson.id], ['answer', answer]])
                               : {error: 'Choose an answer first.'};
  verdict.hidden = false;
  verdict.classList.toggle('wrong', !body?.right);
  verdict.textContent = error ?? body.says;
  if (body?.right)
    solved.add(lesson.id);
  item.classList.toggle('solved', solved.has(lesson.id));
  $('score').textContent = solved.size ? `${solved.size} of ${tables.lessons.length} solved` : '';
}
