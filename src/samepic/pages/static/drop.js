// Drop zones: a picture is dropped, chosen or pasted.

/** Make the zones below `root` accept pictures; `changed(files)` gets a Map of name to File after each change. */
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
    // Two files at once are a pair, wherever they are dropped.
    const others = all.filter((other) => other !== zone);
    found.slice(1, 1 + others.length).forEach((file, index) => put(others[index], file));
    changed(files);
  };
  for (const zone of all) {
    const input = zone.querySelector("input");
    input.addEventListener("change", () => take(zone, input.files));
  }
  const target = (event) => event.target.closest?.("[data-drop]") ?? all.find((zone) => !files.has(zone.dataset.drop)) ?? all[0];
  const highlight = (zone) => all.forEach((other) => other.classList.toggle("over", other === zone));
  addEventListener("dragover", (event) => {
    event.preventDefault();
    highlight(target(event));
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) highlight(null);
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    highlight(null);
    if (event.dataTransfer?.files.length) take(target(event), event.dataTransfer.files);
  });
  addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) take(target(event), event.clipboardData.files);
  });
}

function show(zone, file) {
  zone.classList.add("full");
  zone.querySelector(".hint").textContent = `${file.name} · ${sizeText(file.size)}`;
  const image = new Image();
  const url = URL.createObjectURL(file);
  image.alt = "";
  image.onload = () => URL.revokeObjectURL(url);
  image.onerror = () => { URL.revokeObjectURL(url); image.remove(); };  // a format that this browser cannot show
  image.src = url;
  zone.querySelector(".shown").replaceChildren(image);
}

/** Return a number of bytes as text. */
export function sizeText(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
