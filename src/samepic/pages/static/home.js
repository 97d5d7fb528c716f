// The start page: asks about the code of a picture before it is uploaded to be checked.

import { codeOf } from "/v1/code.js";
import { ask, el, send, showBusy, showError } from "./dom.js";
import { zones } from "./drop.js";

const NO_CODE = { pdq: "0".repeat(64), quality: 0 }; // of a picture that this browser cannot open
const answer = document.getElementById("answer");
const form = document.getElementById("drops");
const button = form.querySelector("button");
let chosen = null;
let request = 0; // the number of the last request: answers to earlier ones are ignored

/** Show that something is being done, then the elements that `work` returns, or its error. */
async function answerWith(work) {
  const number = ++request;
  showBusy(answer);
  try {
    const elements = await work();
    if (number === request) answer.replaceChildren(...elements);
  } catch (error) {
    if (number === request) showError(answer, error);
  }
}

async function hint(file) {
  const code = await codeOf(file).catch(() => NO_CODE);
  const { reason, keys } = await ask("/ui/check-code", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(code),
  });
  const shown = keys.slice(0, 1).map((key) => el("figure", {},
    el("img", { src: `/ui/picture?${new URLSearchParams({ key })}`, alt: "" }), el("figcaption", {}, key)));
  return [el("div.verdict.maybe", {}, shown, el("p.say", {}, reason))];
}

/** Send the form as it would be sent without this script, and return the answer from the page that comes. */
async function check(file) {
  const body = new FormData(form);
  body.set("file", file, file.name);
  const response = await send(form.action, { method: "POST", body });
  if (response.redirected) location.assign(response.url); // to the sign-in
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const found = page.getElementById("answer");
  if (!found) throw new Error(page.querySelector("#main p")?.textContent ?? "Something went wrong. Please try again.");
  return found.childNodes;
}

button.disabled = true;
zones(form, (files) => {
  chosen = files.get("file");
  button.disabled = false;
  answerWith(() => hint(chosen));
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  answerWith(() => check(chosen));
});
