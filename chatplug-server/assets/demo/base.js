// Small helpers, and the talk with the server. Text becomes text nodes only: nothing here makes HTML of it.
const $ = (id) => document.getElementById(id);
function h(tag, props, ...children) {
  const el = tag === "svg" || tag === "use" || tag === "path" ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "on") for (const [name, run] of Object.entries(value)) el.addEventListener(name, run);
    else if (key === "data") Object.assign(el.dataset, value);
    else if (key === "css") for (const [name, set] of Object.entries(value)) el.style.setProperty(name, set);
    else if (key === "class") el.setAttribute("class", value);
    else el.setAttribute(key, value === true ? "" : value);
  }
  el.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return el;
}
const icon = (name, cls) => h("svg", { "aria-hidden": "true", class: cls }, h("use", { href: "#i-" + name }));
const initials = (name) => (name || "?").split(/\s+/).filter(Boolean).slice(0, 2).map((word) => Array.from(word)[0]).join("").toUpperCase();
const fill = (el, ...children) => el.replaceChildren(...children.flat(Infinity).filter(Boolean));

const query = new URLSearchParams(location.search);
const app = { info: null, client: null, name: "", items: new Map(), state: null, day: null, date: null, zone: "UTC", stream: null, live: false };

async function get(path, params) {
  const url = path + (params ? "?" + new URLSearchParams(params) : "");
  const answer = await fetch("/demo/api/" + url, { headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error(path + ": " + answer.status);
  return answer.json();
}
async function post(path, body) {
  const answer = await fetch("/demo/api/" + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(path + ": " + answer.status);
  return answer.status === 204 ? null : answer.json();
}
const soon = (run, wait) => { let timer; return () => { clearTimeout(timer); timer = setTimeout(run, wait); }; };

const formats = new Map();
function format(date, options, zone) {
  const key = lang + zone + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(lang === "en" ? "en-GB" : lang === "pt" ? "pt-BR" : lang, { ...options, timeZone: zone }));
  return formats.get(key).format(date);
}
const clockTime = (iso) => format(new Date(iso), { hour: "2-digit", minute: "2-digit" }, app.zone);
const localDate = (date) => new Intl.DateTimeFormat("en-CA", { timeZone: app.zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(date);
function dayName(iso, options) {
  const today = localDate(new Date());
  const yesterday = localDate(new Date(Date.now() - 864e5));
  if (iso === today) return t("today");
  if (iso === yesterday) return t("yesterday");
  return format(new Date(iso + "T12:00:00Z"), options, "UTC");
}
