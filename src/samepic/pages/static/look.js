// One file of a group beside the best copy.

import { ask, el } from "./dom.js";
import { evidenceOf, verdictOf } from "./verdict.js";
import { mount } from "./view.js";

const answer = document.getElementById("answer");
const names = ["Best copy", "Held against it"];

async function show() {
  answer.replaceChildren(el("p.busy", {}, "Looking…"));
  try {
    const told = await ask(answer.dataset.from);
    if (told.wrong) throw new Error(`It cannot be shown. ${told.wrong}`);
    answer.replaceChildren(verdictOf(told.verdict));
    mount(document.getElementById("view"), { ...told.view, names });
    document.getElementById("evidence").replaceChildren(evidenceOf(told.verdict, names));
  } catch (error) {
    answer.replaceChildren(el("p.wrong", { role: "alert" }, error.message));
  }
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.getElementById("back").click();
});
show();
