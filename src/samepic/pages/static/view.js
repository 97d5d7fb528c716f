// The view of a pair: side by side, swipe, blink, onion skin and difference, with one zoom for all of them.
//
// mount(element, pair) draws it into `element`. `pair` has the addresses of pictures `a`, `b`, `aligned` (b as it lies
// on a) and `difference`; `width` and `height` of a in pixels; `boxes` ({x, y, w, h} in pixels of a); `laid`, whether
// the two could be laid on each other; `names` of the two; `marks`, the boxes as corners in b of the size `size_b`. Without `aligned` b itself is drawn over a's frame, and
// without `difference` that view is left out. `label` says which pictures they are, where a page has several pairs,
// and `words` what a view shows, where that is not as usual. It returns {mode(name), destroy()}.

import { el, svg } from "./dom.js";

const MODES = [
  ["side", "Side by side", "Both pictures as they are. What you zoom or move in one, you do in both."],
  ["swipe", "Swipe", "Left of the line is the first picture, right of it the second."],
  ["blink", "Blink", "The two in turn: what differs jumps."],
  ["onion", "Onion skin", "The second picture lies on the first and can be made clearer."],
  ["difference", "Difference", "Dark is what differs, four times as strong; boxes are round what was changed."],
];
const MOST = 16;
const STEP = 1.4;

export function mount(element, pair) {
  const view = new View(element, pair);
  view.mode("side");
  return { mode: (name) => view.mode(name), destroy: () => view.destroy() };
}

class View {
  constructor(element, pair) {
    this.pair = { boxes: [], laid: true, names: ["First", "Second"], label: "The two pictures", words: {}, ...pair };
    this.pair.aligned ??= this.pair.b;
    this.scale = 1;
    this.x = this.y = 0.5; // what is in the middle, as shares of the frame
    this.asLaid = false;
    this.boxes = this.pair.boxes.length > 0;
    this.nextBox = 0;
    this.timer = 0;
    this.rate = 1.5;
    this.pointers = new Map();
    this.panes = [];
    this.root = el("section.view", { "aria-label": this.pair.label, keydown: (event) => this.key(event) });
    this.modes = el("div.modes", { role: "group", "aria-label": "How to look" });
    this.buttons = MODES.filter(([name]) => name !== "difference" || this.pair.difference).map(([name, words], at) =>
      el("button", { type: "button", "data-mode": name, title: `${words} (${at + 1})`, click: () => this.mode(name) }, words));
    this.modes.append(...this.buttons);
    this.tools = el("div.tools");
    this.stage = el("div.stage", {
      tabindex: 0, role: "group", "aria-label": "Pictures: plus and minus zoom, arrows move, zero fits, one to five change the view",
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
    this.now = name;
    this.root.dataset.mode = name;
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.mode === name));
    const words = this.pair.words[name] ?? MODES.find(([known]) => known === name)[2];
    this.caption.textContent = words + this.warning(name);
    this.panes = [];
    this.stage.replaceChildren();
    this.tools.replaceChildren();
    this[name]();
    this.place();
  }

  warning(name) {
    return this.pair.laid || name === "side" ? "" : " The two could not be laid on each other: the second is only brought to the size of the first.";
  }

  // The views.

  side() {
    const { pair } = this;
    const laid = this.asLaid;
    this.stage.append(
      this.pane(pair.a, [this.label(0)], { boxes: true }),
      this.pane(laid ? pair.aligned : pair.b, [this.label(1)], { boxes: true, own: !laid }),
    );
    this.tools.append(
      pair.laid && pair.aligned !== pair.b
        ? check("Second as it lies on the first", laid, (on) => { this.asLaid = on; this.mode("side"); }) : "",
      this.boxCheck());
  }

  swipe() {
    const top = this.layers();
    const line = el("div.line", { "aria-hidden": "true" });
    const at = range("Swipe", 0, 100, this.at ?? 50, (value) => {
      this.at = value;
      top.style.clipPath = `inset(0 0 0 ${value}%)`;
      line.style.left = `${value}%`;
    });
    const input = at.querySelector("input");
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
    this.tools.append(at, this.boxCheck());
  }

