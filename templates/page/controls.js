// Controls: of one figure above it, of all figures and of the page's theme beside the contents.
function choice(parent, name, options, onChoose) {
  const set = add(parent, "span", "choice");
  set.setAttribute("role", "group");
  set.setAttribute("aria-label", name);
  const buttons = options.map(([text, value]) => {
    const button = add(set, "button", "", text);
    button.type = "button";
    button.addEventListener("click", () => onChoose(value));
    return [button, value];
  });
  return (current) => {
    for (const [button, value] of buttons) button.setAttribute("aria-pressed", String(value === current));
  };
}

const AXIS = [["Log", true], ["Linear", false]];
const BAND = [["Band", true], ["No band", false]];
const STEPS = [["Steps", false], ["Fraction", true]];

// The controls of a figure, made when it is first drawn; gives back the place for what is said of it.
function addTools(figure) {
  const tools = document.createElement("div");
  tools.className = "tools";
  figure.element.before(tools);
  figure.element.parentElement.dataset.tools = "";
  const shown = [];
  const offer = (name, options, key) => shown.push([choice(tools, name, options, (value) => figure.show({ [key]: value })), key]);
  offer("Loss axis", AXIS, "log");
  if (figure.spec.kind === "attribute") addAttributes(figure, tools);
  else if (figure.spec.kind !== "thresholds") offer("Training axis", STEPS, "fraction");
  if (["log", "linear", "seeds"].includes(figure.spec.kind)) offer("Minimum to maximum", BAND, "band");
  const whole = add(tools, "button", "", "Whole figure");
  whole.type = "button";
  whole.addEventListener("click", () => figure.show({ zoom: null }));
  const save = add(tools, "button", "", "Save as SVG");
  save.type = "button";
  save.addEventListener("click", () => saveFigure(figure));
  figure.onShown = () => {
    for (const [mark, key] of shown) mark(figure[key]);
    whole.hidden = figure.zoom === null;
  };
  figure.onShown();
  const note = add(tools, "span", "said");
  note.setAttribute("role", "status");
  return note;
}

// AvgFinalLoss against any attribute in which runs differ.
function addAttributes(figure, tools) {
  const names = ["digits", "layers", "heads", "steps_k", "seed", "insert_mode"];
  const varied = names.filter((name) => new Set(page.runs.map((run) => run.attributes[name]).filter((value) => value !== undefined)).size > 1);
  const offered = new Set([page.comparedBy, ...varied, page.runs.length < MANY_LINES ? "run" : "rank"]);
  if (offered.size < 2) return;
  const label = add(tools, "label", "", "By ");
  const select = add(label, "select");
  for (const name of offered) add(select, "option", "", ATTRIBUTE_NAMES[name]).value = name;
  select.addEventListener("change", () => figure.show({ attribute: select.value }));
}

function addSettings() {
  const inner = document.querySelector("#contents .inner");
  if (!inner) return;
  const settings = add(inner, "div");
  settings.id = "settings";
  if (figures.length) {
    add(settings, "p", "name", "All figures");
    for (const [name, options, key] of [["Loss axis of all figures", AXIS, "log"], ["Training axis of all figures", STEPS, "fraction"], ["Minimum to maximum in all figures", BAND, "band"]]) {
      const mark = choice(settings, name, options, (value) => {
        for (const figure of figures) if (key === "log" || !["attribute", "thresholds"].includes(figure.spec.kind)) figure.show({ [key]: value });
        mark(value);
      });
      mark(key === "log" ? null : key === "band");
    }
  }
  add(settings, "p", "name", "Theme");
  const root = document.documentElement;
  const mark = choice(settings, "Theme", [["As the system", ""], ["Light", "light"], ["Dark", "dark"]], (value) => {
    if (value) root.dataset.theme = value;
    else delete root.dataset.theme;
    try {
      if (value) localStorage.setItem("reportgen-theme", value);
      else localStorage.removeItem("reportgen-theme");
    } catch { /* a browser that keeps nothing for files: the choice lasts as long as the page */ }
    mark(value);
    redrawAll();
  });
  mark(root.dataset.theme ?? "");
}

function redrawAll() {
  for (const figure of figures) figure.show({});
}
