// The log: any line of it at once, however long it is. Only the lines that can be seen are in the page; which
// these are is `top`, the number of the first one, with a fraction. The scroll bar follows `top` and leads it.
import { ask, element, inert, onNews, reload } from "./page.js";

const PIECE = 500, LEAST_WAIT = 40, TALLEST = 4_000_000;
const box = document.getElementById("log");

class Log {
  constructor() {
    this.address = box.dataset.lines;
    this.view = document.getElementById("log-view");
    this.plain = this.view.querySelector(".log-plain");
    this.pieces = new Map();
    this.total = 0;
    this.size = 0;
    this.top = 0;
    this.following = box.dataset.growing !== undefined;
    this.matches = [];
    this.match = -1;
    this.text = "";
    this.height = parseFloat(getComputedStyle(this.view).lineHeight) || 18;
    this.space = element("div", "log-space");
    this.window = element("div", "log-window");
    this.lines = element("div", "log-lines");
    this.window.append(this.lines);
    this.space.append(this.window);
  }

  // What there is

  async piece(number, fresh = false) {
    const known = this.pieces.get(number);
    if (known && !fresh) return known;
    const answer = await ask(`${this.address}?from=${number * PIECE}&count=${PIECE}`);
    if (!answer.ok) throw new Error(String(answer.status));
    const got = await answer.json();
    this.pieces.set(number, got.lines);
    while (this.pieces.size > 24) this.pieces.delete(this.pieces.keys().next().value);
    this.measure(got.total, got.size);
    return got.lines;
  }

  measure(total, size) {
    if (total === this.total && size === this.size) return;
    this.total = total;
    this.size = size;
    this.layOut();
    document.getElementById("log-total").textContent =
      `${total.toLocaleString("en")} ${total === 1 ? "line" : "lines"}, ${bytes(size)}`;
  }

  layOut() {
    this.window.style.height = `${this.view.clientHeight}px`;
    this.space.style.height = `${Math.max(this.view.clientHeight, Math.min(TALLEST, this.total * this.height))}px`;
  }

  /** The log has grown: the last piece is asked for again. */
  async grown() {
    const end = Math.floor(Math.max(0, this.total - 1) / PIECE);
    await this.piece(end, true);
    const now = Math.floor(Math.max(0, this.total - 1) / PIECE);
    if (now !== end) await this.piece(now, true);
    if (this.following) this.top = this.last();
    await this.show();
  }

  // What is seen

  seen() { return Math.max(1, Math.floor(this.view.clientHeight / this.height)); }
  last() { return Math.max(0, this.total - this.seen()); }

  /** Shows the lines from `top` on. */
  async show() {
    const first = Math.floor(this.top), count = this.seen() + 2;
    const numbers = [...new Set([Math.floor(first / PIECE), Math.floor((first + count) / PIECE)])];
    const missing = numbers.filter((number) => !this.pieces.has(number) && number * PIECE < this.total);
    if (missing.length) {
      const wanted = this.top;
      await Promise.all(missing.map((number) => this.piece(number)));
      if (wanted !== this.top && !this.following) return void this.show();
    }
    this.paint(first, count);
  }

  paint(first, count) {
    const rows = [];
    for (let number = first; number < Math.min(this.total, first + count); number += 1) {
      const text = this.pieces.get(Math.floor(number / PIECE))?.[number % PIECE];
      if (text !== undefined) rows.push(this.row(number, text));
    }
    this.lines.replaceChildren(...rows);
    if (!rows.length) {
      const empty = element("div", "log-line");
      empty.append(element("span", "ln"), element("span", "tx dim", box.dataset.growing === undefined ? "Nothing was printed." : "Nothing was printed yet."));
      this.lines.append(empty);
    }
    this.place();
    this.follow(this.following);
  }

  place() {
    const part = this.top - Math.floor(this.top), row = this.lines.firstElementChild;
    let shift = part * (row?.offsetHeight ?? this.height);
    // At the end the last line stands at the bottom, however high wrapped lines are.
    if (this.top >= this.last()) shift = Math.max(0, this.lines.offsetHeight - this.view.clientHeight);
    this.lines.style.transform = `translateY(${-shift}px)`;
    const room = this.space.offsetHeight - this.view.clientHeight;
    this.expected = this.last() ? Math.round((this.top / this.last()) * room) : 0;
    if (Math.abs(this.view.scrollTop - this.expected) > 1) this.view.scrollTop = this.expected;
  }

