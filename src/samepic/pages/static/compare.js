// The page that compares two pictures.

import { ask, el } from "./dom.js";
import { zones } from "./drop.js";
import { evidenceOf, verdictOf } from "./verdict.js";
import { mount } from "./view.js";

const answer = document.getElementById("answer");
const view = document.getElementById("view");
const evidence = document.getElementById("evidence");
let asked = 0;
let mounted = null;

async function show(names, path, options) {
  const turn = ++asked;
  document.getElementById("drops").classList.add("aside");
  mounted?.destroy();
  mounted = null;
  view.replaceChildren();
  evidence.replaceChildren();
  answer.replaceChildren(el("p.busy", {}, "Looking…"));
  let told;
  try {
    told = await ask(path, options);
  } catch (error) {
    if (turn === asked) answer.replaceChildren(el("p.wrong", { role: "alert" }, error.message));
    return;
  }
  if (turn !== asked) return;
  const small = told.from === "proxies"
    ? el("p.soft.small", {}, "Told from the small pictures of the store: what is tiny cannot be seen on them.") : null;
  answer.replaceChildren(verdictOf(told.verdict), ...(small ? [small] : []));
  mounted = mount(view, { ...told.view, names });
  evidence.replaceChildren(evidenceOf(told.verdict));
}

zones(document.getElementById("drops"), (files) => {
  if (files.size < 2) {
    answer.replaceChildren(el("p.soft", {}, "Now the other one."));
    return;
  }
  const body = new FormData();
  for (const name of ["a", "b"]) body.append(name, files.get(name), files.get(name).name);
  show([files.get("a").name, files.get("b").name], "/ui/compare", { method: "POST", body });
});

const { a, b } = answer.dataset;
if (a && b) {
  show([a, b], `/ui/pair?${new URLSearchParams({ a, b })}`);
}
