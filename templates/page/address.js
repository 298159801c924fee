// The view lives in the address: #the place on the page?what is kept, and how figures are drawn.
//   keep=run-1,run-2   only   all=y:log   f.Addition-log=x:share,zoom:0;500;-3;0   rows.table-runs=adam
const EASY = { "%2C": ",", "%3A": ":", "%3B": ";", "%2F": "/" };
const written = (text) => encodeURIComponent(text).replace(/%2C|%3A|%3B|%2F/g, (code) => EASY[code]);
const exactly = (text) => encodeURIComponent(text); // what may hold a separator

function read(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

// The two parts of the address: a place, and a view; none where the link is to a place alone.
function addressParts() {
  const [place, ...view] = location.hash.slice(1).split("?");
  return { place, view: view.length ? view.join("?") : null };
}

// What the reader has set for single figures, those among them that are not on the page just now.
const ownSettings = new Map();

function viewText() {
  const parts = [];
  if (kept.size) parts.push(`keep=${[...kept].map(exactly).join(",")}`);
  if (isolated) parts.push("only");
  if (Object.keys(allFigures).length) parts.push(`all=${settingsText(allFigures)}`);
  for (const [name, own] of ownSettings) parts.push(`f.${written(name)}=${settingsText(own)}`);
  for (const [id, fields] of filterFields()) {
    const values = fields.map((field) => exactly(field.value));
    if (values.some(Boolean)) parts.push(`rows.${written(id)}=${values.join(",")}`);
  }
  return parts.join("&");
}

const settingsText = (settings) => Object.entries(settings).map(([key, value]) => `${key}:${settingText(value)}`).join(",");

function settingText(value) {
  if (value === null) return "";
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value === "string") return exactly(value);
  return [...value.x, ...value.y].map((end) => Number(end.toPrecision(7))).join(";"); // a zoom
}

// The filter of each table: a search, and a choice of families where there is one.
function filterFields() {
  return [...document.querySelectorAll(".table[id]")]
    .map((table) => [table.id, [...table.querySelectorAll(".tools input[type=search], .tools > select")]])
    .filter(([, fields]) => fields.length);
}

function clearFilters() {
  for (const [, fields] of filterFields()) for (const field of fields) setField(field, "");
}

function setField(field, value) {
  if (field.value === value) return;
  field.value = value;
  field.dispatchEvent(new Event(field.matches("select") ? "change" : "input", { bubbles: true }));
}

// A view as the address has it: what cannot be read, or is not there any more, is passed over.
function showView(text) {
  const found = new Map(text.split("&").map((part) => [read(part.split("=")[0]), part.slice(part.indexOf("=") + 1)]));
  const known = new Set(allRuns());
  kept.clear();
  for (const run of (found.get("keep") ?? "").split(",").map(read)) if (known.has(run)) kept.add(run);
  for (const key of Object.keys(allFigures)) delete allFigures[key];
  Object.assign(allFigures, settingsIn(found.get("all")));
  for (const [id, fields] of filterFields()) {
    const values = (found.get(`rows.${id}`) ?? "").split(",").map(read);
    fields.forEach((field, k) => setField(field, values[k] ?? ""));
  }
  isolated = found.has("only");
  ownSettings.clear();
  for (const [key, own] of found) if (key.startsWith("f.")) ownSettings.set(key.slice(2), settingsIn(own));
  for (const figure of figures) {
    const wanted = figure.wanted();
    if (Object.entries(wanted).some(([key, value]) => settingText(value) !== settingText(figure[key]))) figure.show(wanted);
    figure.keepOwn();
  }
  showKept();
  settingsShown();
}

function settingsIn(text) {
  const settings = {};
  for (const part of (text ?? "").split(",")) {
    const [key, value = ""] = part.split(":");
    if (["x", "y", "by"].includes(key)) settings[key] = read(value);
    else if (["band", "out"].includes(key)) settings[key] = value === "1";
    else if (key === "zoom") {
      const ends = value.split(";").map(Number);
      if (ends.length === 4 && ends.every(Number.isFinite) && ends[0] < ends[1] && ends[2] !== ends[3]) settings.zoom = { x: ends.slice(0, 2), y: ends.slice(2) };
    }
  }
  return settings;
}

// Writes the view into the address. Back undoes what was done; what is typed into one filter is one thing.
let showing = true; // an address is being shown: nothing is recorded
let lastDone = null;
function record(what, at = null) {
  if (showing) return;
  const place = at?.id || addressParts().place;
  const view = viewText();
  const address = `#${place}${view && `?${view}`}`;
  if (view === (addressParts().view ?? "")) return;
  const same = what === "filter" && lastDone === `filter ${place}`;
  lastDone = `${what} ${place}`;
  keepAddress(same ? "replaceState" : "pushState", address);
}

function keepAddress(how, address) {
  try {
    history[how]({ view: true }, "", address);
  } catch { /* a page within another may not: the view lasts as long as the page */ }
}

// Going back or forth, a link to a place on the page, or an address that was typed.
function onAddress({ state }) {
  const { place, view } = addressParts();
  lastDone = null;
  if (state?.view || view !== null) {
    showing = true;
    showView(view ?? "");
    showing = false;
    if (!state?.view) bring(read(place)).then(unfoldTarget);
    return;
  }
  // A link to a place leaves the view as it is.
  const text = viewText();
  keepAddress("replaceState", `#${place}${text && `?${text}`}`);
  bring(read(place)).then(unfoldTarget);
}

function startAddress() {
  const { place, view } = addressParts();
  if (view !== null) showView(view);
  showing = false;
  keepAddress("replaceState", location.hash || location.href);
  addEventListener("popstate", onAddress);
  bring(read(place)).then(unfoldTarget);
}

async function copyLink(button) {
  const { place } = addressParts();
  const view = viewText();
  const done = await copy(`${location.href.split("#")[0]}#${place}${view && `?${view}`}`);
  button.textContent = done ? words.link_copied : words.not_copied;
  setTimeout(() => { button.textContent = words.link; }, 2500);
}
