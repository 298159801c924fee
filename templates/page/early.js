// Runs in the head, before anything is seen: the reader's theme, and that scripts are on.
document.documentElement.classList.add("js");
try {
  const theme = localStorage.getItem("reportgen-theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch { /* a browser that keeps nothing for files: its own theme stays */ }
