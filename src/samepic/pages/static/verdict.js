// Verdicts: an icon, a headline, the explanation, the probability, and the evidence.

import { el, svg } from "./dom.js";
import { sizeText } from "./drop.js";

const RELATIONS = {
  "same-file": "Same file", "same-pixels": "Same pixels", resaved: "Re-saved", adjusted: "Adjusted",
  reframed: "Reframed", edited: "Edited", similar: "Similar", different: "Different", undecidable: "Cannot tell",
};
const ICONS = {
  good: "M5 12.5l4.5 4.5L19 7.5",
  bad: "M7 7l10 10M17 7L7 17",
  doubt: "M9 9.2a3 3 0 1 1 4.2 2.8c-.8.4-1.2 1-1.2 2M12 17.5v.5",
  kept: "M6.5 9.5v8.5h8.5M9.5 6h8.5v8.5h-8.5z",
  change: "M4 17l9-9 3 3-9 9H4zM14.5 6.5l3 3",
};

/** Return the label of a relation. */
export function relationText(relation) { return RELATIONS[relation] ?? relation; }

/** Return the kind of a verdict (good, bad, doubt or change) with its headline. */
function kind(verdict) {
  if (verdict.same === true) return ["good", "Same picture"];
  if (verdict.relation === "edited") return ["change", "Same picture, edited"];
  if (verdict.same === null) return ["doubt", "Cannot tell"];
  return ["bad", "Different pictures"];
}

/** Return the icon of a kind. */
export function icon(name) {
  return svg("svg.mark", { viewBox: "0 0 24 24", "aria-hidden": "true" },
    svg("circle", { cx: 12, cy: 12, r: 11 }), svg("path", { d: ICONS[name] }));
}

/** Return a verdict as an element. */
export function verdictElement(verdict) {
  const [name, headline] = kind(verdict);
  return el(`div.verdict.${name}`, {}, icon(name),
    el("div.say", {},
      el("h2", {}, headline),
      el("p", {}, sentence(verdict.explanation)),
      el("p.facts", {}, el("span.chip", {}, relationText(verdict.relation)), chance(verdict.probability))));
}

/** Return a text as a sentence: with a capital letter and a period. */
export function sentence(text) {
  return text ? text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".") : "";
}

/** Return the probability that a person would call two pictures the same. */
export function chance(probability) {
  const percent = probability > 0.999 ? "over 99.9" : probability < 0.001 ? "under 0.1" : (100 * probability).toFixed(1);
  const id = `chance-${Math.random().toString(36).slice(2)}`;
  return el("span.chance", {},
    el("meter", { min: 0, max: 1, value: probability, "aria-labelledby": id }),
    el("span", { id }, `${percent} % chance that a person would call them the same`));
}

/** Return the evidence of a verdict, as an element to unfold. */
export function evidenceElement(verdict, names = ["First", "Second"]) {
  const rows = [
    ["Format", (file) => file.format],
    ["Size", (file) => `${file.width} × ${file.height} pixels`],
    ["Bytes", (file) => (file.size ? sizeText(file.size) : "")],
    ["JPEG quality", (file) => (file.jpeg ? `${file.jpeg.quality_exact ? "" : "about "}${file.jpeg.quality}, ${file.jpeg.subsampling}` : "")],
    ["Metadata", (file) => (file.metadata ? sizeText(file.metadata) : "none")],
    ["Color profile", (file) => file.profile],
    ["Frames", (file) => (file.frames > 1 ? file.frames : "")],
  ].map(([title, text]) => [title, text(verdict.a), text(verdict.b)]).filter(([, a, b]) => a || b);
  const { original, visibility } = verdict;
  const measures = Object.entries(verdict.measures);
  return el("details.card.more", {},
    el("summary", {}, "Evidence"),
    original ? el("p", {}, `The original is the ${original.which === "a" ? names[0] : names[1]} picture: ${original.reason}.`) : null,
    visibility ? el("p", {}, `Visibility: ${visibility.score.toFixed(1)} of 100 (SSIMULACRA 2.1), ${visibility.words}.`) : null,
    placement(verdict.transform),
    el("div.tables", {},
      el("div.scroll", { tabindex: 0, role: "region", "aria-label": "The two files" }, el("table", {}, el("caption", {}, "The two files"),
        el("thead", {}, el("tr", {}, el("td"), el("th", { scope: "col" }, names[0]), el("th", { scope: "col" }, names[1]))),
        el("tbody", {}, rows.map(([title, a, b]) => el("tr", {}, el("th", { scope: "row" }, title), el("td", {}, String(a)), el("td", {}, String(b))))))),
      measures.length ? el("div.scroll", { tabindex: 0, role: "region", "aria-label": "Measurements" }, el("table", {}, el("caption", {}, "Measurements"),
        el("tbody", {}, measures.map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, name.replaceAll("_", " ")), el("td.number", {}, String(value))))))) : null));
}

function placement(transform) {
  if (!transform) return null;
  const parts = [];
  if (transform.mirrored) parts.push("mirrored");
  if (transform.turned) parts.push(`turned by ${transform.turned}°`);
  if (transform.larger) parts.push(`shows ${Math.round(100 * transform.kept)} % of the other`);
  return parts.length ? el("p", {}, `Alignment: ${parts.join(", ")}.`) : null;
}