  blink() {
    const top = this.layers();
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const badge = el("span.badge", { "aria-hidden": "true" });
    const flip = (on) => {
      top.style.visibility = on ? "visible" : "hidden";
      badge.textContent = on ? this.pair.names[1] : this.pair.names[0];
      this.stage.dataset.shows = on ? "b" : "a";
    };
    const toggle = () => flip(this.stage.dataset.shows === "a");
    top.parentElement.append(badge);
    flip(false);
    const start = () => { this.stop(); this.timer = setInterval(toggle, 1000 / this.rate); play.textContent = "Pause"; };
    const pause = () => { this.stop(); play.textContent = "Play"; };
    const play = el("button", { type: "button", click: () => (this.timer ? pause() : start()) }, "Play");
    this.tools.append(
      play,
      el("button", { type: "button", click: () => { pause(); toggle(); } }, "Flip once"),
      // More than three flashes a second can hurt people.
      range("Changes a second", 0.5, 3, this.rate, (value) => { this.rate = value; if (this.timer) start(); }, 0.5),
      this.boxCheck());
    if (still) pause(); else start();
  }

  onion() {
    const top = this.layers();
    this.tools.append(
      range(`How much of ${this.pair.names[1]}`, 0, 100, this.clear ?? 50, (value) => {
        this.clear = value;
        top.style.opacity = String(value / 100);
      }),
      this.boxCheck());
  }

  difference() {
    this.stage.append(this.pane(this.pair.difference, [], { boxes: true, alt: "What differs between the two" }));
    this.tools.append(this.boxCheck());
  }

  /** Draw a with b on it; return the layer of b. */
  layers() {
    const { pair } = this;
    const pane = this.pane(pair.a, []);
    const over = el("div.over", {}, this.canvas(pair.aligned, pair.names[1]));
    pane.append(over);
    if (this.boxes) over.after(el("div.over.boxes", {}, this.frames()));
    this.stage.append(pane);
    this.panes[0].layers.push(...pane.querySelectorAll(".over .canvas"));
    return over;
  }

  label(at) {
    return el("span.badge", {}, this.pair.names[at]);
  }

  pane(source, extra, { boxes = false, own = false, alt = null } = {}) {
    const canvas = this.canvas(source, alt ?? this.pair.names[own ? 1 : this.panes.length]);
    if (boxes && this.boxes) canvas.append(own ? this.marked() : this.drawn());
    const pane = el("div.pane", {}, canvas, ...extra);
    const known = { pane, layers: [canvas], ratio: this.pair.width / this.pair.height };
    if (own) {
      const image = canvas.querySelector("img");
      const sized = () => { known.ratio = image.naturalWidth / image.naturalHeight || known.ratio; this.place(); };
      if (image.complete && image.naturalWidth) known.ratio = image.naturalWidth / image.naturalHeight;
      else image.addEventListener("load", sized, { once: true });
    }
    this.panes.push(known);
    return pane;
  }

  canvas(source, alt) {
    return el("div.canvas", {}, el("img", { src: source, alt, draggable: "false" }));
  }

  frames() {
    return el("div.canvas", {}, this.drawn());
  }

  drawn() {
    const { width, height, boxes } = this.pair;
    const room = Math.max(width, height) / 150;
    return svg("svg.frames", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" },
      boxes.flatMap(({ x, y, w, h }) => ["under", "edge"].map((kind) => svg(`rect.${kind}`, {
        x: x - room, y: y - room, width: w + 2 * room, height: h + 2 * room, rx: room / 2, "vector-effect": "non-scaling-stroke",
      }))));
  }

  /** The boxes on b as it is: turned and tilted as the map says. */
  marked() {
    const { marks = [], size_b: [width, height] = [1, 1] } = this.pair;
    const room = Math.max(width, height) / 150;
    const points = (corners) => {
      const middle = [0, 1].map((axis) => corners.reduce((sum, one) => sum + one[axis], 0) / corners.length);
      return corners.map((one) => one.map((value, axis) => value + room * Math.sign(value - middle[axis])).join(",")).join(" ");
    };
    return svg("svg.frames", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" },
      marks.flatMap((corners) => ["under", "edge"].map((kind) => svg(`polygon.${kind}`, {
        points: points(corners), "vector-effect": "non-scaling-stroke",
      }))));
  }

