// The check page: is a picture in the store?

import { ask, el, showBusy, showError } from "./dom.js";
import { sizeText, zones } from "./drop.js";
import { icon, relationText, sentence, verdictElement } from "./verdict.js";
import { mount } from "./view.js";

const answer = document.getElementById("answer");
const nearest = document.getElementById("nearest");
const view = document.getElementById("view");
const OUTCOMES = {
  accepted: ["good", "Not in the store"],
  duplicate: ["kept", "Already in the store"],
  review: ["doubt", "A person has to review it"],
};
let request = 0; // the number of the last request: answers to earlier ones are ignored
let mounted = null;

function clear() {
  mounted?.destroy();
  mounted = null;
  view.replaceChildren();
}

async function check(file) {
  const number = ++request;
  clear();
  nearest.replaceChildren();
  document.getElementById("drops").classList.add("aside");
  showBusy(answer);
  const body = new FormData();
  body.append("file", file, file.name);
  try {
    const result = await ask("/ui/check", { method: "POST", body });
    if (number === request) show(result, file);
  } catch (error) {
    if (number === request) showError(answer, error);
  }
}

function show(result, file) {
  const { decision } = result;
  const [kind, headline] = OUTCOMES[decision.outcome];
  const where = decision.match && decision.outcome === "duplicate" ? el("p", {}, "Its key is ", el("strong", {}, decision.match.key), ".") : null;
  answer.replaceChildren(el(`div.verdict.${kind}`, {}, icon(kind),
    el("div.say", {}, el("h2", {}, headline), el("p", {}, sentence(decision.detail)), where)));
  if (!result.nearest.length) {
    const text = result.kept ? `No similar picture among the ${result.kept} in the store.` : "The store is empty.";
    nearest.replaceChildren(el("p.soft", {}, text));
    return;
  }
  nearest.replaceChildren(
    el("h2", {}, result.nearest.length === 1 ? "Similar picture" : "Similar pictures"),
    el("ul.nearest", {}, result.nearest.map((match) => el("li", {}, card(match, file)))),
    ...(result.more ? [el("p.soft", {}, `and ${result.more} more`)] : []));
}

function card(match, file) {
  const element = el("article.card.near", {},
    el("div.thumb", {}, el("img", { src: `/ui/picture?${new URLSearchParams({ key: match.key })}`, alt: `Picture ${match.key} from the store`, loading: "lazy" })),
    el("div.text", {},
      el("h3", {}, match.key),
      el("p.facts", {}, el("span.chip", {}, relationText(match.relation)), `${match.width} × ${match.height} · ${match.format} · ${sizeText(match.size)}`),
      el("p.grow", {}, sentence(match.explanation)),
      match.better_reason ? el("p.soft.small", {}, sentence(match.better_reason)) : null,
      el("button", { type: "button", click: () => compare(match, file, element) }, "Compare")));
  return element;
}

async function compare(match, file, element) {
  const number = ++request;
  clear();
  for (const other of document.querySelectorAll("[data-chosen]")) delete other.dataset.chosen;
  element.dataset.chosen = "";
  showBusy(view);
  view.scrollIntoView({ block: "nearest" });
  const body = new FormData();
  body.append("file", file, file.name);
  body.append("key", match.key);
  try {
    const result = await ask("/ui/against", { method: "POST", body });
    if (number !== request) return;
    const place = el("div");
    view.replaceChildren(el("div.answer", {}, verdictElement(result.verdict)), place);
    mounted = mount(place, { ...result.view, names: [match.key, file.name] });
    view.scrollIntoView({ block: "start" });
    view.focus({ preventScroll: true });
  } catch (error) {
    if (number === request) showError(view, error);
  }
}

zones(document.getElementById("drops"), (files) => check(files.get("file")));
