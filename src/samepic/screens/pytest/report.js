// The pictures of each failure, in the same view as on the pages of the service.
import { ask, el, showError } from "./dom.js";
import { mount } from "./view.js";

for (const place of document.querySelectorAll(".pictures")) {
  const { label, ...pair } = JSON.parse(place.dataset.pair);
  const source = (kind) => place.querySelector(`img[data-kind="${kind}"]`)?.src;
  const a = source("expected");
  if (!a) continue;
  place.classList.toggle("crisp", pair.width < 640); // small pictures are enlarged with sharp pixels
  mount(place, {
    ...pair,
    label,
    a,
    b: source("actual"),
    difference: source("difference"),
    names: ["Expected", "Actual"],
    marks: pair.boxes.map(({ x, y, w, h }) => [[x, y], [x + w, y], [x + w, y + h], [x, y + h]]),
    size_b: [pair.width, pair.height],
    words: {
      swipe: "Left of the line is the expected picture, right of it the actual one.",
      onion: "The actual picture over the expected one; its opacity can be changed.",
      difference: "Red differs, yellow are smoothed edges that do not count, blue are added or removed rows or columns.",
    },
  });
}

const copy = document.querySelector(".update button");
copy?.addEventListener("click", async () => {
  const command = document.querySelector(".update code");
  getSelection().selectAllChildren(command);
  await navigator.clipboard?.writeText(command.textContent);
  copy.textContent = "Copied";
});

for (const button of document.querySelectorAll("[data-accept]")) {
  button.addEventListener("click", async () => {
    const place = button.parentElement;
    button.disabled = true;
    try {
      const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ folder: button.dataset.accept }) };
      const { baseline } = await ask("/accept", options);
      place.replaceChildren(el("span.done", {}, `Accepted: ${baseline} was written. Check it and commit it.`));
    } catch (error) {
      showError(place, error);
    }
  });
}
