// Elements from plain values, with texts that are never parsed as HTML, and requests to the service.

const SVG = "http://www.w3.org/2000/svg";

/** Return an element: "button.primary" has a class; functions are event listeners, other values attributes. */
export function el(name, attributes = {}, ...children) {
  const [kind, ...classes] = name.split(".");
  return fill(document.createElement(kind), classes, attributes, children);
}

/** Return an SVG element, as `el`. */
export function svg(name, attributes = {}, ...children) {
  const [kind, ...classes] = name.split(".");
  return fill(document.createElementNS(SVG, kind), classes, attributes, children);
}

function fill(element, classes, attributes, children) {
  if (classes.length) element.setAttribute("class", classes.join(" "));
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Request something from this service; throws an Error with a message for the visitor. */
export function send(path, options) {
  return fetch(path, options).catch(() => { throw new Error("The service does not answer. Is it still running?"); });
}

/** Request JSON from this service; throws an Error with a message for the visitor. */
export async function ask(path, options = {}) {
  const csrf = document.querySelector('meta[name="csrf"]')?.content ?? "";
  const response = await send(path, { ...options, headers: { ...options.headers, "X-CSRF-Token": csrf } });
  if (response.status === 401) {
    location.assign(`/ui/enter?next=${encodeURIComponent(location.pathname + location.search)}`);
    throw new Error("Please sign in again.");
  }
  const data = await response.json().catch(() => null);
  if (!response.ok) throw new Error(data?.error?.message ?? "Something went wrong. Please try again.");
  return data;
}

/** Show that something is being loaded. */
export function showBusy(element) { element.replaceChildren(el("p.busy", { role: "status" }, "Loading…")); }

/** Show the message of an error. */
export function showError(element, error) { element.replaceChildren(el("p.wrong", { role: "alert" }, error.message)); }
