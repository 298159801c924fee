// The table of contents shows where the reader is; a link into a folded part unfolds it.
const inContents = new Map([...document.querySelectorAll("#contents a")].map((link) => [link.hash.slice(1), link]));
const beingRead = new Set();
const partWatcher = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (isIntersecting) beingRead.add(target.id);
    else beingRead.delete(target.id);
  }
  const current = [...inContents.keys()].find((id) => beingRead.has(id));
  if (!current) return;
  for (const link of inContents.values()) link.removeAttribute("aria-current");
  const link = inContents.get(current);
  link.setAttribute("aria-current", "location");
  const list = link.closest(".inner");
  if (list.scrollHeight > list.clientHeight) link.scrollIntoView({ block: "nearest" });
}, { rootMargin: "-12% 0px -70% 0px" });

function followReading(root) {
  for (const part of root.querySelectorAll("[id]")) if (inContents.has(part.id)) partWatcher.observe(part);
}

function unfoldTarget() {
  let id;
  try {
    id = decodeURIComponent(addressParts().place);
  } catch {
    return;
  }
  const target = id && document.getElementById(id);
  if (!target) return;
  for (let part = target; part; part = part.parentElement) if (part.matches("details.run, details.runs, details.fold")) part.open = true;
  target.scrollIntoView();
  if (target.matches("details")) target.querySelector("summary").focus({ preventScroll: true });
}

// On a narrow screen the contents are folded away, and fold again once a link is followed.
function foldContents() {
  const details = document.querySelector("#contents details");
  const narrow = matchMedia("(max-width: 67.99rem)");
  const fit = () => { details.open = !narrow.matches; };
  fit();
  narrow.addEventListener("change", fit);
  details.addEventListener("click", (event) => { if (event.target.closest("a")) fit(); });
}