  row(number, text) {
    const row = element("div", "log-line"), place = element("span", "ln"), shown = element("span", "tx");
    place.dataset.n = String(number + 1);
    shown.append(...colored(text, this.text));
    if (this.matches[this.match] === number) row.classList.add("found");
    row.append(place, shown);
    return row;
  }

  // Where one is

  go(top, follow = false) {
    const bounded = Math.min(this.last(), Math.max(0, top));
    this.following = follow || (box.dataset.growing !== undefined && bounded >= this.last());
    this.top = bounded;
    void this.show();
  }

  follow(on) {
    this.following = on;
    const growing = box.dataset.growing !== undefined, away = this.top < this.last();
    document.getElementById("log-end").disabled = !away && (on || !growing);
    document.getElementById("log-state").textContent = growing ? (on ? "following" : "not following: scrolled away from the end") : "";
  }

  scrolled() {
    if (Math.abs(this.view.scrollTop - this.expected) <= 1) return;
    const room = this.space.offsetHeight - this.view.clientHeight;
    this.go(room > 0 ? (this.view.scrollTop / room) * this.last() : 0);
  }

  wheeled(event) {
    if (event.ctrlKey || event.shiftKey || !event.deltaY) return;
    const lines = event.deltaMode === 1 ? event.deltaY : event.deltaMode === 2 ? event.deltaY * this.seen() : event.deltaY / this.height;
    if ((lines < 0 && this.top <= 0) || (lines > 0 && this.top >= this.last())) return;
    event.preventDefault();
    this.go(this.top + lines);
  }

  keyed(event) {
    const page = Math.max(1, this.seen() - 1);
    const steps = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page, " ": event.shiftKey ? -page : page };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in steps) this.go(Math.round(this.top) + steps[event.key]);
    else if (event.key === "Home") this.go(0);
    else if (event.key === "End" || event.key === "f") this.go(this.last(), true);
    else return;
    event.preventDefault();
  }

  // Finding

  async search(text) {
    this.text = text;
    this.matches = [];
    this.match = -1;
    this.found("");
    if (text) {
      const answer = await ask(`${this.address}?${new URLSearchParams({ search: text })}`);
      if (!answer.ok || this.text !== text) return;
      const got = await answer.json();
      this.matches = got.matches;
      this.more = got.more;
      if (this.matches.length) return void this.toMatch(0);
      this.found("not found");
    }
    await this.show();
  }

  async toMatch(number) {
    if (number >= this.matches.length && this.more) {
      const query = new URLSearchParams({ search: this.text, from: String(this.matches[this.matches.length - 1] + 1) });
      const got = await (await ask(`${this.address}?${query}`)).json();
      this.matches.push(...got.matches);
      this.more = got.more;
    }
    const count = this.matches.length;
    this.match = (number + count) % count;
    this.found(`${this.match + 1} of ${count}${this.more ? "+" : ""}`);
    this.go(this.matches[this.match] - Math.floor(this.seen() / 3));
  }

  found(text) {
    document.getElementById("log-found").textContent = text;
    for (const name of ["log-previous", "log-next"]) document.getElementById(name).disabled = !this.matches.length;
  }

  // Setting up

  async begin() {
    const got = await (await ask(`${this.address}?from=-${PIECE}&count=${PIECE}`)).json();
    this.view.replaceChildren(this.space);
    this.measure(got.total, got.size);
    this.layOut();
    this.top = this.following ? this.last() : 0;
    await this.show();
    this.view.addEventListener("scroll", () => this.scrolled());
    this.view.addEventListener("wheel", (event) => this.wheeled(event), { passive: false });
    this.view.addEventListener("keydown", (event) => this.keyed(event));
    new ResizeObserver(() => { this.layOut(); if (this.following) this.top = this.last(); void this.show(); }).observe(this.view);
    this.controls();
  }

  controls() {
    const get = (name) => document.getElementById(name);
    get("log-wrap").addEventListener("change", (event) => {
      this.view.classList.toggle("wrap", event.target.checked);
      void this.show();
    });
    get("log-end").addEventListener("click", () => { this.go(this.last(), true); this.view.focus(); });
    get("log-goto").addEventListener("change", (event) => {
      const line = parseInt(event.target.value.replace(/\D/g, ""), 10);
      if (line > 0) this.go(line - 1);
    });
    get("log-search").addEventListener("submit", (event) => {
      event.preventDefault();
      const text = get("log-text").value;
      if (text === this.text && this.matches.length) void this.toMatch(this.match + 1);
      else void this.search(text);
    });
    get("log-text").addEventListener("input", debounced(() => void this.search(get("log-text").value), 250));
    get("log-next").addEventListener("click", () => void this.toMatch(this.match + 1));
    get("log-previous").addEventListener("click", () => void this.toMatch(this.match - 1));
  }
}

