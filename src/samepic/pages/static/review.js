// The review queue: one pair at a time, decided by keys. What is decided stands on the server before the next pair shows.

import { ask, el } from "./dom.js";
import { chance, mark, sentence, word } from "./verdict.js";
import { mount } from "./view.js";

const RENEW = 30_000;
const AGAIN = 15_000;
const [pairBox, emptyBox, last, before, say] = ["pair", "empty", "last", "before", "say"].map((id) => document.getElementById(id));
const buttons = Object.fromEntries(["same", "another", "skip", "undo"].map((id) => [id, document.getElementById(id)]));
const tab = (sessionStorage.samepicTab ??= crypto.getRandomValues(new Uint32Array(3)).reduce((text, one) => text + one.toString(36), ""));
const steps = []; // what this page did: a pair that was skipped, or null for a decision
let pair = null;
let view = null;
let asking = new AbortController(); // the views of the pair that is shown
let mode = "side";
let busy = false;
let done = 0;
let waiter = 0;

function post(what, fields = {}) {
  return ask(`/ui/review/${what}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ tab, ...fields }),
  });
}

function named({ number, other }) { return { number, other }; }

/** Do one thing at a time: keys that come while the last is not answered yet are left. */
async function once(work) {
  if (busy) return;
  busy = true;
  for (const button of Object.values(buttons)) button.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (error) {
    tell(error.message, true);
  } finally {
    busy = false;
    for (const button of Object.values(buttons)) button.removeAttribute("aria-busy");
  }
}

function tell(words, wrong = false) {
  say.textContent = words;
  say.className = wrong ? "wrong" : "visually-hidden";
}

const next = () => once(async () => show(await post("next", pair ? named(pair) : {})));

const decide = (same) => once(async () => {
  if (!pair) return;
  await seen();
  asking.abort(); // the answer may come when the upload is gone
  const told = await post("say", { ...named(pair), same });
  const words = told.said ? (same ? "The same." : "Not the same.") : "This pair was decided or taken by somebody else meanwhile.";
  if (told.said) { steps.push(null); done += 1; }
  show(told, words, !told.said);
});

/** Wait until the pictures stand, or are known not to come: nobody decides on what was never shown. */
function seen() {
  const waiting = [...pairBox.querySelectorAll("img")].filter((image) => !image.complete);
  return Promise.all(waiting.map((image) => new Promise((go) => { image.onload = image.onerror = go; })));
}

const skip = () => once(async () => {
  if (!pair) return;
  steps.push(named(pair));
  show(await post("next", named(pair)), "Skipped.");
});

const undo = (position = null) => once(async () => {
  const skipped = position === null ? steps.at(-1) : null;
  const told = await (skipped ? post("take", skipped) : post("undo", position === null ? {} : { position }));
  if (position === null) steps.pop();
  if (!told.pair) {
    around(told);
    tell(skipped ? "That pair was decided by somebody else meanwhile." : "Nothing can be taken back: more than a day has passed, or one of the two was changed since.", true);
    return;
  }
  if (!skipped) done = Math.max(0, done - 1);
  show(told, skipped ? "Back." : "Taken back.");
});

function show(told, words = "", wrong = false) {
  const before = pair;
  pair = told.pair;
  around(told);
  clearTimeout(waiter);
  pairBox.hidden = !pair;
  emptyBox.hidden = Boolean(pair);
  for (const name of ["same", "another", "skip"]) buttons[name].disabled = !pair;
  if (!pair) {
    view?.destroy();
    view = null;
    empty(told.waiting);
    tell(`${words} ${emptyBox.querySelector("h2").textContent}`, wrong);
    return;
  }
  if (before && before.number === pair.number && before.other === pair.other) words += " It is the only pair that is free.";
  draw();
  tell(`${words} ${sentence(pair.match.explanation)}`.trim(), wrong);
}

function empty(waiting) {
  emptyBox.replaceChildren(
    el("h2", {}, waiting ? "The rest is with other reviewers" : "Nothing waits"),
    el("p.soft", {}, waiting ? "What they leave comes here by itself." : "Uploads that may be copies come here by themselves."));
  waiter = setTimeout(next, AGAIN);
}

function around({ waiting, last: words }) {
  const bar = document.getElementById("far");
  bar.max = Math.max(1, done + waiting);
  bar.value = done;
  document.getElementById("told").textContent = `${waiting} upload${waiting === 1 ? "" : "s"} waiting${done ? `, ${done} decided here` : ""}`;
  before.hidden = !words.length;
  last.replaceChildren(...words.map((one) => el("li", {},
    el("span", {}, el("b", {}, one.same ? "The same" : "Not the same"), ` ${one.key} and ${one.other}`, el("span.soft", {}, ` by ${one.by}${one.undone ? ", taken back" : ""}`)),
    one.kept && !one.undone ? el("button.quiet", { type: "button", "aria-label": `Take back: ${one.key} and ${one.other}`, click: () => undo(one.position) }, "Undo") : null)));
}

function draw() {
  const stage = el("div.looking");
  pairBox.replaceChildren(head(), stage, facts());
  const mine = pair;
  const names = ["Kept", "Upload"];
  const { width, height } = pair.kept;
  mode = view ? view.mode() ?? mode : mode;
  view?.destroy();
  // The small pictures stand at once; what takes work to be seen comes when it is there.
  view = viewer(stage, { a: picture(pair.kept.key), b: picture(pair.upload.key), width, height, names, laid: false }, "side");
  asking.abort();
  asking = new AbortController();
  ask(`/ui/pair?${new URLSearchParams({ a: pair.kept.key, b: pair.upload.key })}`, { signal: asking.signal }).then((told) => {
    if (pair !== mine) return;
    view.destroy();
    view = viewer(stage, { ...told.view, names }, mode);
  }).catch(() => {}); // the small pictures stay
}

function viewer(stage, shown, name) {
  const made = mount(stage, shown);
  made.mode(name);
  return {
    destroy: made.destroy,
    mode: () => shown.difference && stage.querySelector(".view")?.dataset.mode,
  };
}

function picture(key) { return `/ui/picture?${new URLSearchParams({ key })}`; }

function head() {
  const { match } = pair;
  return el("div.verdict.doubt", {}, mark("doubt"),
    el("div.say", {},
      el("h2", {}, sentence(match.explanation)),
      el("p.facts", {}, el("span.chip", {}, word(match.relation)), chance(match.probability),
        pair.of > 1 ? el("span", {}, `picture ${pair.place + 1} of ${pair.of} that this upload is held for`) : null),
      el("p.better", {}, pair.better ? el("b", {}, `Better copy: the ${pair.better === "kept" ? "kept one" : "upload"}. `) : null, reason())));
}

function reason() {
  if (pair.better) return sentence(`It ${pair.why}`);
  return pair.match.relation === "edited" ? sentence(pair.why) : "One is as good as the other.";
}

function facts() {
  const rows = [
    ["Key", (one) => one.key],
    ["Pixels", (one) => `${one.width} × ${one.height}`],
    ["Format", (one) => `${one.format}${one.quality ? `, quality ${one.quality}` : ""}`],
    ["Bytes", (one) => one.size.toLocaleString("en")],
    ["Came", (one) => new Date(1000 * one.created).toLocaleString()],
    ["", (one) => (one.waits ? "waits for review" : "accepted")],
  ];
  for (const name of new Set([pair.kept, pair.upload].flatMap((one) => Object.keys(one.data)).slice(0, 8))) rows.push([name, (one) => one.data[name] ?? ""]);
  const top = (name, words) => el("th", { scope: "col" }, words, pair.better === name ? el("span.best", {}, " better copy") : null);
  return el("div.scroll.both", { tabindex: 0, role: "region", "aria-label": "The two files" }, el("table", {},
    el("thead", {}, el("tr", {}, el("td"), top("kept", "Kept"), top("upload", "Upload"))),
    el("tbody", {}, rows.map(([title, tell]) => el("tr", {}, el("th", { scope: "row" }, title || "State"), el("td", {}, String(tell(pair.kept))), el("td", {}, String(tell(pair.upload))))))));
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

// Who points at a view goes on with the keys of the queue; who came to it by the keyboard stays there.
pairBox.addEventListener("click", (event) => { if (event.detail) event.target.closest("button")?.blur(); });

setInterval(() => {
  if (!pair || document.hidden || busy) return;
  const mine = pair;
  post("take", named(pair)).then((told) => { if (!told.pair && pair === mine) next(); }).catch(() => {});
}, RENEW);

addEventListener("pagehide", () => {
  const csrf = document.querySelector('meta[name="csrf"]').content;
  navigator.sendBeacon("/ui/review/leave", new URLSearchParams({ csrf, tab }));
});
addEventListener("pageshow", (event) => { if (event.persisted) { pair = null; next(); } });

next();
