// Reports of many runs: what is far or folded is in packed chunks (reportgen/outputs/packed.py) and comes when it is asked for.
const CODES = 65534; // a code above stands for what is missing
const MOST_OPEN = 12; // sections of runs that stay open in a family
const MOST_FOUND = 12; // runs that a search in a family names
const many = page.many ?? null; // null where the page holds all of it
const chunks = new Map();

function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let k = 0; k < characters.length; k += 1) bytes[k] = characters.charCodeAt(k);
  return bytes;
}

async function inflated(text) {
  const stream = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// What a chunk holds besides figures, names and arrays, which are found by their names from then on.
function chunkAt(number) {
  if (!chunks.has(number)) chunks.set(number, loadChunk(number));
  return chunks.get(number);
}

async function loadChunk(number) {
  const bytes = await inflated(document.getElementById(`chunk-${number}`).textContent);
  const end = 4 + new DataView(bytes.buffer).getUint32(0, true);
  const content = JSON.parse(new TextDecoder().decode(bytes.subarray(4, end)));
  let at = end;
  content.arrays.forEach(([kind, length, low, high], k) => {
    const size = { u: 2, l: 2, f: 4, d: 8, i: 4 }[kind] * length;
    packedArrays.set(content.base + k, { kind, length, low, high, bytes: bytes.subarray(at, at + size) });
    at += size;
  });
  for (const spec of Object.values(content.figures)) resolveShared(spec, content.shared);
  Object.assign(page.figures, content.figures);
  for (const [id, said] of Object.entries(content.names)) page.names[id] ??= said;
  return content;
}

// The first chunk: every run's names and place, the rows of long tables, which part of the report is in which chunk.
async function loadIndex() {
  const index = await chunkAt(0);
  const column = (place) => index.pool[place];
  Object.assign(many, index, { slugs: column(index.slugs), labels: column(index.labels), runNames: column(index.runNames) });
  many.places = new Map(many.slugs.map((slug, at) => [slug, at]));
  many.parts = new Map(index.ids.flatMap((ids, part) => ids.map((id) => [id, part])));
  for (const spec of Object.values(page.figures)) if (spec.columns) spec.points = pointsOfColumns(spec.columns);
  await Promise.all(index.here.map(chunkAt));
}

function pointsOfColumns({ runs, group, value, places }) {
  return runs.map((at, k) => ({
    id: many.slugs[at], group: group[k], value: value[k],
    places: Object.fromEntries(Object.entries(places).filter(([, own]) => own[k] !== null).map(([key, own]) => [key, own[k]])),
  }));
}

const familyOf = (at) => many.families.find(({ first, count }) => at >= first && at < first + count);

// Of a run that no figure on the page names.
function runNamed(id) {
  const at = many?.places?.get(id);
  if (at === undefined) return ["", "", ""];
  const [label, name] = [many.labels[at], many.runNames[at]];
  return [label, label, name === label ? "" : name];
}

const chunkOfRun = (at) => chunkAt(many.firstOfRuns + Math.floor(at / many.perChunk));

// The line of a run that its family's figure has no room for, null until it has come.
function lateLine(figure, id) {
  const at = many?.places?.get(id);
  if (at === undefined || !figure.spec.crowd || familyOf(at).slug !== figure.element.dataset.family) return null;
  const own = page.figures[`runs/${id}-log`];
  if (!own) {
    chunkOfRun(at).then(() => { if (figure.drawn && figure.visible) figure.showChosen(); });
    return null;
  }
  const [stored] = own.lines;
  const points = pointsOf(stored);
  const mean = points.mean ?? points.max;
  return { step: points.step, mean, min: mean, max: mean, id, ...nameOf(id), colour: colourOf("accent"), dash: "solid", mark: "circle", last: stored.last, behind: false, evaluation: null, clocks: stored.clocks ?? {}, events: stored.events ?? [] };
}

// Makes sure that what a link leads to is on the page.
async function bring(id) {
  if (!many || !id) return;
  const slug = /^run-(.*)$/.exec(id)?.[1] ?? /^figure-runs--(.*)-(?:log|linear)$/.exec(id)?.[1];
  if (many.places.has(slug)) await openRun(many.places.get(slug));
  else if (many.parts.has(id)) await fill(document.querySelector(`.part[data-part="${many.parts.get(id)}"]`));
  hold(id);
}

// Keeps a place in view while what is above it is made and grows, until the reader moves.
const HELD_FOR = 1500; // ms
let holding = 0;
function hold(id) {
  holding += 1;
  const [mine, until] = [holding, performance.now() + HELD_FOR];
  let top = null;
  const again = () => {
    const element = document.getElementById(id);
    if (holding !== mine || !element || performance.now() > until) return;
    const now = element.getBoundingClientRect().top;
    if (top !== null && Math.abs(now - top) > 1) element.scrollIntoView();
    top = element.getBoundingClientRect().top;
    requestAnimationFrame(again);
  };
  requestAnimationFrame(again);
}
for (const kind of ["wheel", "touchstart", "keydown", "pointerdown"]) addEventListener(kind, () => { holding += 1; }, { passive: true });

async function openRun(at) {
  const { slug } = familyOf(at);
  await bring(`family-${slug}`);
  const opened = document.querySelector(`.lookup[data-family="${CSS.escape(slug)}"] .opened`);
  const { html } = await chunkOfRun(at);
  if (document.getElementById(`run-${many.slugs[at]}`)) return;
  const section = elementsOf(html[at % many.perChunk]).firstElementChild;
  section.dataset.at = at;
  opened.insertBefore(section, [...opened.children].find((one) => Number(one.dataset.at) > at) ?? null);
  if (opened.children.length > MOST_OPEN) {
    const oldest = [...opened.children].filter((one) => one !== section).sort((a, b) => a.dataset.since - b.dataset.since)[0];
    dropFigures(oldest);
    oldest.remove();
  }
  section.dataset.since = performance.now();
  addFigures(section);
}

function elementsOf(html) {
  const made = document.createElement("template");
  made.innerHTML = html;
  return made.content;
}

// Families that come into view, and go when they are far: their place stays.
function watchParts() {
  const watcher = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) setTimeout(() => fill(target));
      else if (target.dataset.filled && !target.contains(document.activeElement)) setTimeout(() => empty(target));
    }
  }, { rootMargin: "1200px 0px" });
  for (const part of document.querySelectorAll(".part")) watcher.observe(part);
}

