// The phone: what was said, drawn as WhatsApp does, and what a client can do with it.
const REACTIONS = ["👍", "❤️", "😂", "😮", "🙏"];
let quoting = null;
let typingTimer = 0;
let sheetFrom = null;

function drawItem(item) {
  const old = app.items.get(item.id);
  app.items.set(item.id, item);
  if (!item.mine) showTyping(false);
  const log = $("log");
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 90;
  const node = messageNode(item);
  if (old) {
    const present = log.querySelector(`[data-id="${CSS.escape(item.id)}"]`);
    if (present) { node.classList.toggle("joined", present.classList.contains("joined")); present.replaceWith(node); }
  } else {
    log.querySelector(".welcome")?.remove();
    append(log, node, item);
    if (app.live) node.classList.add("fresh");
  }
  if (!old && (atEnd || item.mine)) log.scrollTop = log.scrollHeight;
}

function append(log, node, item) {
  const day = localDate(new Date(item.at));
  if (log.dataset.day !== day) {
    log.dataset.day = day;
    log.dataset.last = "";
    log.append(h("div", { class: "chip" }, dayName(day, { weekday: "long", day: "numeric", month: "long" })));
  }
  const side = item.mine ? "mine" : item.person ? "person" : "bot";
  if (log.dataset.last === side) node.classList.add("joined");
  log.dataset.last = side;
  const typing = log.querySelector(".typing");
  if (typing) typing.before(node); else log.append(node);
}

function messageNode(item) {
  const body = item.body;
  const node = h("div", { class: "msg" + (item.mine ? " mine" : ""), data: { id: item.id, testid: "bubble", mine: String(item.mine), kind: body.kind } });
  const bare = body.kind === "media" && body.media === "sticker";
  const bubble = h("div", { class: "bubble" + (bare ? " bare" : "") });
  if (item.person) bubble.append(h("span", { class: "by" }, t("person")));
  const quoted = item.quoted && app.items.get(item.quoted);
  if (quoted) bubble.append(quoteNode(quoted));
  bubble.append(...contentNodes(item), metaNode(item));
  node.append(bubble);
  const acts = actNodes(item);
  if (acts.length) node.append(h("div", { class: "acts" }, acts));
  const reactions = [item.reactions?.client, item.reactions?.salon].filter(Boolean);
  if (reactions.length) { bubble.append(h("span", { class: "reactions", data: { testid: "reaction" } }, reactions.join(" "))); node.classList.add("has-reaction"); }
  if (!item.mine) node.append(toolNodes(item));
  return node;
}

function contentNodes(item) {
  const body = item.body;
  switch (body.kind) {
    case "location": {
      const point = body.point || body;
      const name = body.name || (item.mine ? t("myLocation") : "");
      const href = point && point.latitude !== undefined ? `https://www.openstreetmap.org/?mlat=${+point.latitude}&mlon=${+point.longitude}#map=17/${+point.latitude}/${+point.longitude}` : null;
      const map = h("div", { class: "map" }, h("svg", { class: "tiles", viewBox: "0 0 260 130", preserveAspectRatio: "xMidYMid slice", "aria-hidden": "true" }, h("use", { href: "#i-map" })), icon("pin", "flag"));
      const place = h("div", { class: "place" }, h("b", {}, name), body.address ? h("span", {}, body.address) : null);
      return [href ? h("a", { class: "card", href, target: "_blank", rel: "noopener noreferrer" }, map, place) : h("div", { class: "card" }, map, place)];
    }
    case "image": {
      const url = body.source?.url;
      const picture = url && h("img", { class: "pic", src: url, alt: body.caption || t("photoOf"), loading: "lazy", on: { load: () => { const log = $("log"); if (log.scrollHeight - log.scrollTop - log.clientHeight < 420) log.scrollTop = log.scrollHeight; } } });
      return [picture && h("div", { class: "card" }, picture), body.caption ? textNode(body.caption) : null].filter(Boolean);
    }
    case "document": return [h("div", { class: "file" }, icon("doc"), h("span", {}, body.name)), body.caption ? textNode(body.caption) : null].filter(Boolean);
    case "contact": return [h("div", { class: "file" }, icon("person"), h("span", {}, body.name, h("br"), h("small", {}, "+" + body.phone)))];
    case "template": return [h("span", { class: "by" }, t("template")), textNode(body.preview)];
    case "media":
      if (body.media === "sticker") return [h("span", { class: "big", role: "img", "aria-label": t("sticker") }, "🥳")];
      if (body.media === "voice") return [h("div", { class: "voice", role: "img", "aria-label": t("voice") }, icon("mic"), h("span", { class: "wave" }), "0:07")];
      return [h("div", { class: "file" }, icon("image"), h("span", {}, t("image")))];
    case "tap": return [textNode(body.title)];
    default: return [textNode(body.body ?? body.text ?? "")];
  }
}

