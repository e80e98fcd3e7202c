"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const narrow = matchMedia("(max-width: 720px)");

  // ---- what the file carries -------------------------------------------------------------------------------------
  async function unpack(id) {
    const text = $("#" + id).textContent;
    if (!text) return null;
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
    return new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  }
  const asText = async (id) => new Response(await unpack(id)).text();
  const asBytes = async (id) => new Uint8Array(await new Response(await unpack(id)).arrayBuffer());

  let engine = null;
  function loadEngine() {
    engine ??= asText("packed-plotly").then((code) => {
      const script = document.createElement("script");
      script.textContent = code;
      document.head.append(script);
      return window.Plotly;
    });
    return engine;
  }

  // ---- colours: "$blue/0.2" in a figure is the theme's blue ------------------------------------------------------
  function themeColour(name, alpha) {
    const hex = getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
    if (!alpha) return hex;
    const full = hex.length === 4 ? "#" + [...hex.slice(1)].map((c) => c + c).join("") : hex;
    const [r, g, b] = [1, 3, 5].map((i) => parseInt(full.slice(i, i + 2), 16));
    return `rgba(${r},${g},${b},${alpha})`;
  }
  const TOKEN = /^\$([a-z-]+)(?:\/([\d.]+))?$/;
  const USERS = [[0, "#fff7d6"], [0.35, "#ffd166"], [0.6, "#f78c3b"], [0.8, "#d7263d"], [1, "#5f0f40"]];
  function resolved(value) {
    if (typeof value === "string") {
      if (value === "$users-scale") return USERS;
      if (value === "$halo") return Array(4).fill("0 0 3px " + themeColour("paper")).join(",");
      const found = value[0] === "$" && TOKEN.exec(value);
      return found ? themeColour(found[1], found[2]) : value;
    }
    if (Array.isArray(value)) return typeof value[0] === "number" ? value.slice() : value.map(resolved);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, k === "name" || k === "text" ? v : resolved(v)]));
    }
    return value;
  }

  // ---- layout shared by all figures ------------------------------------------------------------------------------
  function merged(base, extra) {
    const out = { ...base };
    for (const [k, v] of Object.entries(extra)) {
      const both = v && out[k] && typeof v === "object" && typeof out[k] === "object" && !Array.isArray(v);
      out[k] = both ? merged(out[k], v) : v;
    }
    return out;
  }
  function baseLayout() {
    const ink = themeColour("ink"), soft = themeColour("soft"), grid = themeColour("grid");
    const family = getComputedStyle(document.body).fontFamily;
    const axis = {
      gridcolor: grid, zerolinecolor: grid, linecolor: themeColour("rule"), tickcolor: themeColour("rule"), ticks: "outside",
      ticklen: 4, automargin: true, tickfont: { size: 11.5, color: soft }, title: { font: { size: 12, color: soft }, standoff: 8 },
    };
    return {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family, size: 12, color: ink },
      margin: { l: 48, r: 10, t: 10, b: 34 }, hovermode: "x unified", dragmode: narrow.matches ? false : "zoom",
      hoverlabel: { bgcolor: themeColour("paper"), bordercolor: themeColour("rule"), font: { family, size: 12, color: ink }, align: "left", namelength: 28 },
      legend: { orientation: "h", x: 0, xanchor: "left", y: 1.02, yanchor: "bottom", font: { size: 11.5, color: soft }, itemwidth: 30 },
      xaxis: { ...axis, showgrid: false }, yaxis: axis,
    };
  }
  const CONFIG = { displaylogo: false, responsive: true, displayModeBar: false };

  // ---- figures ---------------------------------------------------------------------------------------------------
  let carried = null, raster = null;
  const drawn = new Map(); // element -> panel shown

  async function draw(element) {
    const Plotly = await loadEngine();
    const panel = carried.figures[element.dataset.figure][+(element.dataset.panel || 0)];
    const layout = merged(baseLayout(), resolved(panel.layout));
    const traces = resolved(panel.data);
    const named = traces.filter((t) => t.showlegend !== false && t.name);
    if (element.closest(".facets") || named.length < 2) layout.showlegend = false;
    else if (narrow.matches) layout.legend = { ...layout.legend, y: -0.16, yanchor: "top" };
    if (layout.annotations?.some((a) => a.yref === "paper")) {
      layout.margin = { ...layout.margin, t: 24 };
      if (!narrow.matches) layout.legend = { ...layout.legend, y: 1.09 };
    }
    if (narrow.matches && layout.yaxis.scaleanchor) layout.annotations = []; // no room; the table has the numbers
    drawn.set(element, element.dataset.panel);
    await Plotly.react(element, traces, layout, CONFIG);
  }

  // ---- the map ---------------------------------------------------------------------------------------------------
  const VIRIDIS = ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"];
  const CELLS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#8c8c8c", "#6a3fb5", "#a0d568"];
  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const RAMP = Array.from({ length: 255 }, (_, i) => {
    const at = (i / 254) * (VIRIDIS.length - 1), k = Math.min(Math.floor(at), VIRIDIS.length - 2), f = at - k;
    const a = rgb(VIRIDIS[k]), b = rgb(VIRIDIS[k + 1]);
    return a.map((v, j) => Math.round(v + f * (b[j] - v)));
  });
  const FLAGS = [rgb("#5b5e69"), rgb("#56b4e9")];
  const map = { variant: "", field: "", view: 0, hidden: new Set(), images: new Map() };

  function layerAt(field, layer, index) {
    const start = layer.offsets[field.id];
    if (field.kind === "index") {
      const id = raster[start + 2 * index] + 256 * raster[start + 2 * index + 1];
      return id === 65535 ? null : id;
    }
    const byte = raster[start + index];
    if (byte === 255) return null;
    const value = field.low + (byte / 254) * (field.high - field.low);
    return field.kind === "log" ? 10 ** value : value;
  }
  const layersOf = (variant) => carried.map.raster?.layers[variant] ?? [];
  function picture(field, layer) {
    const key = field.id + "|" + layer.offsets[field.id];
    if (map.images.has(key)) return map.images.get(key);
    const { width, height } = layer, start = layer.offsets[field.id];
    const canvas = document.createElement("canvas");
    canvas.width = width; canvas.height = height;
    const context = canvas.getContext("2d"), image = context.createImageData(width, height);
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const i = row * width + column, out = 4 * ((height - 1 - row) * width + column);
        let colour = null;
        if (field.kind === "index") {
          const id = layerAt(field, layer, i);
          if (id !== null) colour = rgb(CELLS[id % CELLS.length]);
        } else if (raster[start + i] !== 255) {
          colour = field.kind === "flag" ? FLAGS[raster[start + i] > 127 ? 1 : 0] : RAMP[raster[start + i]];
        }
        if (colour) { image.data.set(colour, out); image.data[out + 3] = 255; }
      }
    }
    context.putImageData(image, 0, 0);
    map.images.set(key, canvas.toDataURL());
    return map.images.get(key);
  }
  const fieldOf = (id) => carried.map.raster?.fields.find((f) => f.id === id);
  function images() {
    const field = fieldOf(map.field);
    if (!field) return [];
    return layersOf(map.variant).map((r) => ({
      source: picture(field, r), xref: "x", yref: "y", x: r.x0 - r.dx / 2, y: r.y0 + (r.height - 0.5) * r.dy,
      sizex: r.width * r.dx, sizey: r.height * r.dy, sizing: "stretch", layer: "below", opacity: dark.matches && !document.documentElement.dataset.print ? 0.72 : 0.8,
    }));
  }
  const shown = (t) => (t.meta.variant === "" || t.meta.variant === map.variant) && !map.hidden.has(t.meta.layer);
  const inside = (centre, span, low, high) =>
    (span > high - low ? centre : Math.min(Math.max(centre, low + span / 2), high - span / 2));
  function fitted(view, element) { // the view's window in the frame's shape; a close-up fills the frame
    const [x0, x1, y0, y1] = view.window, width = element.clientWidth || 800, height = element.clientHeight || 500;
    const sides = [(x1 - x0) / width, (y1 - y0) / height].sort((a, b) => a - b);
    let cx = (x0 + x1) / 2, cy = (y0 + y1) / 2;
    const scale = view.fill ? Math.max(sides[0], 0.66 * sides[1]) : sides[1];
    const holds = (r) => cx >= r.x0 && cx <= r.x0 + r.width * r.dx && cy >= r.y0 && cy <= r.y0 + r.height * r.dy;
    const r = layersOf(map.variant).find(holds);
    if (view.one && r) { // rather coverage than blank paper at the edges
      cx = inside(cx, scale * width, r.x0, r.x0 + (r.width - 1) * r.dx);
      cy = inside(cy, scale * height, r.y0, r.y0 + (r.height - 1) * r.dy);
    }
    return { "xaxis.range": [cx - (scale * width) / 2, cx + (scale * width) / 2], "yaxis.range": [cy - (scale * height) / 2, cy + (scale * height) / 2] };
  }
  async function drawMap(keepView) {
    const element = $("#citymap"), Plotly = await loadEngine();
    if (raster === null) raster = $("#packed-raster").textContent ? await asBytes("packed-raster") : new Uint8Array();
    const traces = resolved(carried.map.traces).map((t) => ({ ...t, visible: shown(t) }));
    const fit = fitted(carried.map.views[map.view], element);
    const axis = { visible: false, showgrid: false, zeroline: false, automargin: false };
    const layout = merged(baseLayout(), {
      margin: { l: 0, r: 0, t: 0, b: 0 }, hovermode: "closest", dragmode: "pan", images: images(),
      xaxis: { ...axis, range: keepView ? element._fullLayout.xaxis.range.slice() : fit["xaxis.range"] },
      yaxis: { ...axis, range: keepView ? element._fullLayout.yaxis.range.slice() : fit["yaxis.range"], scaleanchor: "x" },
      showlegend: false,
    });
    await Plotly.react(element, traces, layout, { ...CONFIG, scrollZoom: !narrow.matches });
    if (!drawn.has(element)) {
      element.on("plotly_relayout", scaleBar);
      element.addEventListener("mousemove", readout);
      element.addEventListener("click", readout);
    }
    drawn.set(element, "map");
    scaleBar();
    colourBar();
  }
  function scaleBar() {
    const element = $("#citymap"), axis = element._fullLayout?.xaxis, bar = $(".scale-bar");
    if (!axis) return;
    const perPixel = (axis.range[1] - axis.range[0]) / axis._length, want = perPixel * 110;
    const power = 10 ** Math.floor(Math.log10(want)), step = [5, 2, 1].find((s) => s * power <= want) * power;
    bar.style.width = step / perPixel + "px";
    $("span", bar).textContent = step >= 1000 ? step / 1000 + " km" : step + " m";
  }
  const shortNumber = (v) => (Math.abs(v) >= 100 ? v.toFixed(0) : Math.abs(v) >= 10 ? v.toFixed(1) : v.toFixed(2)).replace("-", "−");
  function colourBar() {
    const bar = $(".colour-bar"), field = fieldOf(map.field);
    bar.hidden = !field || field.kind === "index";
    if (bar.hidden) return;
    const ends = field.kind === "log" ? [10 ** field.low, 10 ** field.high] : [field.low, field.high];
    const texts = field.kind === "flag" ? ["blocked", "line of sight"] : ends.map((v, i) => (i ? v.toLocaleString("en") + " " + field.unit : v.toLocaleString("en").replace("-", "−")));
    const ramp = field.kind === "flag" ? FLAGS.map((c) => `rgb(${c})`).join(",") : VIRIDIS.join(",");
    bar.replaceChildren();
    const name = document.createElement("b"), low = document.createElement("span"), strip = document.createElement("i"), high = document.createElement("span");
    name.textContent = field.title; low.textContent = texts[0]; high.textContent = texts[1];
    strip.style.background = `linear-gradient(90deg, ${ramp})`;
    bar.append(name, low, strip, high);
  }
  function readout(event) {
    const element = $("#citymap"), area = element._fullLayout;
    if (!area) return;
    const box = element.getBoundingClientRect();
    const x = area.xaxis.p2d(event.clientX - box.left - area._size.l), y = area.yaxis.p2d(event.clientY - box.top - area._size.t);
    const parts = [`${x.toFixed(0)} m east, ${y.toFixed(0)} m north`.replaceAll("-", "−")];
    for (const r of layersOf(map.variant)) {
      const column = Math.round((x - r.x0) / r.dx), row = Math.round((y - r.y0) / r.dy);
      if (column >= 0 && row >= 0 && column < r.width && row < r.height) {
        for (const field of carried.map.raster.fields) {
          const value = layerAt(field, r, row * r.width + column);
          if (value === null) continue;
          if (field.kind === "index") parts.push(carried.map.raster.cells[map.variant][value]);
          else if (field.kind === "flag") parts.push(value > 0.5 ? "line of sight" : "no line of sight");
          else parts.push(`${field.title} ${shortNumber(value)} ${field.unit}`);
        }
      }
    }
    $(".readout").textContent = parts.join(" · ");
  }
  function press(button) {
    for (const other of all("button", button.parentElement)) other.setAttribute("aria-pressed", String(other === button));
  }
  function mapControls() {
    map.hidden = new Set(carried.map.hidden);
    map.variant = (carried.map.variants.at(-1) || [""])[0];
    map.field = carried.map.raster?.fields[0]?.id ?? "";
    for (const name of ["variant", "field", "view"]) {
      for (const button of all(`.map-controls [data-${name}]`)) {
        button.addEventListener("click", () => {
          press(button);
          map[name] = name === "view" ? +button.dataset.view : button.dataset[name];
          drawMap(name !== "view");
        });
      }
    }
    for (const input of all(".map-controls [data-layer]")) {
      input.addEventListener("change", () => {
        map.hidden[input.checked ? "delete" : "add"](input.dataset.layer);
        drawMap(true);
      });
    }
  }

  // ---- drawing when seen, on change of theme, before print ---------------------------------------------------------
  function drawAny(element) {
    return element.id === "citymap" ? drawMap(drawn.has(element)) : draw(element);
  }
  function redraw() {
    for (const element of drawn.keys()) drawAny(element);
  }
  function watch() {
    const plots = all(".plot");
    if (!("IntersectionObserver" in window)) { plots.forEach(drawAny); return; }
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries) if (entry.isIntersecting) { seen.unobserve(entry.target); drawAny(entry.target); }
    }, { rootMargin: "300px 0px" });
    plots.forEach((p) => seen.observe(p));
    addEventListener("beforeprint", () => { // paper is white, and all of it is seen
      document.documentElement.dataset.print = "true";
      plots.forEach(drawAny);
    });
    addEventListener("afterprint", () => {
      delete document.documentElement.dataset.print;
      redraw();
    });
  }
  function tabs() {
    for (const group of all(".tabs[data-for]")) {
      group.addEventListener("click", (event) => {
        const button = event.target.closest("button");
        if (!button) return;
        press(button);
        const plot = $(`.plot[data-figure="${group.dataset.for}"]`);
        plot.dataset.panel = button.dataset.tab;
        draw(plot);
      });
    }
  }
  function contents() {
    const links = new Map(all(".toc a").map((a) => [a.hash.slice(1), a]));
    const mark = () => {
      let current = null;
      for (const part of all(".part")) if (part.getBoundingClientRect().top < innerHeight * 0.3) current = part.id;
      for (const [id, link] of links) {
        if (id === current && !link.hasAttribute("aria-current")) {
          link.setAttribute("aria-current", "true");
          const list = link.closest("ol");
          list.scrollTo({ left: link.offsetLeft - list.clientWidth / 2 + link.clientWidth / 2, behavior: "smooth" });
        } else if (id !== current) link.removeAttribute("aria-current");
      }
    };
    addEventListener("scroll", mark, { passive: true });
    mark();
  }

  async function start() {
    contents();
    if (!("DecompressionStream" in window)) {
      const notice = $("#notice");
      notice.textContent = "This browser is too old to unpack the figures (it needs a version from 2023 or later); the tables are complete.";
      notice.hidden = false;
      return;
    }
    carried = JSON.parse(await asText("packed-figures"));
    if (carried.map) mapControls();
    tabs();
    watch();
    dark.addEventListener("change", redraw);
    narrow.addEventListener("change", redraw);
    document.documentElement.dataset.ready = "true";
  }
  start();
})();
