// One file of a group beside the best copy.

import { ask, showBusy, showError } from "./dom.js";
import { evidenceElement, verdictElement } from "./verdict.js";
import { mount } from "./view.js";

const answer = document.getElementById("answer");
const names = ["Best copy", "Compared with"];

async function show() {
  showBusy(answer);
  try {
    const result = await ask(answer.dataset.from);
    if (result.error) throw new Error(`This file cannot be shown. ${result.error}`);
    answer.replaceChildren(verdictElement(result.verdict));
    mount(document.getElementById("view"), { ...result.view, names });
    document.getElementById("evidence").replaceChildren(evidenceElement(result.verdict, names));
  } catch (error) {
    showError(answer, error);
  }
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.getElementById("back").click();
});
show();
