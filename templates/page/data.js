// The data block: figures, names, words; arrays are decoded when they are first asked for.
const page = JSON.parse(document.getElementById("page-data").textContent);
const { words } = page;
const filled = (text, ...values) => values.reduce((said, value) => said.replace("{}", () => value), text);
// What many figures have alike is there once.
for (const spec of Object.values(page.figures)) {
  for (const key of ["says", "x", "y", "readings"]) if (typeof spec[key] === "number") spec[key] = page.shared[spec[key]];
}
const MANY_LINES = page.manyLines;
const ARRAY_TYPES = { f: Float32Array, d: Float64Array, i: Int32Array };
const decoded = new Map();
const evenSteps = new Map();

function arrayAt(place) {
  if (!decoded.has(place)) {
    const text = page.arrays[place];
    const bytes = Uint8Array.from(atob(text.slice(1)), (character) => character.charCodeAt(0));
    decoded.set(place, new ARRAY_TYPES[text[0]](bytes.buffer));
  }
  return decoded.get(place);
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
  const [label, short, note] = page.names[id];
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
