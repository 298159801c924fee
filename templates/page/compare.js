// What differs between two runs or groups that the reader chooses.
const MOST_CHOICES = 100; // that a list offers; of more the reader writes a name
const MOST_OFFERED = 20; // names that what is written so far may become

function addComparing(root) {
  for (const place of root.querySelectorAll(".compare")) startComparing(place);
}

function startComparing(place) {
  const held = JSON.parse(place.dataset.held);
  // A group has what all its runs have; where they differ it is said.
  const groups = held.groups.map(([name, ...runs]) => ({ name, runs }));
  const sides = [...groups, ...held.runs.map((name, run) => ({ name, runs: [run] }))];
  if (sides.length < 2) return;
  const tools = add(place, "div", "tools");
  const chosenSides = [0, 1];
  [words.compare, words.compare_with].forEach((text, k) => {
    const label = add(tools, "label", "", `${text} `);
    if (sides.length > MOST_CHOICES) addSearch(label, k);
    else addSelect(label, k);
  });
  const said = add(tools, "span", "said");
  said.setAttribute("role", "status");
  const scroll = add(place, "div", "scroll");
  Object.assign(scroll, { tabIndex: 0 });
  scroll.setAttribute("role", "region");
  const family = place.closest("section")?.querySelector("h2")?.firstChild.textContent.trim();
  scroll.setAttribute("aria-label", [family, words.compared].filter(Boolean).join(": "));
  show();

  function addSelect(label, k) {
    const select = add(label, "select");
    const filling = groups.length ? [[words.groups, 0, groups.length], [words.runs, groups.length, sides.length]] : [[words.runs, 0, sides.length]];
    for (const [title, from, to] of filling) {
      const part = groups.length ? add(select, "optgroup") : select;
      if (groups.length) part.label = title;
      for (let at = from; at < to; at += 1) add(part, "option", "", sides[at].name).value = at;
    }
    select.value = k;
    select.addEventListener("change", () => choose(k, Number(select.value)));
  }

  // A field that offers names as they are written; one that is no run's leaves the table as it is.
  function addSearch(label, k) {
    const input = add(label, "input");
    const offered = add(label, "datalist");
    offered.id = `sides-${(startComparing.fields = (startComparing.fields ?? 0) + 1)}`;
    Object.assign(input, { type: "search", value: sides[k].name });
    input.setAttribute("list", offered.id);
    input.addEventListener("input", () => {
      const wanted = input.value.trim().toLowerCase().split(/\s+/);
      const found = sides.filter(({ name }) => wanted.every((word) => name.toLowerCase().includes(word)));
      offered.replaceChildren();
      for (const { name } of found.slice(0, MOST_OFFERED)) add(offered, "option").value = name;
      const at = sides.findIndex(({ name }) => name === input.value.trim());
      input.setAttribute("aria-invalid", String(at < 0));
      if (at >= 0) choose(k, at);
      else said.textContent = filled(words.left, countText(found.length), countText(sides.length));
    });
  }

  function choose(k, at) {
    chosenSides[k] = at;
    show();
  }

  function show() {
    const two = chosenSides.map((at) => sides[at]);
    const rows = held.paths.map((path, at) => [path, ...two.map((side) => valueAt(at, side))]).filter(([, one, other]) => one !== other);
    said.textContent = rows.length ? filled(words.differ, countText(rows.length)) : words.differ_in_nothing;
    scroll.replaceChildren();
    if (!rows.length) return;
    const table = add(scroll, "table", "data");
    const head = add(add(table, "thead"), "tr");
    for (const text of [words.key, ...two.map(({ name }) => name)]) add(head, "th", "", text).scope = "col";
    const body = add(table, "tbody");
    for (const [path, ...values] of rows) {
      const row = add(body, "tr");
      add(row, "th", "", path).scope = "row";
      for (const value of values) add(row, "td", value.length > 40 ? "long" : "", value);
    }
  }

  function valueAt(at, { runs }) {
    const found = new Set(runs.map((run) => held.places[at][run]));
    if (found.size > 1) return words.varies;
    const [only] = found;
    return only < 0 ? page.notation.missing : held.words[at][only];
  }
}