function bytes(count) {
  let value = count, unit = "B";
  for (const next of ["kB", "MB", "GB"]) {
    if (value < 1000) break;
    value /= 1000;
    unit = next;
  }
  return `${unit === "B" ? value : value.toFixed(1)} ${unit}`;
}

function debounced(work, milliseconds) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, milliseconds);
  };
}

// Colours of terminals. Every other escape sequence is left out, and what else would steer a terminal is shown.
const SEQUENCE = /\x1b(?:\[([0-9;:]*)m|\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])/g;

/** The nodes of a line: text in colours, with what was searched for marked. */
export function colored(text, sought) {
  const nodes = [];
  let classes = new Set(), at = 0;
  const add = (part) => {
    if (part) nodes.push(...marked(inert(part), sought).map((node) => (classes.size ? within(node, classes) : node)));
  };
  for (const match of text.matchAll(SEQUENCE)) {
    add(text.slice(at, match.index));
    at = match.index + match[0].length;
    if (match[1] !== undefined) classes = styled(classes, match[1]);
  }
  add(text.slice(at));
  return nodes;
}

function within(node, classes) {
  const span = element("span", [...classes].join(" "));
  span.append(node);
  return span;
}

function styled(before, codes) {
  const classes = new Set(before), numbers = codes.split(/[;:]/).map(Number);
  const without = (low, high) => { for (const name of classes) { const code = Number(name.slice(2)); if (code >= low && code <= high) classes.delete(name); } };
  for (let place = 0; place < numbers.length; place += 1) {
    const code = numbers[place];
    if (code === 0) classes.clear();
    else if (code === 38 || code === 48) place += numbers[place + 1] === 5 ? 2 : 4;
    else if (code === 1) classes.add("a-b");
    else if (code === 2) classes.add("a-d");
    else if (code === 3) classes.add("a-i");
    else if (code === 4) classes.add("a-u");
    else if (code === 7) classes.add("a-7");
    else if (code === 22) { classes.delete("a-b"); classes.delete("a-d"); }
    else if (code === 23) classes.delete("a-i");
    else if (code === 24) classes.delete("a-u");
    else if (code === 27) classes.delete("a-7");
    else if (code === 39) { without(30, 37); without(90, 97); }
    else if (code === 49) { without(40, 47); without(100, 107); }
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) { without(30, 37); without(90, 97); classes.add(`a-${code}`); }
    else if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107)) { without(40, 47); without(100, 107); classes.add(`a-${code}`); }
  }
  return classes;
}

function marked(text, sought) {
  if (!sought) return [document.createTextNode(text)];
  const nodes = [], low = text.toLowerCase(), needle = sought.toLowerCase();
  let at = 0;
  for (let found = low.indexOf(needle); found >= 0; found = low.indexOf(needle, at)) {
    if (found > at) nodes.push(document.createTextNode(text.slice(at, found)));
    nodes.push(element("mark", "", text.slice(found, found + needle.length)));
    at = found + needle.length;
  }
  if (at < text.length) nodes.push(document.createTextNode(text.slice(at)));
  return nodes;
}

if (box) {
  const log = new Log();
  const ready = log.begin();
  let asking = false, again = false;
  const grow = async () => {
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    try {
      await ready;
      await log.grown();
    } catch { /* the service is away for the moment */ }
    asking = false;
    if (again) {
      again = false;
      setTimeout(grow, LEAST_WAIT);
    }
  };
  onNews((news) => {
    // In place of the run's own log, another one was shown until there is that one.
    if (news.first && box.dataset.standsIn !== undefined && log.following) return void reload();
    if (news.log !== undefined && news.log !== null && news.log !== log.size) void grow();
    if (news.over) {
      delete box.dataset.growing;
      void grow();
    }
  });
} else if (document.querySelector("[data-region='waiting']")) {
  onNews(async (news, before) => {
    if (news.files === before.files && news.log === before.log && !news.over) return;
    const page = await (await ask(location.href)).text();
    if (page.includes('id="main"') && !page.includes('data-region="waiting"')) reload();
  });
}
