// Drop zones: a picture comes by dropping, choosing or pasting; what is taken is told to one listener.

/** Make the zones below `root` take pictures; `changed(files)` gets a Map of name to File whenever one came. */
export function zones(root, changed) {
  const all = [...root.querySelectorAll("[data-drop]")];
  const files = new Map();
  const put = (zone, file) => {
    files.set(zone.dataset.drop, file);
    show(zone, file);
  };
  const take = (zone, list) => {
    const found = [...list].filter((file) => file.size > 0);
    if (!found.length) return;
    put(zone, found[0]);
    // Two at once are a pair, wherever they are dropped.
    const others = all.filter((one) => one !== zone);
    found.slice(1, 1 + others.length).forEach((file, at) => put(others[at], file));
    changed(files);
  };
  for (const zone of all) {
    const input = zone.querySelector("input");
    input.addEventListener("change", () => take(zone, input.files));
  }
  const under = (event) => event.target.closest?.("[data-drop]") ?? all.find((one) => !files.has(one.dataset.drop)) ?? all[0];
  const mark = (zone) => all.forEach((one) => one.classList.toggle("over", one === zone));
  addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(under(event));
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) mark(null);
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    mark(null);
    if (event.dataTransfer?.files.length) take(under(event), event.dataTransfer.files);
  });
  addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) take(under(event), event.clipboardData.files);
  });
  return {
    set(name, file) { put(all.find((one) => one.dataset.drop === name), file); },
    files,
  };
}

function show(zone, file) {
  const place = zone.querySelector(".shown");
  zone.classList.add("full");
  zone.querySelector(".hint").textContent = `${file.name} · ${size(file.size)}`;
  const image = new Image();
  const url = URL.createObjectURL(file);
  image.alt = "";
  image.onload = () => URL.revokeObjectURL(url);
  image.onerror = () => { URL.revokeObjectURL(url); image.remove(); };  // a format that this browser does not draw
  image.src = url;
  place.replaceChildren(image);
}

/** Return a number of bytes as people say it. */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
