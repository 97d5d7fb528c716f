// The review queue: one pair at a time, decided by keys. A decision is saved before the next pair is shown.

import { ask, el } from "./dom.js";
import { chance, icon, relationText, sentence } from "./verdict.js";
import { mount } from "./view.js";

const RENEW_MS = 30_000;
const RETRY_MS = 15_000;
const [pairBox, emptyBox, recent, history, message] = ["pair", "empty", "recent", "history", "message"].map((id) => document.getElementById(id));
const buttons = Object.fromEntries(["same", "another", "skip", "undo"].map((id) => [id, document.getElementById(id)]));
const tab = (sessionStorage.samepicTab ??= crypto.getRandomValues(new Uint32Array(3)).reduce((text, number) => text + number.toString(36), ""));
const steps = []; // the steps that undo goes back: a pair that was skipped, or null for a decision
let pair = null;
let view = null;
let loading = new AbortController(); // of the views of the current pair
let mode = "side";
let busy = false;
let done = 0;
let retry = 0;

function post(action, fields = {}) {
  return ask(`/ui/review/${action}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ tab, ...fields }),
  });
}

function idOf({ number, other }) { return { number, other }; }

/** Do one thing at a time: keys that are pressed meanwhile are ignored. */
async function once(work) {
  if (busy) return;
  busy = true;
  for (const button of Object.values(buttons)) button.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (error) {
    announce(error.message, true);
  } finally {
    busy = false;
    for (const button of Object.values(buttons)) button.removeAttribute("aria-busy");
  }
}

function announce(text, isError = false) {
  message.textContent = text;
  message.className = isError ? "wrong" : "visually-hidden";
}

const next = () => once(async () => show(await post("next", pair ? idOf(pair) : {})));

const decide = (same) => once(async () => {
  if (!pair) return;
  await picturesLoaded();
  loading.abort(); // the upload may be gone before its views arrive
  const data = await post("say", { ...idOf(pair), same });
  const text = data.recorded ? (same ? "Same picture." : "Different pictures.") : "Another reviewer has decided or taken this pair meanwhile.";
  if (data.recorded) { steps.push(null); done += 1; }
  show(data, text, !data.recorded);
});

/** Wait until the pictures have loaded or failed: no one decides on pictures that were never shown. */
function picturesLoaded() {
  const pending = [...pairBox.querySelectorAll("img")].filter((image) => !image.complete);
  return Promise.all(pending.map((image) => new Promise((resolve) => { image.onload = image.onerror = resolve; })));
}

const skip = () => once(async () => {
  if (!pair) return;
  steps.push(idOf(pair));
  show(await post("next", idOf(pair)), "Skipped.");
});

const undo = (position = null) => once(async () => {
  const skipped = position === null ? steps.at(-1) : null;
  const data = await (skipped ? post("take", skipped) : post("undo", position === null ? {} : { position }));
  if (position === null) steps.pop();
  if (!data.pair) {
    showQueue(data);
    announce(skipped ? "Another reviewer has decided this pair meanwhile." : "This cannot be undone: it is more than a day old, or one of the pictures has changed since.", true);
    return;
  }
  if (!skipped) done = Math.max(0, done - 1);
  show(data, skipped ? "Back to the skipped pair." : "Undone.");
});

function show(data, text = "", isError = false) {
  const previous = pair;
  pair = data.pair;
  showQueue(data);
  clearTimeout(retry);
  pairBox.hidden = !pair;
  emptyBox.hidden = Boolean(pair);
  for (const name of ["same", "another", "skip"]) buttons[name].disabled = !pair;
  if (!pair) {
    view?.destroy();
    view = null;
    showEmpty(data.waiting);
    announce(`${text} ${emptyBox.querySelector("h2").textContent}`, isError);
    return;
  }
  if (previous && previous.number === pair.number && previous.other === pair.other) text += " No other pair is available.";
  showPair();
  announce(`${text} ${sentence(pair.match.explanation)}`.trim(), isError);
}

function showEmpty(waiting) {
  emptyBox.replaceChildren(
    el("h2", {}, waiting ? "Other reviewers have the rest" : "All caught up"),
    el("p.soft", {}, waiting ? "Pairs that they do not decide will appear here." : "Possible copies will appear here."));
  retry = setTimeout(next, RETRY_MS);
}

function showQueue({ waiting, recent: decisions }) {
  const bar = document.getElementById("progress");
  bar.max = Math.max(1, done + waiting);
  bar.value = done;
  document.getElementById("progress-text").textContent = `${waiting} upload${waiting === 1 ? "" : "s"} waiting${done ? `, ${done} decided here` : ""}`;
  history.hidden = !decisions.length;
  recent.replaceChildren(...decisions.map(({ same, key, other, by, undone, kept, position }) => el("li", {},
    el("span", {}, el("b", {}, same ? "Same picture:" : "Different pictures:"), ` ${key} and ${other}`, el("span.soft", {}, ` by ${by}${undone ? ", undone" : ""}`)),
    kept && !undone ? el("button.quiet", { type: "button", "aria-label": `Undo: ${key} and ${other}`, click: () => undo(position) }, "Undo") : null)));
}

function showPair() {
  const stage = el("div.looking");
  pairBox.replaceChildren(headline(), stage, facts());
  const current = pair;
  const names = ["Kept", "Upload"];
  const { width, height } = pair.kept;
  mode = view ? view.mode() ?? mode : mode;
  view?.destroy();
  // The proxies are shown at once, the views when they have been computed.
  view = mountView(stage, { a: pictureUrl(pair.kept.key), b: pictureUrl(pair.upload.key), width, height, names, alignable: false }, "side");
  loading.abort();
  loading = new AbortController();
  ask(`/ui/pair?${new URLSearchParams({ a: pair.kept.key, b: pair.upload.key })}`, { signal: loading.signal }).then((data) => {
    if (pair !== current) return;
    view.destroy();
    view = mountView(stage, { ...data.view, names }, mode);
  }).catch(() => {}); // the proxies stay
}

function mountView(stage, content, name) {
  const mounted = mount(stage, content);
  mounted.mode(name);
  return {
    destroy: mounted.destroy,
    mode: () => content.difference && stage.querySelector(".view")?.dataset.mode,
  };
}

function pictureUrl(key) { return `/ui/picture?${new URLSearchParams({ key })}`; }

function headline() {
  const { match, better } = pair;
  return el("div.verdict.doubt", {}, icon("doubt"),
    el("div.say", {},
      el("h2", {}, sentence(match.explanation)),
      el("p.facts", {}, el("span.chip", {}, relationText(match.relation)), chance(match.probability),
        pair.of > 1 ? el("span", {}, `possible copy ${pair.place + 1} of ${pair.of} of this upload`) : null),
      el("p.better", {}, better ? el("b", {}, `Better copy: the ${better === "kept" ? "kept one" : "upload"}. `) : null, reason())));
}

function reason() {
  if (pair.better) return sentence(`It ${pair.why}`);
  return pair.match.relation === "edited" ? sentence(pair.why) : "Both are equally good.";
}

function facts() {
  const rows = [
    ["Key", (file) => file.key],
    ["Pixels", (file) => `${file.width} × ${file.height}`],
    ["Format", (file) => `${file.format}${file.quality ? `, quality ${file.quality}` : ""}`],
    ["Bytes", (file) => file.size.toLocaleString("en")],
    ["Uploaded", (file) => new Date(1000 * file.created).toLocaleString()],
    ["State", (file) => (file.waits ? "waiting for review" : "accepted")],
  ];
  for (const name of new Set([pair.kept, pair.upload].flatMap((file) => Object.keys(file.data)).slice(0, 8))) rows.push([name, (file) => file.data[name] ?? ""]);
  const column = (name, label) => el("th", { scope: "col" }, label, pair.better === name ? el("span.best", {}, " better copy") : null);
  return el("div.scroll.both", { tabindex: 0, role: "region", "aria-label": "The two files" }, el("table", {},
    el("thead", {}, el("tr", {}, el("td"), column("kept", "Kept"), column("upload", "Upload"))),
    el("tbody", {}, rows.map(([title, text]) => el("tr", {}, el("th", { scope: "row" }, title), el("td", {}, String(text(pair.kept))), el("td", {}, String(text(pair.upload))))))));
}

const keys = { s: () => decide(true), d: () => decide(false), " ": skip, ArrowRight: skip, u: () => undo() };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
  const { target } = event;
  if (target.closest("select, textarea, input:not([type=range], [type=checkbox])")) return;
  if (event.key === " " && target.closest("button, a, summary, input")) return;
  if (event.key.startsWith("Arrow") && target.closest("input")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (!keys[key]) return;
  event.preventDefault();
  keys[key]();
});
buttons.same.addEventListener("click", () => decide(true));
buttons.another.addEventListener("click", () => decide(false));
buttons.skip.addEventListener("click", skip);
buttons.undo.addEventListener("click", () => undo());

// After a mouse click in a view the keys of the queue work; keyboard users keep the focus in the view.
pairBox.addEventListener("click", (event) => { if (event.detail) event.target.closest("button")?.blur(); });

setInterval(() => {
  if (!pair || document.hidden || busy) return;
  const current = pair;
  post("take", idOf(pair)).then((data) => { if (!data.pair && pair === current) next(); }).catch(() => {});
}, RENEW_MS);

addEventListener("pagehide", () => {
  const csrf = document.querySelector('meta[name="csrf"]').content;
  navigator.sendBeacon("/ui/review/leave", new URLSearchParams({ csrf, tab }));
});
addEventListener("pageshow", (event) => { if (event.persisted) { pair = null; next(); } });

next();
