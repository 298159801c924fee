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

const SCALES = [[words.log, "log"], [words.linear, "linear"]];
const BAND = [[words.band, true], [words.no_band, false]];
const OUTLIERS = [[words.clipped, false], [words.reached, true]];
const STEPS = Object.entries(page.stepScales).map(([scale, text]) => [text, scale]);

// The scales among `options` that an axis has.
const offered = (axis, options) => options.filter(([, scale]) => scale in axis.ranges);

// The controls of a figure, made when it is first drawn; gives back the place for what is said of it.
function addTools(figure) {
  const tools = document.createElement("div");
  tools.className = "tools";
  figure.element.before(tools);
  figure.element.parentElement.dataset.tools = "";
  const shown = [];
  const offer = (name, options, key) => {
    if (options.length > 1) shown.push([choice(tools, name, options, (value) => figure.change({ [key]: value })), key]);
  };
  offer(words.value_axis, offered(figure.spec.y, SCALES), "y");
  const comparison = figure.by === null ? null : addComparisons(figure, tools);
  if (figure.by === null) {
    offer(words.step_axis, offered(figure.spec.x, STEPS), "x");
    if (!figure.spec.raw && figure.spec.bands !== "none") offer(words.bands, BAND, "band");
    if (figure.spec.lines && !figure.spec.marked && hasOutliers(figure)) offer(words.outliers, OUTLIERS, "out");
  }
  const whole = add(tools, "button", "", words.reset);
  whole.type = "button";
  whole.addEventListener("click", () => figure.change({ zoom: null }));
  const save = add(tools, "button", "", words.export);
  save.type = "button";
  save.addEventListener("click", () => exportView(figure));
  figure.onShown = () => {
    for (const [mark, key] of shown) mark(figure[key]);
    if (comparison) comparison.value = figure.by;
    whole.hidden = figure.zoom === null;
  };
  figure.onShown();
  const note = add(tools, "span", "said");
  note.setAttribute("role", "status");
  return note;
}

// Values against any attribute in which runs differ.
function addComparisons(figure, tools) {
  const keys = Object.keys(figure.spec.by);
  if (keys.length < 2) return null;
  const label = add(tools, "label", "", `${words.by} `);
  const select = add(label, "select");
  for (const key of keys) add(select, "option", "", figure.spec.by[key].title).value = key;
  select.addEventListener("change", () => figure.change({ by: select.value }));
  return select;
}

// What the reader has set for all figures at once.
const allFigures = {};
const settingMarks = [];
const settingsShown = () => { for (const mark of settingMarks) mark(); };

function addSettings() {
  const inner = document.querySelector("#contents .inner");
  if (!inner) return;
  const settings = add(inner, "div");
  settings.id = "settings";
  if (figures.length) {
    add(settings, "p", "name", words.all_figures);
    const steps = STEPS.filter(([, scale]) => figures.some((figure) => figure.possible({ x: scale }).x));
    for (const [name, options, key] of [[words.value_axis, SCALES, "y"], [words.step_axis, steps, "x"], [words.bands, BAND, "band"]]) {
      const mark = choice(settings, `${words.all_figures}: ${name}`, options, (value) => {
        allFigures[key] = value;
        for (const [name, { [key]: _, ...own }] of ownSettings) {
          if (Object.keys(own).length) ownSettings.set(name, own);
          else ownSettings.delete(name);
        }
        for (const figure of figures) if (key in figure.possible({ [key]: value })) figure.show({ [key]: value });
        settingsShown();
        record("all figures");
      });
      settingMarks.push(() => mark(allFigures[key] ?? (key === "band" ? true : null)));
    }
    settingsShown();
    add(settings, "p", "hand", words.hand);
    const link = add(add(settings, "p", "choice"), "button", "", words.link);
    link.type = "button";
    link.addEventListener("click", () => copyLink(link));
  }
  add(settings, "p", "name", words.theme);
  const root = document.documentElement;
  const mark = choice(settings, words.theme, [[words.system, ""], [words.light, "light"], [words.dark, "dark"]], (value) => {
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
