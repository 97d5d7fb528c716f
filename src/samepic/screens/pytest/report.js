// The pictures of each failure, in the view that the pages of the service have.
import { mount } from "./view.js";

for (const place of document.querySelectorAll(".pictures")) {
  const { label, ...pair } = JSON.parse(place.dataset.pair);
  const source = (kind) => place.querySelector(`img[data-kind="${kind}"]`)?.src;
  const a = source("expected");
  if (!a) continue;
  place.classList.toggle("crisp", pair.width < 640); // a small picture is enlarged, and its pixels are what is asked for
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
      swipe: "Left of the line is what was expected, right of it what came.",
      onion: "What came lies on what was expected and can be made clearer.",
      difference: "Red differs, yellow are smoothed edges that do not count, blue are rows or columns that came or went.",
    },
  });
}
