// The compare page.

import { ask, el, showBusy, showError } from "./dom.js";
import { zones } from "./drop.js";
import { evidenceElement, verdictElement } from "./verdict.js";
import { mount } from "./view.js";

const answer = document.getElementById("answer");
const view = document.getElementById("view");
const evidence = document.getElementById("evidence");
let request = 0; // the number of the last request: answers to earlier ones are ignored
let mounted = null;

async function show(names, path, options) {
  const number = ++request;
  document.getElementById("drops").classList.add("aside");
  mounted?.destroy();
  mounted = null;
  view.replaceChildren();
  evidence.replaceChildren();
  showBusy(answer);
  try {
    const result = await ask(path, options);
    if (number !== request) return;
    answer.replaceChildren(verdictElement(result.verdict));
    if (result.from === "proxies") {
      answer.append(el("p.soft.small", {}, "Compared as small preview pictures: very small changes cannot be seen."));
    }
    mounted = mount(view, { ...result.view, names });
    evidence.replaceChildren(evidenceElement(result.verdict));
  } catch (error) {
    if (number === request) showError(answer, error);
  }
}

zones(document.getElementById("drops"), (files) => {
  if (files.size < 2) {
    answer.replaceChildren(el("p.soft", {}, "Now add the other picture."));
    return;
  }
  const body = new FormData();
  for (const name of ["a", "b"]) body.append(name, files.get(name), files.get(name).name);
  show([files.get("a").name, files.get("b").name], "/ui/compare", { method: "POST", body });
});

const { a, b } = answer.dataset;
if (a && b) show([a, b], `/ui/pair?${new URLSearchParams({ a, b })}`);
