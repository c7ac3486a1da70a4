package console

// access finds what people who see or point badly would stumble over: text that
// stands out too little from what is behind it (WCAG 1.4.3), parts of forms,
// buttons and links without a name, ids that stand twice, headings that leap, and
// targets that are too small for a finger (2.5.8).
const access = `(() => {
  const found = [];
  const name = (e) => e.tagName.toLowerCase() + (e.id ? "#" + e.id : "") + (e.className ? "." + e.className : "") + " " + (e.textContent || e.value || "").trim().slice(0, 30);
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (text) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1); return canvas.getImageData(0, 0, 1, 1).data; };
  const light = ([r, g, b]) => { const f = (v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }; return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
  const behind = (e) => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] > 250) return c; } return [255, 255, 255, 255]; };
  const shown = (e) => e.checkVisibility({ checkVisibilityCSS: true }) && !e.closest(".hidden, .skip");
  for (const e of document.body.querySelectorAll("*")) {
    if (!shown(e)) continue;
    if ([...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) {
      const style = getComputedStyle(e), a = light(rgba(style.color)), b = light(behind(e));
      const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), size = parseFloat(style.fontSize);
      const large = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700;
      if (contrast < (large ? 3 : 4.5)) found.push("contrast " + contrast.toFixed(2) + ": " + name(e));
    }
    if (e.matches("input:not([type=hidden]), select, textarea") && !e.labels.length && !e.ariaLabel) found.push("no label: " + name(e));
    if (e.matches("button, a, summary, label.slot")) {
      if (!(e.textContent.trim() || e.ariaLabel)) found.push("no name: " + e.outerHTML.slice(0, 80));
      const box = e.getBoundingClientRect();
      if (e.matches("button, summary") && (box.height < 24 || box.width < 24)) found.push("small: " + name(e));
    }
  }
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push("twice: #" + id);
  const heads = [...document.querySelectorAll("main h1, main h2, main h3, main h4")].filter(shown).map((e) => Number(e.tagName[1]));
  if (heads.filter((h) => h === 1).length !== 1) found.push("h1s: " + heads);
  heads.reduce((before, h) => { if (h > before + 1) found.push("a heading leaps: " + heads); return h; }, 0);
  if (!document.documentElement.lang || !document.title) found.push("no language or title");
  return found;
})()`
