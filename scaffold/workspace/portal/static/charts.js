// Draws metrics with uPlot: lines over steps or time, curves, bars; zoom by dragging, values under the pointer.
import { ask, element, inert, onNews, reload } from "./page.js";

const holder = document.getElementById("charts");
const axis = document.getElementById("axis"), logScale = document.getElementById("log-scale");
const filter = document.getElementById("metric-filter");
const drawn = new Map();
const HEIGHT = 210;

/** A number with as many digits as say something; the same as `portal.words.number`. */
export function number(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return inert(String(value));
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? String(value) : String(Number(value.toPrecision(6)));
}

function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Lines with x values of their own, on the x values of all. */
function joined(curves) {
  const xs = [...new Set(curves.flatMap((curve) => curve.x))].sort((a, b) => a - b);
  const place = new Map(xs.map((x, at) => [x, at]));
  const rows = curves.map((curve) => {
    const row = new Array(xs.length).fill(undefined);
    curve.x.forEach((x, at) => { row[place.get(x)] = curve.y[at]; });
    return row;
  });
  return [xs, ...rows];
}

/** What uPlot draws for a metric: data, and of each line its label and colour. */
function plan(metric, chart) {
  if (metric.draw === "line") {
    const xs = axis?.value === "time" ? metric.seconds : metric.x;
    const lines = metric.series.map((series, place) => ({ label: series.label, color: place % 10 }));
    // Values may have been sent out of order; time never runs backwards on a chart.
    const order = [...xs.keys()].sort((a, b) => xs[a] - xs[b]);
    return {
      data: [order.map((at) => xs[at]), ...metric.series.map((series) => order.map((at) => series.values[at]))],
      lines, x: axis?.value === "time" ? "seconds" : metric.x_label,
    };
  }
  if (metric.draw === "curves") {
    const lines = chart.curves.map((curve, place) => ({ label: curve.label, color: (curve.color ?? place) % 10 }));
    return { data: joined(chart.curves), lines, x: chart.x_label, gaps: true };
  }
  if (metric.draw === "bars") {
    return { data: [metric.x, metric.counts], lines: [{ label: "count", color: 0, bars: true }], x: "value", zero: true };
  }
  return {
    data: [metric.x, metric.predicted, metric.low, metric.high, metric.x],
    lines: [{ label: "predicted", color: 0 }, { label: "low", color: 8 }, { label: "high", color: 8 }, { label: "ideal", color: 8, dash: [5, 5] }],
    x: "true value",
  };
}

function charts(metric) {
  return metric.draw === "curves" ? metric.charts : [null];
}

function draw(metric, figure) {
  const plot = figure.querySelector(".plot");
  plot.replaceChildren();
  const made = charts(metric).map((chart) => drawOne(metric, chart, plot));
  drawn.set(metric.name, { metric, figure, plots: made });
}

function drawOne(metric, chart, plot) {
  const what = plan(metric, chart);
  if (chart && metric.charts.length > 1) plot.append(element("h3", "dim", chart.title));
  const box = element("div", "box");
  box.tabIndex = 0;
  box.setAttribute("role", "img");
  const readout = element("div", "readout");
  plot.append(box, readout);
  const ink = color("--dim"), line = color("--line");
  const grid = { stroke: line, width: 1 };
  const many = what.data[0].length;
  const options = {
    width: Math.max(160, plot.clientWidth), height: HEIGHT,
    scales: {
      x: { time: false },
      y: { distr: logScale?.checked && metric.draw === "line" ? 3 : 1, ...(what.zero ? { range: (u, low, high) => [0, high || 1] } : {}) },
    },
    axes: [
      { stroke: ink, grid, ticks: grid, font: "11px system-ui", size: 34, label: what.x, labelSize: 14, labelFont: "11px system-ui" },
      { stroke: ink, grid, ticks: grid, font: "11px system-ui", size: 54, values: (u, ticks) => ticks.map((tick) => (tick === null ? "" : String(Number(tick.toPrecision(4))))) },
    ],
    legend: { show: false },
    cursor: { drag: { x: true, y: false, uni: 20 }, points: { size: 6 } },
    series: [{}, ...what.lines.map((series) => ({
      label: series.label, stroke: color(`--series-${series.color}`), width: 1.5, dash: series.dash, spanGaps: what.gaps,
      points: { show: many < 40 && !series.bars && !series.dash, fill: color("--ground") },
      ...(series.bars ? { paths: uPlot.paths.bars({ size: [0.95] }), fill: color("--series-0") } : {}),
    }))],
    hooks: { setCursor: [(u) => read(u, what, readout)] },
  };
  const u = new uPlot(options, what.data, box);
  box.setAttribute("aria-label", described(metric, what));
  const made = { u, what, readout, chart, zoomed: false, box };
  box.addEventListener("keydown", (event) => byKey(metric, made, event));
  u.over.addEventListener("mouseup", () => setTimeout(() => zoomed(metric, made)));
  u.over.addEventListener("dblclick", () => showAll(made));
  read(u, what, readout);
  new ResizeObserver(() => u.setSize({ width: Math.max(160, plot.clientWidth), height: HEIGHT })).observe(plot);
  return made;
}