  boxCheck() {
    const { boxes } = this.pair;
    if (!boxes.length) return "";
    const words = boxes.length === 1 ? "Box round the change" : `Boxes round the ${boxes.length} changes`;
    return check(words, this.boxes, (on) => { this.boxes = on; this.mode(this.now); });
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
  }

  // Zoom and pan: one for all panes.

  place() {
    const { scale } = this;
    const half = 0.5 / scale;
    this.x = Math.min(1 - half, Math.max(half, this.x));
    this.y = Math.min(1 - half, Math.max(half, this.y));
    const many = this.panes.length > 1 && this.stage.clientWidth > 560;
    const room = (this.stage.clientWidth - (many ? 12 : 0)) / (many ? 2 : 1);
    const tall = Math.max(220, innerHeight * (this.panes.length > 1 && !many ? 0.4 : 0.62));
    for (const { pane, layers, ratio } of this.panes) {
      const width = Math.min(room, tall * ratio);
      pane.style.width = `${width}px`;
      pane.style.height = `${width / ratio}px`;
      for (const layer of layers) {
        layer.style.transform = `translate(${(0.5 - this.x * scale) * 100}%, ${(0.5 - this.y * scale) * 100}%) scale(${scale})`;
        layer.classList.toggle("near", scale >= 4);
      }
    }
    this.stage.classList.toggle("zoomed", scale > 1);
    this.stage.style.setProperty("--zoom", String(scale));
    if (this.shownScale) this.shownScale.textContent = `${Math.round(100 * scale)} %`;
  }

  /** Zoom by a factor, and keep the point (shares of the pane) where it is. */
  zoom(factor, at = [0.5, 0.5]) {
    const next = Math.min(MOST, Math.max(1, this.scale * factor));
    this.x += (at[0] - 0.5) * (1 / this.scale - 1 / next);
    this.y += (at[1] - 0.5) * (1 / this.scale - 1 / next);
    this.scale = next;
    this.place();
  }

  /** Bring the next change into the middle, as large as shows what is round it. */
  toChange() {
    const { boxes, width, height } = this.pair;
    const box = boxes[this.nextBox++ % boxes.length];
    this.scale = Math.min(MOST, Math.max(1, 0.4 * Math.min(width / box.w, height / box.h)));
    this.x = (box.x + box.w / 2) / width;
    this.y = (box.y + box.h / 2) / height;
    this.place();
  }

  pan(across, down) {
    this.x -= across / this.scale;
    this.y -= down / this.scale;
    this.place();
  }

  paneAt(event) {
    return event.target.closest(".pane") ?? this.panes[0].pane;
  }

  wheel(event) {
    // Without the control key the wheel scrolls the page, unless the pictures have the focus.
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
      const apart = (one) => Math.hypot(one[0] - other[0], one[1] - other[1]) || 1;
      const at = [((now[0] + other[0]) / 2 - this.grip.left) / this.grip.width, ((now[1] + other[1]) / 2 - this.grip.top) / this.grip.height];
      this.zoom(apart(now) / apart(before), at);
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
  view.shownScale = el("output.scale", { "aria-label": "Zoom" }, "100 %");
  return el("div.zooms", { role: "group", "aria-label": "Zoom" },
    el("button", { type: "button", "aria-label": "Zoom out", click: () => view.zoom(1 / STEP) }, "−"),
    view.shownScale,
    el("button", { type: "button", "aria-label": "Zoom in", click: () => view.zoom(STEP) }, "+"),
    el("button", { type: "button", click: () => view.zoom(0) }, "Fit"),
    view.pair.boxes.length > 0 &&
      el("button", { type: "button", click: () => view.toChange() }, view.pair.boxes.length === 1 ? "To the change" : "Next change"));
}

function range(words, least, most, value, changed, step = 0.1) {
  const input = el("input", { type: "range", min: least, max: most, step, value, input: () => changed(Number(input.value)) });
  changed(Number(input.value));
  return el("label.range", {}, el("span", {}, words), input);
}

function check(words, on, changed) {
  const input = el("input", { type: "checkbox", change: () => changed(input.checked) });
  input.checked = on;
  return el("label.check", {}, input, el("span", {}, words));
}
