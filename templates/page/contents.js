// The table of contents shows where the reader is; a link into a folded part unfolds it.
function followReading() {
  const links = new Map([...document.querySelectorAll("#contents a")].map((link) => [link.hash.slice(1), link]));
  const inView = new Set();
  const parts = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  const watcher = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) inView.add(target);
      else inView.delete(target);
    }
    const current = parts.find((part) => inView.has(part));
    if (!current) return;
    for (const link of links.values()) link.removeAttribute("aria-current");
    const link = links.get(current.id);
    link.setAttribute("aria-current", "location");
    const list = link.closest(".inner");
    if (list.scrollHeight > list.clientHeight) link.scrollIntoView({ block: "nearest" });
  }, { rootMargin: "-12% 0px -70% 0px" });
  for (const part of parts) watcher.observe(part);
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
