// What every page does: shows what is new without moving what is there, and a few conveniences.
// All text goes into pages as text; nothing here makes markup of anything.

const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The text with control characters and direction marks shown, never obeyed; as `scaffold.words.inert`. */
export function inert(text) {
  return text.replace(CONTROL, (mark) => "\\x" + mark.charCodeAt(0).toString(16).padStart(2, "0"));
}

/** An element with a class and text. */
export function element(name, classes = "", text = "") {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  if (text) made.textContent = text;
  return made;
}

// Asking the service

// The address of each page carries a secret, and once the service has ended, anybody may have its port. So nothing
// is sent there by itself before the service has proved that it is the one that made this page: it answers a
// challenge, at an address without the secret, by a key that only they two know.
const key = crypto.subtle?.importKey(
  "raw", bytesOf(document.body.dataset.proof), { name: "HMAC", hash: "SHA-256" }, false, ["verify"],
);
let lost = false;

function bytesOf(digits) {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** True when the service that made this page is there, false when another one is; throws when none answers. */
async function proven() {
  if (!key) return !lost;  // an old browser: after the first failure it asks for nothing any more
  const random = crypto.getRandomValues(new Uint8Array(32));
  const challenge = [...random].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const answer = await fetch(`/proof?challenge=${challenge}`, {
    credentials: "omit", referrerPolicy: "no-referrer", redirect: "error", cache: "no-store",
  });
  const { proof } = answer.ok ? await answer.json().catch(() => ({})) : {};
  const given = typeof proof === "string" ? bytesOf(proof) : new Uint8Array();
  return crypto.subtle.verify("HMAC", await key, given, new TextEncoder().encode(challenge));
}

/** As `fetch`, once the service has proved itself. */
export async function ask(address, options = {}) {
  if (!(await proven())) {
    away();
    throw new Error("another service answers");
  }
  return fetch(address, options);
}

/** Loads the page again, once the service has proved itself. */
export async function reload() {
  if (await proven().catch(() => false)) location.reload();
}

/** Says that this page cannot be renewed any more. */
function away() {
  leave();
  lost = true;
  if (document.getElementById("away")) return;
  const notice = element("p", "notice", "The workspace was started again since this page was opened. For the present state: scaffold workspace open");
  notice.id = "away";
  notice.setAttribute("role", "status");
  document.getElementById("main").prepend(notice);
}

// Renewing parts of a page

/** Makes a node like another one, changing only what differs: focus, places scrolled to and open parts stay. */
function morph(node, wanted) {
  if (node.nodeType !== wanted.nodeType || node.nodeName !== wanted.nodeName) {
    node.replaceWith(wanted.cloneNode(true));
    return;
  }
  if (node.nodeType !== Node.ELEMENT_NODE) {
    if (node.nodeValue !== wanted.nodeValue) node.nodeValue = wanted.nodeValue;
    return;
  }
  for (const { name } of [...node.attributes]) {
    if (!wanted.hasAttribute(name) && name !== "open") node.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    if (node.getAttribute(name) !== value && name !== "open") node.setAttribute(name, value);
  }
  if (node.nodeName === "INPUT") return;
  morphChildren(node, wanted);
}

function morphChildren(node, wanted) {
  const keyed = new Map();
  for (const child of node.children) if (child.dataset.key !== undefined) keyed.set(child.dataset.key, child);
  let at = node.firstChild;
  for (const child of wanted.childNodes) {
    const key = child.dataset?.key;
    const known = key === undefined ? undefined : keyed.get(key);
    if (known) {
      if (known !== at) node.insertBefore(known, at);
      else at = at.nextSibling;
      morph(known, child);
    } else if (at && key === undefined && at.dataset?.key === undefined) {
      const present = at;
      at = at.nextSibling;
      morph(present, child);
    } else {
      node.insertBefore(child.cloneNode(true), at);
    }
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

/** Asks for the page again and renews the regions that differ; `hold` says whether a region has to wait. */
export async function renew(hold = () => false) {
  const answer = await ask(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok && answer.status !== 404) return null;  // what a run has not left is told with 404
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const region of document.querySelectorAll("[data-region]")) {
    const wanted = page.querySelector(`[data-region="${region.dataset.region}"]`);
    if (!wanted || hold(region, wanted)) continue;
    const ends = [...region.querySelectorAll("[data-end]"), ...(region.matches("[data-end]") ? [region] : [])].filter(isAtEnd);
    morph(region, wanted);
    for (const part of ends) part.scrollTop = part.scrollHeight;
  }
  return page;
}

function isAtEnd(part) {
  return part.scrollTop + part.clientHeight >= part.scrollHeight - 8;
}

// News from the service

const listeners = new Set();
let source = null;
let last = null;

/** Calls back with every piece of news: what the service says of this page's run or list. */
export function onNews(listener) {
  listeners.add(listener);
  if (last) listener(last, {});
}

const RETRY = 2000;
let trying = false;

async function listen(address) {
  if (source || trying || lost || last?.over || document.hidden) return;
  trying = true;
  const there = await proven().catch(() => null);
  trying = false;
  if (there === false) return away();
  if (there === null) return void setTimeout(() => listen(address), RETRY);
  if (document.hidden) return;
  source = new EventSource(address);
  // By itself, it would go on to send the address to whoever has the port.
  source.onerror = () => {
    leave();
    if (!key) lost = true;
    setTimeout(() => listen(address), RETRY);
  };
  source.onmessage = (event) => {
    const news = JSON.parse(event.data), before = last ?? {};
    last = news;
    if (news.over) leave();
    for (const listener of listeners) listener(news, before);
  };
}

function leave() {
  source?.close();
  source = null;
}

// Lists

function keysOf(region) {
  return [...region.querySelectorAll("tbody tr[data-key]")].map((row) => row.dataset.key);
}

/** Rows that come or go would move what somebody is about to click; they wait until it is asked for. */
function holdsList(region, wanted) {
  const news = document.getElementById("news");
  if (region.dataset.region !== "list" || !news) return false;
  const present = keysOf(region), coming = keysOf(wanted);
  const same = present.length === coming.length && present.every((key, place) => key === coming[place]);
  const busy = region.matches(":hover") || region.contains(document.activeElement) || scrollY > 40
    || region.querySelector("input:checked");
  news.hidden = same || !busy || !present.length;
  if (news.hidden) return false;
  for (const row of region.querySelectorAll("tbody tr[data-key]")) {
    const renewed = [...wanted.querySelectorAll("tbody tr[data-key]")].find((other) => other.dataset.key === row.dataset.key);
    if (renewed && renewed.children.length === row.children.length) morph(row, renewed);
  }
  return true;
}

// One renewal at a time, and one more when there was news meanwhile.
let renewing = false, again = false;
export async function renewSoon(hold = holdsList) {
  if (renewing) {
    again = true;
    return;
  }
  renewing = true;
  try {
    await renew(hold);
  } catch { /* the service is away for the moment */ }
  renewing = false;
  if (again) {
    again = false;
    setTimeout(renewSoon, 150);
  }
}

// Setting up

function ticking() {
  for (const span of document.querySelectorAll("[data-since]")) {
    span.textContent = duration(Math.max(0, Date.now() - Date.parse(span.dataset.since)) / 1000);
  }
}

function duration(seconds) {
  if (seconds < 60) return `${Math.max(0, seconds).toFixed(0)} s`;
  const two = (number) => String(Math.floor(number)).padStart(2, "0");
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${two((seconds % 3600) / 60)} min`;
}

function setUpTheme() {
  const button = document.getElementById("theme"), root = document.documentElement;
  const dark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const name = () => { button.textContent = dark() ? "Light" : "Dark"; };
  button.hidden = false;
  button.setAttribute("aria-label", "Change between light and dark");
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    document.cookie = `scaffold-theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
    name();
    document.dispatchEvent(new Event("theme"));
  });
  name();
}

function setUpKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea")) return;
    const field = document.querySelector("[data-slash]");
    if (field) {
      event.preventDefault();
      field.focus();
      field.select();
    }
  });
}

function setUpCopying() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll(".copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.parentElement.querySelector("pre").textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
  }
}

function setUpForms() {
  document.addEventListener("submit", (event) => {
    const question = event.target.dataset.confirm;
    if (question && !confirm(question)) event.preventDefault();
  });
  const menu = document.querySelector("details.menu");
  document.addEventListener("click", (event) => {
    if (menu?.open && !menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu?.open) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  const button = document.getElementById("compare-button");
  if (button) {
    const count = () => {
      const chosen = document.querySelectorAll("#compare input:checked").length;
      document.getElementById("compare-count").textContent = chosen ? String(chosen) : "";
      button.disabled = chosen < 2 || chosen > 10;
    };
    document.getElementById("compare").addEventListener("change", count);
    count();
  }
  const differences = document.getElementById("differences");
  differences?.addEventListener("change", () => {
    document.getElementById("comparison").classList.toggle("only-differences", differences.checked);
  });
  document.getElementById("news")?.addEventListener("click", (event) => {
    event.currentTarget.hidden = true;
    scrollTo(0, 0);
    void renew();
  });
}

setUpTheme();
setUpKeys();
setUpCopying();
setUpForms();
for (const current of document.querySelectorAll("nav ul [aria-current='page']")) {
  const list = current.closest("ul");
  list.scrollLeft = current.offsetLeft - list.offsetLeft - 24;
}
for (const part of document.querySelectorAll("[data-end]")) part.scrollTop = part.scrollHeight;
setInterval(ticking, 1000);

const address = document.body.dataset.live;
if (address) {
  // Modules of the page add what they follow before the first news can come.
  queueMicrotask(() => setTimeout(() => {
    const log = document.getElementById("log") ?? document.querySelector("[data-follow]");
    const full = log?.dataset.path ? `${address}?log=${encodeURIComponent(log.dataset.path)}` : address;
    listen(full);
    // A browser has few connections to one address; a page that nobody sees gives its own back.
    document.addEventListener("visibilitychange", () => (document.hidden ? leave() : listen(full)));
  }));
  onNews((news, before) => {
    if (news.changes !== before.changes || news.state !== before.state || news.files !== before.files || news.over || (news.log ?? 0) !== (before.log ?? 0) && !document.getElementById("log")) {
      void renewSoon();
    }
  });
}
