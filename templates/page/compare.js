// What differs between two runs or groups that the reader chooses.
const MOST_CHOICES = 2000;

function addComparing(root) {
  for (const place of root.querySelectorAll(".compare")) startComparing(place);
}

function startComparing(place) {
  const held = JSON.parse(place.dataset.held);
  // A group has what all its runs have; where they differ it is said.
  const groups = held.groups.map(([name, ...runs]) => ({ name, runs }));
  const singles = held.runs.length <= MOST_CHOICES ? held.runs.map((name, run) => ({ name, runs: [run] })) : [];
  const sides = [...groups, ...singles];
  if (sides.length < 2) return;
  const tools = add(place, "div", "tools");
  const selects = [words.compare, words.compare_with].map((text, k) => {
    const select = add(add(tools, "label", "", `${text} `), "select");
    const filling = groups.length ? [[words.groups, 0, groups.length], [words.runs, groups.length, sides.length]] : [[words.runs, 0, sides.length]];
    for (const [title, from, to] of filling) {
      const part = groups.length ? add(select, "optgroup") : select;
      if (groups.length) part.label = title;
      for (let at = from; at < to; at += 1) add(part, "option", "", sides[at].name).value = at;
    }
    select.value = k;
    select.addEventListener("change", show);
    return select;
  });
  const said = add(tools, "span", "said");
  said.setAttribute("role", "status");
  const scroll = add(place, "div", "scroll");
  Object.assign(scroll, { tabIndex: 0 });
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", words.compared);
  show();

  function show() {
    const two = selects.map((select) => sides[select.value]);
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
