// The keyboard of the review of what find found, and its marks, which are told to the server as they are made.
const csrf = document.querySelector('meta[name="csrf"]')?.content ?? '';
const groups = [...document.querySelectorAll('.group')];
const say = document.getElementById('say');
let here = -1;
let at = 0;
let queue = Promise.resolve();

function tell(text) { if (say) say.textContent = text; }

function post(path, fields = {}) {
  // One after the other, in the order in which they were asked for.
  const sent = queue.then(async () => {
    const answer = await fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf },
      body: JSON.stringify(fields),
    });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error.message);
    return told;
  });
  queue = sent.catch(() => {});
  return sent.catch((error) => { tell(`Not saved: ${error.message}`); return null; });
}

function files(group) { return [...group.querySelectorAll('.file')]; }

function show(told) {
  const { progress } = told;
  document.getElementById('told').textContent = progress.told;
  document.getElementById('drops').textContent = progress.drops;
  document.getElementById('far').value = progress.done;
  const group = document.getElementById(`g${told.group}`);
  if (!group || !told.marks) return;
  group.classList.toggle('decided', told.decided);
  group.querySelector('[data-stand]').textContent = told.decided ? 'decided' : '';
  for (const file of files(group)) {
    const mark = told.marks[Number(file.dataset.file)];
    file.classList.remove('m-keep', 'm-drop', 'm-other');
    file.classList.add(`m-${mark}`);
    for (const button of file.querySelectorAll('.fate')) {
      button.setAttribute('aria-pressed', String(button.dataset.mark === mark));
    }
  }
}

function go(index, file = null, { focus = true } = {}) {
  if (index < 0 || index >= groups.length) {
    // What was decided is told before the page is left.
    const way = document.getElementById(index < 0 ? 'prev' : 'next');
    if (way) queue.then(() => way.click());
    return;
  }
  groups[here]?.classList.remove('here');
  here = index;
  const group = groups[here];
  const all = files(group);
  at = Math.min(Math.max(file ?? Math.min(1, all.length - 1), 0), all.length - 1);
  group.classList.add('here');
  document.querySelectorAll('.file.at').forEach((one) => one.classList.remove('at'));
  all[at].classList.add('at');
  if (!focus) return;
  group.focus({ preventScroll: true });
  const motion = matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';
  group.scrollIntoView({ block: 'nearest', behavior: motion });
}

async function mark(what) {
  const group = groups[here];
  const file = group && files(group)[at];
  const button = file?.querySelector(`[data-mark="${what}"]`);
  if (!button) { tell('The best copy is kept or dropped: the others are duplicates of it, or not.'); return; }
  const told = await post('/mark', { group: Number(group.dataset.index), file: Number(file.dataset.file), mark: what });
  if (!told) return;
  show(told);
  tell(button.getAttribute('aria-label'));
}

async function accept() {
  const group = groups[here];
  if (!group) return;
  const sent = post('/accept', { group: Number(group.dataset.index) });
  go(here + 1); // keys that come faster than answers mean the groups behind
  const told = await sent;
  if (!told) return;
  show(told);
  tell(`${told.name}: decided`);
}

async function undo() {
  const told = await post('/undo');
  if (!told) return;
  if (told.group === null) { tell('Nothing to take back.'); return; }
  const index = groups.findIndex((group) => Number(group.dataset.index) === told.group);
  if (index < 0) { location.href = `/?page=${told.page}#g${told.group}`; return; }
  show(told);
  go(index);
  tell(`Taken back: ${told.name}`);
}

async function rest() {
  const told = await post('/rest');
  if (told) location.reload();
}

const keys = {
  ArrowUp: () => go(here - 1),
  ArrowDown: () => go(here + 1),
  ArrowLeft: () => go(here, at - 1),
  ArrowRight: () => go(here, at + 1),
  k: () => mark('keep'),
  d: () => mark('drop'),
  n: () => mark('other'),
  Enter: accept,
  u: undo,
  v: () => files(groups[here])[at]?.querySelector('.thumb').click(),
};

function begin() {
  if (!groups.length) return;
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, select, textarea')) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!keys[key] || (key === 'Enter' && event.target.closest('a, button'))) return;
    event.preventDefault();
    keys[key]();
  });
  document.getElementById('groups').addEventListener('click', (event) => {
    const group = event.target.closest('.group');
    if (!group) return;
    const file = event.target.closest('.file');
    go(groups.indexOf(group), file ? files(group).indexOf(file) : null, { focus: false });
    const button = event.target.closest('.fate');
    if (button) mark(button.dataset.mark);
    if (event.target.closest('[data-accept]')) accept();
  });
  document.getElementById('undo').addEventListener('click', undo);
  document.getElementById('rest').addEventListener('click', rest);
  const first = groups.findIndex((group) => `#${group.id}` === location.hash);
  const open = groups.findIndex((group) => !group.classList.contains('decided'));
  go(first >= 0 ? first : Math.max(open, 0));
}

function choose() {
  const action = document.getElementById('action');
  const where = document.getElementById('where');
  if (action) action.addEventListener('change', () => { where.hidden = action.value !== 'move-to'; });
}

async function watch() {
  const title = document.getElementById('title');
  if (title?.dataset.ended !== 'false') return;
  const told = await (await fetch('/run/far')).json();
  if (told.ended) { location.reload(); return; }
  document.getElementById('far').value = told.done + told.left;
  setTimeout(watch, 400);
}

begin();
choose();
watch();
