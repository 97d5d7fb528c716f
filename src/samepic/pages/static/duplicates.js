// The review of duplicates: its keyboard, and its marks, which are saved as they are made.
const csrf = document.querySelector('meta[name="csrf"]')?.content ?? '';
const groups = [...document.querySelectorAll('.group')];
const message = document.getElementById('message');
let current = -1; // the index of the current group
let place = 0; // the index of the current file in it
let queue = Promise.resolve();

function announce(text) { if (message) message.textContent = text; }

/** Send a request after all earlier ones; returns its JSON, or null after an error. */
function post(path, fields = {}) {
  const sent = queue.then(async () => {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf },
      body: JSON.stringify(fields),
    });
    const data = await response.json();
    if (!response.ok) throw new Error(data.error.message);
    return data;
  });
  queue = sent.catch(() => {});
  return sent.catch((error) => { announce(`Not saved: ${error.message}`); return null; });
}

function files(group) { return [...group.querySelectorAll('.file')]; }

function show({ progress, group: index, marks, decided }) {
  document.getElementById('progress-text').textContent = progress.text;
  document.getElementById('selected').textContent = progress.selected;
  document.getElementById('progress').value = progress.decided;
  const group = document.getElementById(`g${index}`);
  if (!group || !marks) return;
  group.classList.toggle('decided', decided);
  group.querySelector('[data-status]').textContent = decided ? 'decided' : '';
  for (const file of files(group)) {
    const mark = marks[Number(file.dataset.file)];
    file.classList.remove('m-keep', 'm-drop', 'm-other');
    file.classList.add(`m-${mark}`);
    for (const button of file.querySelectorAll('.option')) {
      button.setAttribute('aria-pressed', String(button.dataset.mark === mark));
    }
  }
}

function go(index, file = null, { focus = true } = {}) {
  if (index < 0 || index >= groups.length) {
    // All marks are saved before the page is left.
    const link = document.getElementById(index < 0 ? 'prev' : 'next');
    if (link) queue.then(() => link.click());
    return;
  }
  groups[current]?.classList.remove('here');
  current = index;
  const group = groups[current];
  const all = files(group);
  place = Math.min(Math.max(file ?? Math.min(1, all.length - 1), 0), all.length - 1);
  group.classList.add('here');
  document.querySelectorAll('.file.at').forEach((other) => other.classList.remove('at'));
  all[place].classList.add('at');
  if (!focus) return;
  group.focus({ preventScroll: true });
  const motion = matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';
  group.scrollIntoView({ block: 'nearest', behavior: motion });
}

async function mark(name) {
  const group = groups[current];
  const file = group && files(group)[place];
  const button = file?.querySelector(`[data-mark="${name}"]`);
  if (!button) {
    const fixed = file?.querySelectorAll('.option').length === 1;
    announce(fixed ? 'This file is only compared against: it stays.' : 'The best copy can only be kept or removed.');
    return;
  }
  const data = await post('/mark', { group: Number(group.dataset.index), file: Number(file.dataset.file), mark: name });
  if (!data) return;
  show(data);
  announce(button.getAttribute('aria-label'));
}

async function accept() {
  const group = groups[current];
  if (!group) return;
  const sent = post('/accept', { group: Number(group.dataset.index) });
  go(current + 1); // keys that are pressed before the response belong to the next group
  const data = await sent;
  if (!data) return;
  show(data);
  announce(`${data.name}: decided`);
}

async function undo() {
  const data = await post('/undo');
  if (!data) return;
  if (data.group === null) { announce('Nothing to undo.'); return; }
  const index = groups.findIndex((group) => Number(group.dataset.index) === data.group);
  if (data.count > 1) { reload(`Undone: ${data.count} groups are undecided again.`); return; }
  if (index < 0) { location.href = `/?page=${data.page}#g${data.group}`; return; }
  show(data);
  go(index);
  announce(`Undone: ${data.name}`);
}

/** Load the page again, and announce something then. */
function reload(text) {
  sessionStorage.setItem('announce', text);
  location.reload();
}

const rule = document.getElementById('rule');

/** Preview what a rule would decide, or apply it. */
async function useRule(apply) {
  const data = await post('/rule', { ...Object.fromEntries(new FormData(rule)), apply });
  document.getElementById('rule-text').textContent = data?.text ?? '';
  document.getElementById('rule-apply').disabled = !data?.files;
  if (data?.applied) reload(`Decided. ${data.text} Undo takes it back.`);
}

function watchRule() {
  if (!rule) return;
  rule.addEventListener('submit', (event) => { event.preventDefault(); useRule(false); });
  rule.addEventListener('input', () => { document.getElementById('rule-apply').disabled = true; });
  document.getElementById('rule-apply').addEventListener('click', () => useRule(true));
  announce(sessionStorage.getItem('announce') ?? '');
  sessionStorage.removeItem('announce');
}

async function acceptRest() {
  if (await post('/rest')) location.reload();
}

const keys = {
  ArrowUp: () => go(current - 1),
  ArrowDown: () => go(current + 1),
  ArrowLeft: () => go(current, place - 1),
  ArrowRight: () => go(current, place + 1),
  k: () => mark('keep'),
  d: () => mark('drop'),
  n: () => mark('other'),
  Enter: accept,
  u: undo,
  v: () => files(groups[current])[place]?.querySelector('.thumb').click(),
};

function startReview() {
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
    const button = event.target.closest('.option');
    if (button) mark(button.dataset.mark);
    if (event.target.closest('[data-accept]')) accept();
  });
  document.getElementById('undo').addEventListener('click', undo);
  document.getElementById('rest').addEventListener('click', acceptRest);
  const linked = groups.findIndex((group) => `#${group.id}` === location.hash);
  const undecided = groups.findIndex((group) => !group.classList.contains('decided'));
  go(linked >= 0 ? linked : Math.max(undecided, 0));
}

/** On the plan: show the field for the folder if it is needed. */
function watchAction() {
  const action = document.getElementById('action');
  const folder = document.getElementById('folder');
  if (action) action.addEventListener('change', () => { folder.hidden = action.value !== 'move-to'; });
}

/** During a run: update the progress until it ends. */
async function watchRun() {
  const title = document.getElementById('title');
  if (title?.dataset.ended !== 'false') return;
  const data = await (await fetch('/run/far')).json();
  if (data.ended) { location.reload(); return; }
  document.getElementById('progress').value = data.processed;
  setTimeout(watchRun, 400);
}

startReview();
watchRule();
watchAction();
watchRun();