async function fill(part) {
  const number = Number(part.dataset.part);
  const { html } = await chunkAt(many.firstOfParts + number);
  if (part.dataset.filled) return;
  part.dataset.filled = "yes";
  part.replaceChildren(elementsOf(html));
  part.style.height = "";
  addFigures(part);
  addTables(part);
  addComparing(part);
  addLookups(part);
  followReading(part);
}

function empty(part) {
  part.style.height = `${part.offsetHeight}px`;
  delete part.dataset.filled;
  dropFigures(part);
  dropTables(part);
  part.replaceChildren();
}

// A search among the runs of a family; their sections open below it.
function addLookups(root) {
  for (const place of root.querySelectorAll(".lookup")) {
    const { first, count, name } = many.families.find(({ slug }) => slug === place.dataset.family);
    const input = add(place, "input");
    Object.assign(input, { type: "search", placeholder: filled(words.look_up, countText(count)) });
    input.setAttribute("aria-label", `${filled(words.look_up, countText(count))}: ${name}`);
    const said = add(place, "span", "said");
    said.setAttribute("role", "status");
    const list = add(place, "ul", "found");
    add(place, "div", "opened");
    const search = () => {
      const wanted = input.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
      const found = [];
      for (let at = first; at < first + count && wanted.length; at += 1) {
        const text = `${many.labels[at]} ${many.runNames[at]}`.toLowerCase();
        if (wanted.every((word) => text.includes(word))) found.push(at);
      }
      list.replaceChildren();
      for (const at of found.slice(0, MOST_FOUND)) {
        const link = add(add(list, "li"), "a", "", many.labels[at] === many.runNames[at] ? many.labels[at] : `${many.labels[at]} · ${many.runNames[at]}`);
        link.href = `#run-${many.slugs[at]}`;
        link.dataset.run = many.slugs[at];
      }
      said.textContent = wanted.length ? filled(words.left, countText(found.length), countText(count)) : "";
    };
    input.addEventListener("input", search);
    input.addEventListener("keydown", (event) => { if (event.key === "Enter") list.querySelector("a")?.click(); });
    list.addEventListener("pointerover", (event) => lightUp(event.target.dataset.run ?? null));
    list.addEventListener("pointerleave", () => lightUp(null));
    list.addEventListener("focusin", (event) => lightUp(event.target.dataset.run ?? null));
  }
}
