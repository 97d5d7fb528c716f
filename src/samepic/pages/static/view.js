// The view of a pair: side by side, swipe, blink, onion skin and difference, with one zoom for all of them.
//
// mount(element, pair) shows it in `element`. `pair` has the addresses of the pictures `a`, `b`, `aligned` (b aligned
// with a) and `difference`; `width` and `height` of a in pixels; `boxes` ({x, y, w, h} in pixels of a); `marks`, the
// boxes as corners in pixels of b, whose size is `size_b`; `names` of the two pictures; and `alignable`, whether they
// could be aligned. Without `aligned`, b is used; without `difference`, its view is omitted. `label` names the pair if
// a page has several, and `words` replaces the captions of views. It returns {mode(name), destroy()}.

import { el, svg } from "./dom.js";

const MODES = [
  ["side", "Side by side", "Both pictures as they are. They zoom and move together."],
  ["swipe", "Swipe", "The first picture is left of the line, the second right of it."],
  ["blink", "Blink", "The two pictures in turn: differences jump."],
  ["onion", "Onion skin", "The second picture over the first, as transparent as you like."],
  ["difference", "Difference", "Dark areas differ, four times amplified. Boxes mark the changes."],
];
const MAX_ZOOM = 16;
const STEP = 1.4;

export function mount(element, pair) {
  const view = new View(element, pair);
  view.mode("side");
  return { mode: (name) => view.mode(name), destroy: () => view.destroy() };
}

class View {
  constructor(element, pair) {
    this.pair = { boxes: [], alignable: true, names: ["First", "Second"], label: "The two pictures", words: {}, ...pair };
    this.pair.aligned ??= this.pair.b;
    this.scale = 1;
    this.x = this.y = 0.5; // the center, as a fraction of the picture
    this.showAligned = false;
    this.boxes = this.pair.boxes.length > 0;
    this.nextBox = 0;
    this.timer = 0;
    this.rate = 1.5;
    this.pointers = new Map();
    this.panes = [];
    this.root = el("section.view", { "aria-label": this.pair.label, keydown: (event) => this.key(event) });
    this.modes = el("div.modes", { role: "group", "aria-label": "View" });
    this.buttons = MODES.filter(([name]) => name !== "difference" || this.pair.difference).map(([name, label], index) =>
      el("button", { type: "button", "data-mode": name, title: `${label} (${index + 1})`, click: () => this.mode(name) }, label));
    this.modes.append(...this.buttons);
    this.tools = el("div.tools");
    this.stage = el("div.stage", {
      tabindex: 0, role: "group", "aria-label": "Pictures: plus and minus zoom, arrows move, zero fits, one to five select the view",
      wheel: (event) => this.wheel(event),
      pointerdown: (event) => this.down(event),
      pointermove: (event) => this.move(event),
      pointerup: (event) => this.up(event),
      pointercancel: (event) => this.up(event),
      dblclick: (event) => (event.target.closest(".stage") ? this.zoom(this.scale > 1 ? 1 / this.scale : 3) : null),
    });
    this.caption = el("p.caption.soft.small");
    this.root.append(el("div.bar", {}, this.modes, zoomButtons(this)), this.tools, this.stage, this.caption);
    this.resized = new ResizeObserver(() => this.place());
    this.resized.observe(this.stage);
    element.replaceChildren(this.root);
  }

  destroy() {
    this.stop();
    this.resized.disconnect();
    this.root.remove();
  }

