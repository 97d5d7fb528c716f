// The pictures of each failure, in the same view as on the pages of the service.
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
