/* The live parts of the pages. Plain JavaScript, no other host; each finds its place by <div data-widget="NAME">. */
(() => {
"use strict";

// What the formulas in acts.js need besides Math.
const erfSmall = (x) => {
  let term = x, sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && n < 200; n++) {
    term *= -x * x / n;
    sum += term / (2 * n + 1);
  }
  return 2 / Math.sqrt(Math.PI) * sum;
};
const erfcLarge = (x) => { // continued fraction, for x >= 2
  let f = 0;
  for (let n = 60; n > 0; n--) f = n / 2 / (x + f);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + f);
};
const KA = (window.KA = {
  erf: (x) => (Math.abs(x) < 2 ? erfSmall(x) : Math.sign(x) * (1 - erfcLarge(Math.abs(x)))),
  erfc: (x) => (x >= 2 ? erfcLarge(x) : x <= -2 ? 2 - erfcLarge(-x) : 1 - erfSmall(x)),
  sigmoid: (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  relu: (x) => Math.max(x, 0),
  clip: (x, low, high) => Math.min(Math.max(x, low), high),
  round: (x) => { const r = Math.round(x); return Math.abs(x % 1) === 0.5 && r % 2 ? r - 1 : r; },
});

// --- Small helpers -----------------------------------------------------------------------------------------------

const SVG = "http://www.w3.org/2000/svg";
function make(name, attributes = {}, ...children) {
  const svg = ["svg", "path", "line", "circle", "text", "g"].includes(name);
  const node = svg ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}
const field = (label, control) => {
  control.setAttribute("aria-label", label); // without it the name of a select would include its options
  return make("label", {}, label, control);
};
const say = (value, digits = 3) =>
  !Number.isFinite(value) ? "out of bounds" : Math.abs(value) >= 1e-3 && Math.abs(value) < 1e4 ? value.toFixed(digits)
    : value === 0 ? "0" : value.toExponential(1);

class Plot {
  constructor(title, x, y, labels) {
    [this.x, this.y, this.width, this.height] = [x, y, 360, 250];
    this.marks = make("g");
    this.svg = make("svg", { viewBox: "-34 -8 404 290", role: "img", "aria-label": title });
    for (const tick of labels.x) {
      this.svg.append(this.line(tick, y[0], tick, y[1], 0.25), this.text(this.px(tick), 268, tick, "middle"));
    }
    for (const tick of labels.y) {
      this.svg.append(this.line(x[0], tick, x[1], tick, 0.25), this.text(-6, this.py(tick) + 4, tick, "end"));
    }
    this.svg.append(this.marks);
  }
  px(v) { return (v - this.x[0]) / (this.x[1] - this.x[0]) * this.width; }
  py(v) { return (this.y[1] - v) / (this.y[1] - this.y[0]) * this.height; }
  line(a, b, c, d, opacity) {
    return make("line", { x1: this.px(a), y1: this.py(b), x2: this.px(c), y2: this.py(d), stroke: "var(--ka-ink)", opacity });
  }
  text(x, y, text, anchor) { return make("text", { x, y, "text-anchor": anchor }, String(text)); }
  clear() { this.marks.replaceChildren(); }
  curve(xs, ys, colour, dash = "", width = 2.5) {
    let path = "", inside = false;
    xs.forEach((x, i) => {
      const y = ys[i], ok = Number.isFinite(y) && y > this.y[0] - 0.2 && y < this.y[1] + 0.2;
      if (ok) path += `${inside ? "L" : "M"}${this.px(x).toFixed(1)} ${this.py(y).toFixed(1)}`;
      inside = ok;
    });
    this.marks.append(make("path", { d: path, stroke: colour, "stroke-width": width, "stroke-dasharray": dash }));
  }
  dot(x, y, colour) {
    if (Number.isFinite(y)) this.marks.append(make("circle", { cx: this.px(x), cy: this.py(Math.min(Math.max(y, this.y[0]), this.y[1])), r: 5, fill: colour }));
  }
}
const range = (low, high, n) => Array.from({ length: n }, (_, i) => low + (high - low) * i / (n - 1));

// --- Explorer: any function of the catalogue, its slope, and what depth makes of it ---------------------------------

function explorer(place) {
  const names = Object.keys(window.ACTS);
  const choice = (chosen, empty) => make("select", {},
    ...(empty ? [make("option", { value: "" }, "none")] : []),
    ...names.map((name) => make("option", name === chosen ? { value: name, selected: "" } : { value: name }, name)));
  const first = choice(place.dataset.first || "relu"), second = choice("", true);
  const point = make("input", { type: "range", min: -4, max: 4, step: 0.1, value: 1 });
  const sliders = make("div", { class: "row" });
  const plot = new Plot("Value and slope of the chosen functions", [-4, 4], [-2, 4],
    { x: [-4, -2, 0, 2, 4], y: [-2, -1, 0, 1, 2, 3, 4] });
  const text = make("p", { class: "say", "aria-live": "polite" });
  const values = {};
  function params(name) { return (values[name] ??= { ...window.ACTS[name].p }); }
  function rebuild() {
    sliders.replaceChildren();
    for (const name of [first.value, second.value].filter(Boolean)) {
      const act = window.ACTS[name];
      for (const [key, start] of Object.entries(act.p)) {
        const [low, high] = act.limits[key] || [null, null];
        const slider = make("input", { type: "range", step: 0.01, value: start,
          min: Math.max(low ?? -3, Math.min(-3, start)), max: Math.min(high ?? 3, Math.max(3, 2 * start)) });
        slider.value = params(name)[key];
        const shown = make("span", {}, `${name}: ${key} = ${say(params(name)[key], 2)}`);
        slider.addEventListener("input", () => {
          params(name)[key] = Number(slider.value);
          shown.textContent = `${name}: ${key} = ${say(params(name)[key], 2)}`;
          draw();
        });
        sliders.append(make("label", {}, shown, slider));
      }
    }
    draw();
  }
  function draw() {
    plot.clear();
    const at = Number(point.value), xs = range(-4, 4, 401), lines = [];
    [[first.value, "var(--ka-value)"], [second.value, "var(--ka-slope)"]].forEach(([name, colour]) => {
      if (!name) return;
      const { f, d } = window.ACTS[name], p = params(name);
      plot.curve(xs, xs.map((x) => f(x, p)), colour);
      plot.curve(xs, xs.map((x) => d(x, p)), colour, "6 5", 1.6);
      plot.dot(at, f(at, p), colour);
      const slope = d(at, p);
      lines.push(`${name} at ${at.toFixed(1)}: value ${say(f(at, p))}, slope ${say(slope)}; ` +
        `the slope to the power of 20 layers is ${say(slope ** 20)}.`);
    });
    text.textContent = lines.join(" ");
  }
  first.addEventListener("change", rebuild);
  second.addEventListener("change", rebuild);
  point.addEventListener("input", draw);
  place.replaceChildren(
    make("div", { class: "row" }, field("function", first), field("compare with", second), field("input", point)),
    sliders, make("div", { class: "panels" }, plot.svg), text);
  rebuild();
}

// --- Dying trainer: the network of lesson 8, the same arithmetic as keras_acts/course/tide.py ------------------------

class Tide {
  constructor(start, negativeSlope = 0) {
    this.w = [...start.w]; this.b = start.w.map(() => 0); this.v = [...start.v]; this.c = 0;
    this.negativeSlope = negativeSlope; this.steps = 0;
    this.times = range(-2, 2, 64);
    this.levels = this.times.map((t) => Math.sin(Math.PI * t / 2));
  }
  predict(t) {
    return this.w.reduce((sum, w, i) => {
      const z = w * t + this.b[i];
      return sum + this.v[i] * (z > 0 ? z : this.negativeSlope * z);
    }, this.c);
  }
  loss() { return this.times.reduce((sum, t, i) => sum + (this.predict(t) - this.levels[i]) ** 2, 0) / 64; }
  dead() {
    return this.w.map((w, i) => i).filter((i) => this.times.every((t) => this.w[i] * t + this.b[i] <= 0));
  }
  step(rate, count = 1) {
    for (let n = 0; n < count; n++, this.steps++) {
      const dw = this.w.map(() => 0), db = this.w.map(() => 0), dv = this.w.map(() => 0);
      let dc = 0;
      this.times.forEach((t, k) => {
        const error = 2 / 64 * (this.predict(t) - this.levels[k]);
        dc += error;
        for (let i = 0; i < this.w.length; i++) {
          const z = this.w[i] * t + this.b[i], slope = z > 0 ? 1 : this.negativeSlope, back = error * this.v[i] * slope;
          dw[i] += t * back; db[i] += back; dv[i] += error * z * slope;
        }
      });
      for (let i = 0; i < this.w.length; i++) {
        this.w[i] -= rate * dw[i]; this.b[i] -= rate * db[i]; this.v[i] -= rate * dv[i];
      }
      this.c -= rate * dc;
    }
  }
  revive() { // new hinges inside the data; an output weight of 0 keeps what the network says
    const dead = this.dead();
    dead.forEach((i, k) => {
      this.w[i] = k % 2 ? Math.SQRT2 : -Math.SQRT2;
      this.b[i] = -this.w[i] * (-2 + 4 * (k + 1) / (dead.length + 1));
      this.v[i] = 0;
    });
  }
}
KA.Tide = Tide;

function dying(place) {
  const rate = make("input", { type: "range", min: 0.01, max: 0.12, step: 0.01, value: 0.1 });
  const shown = make("span", {}, "learning rate 0.10");
  const slope = make("select", {}, make("option", { value: 0 }, "ReLU"), make("option", { value: 0.01 }, "leaky ReLU, 0.01"),
    make("option", { value: 0.1 }, "leaky ReLU, 0.1"));
  const plot = new Plot("The tide and what the network says", [-2, 2], [-1.5, 1.5], { x: [-2, -1, 0, 1, 2], y: [-1, 0, 1] });
  const units = make("div", { class: "units", role: "img" });
  const text = make("p", { class: "say", "aria-live": "polite" });
  let net, timer = 0;
  function show() {
    const dead = new Set(net.dead()), error = net.loss(), xs = range(-2, 2, 161);
    plot.clear();
    plot.curve(net.times, net.levels, "var(--ka-ink)", "2 4", 2);
    plot.curve(xs, xs.map((x) => net.predict(x)), "var(--ka-value)", "", 3);
    net.w.forEach((w, i) => {
      const hinge = -net.b[i] / w;
      if (Math.abs(hinge) <= 2) plot.curve([hinge, hinge], [-1.5, -1.35], dead.has(i) ? "var(--ka-bad)" : "var(--ka-value)", "", 2);
    });
    units.replaceChildren(...net.w.map((_, i) => make("span", dead.has(i) ? { class: "dead" } : {}, String(i))));
    units.setAttribute("aria-label", `${dead.size} of 24 units are never on: ${[...dead].join(", ") || "none"}`);
    place.dataset.dead = dead.size;
    place.dataset.loss = error;
    place.dataset.steps = net.steps;
    if (!timer) {
      text.textContent = Number.isFinite(error)
        ? `After ${net.steps} steps: ${dead.size} of 24 units are never on, error ${say(error, 4)}.`
        : "The numbers ran out of bounds: this rate is too large. Press New start.";
    }
  }
  function stop() { clearInterval(timer); timer = 0; train.textContent = "Train 600 steps"; show(); }
  function run() {
    if (timer) return stop();
    let left = 600;
    train.textContent = "Stop";
    const pace = matchMedia("(prefers-reduced-motion: reduce)").matches ? 600 : 10;
    timer = setInterval(() => {
      net.negativeSlope = Number(slope.value);
      net.step(Number(rate.value), Math.min(pace, left));
      left -= pace;
      if (left <= 0 || !Number.isFinite(net.loss()) || !place.isConnected) stop(); else show();
    }, 30);
  }
  function reset() { net = new Tide(window.TIDE, Number(slope.value)); stop(); }
  const train = make("button", { type: "button", onclick: run }, "Train 600 steps");
  rate.addEventListener("input", () => { shown.textContent = `learning rate ${Number(rate.value).toFixed(2)}`; });
  place.replaceChildren(
    make("div", { class: "row" }, make("label", {}, shown, rate), field("activation", slope), train,
      make("button", { type: "button", onclick: () => { net.revive(); show(); } }, "Revive the dead"),
      make("button", { type: "button", onclick: reset }, "New start")),
    make("div", { class: "panels" }, plot.svg, make("div", {},
      make("p", { class: "say" }, "The 24 units; crossed out: never on. Marks at the bottom of the plot: where each switches on."), units)),
    text);
  reset();
}

// --- Depth meter: signal forward and gradient back through equal layers -----------------------------------------------

// Very wide layers, whose inputs are normal: each layer multiplies the gradient's power by gain² E[f'(z)²].
const NODES = range(-8, 8, 641), DENSITY = NODES.map((z) => Math.exp(-z * z / 2));
const TOTAL = DENSITY.reduce((sum, w) => sum + w, 0);
const meanSquare = (f) => NODES.reduce((sum, z, i) => sum + DENSITY[i] * f(z) ** 2, 0) / TOTAL;
function reach(name, gain, depth) {
  const { f, d, p } = window.ACTS[name], parts = [1];
  let spread = gain; // of what enters the first activation, for inputs of spread 1
  const slopes = [];
  for (let layer = 0; layer < depth; layer++) {
    slopes.push(meanSquare((z) => d(spread * z, p)));
    spread = gain * Math.sqrt(meanSquare((z) => f(spread * z, p)));
  }
  for (const slope of slopes.reverse()) parts.push(parts.at(-1) * gain * Math.sqrt(slope));
  return parts; // the part of the gradient that arrives, from the end of the network to its first layer
}
KA.reach = reach;

function depth(place) {
  const name = make("select", {}, ...Object.keys(window.ACTS).map((each) => make("option", { value: each }, each)));
  name.value = "relu";
  const gain = make("input", { type: "range", min: -1, max: 4, step: 0.05, value: 0 });
  const layers = make("input", { type: "range", min: 2, max: 50, step: 1, value: 20 });
  const [shownGain, shownLayers] = [make("span"), make("span")];
  const plot = new Plot("The part of the gradient that arrives, layer by layer, as a power of ten", [0, 50], [-12, 6],
    { x: [0, 10, 20, 30, 40, 50], y: [-12, -9, -6, -3, 0, 3, 6] });
  const text = make("p", { class: "say", "aria-live": "polite" });
  function draw() {
    const size = 2 ** Number(gain.value), count = Number(layers.value), parts = reach(name.value, size, count);
    shownGain.textContent = `gain ${size.toFixed(2)}`;
    shownLayers.textContent = `${count} layers`;
    plot.clear();
    plot.curve(parts.map((_, i) => i), parts.map((part) => Math.log10(part)), "var(--ka-value)");
    place.dataset.reach = parts.at(-1);
    const power = Math.log10(parts.at(-1));
    text.textContent = `${name.value}, gain ${size.toFixed(2)}: after ${count} layers ` +
      (Number.isFinite(power) ? `10^${power.toFixed(1)} of the gradient is left` : "nothing that a number can hold is left") +
      (power < -3 ? ", it vanishes." : power > 3 ? ", it explodes." : ", it lives.");
  }
  for (const control of [name, gain, layers]) control.addEventListener("input", draw);
  place.replaceChildren(
    make("div", { class: "row" }, field("activation", name), make("label", {}, shownGain, gain), make("label", {}, shownLayers, layers)),
    make("div", { class: "panels" }, plot.svg, make("p", { class: "say" },
      "To the right: layers on the way back to the input. Up and down: the part that arrives, as a power of ten. " +
      "Computed for very wide layers; the table above measures layers of 100 units.")), text);
  draw();
}

// --- Confidently wrong: the pull of two losses on a wrong score -------------------------------------------------------

function confident(place) {
  const score = make("input", { type: "range", min: -6, max: 20, step: 0.5, value: 0 }), shown = make("span");
  const square = (share) => 4 * share * share * (1 - share);
  const plot = new Plot("How hard two losses pull on the wrong score", [-6, 20], [0, 1.2], { x: [-5, 0, 5, 10, 15, 20], y: [0, 0.5, 1] });
  const text = make("p", { class: "say", "aria-live": "polite" }), xs = range(-6, 20, 261);
  function draw() {
    const at = Number(score.value), share = KA.sigmoid(at);
    shown.textContent = `score of the wrong ship ${at}`;
    plot.clear();
    plot.curve(xs, xs.map(KA.sigmoid), "var(--ka-value)");
    plot.curve(xs, xs.map((x) => square(KA.sigmoid(x))), "var(--ka-slope)", "6 5");
    plot.dot(at, share, "var(--ka-value)");
    plot.dot(at, square(share), "var(--ka-slope)");
    text.textContent = `The wrong ship gets a share of ${(100 * share).toFixed(1)} %. Cross-entropy pulls with ${say(share)}, ` +
      `the squared error with ${say(square(share))}.`;
  }
  score.addEventListener("input", draw);
  place.replaceChildren(make("div", { class: "row" }, make("label", {}, shown, score)),
    make("div", { class: "panels" }, plot.svg, make("p", { class: "say" }, "Solid: cross-entropy of scores. Dashed: squared error of softmax.")), text);
  draw();
}

// --- Filter of the catalogue ----------------------------------------------------------------------------------------

function filter(place) {
  const table = document.querySelector(".md-content table");
  if (!table) return;
  const rows = [...table.querySelectorAll("tbody tr")];
  const kinds = [...new Set(rows.map((row) => row.cells[1].textContent))].sort();
  const word = make("input", { type: "search" });
  const kind = make("select", {}, make("option", { value: "" }, "all"), ...kinds.map((k) => make("option", { value: k }, k)));
  const text = make("p", { class: "say", "aria-live": "polite" });
  const apply = () => {
    for (const row of rows) {
      row.hidden = !row.textContent.toLowerCase().includes(word.value.toLowerCase()) || (kind.value && row.cells[1].textContent !== kind.value);
    }
    text.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} shown`;
  };
  word.addEventListener("input", apply);
  kind.addEventListener("change", apply);
  place.replaceChildren(make("div", { class: "row" }, field("any word in the row", word), field("kind", kind)), text);
  apply();
}

// --- What the theme leaves unnamed ----------------------------------------------------------------------------------

function names() {
  document.querySelector(".md-search[role=dialog]")?.setAttribute("aria-label", "Search");
  const mend = () => {
    document.querySelectorAll("nav.md-code__nav:not([role])").forEach((nav) => nav.setAttribute("role", "none"));
    document.querySelectorAll(".md-typeset__scrollwrap, .math").forEach((wrap) => { // what is wide scrolls: let the keyboard do it too
      if (wrap.scrollWidth > wrap.clientWidth) wrap.tabIndex = 0; else wrap.removeAttribute("tabindex");
    });
  };
  new MutationObserver(mend).observe(document.body, { childList: true, subtree: true }); // the theme adds them later
  window.addEventListener("resize", mend);
  mend();
}

const WIDGETS = { explorer, dying, depth, confident, filter };
function start() {
  document.querySelectorAll("[data-widget]").forEach((place) => WIDGETS[place.dataset.widget](place));
  names();
}
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start); else start();
})();
