// The data block: runs, families, figures; arrays are decoded when they are first asked for.
const page = JSON.parse(document.getElementById("page-data").textContent);
const runs = new Map(page.runs.map((run) => [run.id, run]));
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

// {n, step, mean, min, max} of one of a run's curves: "curve", "early", "raw" or "start" (raw ones have no mean).
function pointsOf(run, which) {
  const stored = run[which];
  const min = arrayAt(stored.min);
  return {
    n: stored.n,
    step: stored.step === undefined ? stepsOf(stored.n, min.length) : arrayAt(stored.step),
    mean: stored.mean === undefined ? null : arrayAt(stored.mean),
    min,
    max: arrayAt(stored.max),
  };
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

const SUPERSCRIPTS = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

// A loss as the report writes it: 3.30×10⁻⁹.
function lossText(value) {
  if (value === null || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const [figures, power] = value.toExponential(2).split("e");
  return `${figures.replace("-", "−")}×10${[...String(Number(power))].map((c) => SUPERSCRIPTS[c]).join("")}`;
}

const countText = (value) => Math.round(value).toLocaleString("en-US");
