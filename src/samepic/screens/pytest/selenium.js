// What a driver of Selenium runs in a page, by name. WebDriver neither ends animations nor hides the caret. Adopted style
// sheets are not subject to the page's policy.
const actions = {
  freeze() {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("*, *::before, *::after { transition: none !important; caret-color: transparent !important }");
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    const endless = [];
    for (const one of document.getAnimations()) {
      if (one.playState !== "running") continue;
      if (one.effect?.getComputedTiming().endTime === Infinity) { endless.push(one); one.cancel(); } else one.finish();
    }
    document[Symbol.for("samepic")] = { sheet, endless };
  },

  release() {
    const held = document[Symbol.for("samepic")];
    if (!held) return;
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== held.sheet);
    for (const one of held.endless) one.play();
    delete document[Symbol.for("samepic")];
  },

  areas(...elements) { // WebKit knows no elements within arrays
    const boxes = elements.map((one) => one.getBoundingClientRect()).filter((box) => box.width && box.height);
    return boxes.map((box) => [box.left, box.top, box.width, box.height]);
  },
};
const [action, ...given] = arguments;
return actions[action](...given);