// *bold*, _italic_, ~struck~ and ```code```, as WhatsApp writes them; addresses become links.
function textNode(text) {
  const node = h("span", { class: "body" });
  const rule = /```([^`]+)```|\*(\S(?:[^*\n]*\S)?)\*|(?<![\w/])_(\S(?:[^_\n]*\S)?)_(?!\w)|~(\S(?:[^~\n]*\S)?)~|(https?:\/\/[^\s<>"]+)/g;
  let last = 0;
  for (const m of text.matchAll(rule)) {
    node.append(text.slice(last, m.index));
    const [, code, bold, italic, struck, url] = m;
    if (url) node.append(h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, url));
    else node.append(h(code ? "code" : bold ? "b" : italic ? "i" : "s", {}, code ?? bold ?? italic ?? struck));
    last = m.index + m[0].length;
  }
  node.append(text.slice(last));
  return node;
}

function metaNode(item) {
  const meta = h("span", { class: "meta" }, clockTime(item.at));
  if (item.mine) {
    const label = item.status || "pending";
    if (label === "failed") meta.append(" ⚠ ", t("notSent"));
    else if (label === "pending") meta.append(icon("clock", "wait"));
    else meta.append(icon(label === "sent" ? "tick" : "ticks", label === "read" ? "read" : ""));
    meta.dataset.status = label;
  }
  return meta;
}

function summaryOf(item) {
  const body = item.body;
  return body.body || body.title || body.caption || body.preview || body.name || t(body.media || (body.kind === "image" ? "image" : "location"));
}
const quoteNode = (item) => h("span", { class: "quote" }, h("b", {}, item.mine ? t("you") : app.info.salon), summaryOf(item));

function actNodes(item) {
  const body = item.body;
  const tap = (on, id, title, description) => act({ kind: "tap", on, id, title, description, quoted: item.id });
  if (body.kind === "buttons") return body.buttons.map((button) => h("button", { type: "button", data: { testid: "reply-button", choice: button.id }, on: { click: () => tap("button", button.id, button.title) } }, icon("reply"), button.title));
  if (body.kind === "template") return (body.buttons || []).map((payload) => h("button", { type: "button", data: { testid: "reply-button", choice: payload }, on: { click: () => tap("template", payload, payload.split(":").at(-1)) } }, icon("reply"), payload.split(":").at(-1)));
  if (body.kind === "list") return [h("button", { type: "button", "aria-haspopup": "dialog", data: { testid: "list-open" }, on: { click: (event) => openSheet(body, tap, event.currentTarget) } }, icon("list"), body.open)];
  if (body.kind === "link" && /^https?:\/\//.test(body.url)) return [h("a", { href: body.url, target: "_blank", rel: "noopener noreferrer" }, icon("link"), body.label)];
  if (body.kind === "ask_location") return [h("button", { type: "button", on: { click: () => act({ kind: "location", quoted: item.id }) } }, icon("pin"), t("location"))];
  return [];
}

function toolNodes(item) {
  const tools = h("div", { class: "tools" });
  const react = h("button", { type: "button", "aria-label": t("react"), title: t("react"), data: { testid: "react" } }, icon("smile"));
  const quote = h("button", { type: "button", "aria-label": t("quote"), title: t("quote"), data: { testid: "quote" }, on: { click: () => setQuote(item) } }, icon("reply"));
  react.addEventListener("click", () => {
    if (tools.querySelector(".emojis")) { tools.querySelector(".emojis").remove(); return; }
    const pick = (emoji) => { bar.remove(); act({ kind: "reaction", target: item.id, emoji: item.reactions?.client === emoji ? null : emoji }); };
    const bar = h("div", { class: "emojis", role: "group", "aria-label": t("react") }, REACTIONS.map((emoji) => h("button", { type: "button", data: { testid: "react-choice" }, on: { click: () => pick(emoji) } }, emoji)));
    bar.addEventListener("keydown", (event) => { if (event.key === "Escape") { bar.remove(); react.focus(); } });
    tools.append(bar);
    const box = bar.getBoundingClientRect();
    const screen = $("log").getBoundingClientRect();
    if (box.right > screen.right - 6) bar.style.setProperty("left", `${screen.right - 6 - box.right}px`);
    bar.firstChild.focus();
  });
  tools.append(react, quote);
  return tools;
}

function setQuote(item) {
  quoting = item;
  $("quoting").hidden = !item;
  fill($("quoting"), item && quoteNode(item), item && h("button", { type: "button", "aria-label": t("close"), on: { click: () => setQuote(null) } }, icon("close")));
  if (item) $("text").focus();
}

function openSheet(list, tap, from) {
  sheetFrom = from;
  const choose = (row) => { closeSheet(); tap("row", row.id, row.title, row.description); };
  const rows = h("div", { class: "sheet-rows" }, list.sections.map((section) => [
    section.title ? h("h4", {}, section.title) : null,
    section.rows.map((row) => h("button", { type: "button", data: { testid: "list-row", choice: row.id }, on: { click: () => choose(row) } }, h("span", {}, row.title, row.description ? h("small", {}, row.description) : null), h("i", {}))),
  ].flat()));
  fill($("sheet"), h("div", { class: "sheet-head" }, h("h3", { id: "sheet-title" }, list.open), h("button", { type: "button", "aria-label": t("close"), data: { testid: "list-close" }, on: { click: closeSheet } }, icon("close"))), rows);
  $("shade").hidden = $("sheet").hidden = false;
  rows.querySelector("button")?.focus();
}
function closeSheet() {
  if ($("sheet").hidden) return;
  $("shade").hidden = $("sheet").hidden = true;
  (sheetFrom?.isConnected ? sheetFrom : $("text")).focus();
}
// Arrows walk, Tab stays inside, Escape leaves; the same for the attachment menu.
function walk(box, leave) {
  box.addEventListener("keydown", (event) => {
    const all = [...box.querySelectorAll("button")];
    const rows = all.filter((button) => !button.closest(".sheet-head"));
    const at = rows.indexOf(document.activeElement);
    const go = (to) => { event.preventDefault(); rows[(to + rows.length) % rows.length]?.focus(); };
    if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); leave(); }
    else if (event.key === "ArrowDown") go(at + 1);
    else if (event.key === "ArrowUp") go(at < 0 ? rows.length - 1 : at - 1);
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(rows.length - 1);
    else if (event.key === "Tab" && !event.shiftKey && document.activeElement === all.at(-1)) { event.preventDefault(); all[0].focus(); }
    else if (event.key === "Tab" && event.shiftKey && document.activeElement === all[0]) { event.preventDefault(); all.at(-1).focus(); }
  });
}

function attachMenu(open) {
  $("attach-menu").hidden = !open;
  $("attach").setAttribute("aria-expanded", String(open));
  if (!open) return;
  const choose = (body) => () => { attachMenu(false); act(body); $("text").focus(); };
  const entry = (name, body) => h("button", { type: "button", role: "menuitem", data: { testid: "attach-" + name }, on: { click: choose(body) } }, icon(name === "voice" ? "mic" : name === "location" ? "pin" : name), t(name));
  fill($("attach-menu"), entry("location", { kind: "location" }), entry("image", { kind: "media", media: "image" }), entry("voice", { kind: "media", media: "voice" }), entry("sticker", { kind: "media", media: "sticker" }));
  $("attach-menu").firstChild.focus();
}

function showTyping(on) {
  clearTimeout(typingTimer);
  const log = $("log");
  log.querySelector(".typing")?.remove();
  $("chat-sub").textContent = on ? t("typing") : t("online");
  if (!on) return;
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 90;
  log.append(h("div", { class: "typing", data: { testid: "typing" }, role: "status", "aria-label": t("typing") }, h("div", { class: "bubble" }, h("i"), h("i"), h("i"))));
  if (atEnd) log.scrollTop = log.scrollHeight;
  typingTimer = setTimeout(() => showTyping(false), 25000);
}

// What a client does: drawn by the server's echo, so that the page shows what really happened.
async function act(body) {
  try {
    await post("act", { client: app.client, name: app.name, ...body });
  } catch {
    $("offline").hidden = false;
  }
}

function sendText() {
  const text = $("text").value;
  if (!text.trim()) return;
  act({ kind: "text", text, quoted: quoting?.id });
  $("text").value = "";
  grow();
  setQuote(null);
}
function grow() {
  const field = $("text");
  field.style.setProperty("height", "auto");
  field.style.setProperty("height", Math.min(field.scrollHeight, 120) + "px");
}

function drawPhone() {
  $("chat-name").textContent = app.info.salon;
  $("chat-avatar").textContent = initials(app.info.salon);
  $("chat-sub").textContent = t("online");
  $("chat-as").textContent = app.name;
  const log = $("log");
  delete log.dataset.day;
  delete log.dataset.last;
  log.replaceChildren();
  const items = [...app.items.values()];
  if (!items.length) log.append(h("div", { class: "welcome" }, h("span", { class: "avatar" }, initials(app.info.salon)), h("b", {}, t("welcome")), t("welcomeMore")));
  for (const item of items) append(log, messageNode(item), item);
  log.scrollTop = log.scrollHeight;
  fill($("suggestions"), HINTS[lang].map((hint) => h("button", { type: "button", lang, data: { testid: "suggestion" }, on: { click: () => act({ kind: "text", text: hint }) } }, hint)));
}

// Tells which of the salon's messages this phone has, and which were looked at.
const told = { delivered: new Set(), read: new Set() };
const tellSeen = soon(() => {
  const visible = document.visibilityState === "visible";
  const fresh = (kind) => [...app.items.values()].filter((item) => !item.mine && !item.old && !told[kind].has(item.id)).map((item) => item.id);
  const delivered = fresh("delivered");
  const read = visible ? fresh("read") : [];
  if (!delivered.length && !read.length) return;
  delivered.forEach((id) => told.delivered.add(id));
  read.forEach((id) => told.read.add(id));
  post("seen", { client: app.client, delivered, read }).catch(() => {});
}, 400);
