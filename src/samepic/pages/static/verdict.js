// Verdicts as people read them: a mark, a word, the sentence, how sure, and the numbers behind it.

import { el, svg } from "./dom.js";
import { size } from "./drop.js";

const WORDS = {
  "same-file": "Same file", "same-pixels": "Same pixels", resaved: "Saved again", adjusted: "Adjusted",
  reframed: "Reframed", edited: "Edited", similar: "Similar", different: "Different", undecidable: "Cannot tell",
};
const MARKS = {
  good: "M5 12.5l4.5 4.5L19 7.5",
  bad: "M7 7l10 10M17 7L7 17",
  doubt: "M9 9.2a3 3 0 1 1 4.2 2.8c-.8.4-1.2 1-1.2 2M12 17.5v.5",
  kept: "M6.5 9.5v8.5h8.5M9.5 6h8.5v8.5h-8.5z",
  change: "M4 17l9-9 3 3-9 9H4zM14.5 6.5l3 3",
};

/** Return the word for a relation. */
export function word(relation) { return WORDS[relation] ?? relation; }

/** Return the kind of a verdict (good, bad, doubt or change) with the words for it. */
export function kind(verdict) {
  if (verdict.same === true) return ["good", "The same picture"];
  if (verdict.relation === "edited") return ["change", "The same picture, edited"];
  if (verdict.same === null) return ["doubt", "Cannot be told"];
  return ["bad", "Not the same picture"];
}

/** Return a drawing that stands beside a word. */
export function mark(name) {
  return svg("svg.mark", { viewBox: "0 0 24 24", "aria-hidden": "true" },
    svg("circle", { cx: 12, cy: 12, r: 11 }), svg("path", { d: MARKS[name] }));
}

/** Return a verdict as an element. */
export function verdictOf(told) {
  const [name, words] = kind(told);
  return el(`div.verdict.${name}`, {}, mark(name),
    el("div.say", {},
      el("h2", {}, words),
      el("p", {}, sentence(told.explanation)),
      el("p.facts", {}, el("span.chip", {}, word(told.relation)), chance(told.probability))));
}

/** Return a text as a sentence: with a capital letter and a full stop. */
export function sentence(text) {
  return text ? text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".") : "";
}

/** Return how probable it is that a person would call two pictures the same. */
export function chance(probability) {
  const percent = probability > 0.999 ? "over 99.9" : probability < 0.001 ? "under 0.1" : (100 * probability).toFixed(1);
  const id = `chance-${Math.random().toString(36).slice(2)}`;
  return el("span.chance", {},
    el("meter", { min: 0, max: 1, value: probability, "aria-labelledby": id }),
    el("span", { id }, `${percent} % chance that a person would call them the same`));
}

/** Return the numbers behind a verdict, to be unfolded. */
export function evidenceOf(told, names = ["First", "Second"]) {
  const rows = [
    ["Format", (one) => one.format],
    ["Size", (one) => `${one.width} × ${one.height} pixels`],
    ["Bytes", (one) => (one.size ? size(one.size) : "")],
    ["JPEG quality", (one) => (one.jpeg ? `${one.jpeg.quality_exact ? "" : "about "}${one.jpeg.quality}, ${one.jpeg.subsampling}` : "")],
    ["Metadata", (one) => (one.metadata ? size(one.metadata) : "none")],
    ["Colour profile", (one) => one.profile],
    ["Frames", (one) => (one.frames > 1 ? one.frames : "")],
  ].map(([title, tell]) => [title, tell(told.a), tell(told.b)]).filter(([, a, b]) => a || b);
  const measures = Object.entries(told.measures);
  return el("details.card.more", {},
    el("summary", {}, "Evidence"),
    told.original ? el("p", {}, `The original is the ${told.original.which === "a" ? names[0] : names[1]} picture: ${told.original.reason}.`) : null,
    told.visibility ? el("p", {}, `Visibility: ${told.visibility.score.toFixed(1)} of 100 (SSIMULACRA 2.1), ${told.visibility.words}.`) : null,
    placed(told.transform),
    el("div.tables", {},
      el("div.scroll", { tabindex: 0, role: "region", "aria-label": "The two files" }, el("table", {}, el("caption", {}, "The two files"),
        el("thead", {}, el("tr", {}, el("td"), el("th", { scope: "col" }, names[0]), el("th", { scope: "col" }, names[1]))),
        el("tbody", {}, rows.map(([title, a, b]) => el("tr", {}, el("th", { scope: "row" }, title), el("td", {}, String(a)), el("td", {}, String(b))))))),
      measures.length ? el("div.scroll", { tabindex: 0, role: "region", "aria-label": "What was measured" }, el("table", {}, el("caption", {}, "What was measured"),
        el("tbody", {}, measures.map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, name.replaceAll("_", " ")), el("td.number", {}, String(value))))))) : null));
}

function placed(transform) {
  if (!transform) return null;
  const said = [];
  if (transform.mirrored) said.push("mirrored");
  if (transform.turned) said.push(`turned by ${transform.turned}°`);
  if (transform.larger) said.push(`shows ${Math.round(100 * transform.kept)} % of the other`);
  return said.length ? el("p", {}, `How one lies on the other: ${said.join(", ")}.`) : null;
}
