// PDQ in the browser: the code of a picture that has not been uploaded yet, within a few bits of the service's.
//
//   import { codeOf } from "/v1/code.js";
//   const { pdq, quality } = await codeOf(file); // a File or Blob; rejects what this browser cannot decode
//
// It works in a worker, so that the page does not freeze, one picture at a time. Source of the algorithm: Meta, "The
// TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm", 2019.

const WORKER = "samepic-code";
const SIDE = 64;
const TERMS = 16;
const BAND = 1 << 20; // pixels that are read from the picture at a time

let last = Promise.resolve();

/** Return a promise of { pdq: 64 hex digits, quality: 0 to 100 }, which is what /v1/check-code takes. */
export function codeOf(blob) {
  const code = last.then(() => inWorker(blob));
  last = code.catch(() => {});
  return code;
}

function inWorker(blob) {
  const worker = new Worker(import.meta.url, { type: "module", name: WORKER });
  return new Promise((resolve, reject) => {
    worker.onerror = () => reject(new Error("the worker of code.js cannot run here"));
    worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data));
    worker.postMessage(blob);
  }).finally(() => worker.terminate());
}

if (globalThis.WorkerGlobalScope && self.name === WORKER) {
  self.onmessage = async ({ data }) => {
    self.postMessage(await compute(data).catch((error) => ({ error: error.message })));
  };
}

async function compute(blob) {
  const samples = samplesOf(await createImageBitmap(blob)); // upright, in sRGB
  return { pdq: codeFrom(samples), quality: qualityOf(samples) };
}

/** Return 64 x 64 levels of luma, each a mean of the pixels around the middle of its part of the picture. */
function samplesOf(image) {
  const { width, height } = image;
  const [across, down] = [tents(width), tents(height)];
  const samples = new Float64Array(SIDE * SIDE);
  const lines = Math.max(1, Math.floor(BAND / width));
  const context = new OffscreenCanvas(width, Math.min(lines, height)).getContext("2d", { alpha: false, willReadFrequently: true });
  context.fillStyle = "white"; // what is transparent lies on white
  for (let top = 0; top < height; top += lines) {
    const count = Math.min(lines, height - top);
    context.fillRect(0, 0, width, count);
    context.drawImage(image, 0, top, width, count, 0, 0, width, count);
    const { data } = context.getImageData(0, 0, width, count);
    for (let line = 0; line < count; line += 1) addLine(samples, data, 4 * width * line, across, down, top + line);
  }
  return samples;
}

function addLine(samples, data, start, across, down, y) {
  const rows = [];
  down.forEach(({ first, weights }, row) => {
    if (weights[y - first]) rows.push([row * SIDE, weights[y - first]]);
  });
  if (!rows.length) return;
  for (let column = 0; column < SIDE; column += 1) {
    const { first, weights } = across[column];
    let sum = 0;
    for (let k = 0, at = start + 4 * first; k < weights.length; k += 1, at += 4) {
      sum += weights[k] * (0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2]);
    }
    for (const [row, weight] of rows) samples[row + column] += weight * sum;
  }
}

/** Return for each of 64 samples the first pixel of an axis that it averages, and the weights: two box filters. */
function tents(size) {
  const box = Math.ceil(size / (2 * SIDE));
  const ahead = Math.floor(box / 2);
  const range = (place) => [Math.max(0, place - (box - 1 - ahead)), Math.min(size - 1, place + ahead)];
  return Array.from({ length: SIDE }, (_, sample) => {
    const [low, high] = range(Math.floor(((sample + 0.5) * size) / SIDE));
    const first = range(low)[0];
    const weights = new Float64Array(range(high)[1] - first + 1);
    for (let place = low; place <= high; place += 1) {
      const [from, to] = range(place);
      const share = 1 / ((high - low + 1) * (to - from + 1));
      for (let pixel = from; pixel <= to; pixel += 1) weights[pixel - first] += share;
    }
    return { first, weights };
  });
}

/** Return the code: whether each of the 16 x 16 lowest cosine terms is above their median, the last one first. */
function codeFrom(samples) {
  const half = product((column, k) => samples[k * SIDE + column], SIDE);
  const terms = product((row, k) => half[row * SIDE + k], TERMS); // by horizontal, then vertical frequency
  const median = terms.slice().sort()[TERMS * TERMS / 2 - 1];
  let code = "";
  for (let digit = TERMS * TERMS / 4 - 1; digit >= 0; digit -= 1) {
    let value = 0;
    for (let bit = 3; bit >= 0; bit -= 1) {
      const at = 4 * digit + bit;
      value = 2 * value + (terms[(at % TERMS) * TERMS + Math.floor(at / TERMS)] > median);
    }
    code += value.toString(16);
  }
  return code;
}

/** Return the cosine terms 1 to 16, 16 x `count`, of `count` series of 64 values. */
function product(value, count) {
  const terms = new Float64Array(TERMS * count);
  for (let term = 0; term < TERMS; term += 1) {
    for (let k = 0; k < SIDE; k += 1) {
      const cosine = Math.cos((Math.PI / 2 / SIDE) * (term + 1) * (2 * k + 1));
      for (let series = 0; series < count; series += 1) terms[term * count + series] += cosine * value(series, k);
    }
  }
  return terms;
}

/** Return how much gradient there is, 0 (none) to 100. */
function qualityOf(samples) {
  let total = 0;
  const add = (difference) => { total += Math.floor(Math.abs((difference * 100) / 255)); };
  for (let at = 0; at < SIDE * SIDE; at += 1) {
    if (at % SIDE < SIDE - 1) add(samples[at] - samples[at + 1]);
    if (at < SIDE * (SIDE - 1)) add(samples[at] - samples[at + SIDE]);
  }
  return Math.min(Math.floor(total / 90), 100);
}
