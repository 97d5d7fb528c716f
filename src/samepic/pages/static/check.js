// The page that asks whether a picture is in the store.

import { ask, el } from "./dom.js";
import { size, zones } from "./drop.js";
import { mark, sentence, verdictOf, word } from "./verdict.js";
import { mount } from "./view.js";

const answer = document.getElementById("answer");
const nearest = document.getElementById("nearest");
const view = document.getElementById("view");
const SAID = {
  accepted: ["good", "Not in the store"],
  duplicate: ["kept", "In the store already"],
  review: ["doubt", "A person would have to look"],
};
let asked = 0;
let mounted = null;

function clear() {
  mounted?.destroy();
  mounted = null;
  view.replaceChildren();
}

async function check(file) {
  const turn = ++asked;
  clear();
  nearest.replaceChildren();
  document.getElementById("drops").classList.add("aside");
  answer.replaceChildren(el("p.busy", {}, "Looking…"));
  const body = new FormData();
  body.append("file", file, file.name);
  let told;
  try {
    told = await ask("/ui/check", { method: "POST", body });
  } catch (error) {
    if (turn === asked) answer.replaceChildren(el("p.wrong", { role: "alert" }, error.message));
    return;
  }
  if (turn !== asked) return;
  const [kind, words] = SAID[told.decision.outcome];
  const where = told.decision.match && told.decision.outcome === "duplicate" ? el("p", {}, "It is kept as ", el("strong", {}, told.decision.match.key), ".") : null;
  answer.replaceChildren(el(`div.verdict.${kind}`, {}, mark(kind),
    el("div.say", {}, el("h2", {}, words), el("p", {}, sentence(told.decision.reason)), where)));
  list(told, file);
}

function list(told, file) {
  if (!told.nearest.length) {
    nearest.replaceChildren(el("p.soft", {}, `None of the ${told.kept} kept pictures is like it.`));
    return;
  }
  const cards = told.nearest.map((one) => card(one, file));
  nearest.replaceChildren(
    el("h2", {}, told.nearest.length === 1 ? "The one that is like it" : "What is nearest to it"),
    el("ul.nearest", {}, cards.map((one) => el("li", {}, one))),
    ...(told.more ? [el("p.soft", {}, `${told.more} more are like it.`)] : []));
}

function card(one, file) {
  const made = el("article.card.near", {},
    el("div.thumb", {}, el("img", { src: `/ui/picture?${new URLSearchParams({ key: one.key })}`, alt: `The kept picture ${one.key}`, loading: "lazy" })),
    el("div.told", {},
      el("h3", {}, one.key),
      el("p.facts", {}, el("span.chip", {}, word(one.relation)), `${one.width} × ${one.height} · ${one.format} · ${size(one.size)}`),
      el("p.grow", {}, sentence(one.explanation)),
      one.better_reason ? el("p.soft.small", {}, sentence(one.better_reason)) : null,
      el("button", { type: "button", click: () => beside(one, file, made) }, "Look at both")));
  return made;
}

async function beside(one, file, made) {
  const turn = ++asked;
  clear();
  for (const other of document.querySelectorAll("[data-chosen]")) delete other.dataset.chosen;
  made.dataset.chosen = "";
  view.replaceChildren(el("p.busy", { role: "status" }, "Looking…"));
  view.scrollIntoView({ block: "nearest" });
  const body = new FormData();
  body.append("file", file, file.name);
  body.append("key", one.key);
  try {
    const told = await ask("/ui/against", { method: "POST", body });
    if (turn !== asked) return;
    const verdict = el("div.answer", {}, verdictOf(told.verdict));
    const place = el("div");
    view.replaceChildren(verdict, place);
    mounted = mount(place, { ...told.view, names: [one.key, file.name] });
    view.scrollIntoView({ block: "start" });
    view.focus({ preventScroll: true });
  } catch (error) {
    if (turn === asked) view.replaceChildren(el("p.wrong", { role: "alert" }, error.message));
  }
}

zones(document.getElementById("drops"), (files) => check(files.get("file")));
