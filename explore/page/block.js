/* ---- the block as a picture ---- */

let blockOf = null;              // the placement that is drawn or asked for

async function drawBlock() {
  const wanted = values.placement;
  if (blockOf === wanted)
    return;
  blockOf = wanted;
  const {body, error, gone} = await answerTo('diagram', [['placement', wanted]], {isStale: () => blockOf !== wanted});
  if (gone || blockOf !== wanted)
    return;
  if (body)
    showBlock(new DOMParser().parseFromString(body, 'image/svg+xml').documentElement);
  else
    $('block').replaceChildren(make('p', {className: 'note', textContent: error}));
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
