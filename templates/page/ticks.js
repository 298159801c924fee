// Ticks and numbers, by the rules of reportgen/figures/axes.py and reportgen/notation.py.
const countText = (value) => Math.round(value).toLocaleString("en-US");

function raised(exponent) {
  return [...String(exponent)].map((character) => page.notation.raised["-0123456789".indexOf(character)]).join("");
}

const minus = (text) => text.replace("-", page.notation.minus);
const exponentOf = (value) => Number(value.toExponential().split("e")[1]);
// toFixed rounds the number itself, as Python does; toLocaleString rounds the decimals that it is shown with.
const plainText = (value, decimals) => minus(value.toFixed(decimals).replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ","));

function powerText(value, digits) {
  const [figures, exponent] = value.toExponential(digits - 1).split("e");
  return Number(exponent) === 0 ? minus(figures) : `${minus(figures)}×10${raised(Number(exponent))}`;
}

// How the numbers of one readout are written: all in one notation. Values of packed curves have errors (`known`,
// as data.js keeps them): none is written with a digit whose half is less than its own.
function formOf(values, known = []) {
  const found = [...new Set(values.filter((value) => Number.isFinite(value) && value !== 0))];
  const sizes = found.map(Math.abs);
  const [largest, smallest] = [Math.max(...sizes), Math.min(...sizes)];
  const plainly = found.length && largest >= 1e-3 && largest <= 1e6 && smallest >= 1e-4;
  const differ = (write) => new Set(found.map(write)).size === found.length;
  const whole = (value) => (value === 0 ? "0" : countText(value).replace("-", page.notation.minus));
  if (found.length && found.every(Number.isInteger) && largest < 1e6) return (value) => (Number.isFinite(value) ? whole(value) : page.notation.missing);
  const errorOf = (value) => Math.max(0, ...known.map(({ size, share }) => size ?? share * Math.abs(value)));
  const safeDecimals = (value) => Math.floor(-Math.log10(2 * errorOf(value))); // Infinity where there is no error
  const safeDigits = (value) => Math.max(1, Math.min(6, safeDecimals(value) + exponentOf(value) + 1));
  if (!plainly) {
    const write = (value) => powerText(value, Math.min(digits, safeDigits(value)));
    let digits = 3;
    while (digits < 6 && !differ(write)) digits += 1;
    return (value) => (Number.isFinite(value) ? (value === 0 ? "0" : write(value)) : page.notation.missing);
  }
  const write = (value) => plainText(value, Math.max(0, Math.min(decimals, safeDecimals(value))));
  let decimals = Math.max(0, 2 - exponentOf(largest), 1 - exponentOf(smallest));
  const most = Math.max(decimals, 5 - exponentOf(largest));
  while (decimals < most && !differ(write)) decimals += 1;
  // Nothing is shown as 0, and no share of a whole as the whole.
  const shares = found.every((value) => value >= 0 && value <= 1);
  const honest = (value) => Number(value.toFixed(decimals)) !== 0 && (Number(value.toFixed(decimals)) !== 1 || value === 1 || !shares);
  while (decimals < 17 && !found.every(honest)) decimals += 1;
  return (value) => (Number.isFinite(value) ? (value === 0 ? "0" : write(value)) : page.notation.missing);
}

function roundGap(least) {
  const magnitude = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((factor) => factor * magnitude).find((gap) => gap >= 0.999 * least);
}

function ticksOf(low, high, room, { log = false, whole = false } = {}) {
  const most = Math.max(2, Math.floor(room));
  if (log) {
    const [start, end] = [Math.log10(low), Math.log10(high)];
    const decades = [];
    for (let k = Math.ceil(start - 1e-9); k <= Math.floor(end + 1e-9); k += 1) decades.push(k);
    if (decades.length >= 3 || (decades.length === 2 && most === 2)) {
      const every = Math.ceil(decades.length / most);
      return decades.filter((k) => k % every === 0).map((k) => Number(`1e${k}`));
    }
    for (const [factors, least] of [[[1, 2, 5], 3], [[1, 2, 3, 4, 5, 6, 7, 8, 9], 3], [[1, 3], 2], [[1], 2]]) {
      const found = [];
      for (let k = Math.floor(start) - 1; k <= Math.ceil(end); k += 1) for (const factor of factors) found.push(Number(`${factor}e${k}`));
      const inside = found.filter((value) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9));
      if (inside.length >= least && inside.length <= Math.max(most, 3)) return inside;
    }
  }
  let gap = roundGap((high - low) / most);
  if (whole) gap = Math.max(1, Math.round(gap));
  const ticks = [];
  for (let k = Math.ceil(low / gap - 1e-9); k <= Math.floor(high / gap + 1e-9); k += 1) ticks.push(k * gap);
  return ticks;
}

const figuresOf = (value) => Math.abs(value).toExponential(8).split("e")[0].replace(".", "").replace(/0+$/, "").length || 1;
const decimalsOf = (value) => (value === 0 ? 0 : Math.max(0, figuresOf(value) - 1 - exponentOf(Number(value.toPrecision(9)))));

function tickTexts(values, log) {
  const sizes = values.filter((value) => value !== 0).map(Math.abs);
  if (!sizes.length) return values.map(() => "0");
  const [largest, smallest] = [Math.max(...sizes), Math.min(...sizes)];
  const plainly = largest >= 1e-3 && largest <= 1e6 && (smallest >= 1e-4 || !log);
  const decades = log && values.every((value) => figuresOf(value) === 1 && value.toExponential().startsWith("1e"));
  if (decades && !plainly) return values.map((value) => `10${raised(Math.round(Math.log10(value)))}`);
  if (log && plainly && largest >= 10 * smallest) return values.map((value) => plainText(value, decimalsOf(value)));
  if (plainly) {
    const decimals = Math.max(...values.map(decimalsOf));
    return values.map((value) => (Math.abs(value) > 1e-12 * largest ? plainText(value, decimals) : "0"));
  }
  const digits = Math.max(...values.map(figuresOf));
  return values.map((value) => (value === 0 ? "0" : powerText(value, digits).replace(/^(−?)1×/, "$1")));
}
