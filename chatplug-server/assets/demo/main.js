// Puts the page together: language, clients, the stream of news.
function translate() {
  document.documentElement.lang = lang;
  for (const el of document.querySelectorAll("[data-t]")) el.textContent = t(el.dataset.t);
  for (const el of document.querySelectorAll("[data-t-label]")) { el.setAttribute("aria-label", t(el.dataset.tLabel)); if (el.tagName === "BUTTON") el.title = t(el.dataset.tLabel); }
  for (const el of document.querySelectorAll("[data-t-placeholder]")) el.placeholder = t(el.dataset.tPlaceholder);
  fill($("langs"), LANGS.map((code) => h("button", { type: "button", lang: code, "aria-pressed": String(code === lang), data: { testid: "lang-" + code }, on: { click: () => setLang(code) } }, code.toUpperCase())));
}
function setLang(code) {
  lang = code;
  try { localStorage.setItem("chatplug-lang", code); } catch { /* private window */ }
  translate();
  drawClients();
  drawPhone();
  if (app.day) { drawDay(app.day); drawDesk(); }
  drawState();
  drawTurns();
  document.querySelector(`[data-testid="lang-${code}"]`)?.focus();
}

function drawClients() {
  const known = app.info.clients.some((client) => client.client === app.client);
  const clients = known ? app.info.clients : [...app.info.clients, { client: app.client, name: app.name }];
  fill($("client"), clients.map((client) => h("option", { value: client.client, selected: client.client === app.client }, `${client.name} · +${client.client}`)));
}
function newClient() {
  const [name, prefix] = NEW_CLIENTS[lang][Math.floor(Math.random() * NEW_CLIENTS[lang].length)];
  let digits = prefix;
  while (digits.length < (prefix.startsWith("1") ? 11 : 12)) digits += Math.floor(Math.random() * 10);
  openClient(digits, name);
}

async function openClient(client, name) {
  app.client = client;
  app.name = name || app.info.clients.find((known) => known.client === client)?.name || client;
  app.items = new Map();
  app.state = null;
  app.live = false;
  told.delivered.clear();
  told.read.clear();
  setQuote(null);
  closeSheet();
  const url = new URL(location.href);
  url.searchParams.set("client", client);
  url.searchParams.set("name", app.name);
  history.replaceState(null, "", url);
  drawClients();
  drawPhone();
  drawState();
  drawTurns();
  listen();
  loadState().catch(() => {});
  if (app.day) drawDay(app.day);
}

// The stream tells everything from the beginning, also after a break: nothing is missed, nothing is kept in step.
function listen() {
  app.stream?.close();
  const client = app.client;
  const stream = (app.stream = new EventSource(`/demo/api/events?${new URLSearchParams({ client })}`));
  stream.addEventListener("open", () => { $("offline").hidden = true; reload(); });
  stream.addEventListener("error", () => {
    $("offline").hidden = false;
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => client === app.client && listen(), 1500);
  });
  stream.addEventListener("start", () => { app.items = new Map(); app.live = false; drawPhone(); });
  stream.addEventListener("item", (event) => { drawItem(JSON.parse(event.data)); tellSeen(); });
  stream.addEventListener("live", () => { app.live = true; });
  stream.addEventListener("typing", (event) => showTyping(JSON.parse(event.data).on));
  stream.addEventListener("changed", () => reload());
}
const reload = soon(() => {
  loadState().catch(() => {});
  loadDay().catch(() => {});
}, 60);

function show(view) {
  document.body.dataset.view = view;
  for (const button of document.querySelectorAll(".tabs button")) button.setAttribute("aria-current", String(button.dataset.view === view));
  if (view === "chat") $("log").scrollTop = $("log").scrollHeight;
}

function wire() {
  $("composer").addEventListener("submit", (event) => { event.preventDefault(); sendText(); });
  $("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); sendText(); }
    if (event.key === "Escape" && quoting) setQuote(null);
  });
  $("text").addEventListener("input", grow);
  $("attach").addEventListener("click", () => attachMenu($("attach-menu").hidden));
  walk($("attach-menu"), () => { attachMenu(false); $("attach").focus(); });
  walk($("sheet"), closeSheet);
  $("shade").addEventListener("click", closeSheet);
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".attach")) attachMenu(false);
    if (!event.target.closest(".tools")) document.querySelectorAll(".emojis").forEach((bar) => bar.remove());
  });
  $("client").addEventListener("change", () => openClient($("client").value));
  $("client-new").addEventListener("click", newClient);
  $("day-prev").addEventListener("click", () => shiftDay(-1));
  $("day-next").addEventListener("click", () => shiftDay(1));
  $("day-today").addEventListener("click", () => goDay(localDate(new Date())));
  $("day-date").addEventListener("change", () => $("day-date").value && goDay($("day-date").value));
  for (const button of document.querySelectorAll(".tabs button")) button.addEventListener("click", () => show(button.dataset.view));
  document.addEventListener("visibilitychange", tellSeen);
  const tick = () => { $("clock").textContent = format(new Date(), { hour: "2-digit", minute: "2-digit" }, app.zone); };
  tick();
  setInterval(tick, 10000);
  setInterval(() => app.day && app.day.date === localDate(new Date()) && drawDay(app.day), 60000);
}

async function start() {
  let stored = null;
  try { stored = localStorage.getItem("chatplug-lang"); } catch { /* private window */ }
  const wanted = [query.get("lang"), stored, ...navigator.languages.map((tag) => tag.slice(0, 2))];
  lang = wanted.find((code) => LANGS.includes(code)) || "en";
  translate();
  show("chat");
  app.info = await get("info");
  app.zone = app.info.zone;
  app.date = query.get("day") || localDate(new Date());
  wire();
  const client = (query.get("client") || "").replace(/\D/g, "");
  if (client) await openClient(client, query.get("name"));
  else { const own = app.info.clients.find((known) => known.lang === lang) || app.info.clients[0]; await openClient(own.client, own.name); }
  loadDay().catch(() => {});
}
start().catch(() => { $("offline").hidden = false; setTimeout(() => location.reload(), 3000); });