  mode(name) {
    if (!this.buttons.some((button) => button.dataset.mode === name)) return;
    this.stop();
    this.current = name;
    this.root.dataset.mode = name;
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.mode === name));
    const caption = this.pair.words[name] ?? MODES.find(([other]) => other === name)[2];
    this.caption.textContent = caption + this.warning(name);
    this.panes = [];
    this.stage.replaceChildren();
    this.tools.replaceChildren();
    this[name]();
    this.place();
  }

  warning(name) {
    return this.pair.alignable || name === "side" ? "" : " The two pictures could not be aligned: the second is only scaled to the size of the first.";
  }

  // The views.

  side() {
    const { pair } = this;
    const aligned = this.showAligned;
    this.stage.append(
      this.pane(pair.a, [this.label(0)], { boxes: true }),
      this.pane(aligned ? pair.aligned : pair.b, [this.label(1)], { boxes: true, own: !aligned }),
    );
    this.tools.append(
      pair.alignable && pair.aligned !== pair.b
        ? checkbox("Align second to first", aligned, (on) => { this.showAligned = on; this.mode("side"); }) : "",
      this.boxCheckbox());
  }

  swipe() {
    const top = this.layers();
    const line = el("div.line", { "aria-hidden": "true" });
    const slider = range("Swipe", 0, 100, this.swiped ?? 50, (value) => {
      this.swiped = value;
      top.style.clipPath = `inset(0 0 0 ${value}%)`;
      line.style.left = `${value}%`;
    });
    const input = slider.querySelector("input");
    line.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      event.preventDefault();
      line.setPointerCapture(event.pointerId);
      line.onpointermove = (moved) => {
        const box = top.getBoundingClientRect();
        input.value = String(Math.round(1000 * Math.min(1, Math.max(0, (moved.clientX - box.left) / box.width))) / 10);
        input.dispatchEvent(new Event("input"));
      };
      line.onpointerup = line.onpointercancel = () => { line.onpointermove = null; };
    });
    top.parentElement.append(line);
    this.tools.append(slider, this.boxCheckbox());
  }

  blink() {
    const top = this.layers();
    const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const badge = el("span.badge", { "aria-hidden": "true" });
    const show = (on) => {
      top.style.visibility = on ? "visible" : "hidden";
      badge.textContent = on ? this.pair.names[1] : this.pair.names[0];
      this.stage.dataset.shows = on ? "b" : "a";
    };
    const toggle = () => show(this.stage.dataset.shows === "a");
    top.parentElement.append(badge);
    show(false);
    const start = () => { this.stop(); this.timer = setInterval(toggle, 1000 / this.rate); play.textContent = "Pause"; };
    const pause = () => { this.stop(); play.textContent = "Play"; };
    const play = el("button", { type: "button", click: () => (this.timer ? pause() : start()) }, "Play");
    this.tools.append(
      play,
      el("button", { type: "button", click: () => { pause(); toggle(); } }, "Flip once"),
      // More than three flashes a second can cause seizures.
      range("Changes per second", 0.5, 3, this.rate, (value) => { this.rate = value; if (this.timer) start(); }, 0.5),
      this.boxCheckbox());
    if (reducedMotion) pause(); else start();
  }

  onion() {
    const top = this.layers();
    this.tools.append(
      range(`Opacity of ${this.pair.names[1]}`, 0, 100, this.opacity ?? 50, (value) => {
        this.opacity = value;
        top.style.opacity = String(value / 100);
      }),
      this.boxCheckbox());
  }

  difference() {
    this.stage.append(this.pane(this.pair.difference, [], { boxes: true, alt: "Difference of the two pictures" }));
    this.tools.append(this.boxCheckbox());
  }

  /** Show a with b over it; return the layer of b. */
  layers() {
    const { pair } = this;
    const pane = this.pane(pair.a, []);
    const over = el("div.over", {}, this.canvas(pair.aligned, pair.names[1]));
    pane.append(over);
    if (this.boxes) over.after(el("div.over.boxes", {}, el("div.canvas", {}, this.boxesOnA())));
    this.stage.append(pane);
    this.panes[0].layers.push(...pane.querySelectorAll(".over .canvas"));
    return over;
  }

  label(index) {
    return el("span.badge", {}, this.pair.names[index]);
  }

  pane(source, extra, { boxes = false, own = false, alt = null } = {}) {
    const canvas = this.canvas(source, alt ?? this.pair.names[own ? 1 : this.panes.length]);
    if (boxes && this.boxes) canvas.append(own ? this.boxesOnB() : this.boxesOnA());
    const pane = el("div.pane", {}, canvas, ...extra);
    const entry = { pane, layers: [canvas], ratio: this.pair.width / this.pair.height };
    if (own) {
      const image = canvas.querySelector("img");
      const resize = () => { entry.ratio = image.naturalWidth / image.naturalHeight || entry.ratio; this.place(); };
      if (image.complete && image.naturalWidth) entry.ratio = image.naturalWidth / image.naturalHeight;
      else image.addEventListener("load", resize, { once: true });
    }
    this.panes.push(entry);
    return pane;
  }

  canvas(source, alt) {
    return el("div.canvas", {}, el("img", { src: source, alt, draggable: "false" }));
  }

  boxesOnA() {
    const { width, height, boxes } = this.pair;
    const margin = Math.max(width, height) / 150;
    return svg("svg.frames", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" },
      boxes.flatMap(({ x, y, w, h }) => ["under", "edge"].map((kind) => svg(`rect.${kind}`, {
        x: x - margin, y: y - margin, width: w + 2 * margin, height: h + 2 * margin, rx: margin / 2, "vector-effect": "non-scaling-stroke",
      }))));
  }

  /** Return the boxes on b before its alignment, turned and tilted. */
  boxesOnB() {
    const { marks = [], size_b: [width, height] = [1, 1] } = this.pair;
    const margin = Math.max(width, height) / 150;
    const points = (corners) => {
      const middle = [0, 1].map((axis) => corners.reduce((sum, corner) => sum + corner[axis], 0) / corners.length);
      return corners.map((corner) => corner.map((value, axis) => value + margin * Math.sign(value - middle[axis])).join(",")).join(" ");
    };
    return svg("svg.frames", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" },
      marks.flatMap((corners) => ["under", "edge"].map((kind) => svg(`polygon.${kind}`, {
        points: points(corners), "vector-effect": "non-scaling-stroke",
      }))));
  }

  boxCheckbox() {
    const { boxes } = this.pair;
    if (!boxes.length) return "";
    const label = boxes.length === 1 ? "Box around the change" : `Boxes around the ${boxes.length} changes`;
    return checkbox(label, this.boxes, (on) => { this.boxes = on; this.mode(this.current); });
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
  }

  // Zoom and pan, for all panes together.

  place() {
    const { scale } = this;
    const half = 0.5 / scale;
    this.x = Math.min(1 - half, Math.max(half, this.x));
    this.y = Math.min(1 - half, Math.max(half, this.y));
    const two = this.panes.length > 1 && this.stage.clientWidth > 560;
    const maxWidth = (this.stage.clientWidth - (two ? 12 : 0)) / (two ? 2 : 1);
    const maxHeight = Math.max(220, innerHeight * (this.panes.length > 1 && !two ? 0.4 : 0.62));
    for (const { pane, layers, ratio } of this.panes) {
      const width = Math.min(maxWidth, maxHeight * ratio);
      pane.style.width = `${width}px`;
      pane.style.height = `${width / ratio}px`;
      for (const layer of layers) {
        layer.style.transform = `translate(${(0.5 - this.x * scale) * 100}%, ${(0.5 - this.y * scale) * 100}%) scale(${scale})`;
        layer.classList.toggle("near", scale >= 4);
      }
    }
    this.stage.classList.toggle("zoomed", scale > 1);
    this.stage.style.setProperty("--zoom", String(scale));
    if (this.scaleText) this.scaleText.textContent = `${Math.round(100 * scale)} %`;
  }

  /** Zoom by a factor around a point, given as fractions of the pane. */
  zoom(factor, at = [0.5, 0.5]) {
    const next = Math.min(MAX_ZOOM, Math.max(1, this.scale * factor));
    this.x += (at[0] - 0.5) * (1 / this.scale - 1 / next);
    this.y += (at[1] - 0.5) * (1 / this.scale - 1 / next);
    this.scale = next;
    this.place();
  }

  /** Center the next change, zoomed so that its surroundings are visible. */
  toNextChange() {
    const { boxes, width, height } = this.pair;
    const box = boxes[this.nextBox++ % boxes.length];
    this.scale = Math.min(MAX_ZOOM, Math.max(1, 0.4 * Math.min(width / box.w, height / box.h)));
    this.x = (box.x + box.w / 2) / width;
    this.y = (box.y + box.h / 2) / height;
    this.place();
  }

  pan(dx, dy) {
    this.x -= dx / this.scale;
    this.y -= dy / this.scale;
    this.place();
  }

  paneAt(event) {
    return event.target.closest(".pane") ?? this.panes[0].pane;
  }

  wheel(event) {
    // The wheel scrolls the page, unless the control key is pressed or the pictures have the focus.
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== this.stage) return;
    event.preventDefault();
    const box = this.paneAt(event).getBoundingClientRect();
    const at = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), at);
  }

  down(event) {
    if (event.button > 0 || event.target.closest("button, input")) return;
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    this.stage.setPointerCapture(event.pointerId);
    this.grip = this.paneAt(event).getBoundingClientRect();
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before || !this.grip) return;
    const now = [event.clientX, event.clientY];
    if (this.pointers.size === 2) {
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)[1];
      const distance = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]) || 1;
      const at = [((now[0] + other[0]) / 2 - this.grip.left) / this.grip.width, ((now[1] + other[1]) / 2 - this.grip.top) / this.grip.height];
      this.zoom(distance(now) / distance(before), at);
    } else if (this.scale > 1) {
      this.pan((now[0] - before[0]) / this.grip.width, (now[1] - before[1]) / this.grip.height);
    }
    this.pointers.set(event.pointerId, now);
  }

  up(event) {
    this.pointers.delete(event.pointerId);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest("input");
    const arrows = { ArrowLeft: [0.1, 0], ArrowRight: [-0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] };
    if (event.key === "+" || event.key === "=") this.zoom(STEP);
    else if (event.key === "-") this.zoom(1 / STEP);
    else if (event.key === "0") this.zoom(0);
    else if (/^[1-5]$/.test(event.key)) this.mode(MODES[Number(event.key) - 1][0]);
    else if (event.key in arrows && !typing && this.scale > 1) this.pan(...arrows[event.key]);
    else return;
    event.preventDefault();
  }
}

function zoomButtons(view) {
  view.scaleText = el("output.scale", { "aria-label": "Zoom" }, "100 %");
  return el("div.zooms", { role: "group", "aria-label": "Zoom" },
    el("button", { type: "button", "aria-label": "Zoom out", click: () => view.zoom(1 / STEP) }, "−"),
    view.scaleText,
    el("button", { type: "button", "aria-label": "Zoom in", click: () => view.zoom(STEP) }, "+"),
    el("button", { type: "button", click: () => view.zoom(0) }, "Fit"),
    view.pair.boxes.length > 0 &&
      el("button", { type: "button", click: () => view.toNextChange() }, view.pair.boxes.length === 1 ? "To the change" : "Next change"));
}

function range(label, min, max, value, changed, step = 0.1) {
  const input = el("input", { type: "range", min, max, step, value, input: () => changed(Number(input.value)) });
  changed(Number(input.value));
  return el("label.range", {}, el("span", {}, label), input);
}

function checkbox(label, on, changed) {
  const input = el("input", { type: "checkbox", change: () => changed(input.checked) });
  input.checked = on;
  return el("label.check", {}, input, el("span", {}, label));
}