function described(metric, what) {
  const last = what.data[1]?.[what.data[1].length - 1];
  return inert(`Chart of ${metric.name}: ${what.data[0].length} values over ${what.x}, the last ${number(last)}`);
}

/** The values under the pointer, or the last ones. */
function read(u, what, readout) {
  const length = u.data[0].length;
  const at = u.cursor.idx ?? length - 1;
  const parts = [element("span", "", `${what.x} ${number(u.data[0][at])}`)];
  what.lines.forEach((line, place) => {
    const value = u.data[place + 1]?.[at];
    if (value === undefined) return;
    const part = element("span", "part");
    if (what.lines.length > 1) part.append(element("span", `swatch series-${line.color}`), document.createTextNode(`${inert(line.label)} `));
    part.append(element("b", "", number(value)));
    parts.push(part);
  });
  readout.replaceChildren(...parts);
}

/** Left and right go from value to value, + and - zoom, Escape shows all. */
function byKey(metric, made, event) {
  const u = made.u;
  const xs = u.data[0], { min, max } = u.scales.x;
  const at = u.cursor.idx ?? xs.length - 1, part = (max - min) / 4, middle = xs[at];
  if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
    const to = Math.min(xs.length - 1, Math.max(0, at + (event.key === "ArrowLeft" ? -1 : 1)));
    u.setCursor({ left: u.valToPos(xs[to], "x"), top: 20 });
  } else if (event.key === "+" || event.key === "-") {
    const all = made.what.data[0];
    const [low, high] = event.key === "+" ? [middle - part, middle + part] : [min - 2 * part, max + 2 * part];
    u.setScale("x", { min: Math.max(all[0], low), max: Math.min(all[all.length - 1], high) });
    setTimeout(() => zoomed(metric, made));
  } else if (event.key === "Escape") {
    showAll(made);
  } else {
    return;
  }
  event.preventDefault();
}

function showAll(made) {
  made.zoomed = false;
  made.u.setData(made.what.data);
}

/** After a zoom, asks for the points of that stretch when the page holds only some of them. */
async function zoomed(metric, made) {
  const xs = made.what.data[0], { min, max } = made.u.scales.x;
  made.zoomed = min > xs[0] || max < xs[xs.length - 1];
  if (!made.zoomed && made.u.data !== made.what.data) showAll(made);
  if (!made.zoomed || !metric.thinned || axis?.value === "time" || !holder.dataset.one) return;
  const query = new URLSearchParams({ name: metric.name, from: String(min), to: String(max) });
  const answer = await ask(`${holder.dataset.one}?${query}`);
  if (!answer.ok) return;
  const finer = await answer.json();
  if (finer.draw !== "line") return;
  made.u.setData(plan(finer, null).data, false);
  made.u.setScale("x", { min, max });
}

const CANVAS = new Set(["line", "curves", "bars", "predictions"]);

function show(metrics) {
  for (const metric of metrics) {
    if (!CANVAS.has(metric.draw)) {
      if (metric.draw !== "value" && !figureOf(inert(metric.name))) reload();
      continue;
    }
    const figure = figureOf(inert(metric.name)) ?? added(metric);
    const last = figure.querySelector(".last");
    if (last && metric.last !== undefined && metric.last !== null) last.textContent = number(metric.last);
    const known = drawn.get(metric.name);
    if (!known || known.metric.draw !== metric.draw || known.plots.length !== charts(metric).length
        || known.plots[0].what.lines.length !== plan(metric, charts(metric)[0]).lines.length) {
      draw(metric, figure);
      continue;
    }
    known.metric = metric;
    charts(metric).forEach((chart, place) => {
      const made = known.plots[place];
      made.what = Object.assign(made.what, plan(metric, chart));
      if (!made.zoomed) made.u.setData(made.what.data);
      made.box.setAttribute("aria-label", described(metric, made.what));
      read(made.u, made.what, made.readout);
    });
  }
}

/** The place of a metric on the page; its key is shown text, as everything that the service writes. */
function figureOf(name) {
  return [...holder.children].find((figure) => figure.dataset.key === name);
}

function added(metric) {
  const figure = element("figure", "chart"), caption = element("figcaption"), title = element("h2");
  figure.dataset.key = inert(metric.name);
  title.append(element("bdi", "", inert(metric.name)));
  caption.append(title, element("span", "last"));
  figure.append(caption, element("div", "plot"));
  holder.append(figure);
  return figure;
}

let asking = false, again = false;
async function update() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    const answer = await ask(holder.dataset.source);
    if (answer.ok) show((await answer.json()).metrics);
  } catch { /* the service is away for the moment */ }
  asking = false;
  if (again) {
    again = false;
    setTimeout(update, 300);
  }
}

function redraw() {
  for (const { metric, figure } of drawn.values()) draw(metric, figure);
}

if (holder) {
  void update();
  onNews((news, before) => {
    if (news.metrics !== before.metrics || news.over) void update();
  });
  axis?.addEventListener("change", redraw);
  logScale?.addEventListener("change", redraw);
  document.addEventListener("theme", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  filter?.addEventListener("input", () => {
    for (const figure of holder.children) {
      figure.hidden = !figure.dataset.key.toLowerCase().includes(filter.value.toLowerCase());
    }
  });
}
