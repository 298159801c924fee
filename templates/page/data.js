// The data block: figures, names, words; arrays are decoded when they are first asked for.
const page = JSON.parse(document.getElementById("page-data").textContent);
const { words } = page;
const filled = (text, ...values) => values.reduce((said, value) => said.replace("{}", () => value), text);
// What many figures have alike is there once.
function resolveShared(spec, shared) {
  for (const key of ["says", "x", "y", "readings"]) if (typeof spec[key] === "number") spec[key] = shared[spec[key]];
  for (const line of spec.lines ?? []) for (const key of ["clocks", "events"]) if (typeof line[key] === "number") line[key] = shared[line[key]];
}
for (const spec of Object.values(page.figures)) resolveShared(spec, page.shared);
const MANY_LINES = page.manyLines;
const ARRAY_TYPES = { f: Float32Array, d: Float64Array, i: Int32Array };
const decoded = new Map();
const packedArrays = new Map(); // place -> how it is coded, and its bytes
const errors = new WeakMap(); // array -> the largest error of its values: {share} of each, or {size}
const evenSteps = new Map();

function arrayAt(place) {
  if (!decoded.has(place)) {
    if (packedArrays.has(place)) {
      decoded.set(place, unpackedArray(packedArrays.get(place)));
      packedArrays.delete(place);
      return decoded.get(place);
    }
    const text = page.arrays[place];
    const bytes = Uint8Array.from(atob(text.slice(1)), (character) => character.charCodeAt(0));
    decoded.set(place, new ARRAY_TYPES[text[0]](bytes.buffer));
  }
  return decoded.get(place);
}

function unpackedArray({ kind, length, low, high, bytes }) {
  if (kind in ARRAY_TYPES) return new ARRAY_TYPES[kind](bytes.slice().buffer);
  const log = kind === "l";
  const values = new (log && (low < -80 || high > 80) ? Float64Array : Float32Array)(length);
  const unit = (high - low) / CODES;
  let code = 0;
  for (let k = 0; k < length; k += 1) {
    const zigzag = (bytes[k] << 8) | bytes[length + k];
    code = (code + ((zigzag >> 1) ^ -(zigzag & 1))) & 0xffff;
    const value = low + code * unit;
    values[k] = code > CODES ? NaN : log ? Math.exp(value) : value;
  }
  errors.set(values, log ? { share: unit / 2 } : { size: unit / 2 });
  return values;
}

// The steps of `count` points spread evenly over n steps; the build thins by the same rule.
function stepsOf(n, count) {
  const key = `${n}/${count}`;
  if (!evenSteps.has(key)) {
    const gaps = Math.max(count - 1, 1);
    const half = Math.floor(gaps / 2);
    evenSteps.set(key, Float64Array.from({ length: count }, (_, k) => Math.floor((k * (n - 1) + half) / gaps)));
  }
  return evenSteps.get(key);
}

// {step, mean, min, max} of a curve as it is stored; a curve of ranges has no mean.
function pointsOf(stored) {
  const min = arrayAt(stored.min ?? stored.mean);
  return {
    step: stored.step === undefined ? stepsOf(stored.n, min.length) : arrayAt(stored.step),
    mean: stored.mean === undefined ? null : arrayAt(stored.mean),
    min,
    max: arrayAt(stored.max ?? stored.mean),
  };
}

// What a run or a group is called: in full, where there is little room, and what else there is to say.
function nameOf(id) {
  const [label, short, note] = page.names[id] ?? runNamed(id);
  return { label, short, note };
}

// Index of the point nearest to a step.
function nearestPoint(step, wanted) {
  let low = 0;
  let high = step.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (step[middle] <= wanted) low = middle;
    else high = middle;
  }
  return wanted - step[low] <= step[high] - wanted ? low : high;
}
