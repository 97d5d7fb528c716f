// Elements from plain values: texts are texts, never HTML.

const SVG = "http://www.w3.org/2000/svg";

/** Return an element: "button.primary" has a class; properties that are functions listen, others are attributes. */
export function el(name, attributes = {}, ...children) {
  const [kind, ...classes] = name.split(".");
  const made = document.createElement(kind);
  return filled(made, classes, attributes, children);
}

/** Return an SVG element, as `el`. */
export function svg(name, attributes = {}, ...children) {
  const [kind, ...classes] = name.split(".");
  return filled(document.createElementNS(SVG, kind), classes, attributes, children);
}

function filled(made, classes, attributes, children) {
  if (classes.length) made.setAttribute("class", classes.join(" "));
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** Ask an address of this service; returns JSON, throws an Error with a message that people can read. */
export async function ask(path, options = {}) {
  const word = document.querySelector('meta[name="csrf"]')?.content ?? "";
  let answer;
  try {
    answer = await fetch(path, { ...options, headers: { ...options.headers, "X-CSRF-Token": word } });
  } catch {
    throw new Error("The service does not answer. Is it still running?");
  }
  if (answer.status === 401) {
    location.assign(`/ui/enter?next=${encodeURIComponent(location.pathname + location.search)}`);
    throw new Error("Please sign in again.");
  }
  const told = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(told?.error?.message ?? `The service answered ${answer.status}.`);
  return told;
}
