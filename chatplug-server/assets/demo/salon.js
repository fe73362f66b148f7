// Beside the phone: the salon's day, filling as clients book.
const HOUR = 64; // pixels
const hueOf = (index) => [168, 262, 24, 205, 335, 48][index % 6];

async function loadDay() {
  const date = app.date;
  const day = await get("day", { date });
  if (date !== app.date) return;
  const before = app.day && app.day.date === day.date ? app.day : null;
  app.day = day;
  drawDay(before);
  drawDesk();
}

// Where the bookings are kept elsewhere, the team there can change them.
function drawDesk() {
  const bar = $("desk");
  bar.hidden = !app.info.desk;
  if (bar.hidden) return;
  const entry = app.day?.entries.find((entry) => entry.id === app.entry);
  if (!entry) return fill(bar, h("p", {}, t("deskHint").replace("{system}", app.info.desk)));
  const act = (what) => post("desk", { entry: entry.id, do: what }).then(() => loadDay()).catch(() => {});
  fill(bar, h("p", {}, h("b", {}, `${entry.start} ${entry.name}`), ` ${entry.service[lang] || entry.service.main}`),
    h("button", { type: "button", class: "quiet", data: { testid: "desk-later" }, on: { click: () => act("later") } }, t("deskLater")),
    h("button", { type: "button", class: "quiet", data: { testid: "desk-cancel" }, on: { click: () => act("cancel") } }, t("deskCancel")));
}
function choose(entry) {
  app.entry = app.entry === entry ? null : entry;
  drawDay(app.day);
  drawDesk();
}

function drawDay(before) {
  const day = app.day;
  $("day-name").textContent = format(new Date(day.date + "T12:00:00Z"), { weekday: "short", day: "numeric", month: "long" }, "UTC");
  $("day-date").value = day.date;
  $("day-date").setAttribute("aria-label", format(new Date(day.date + "T12:00:00Z"), { weekday: "long", day: "numeric", month: "long", year: "numeric" }, "UTC"));
  $("day-count").textContent = t("appointments", day.entries.length);
  const hours = day.staff.flatMap((person) => person.hours);
  const from = Math.floor(Math.min(9 * 60, ...hours.map((stretch) => stretch.from), ...day.entries.map((entry) => entry.from)) / 60);
  const to = Math.ceil(Math.max(18 * 60, ...hours.map((stretch) => stretch.to), ...day.entries.map((entry) => entry.to)) / 60);
  const y = (minute) => (minute - from * 60) / 60 * HOUR + 8;
  const px = (value) => value.toFixed(1) + "px";
  const height = y(to * 60) + 8;
  const scroller = $("grid");
  const kept = { top: scroller.scrollTop, left: scroller.scrollLeft };
  const columns = h("div", { class: "columns", css: { "--cols": String(Math.max(1, day.staff.length)) } });
  columns.append(h("div", { class: "col-head corner" }));
  day.staff.forEach((person, i) => columns.append(h("div", { class: "col-head", css: { "--hue": String(hueOf(i)) } }, h("span", { class: "avatar", "aria-hidden": "true" }, initials(person.name)), h("div", {}, h("b", {}, person.name), person.title ? h("small", {}, person.title[lang] || person.title.main) : null))));
  const gutter = h("div", { class: "hours", css: { height: px(height) } });
  for (let hour = from; hour <= to; hour++) gutter.append(h("span", { css: { top: px(y(hour * 60)) } }, format(new Date(Date.UTC(2026, 0, 1, hour)), { hour: "2-digit", minute: "2-digit" }, "UTC")));
  columns.append(gutter);
  const old = new Map((before?.entries || []).map((entry) => [entry.id, entry]));
  day.staff.forEach((person, i) => {
    const lane = h("div", { class: "lane", role: "list", "aria-label": person.name, css: { height: px(height), "--hue": String(hueOf(i)) }, data: { testid: "day-column", staff: person.id } });
    for (const stretch of person.hours) lane.append(h("div", { class: "open", css: { top: px(y(stretch.from)), height: px(y(stretch.to) - y(stretch.from)) } }));
    for (let half = from * 2; half <= to * 2; half++) lane.append(h("div", { class: half % 2 ? "rule half" : "rule", css: { top: px(y(half * 30)) } }));
    for (const entry of day.entries.filter((entry) => entry.staff === person.id || (!entry.staff && i === 0))) {
      const tall = y(entry.to) - y(entry.from) - 2;
      const name = entry.service[lang] || entry.service.main;
      const was = old.get(entry.id);
      const node = h("div", { class: "entry" + (tall < 38 ? " short" : "") + (tall < 20 ? " tiny" : "") + (entry.client === app.client ? " own" : "") + (before && !was ? " fresh" : "") + (app.info.desk && entry.id === app.entry ? " chosen" : ""), role: "listitem", ...(app.info.desk ? { tabindex: "0", on: { click: () => choose(entry.id), keydown: (event) => { if (event.key === "Enter") choose(entry.id); } } } : {}), css: { top: px(y(entry.from) + 1), height: px(tall) }, title: `${entry.start}–${entry.end} ${name}, ${entry.name}`, data: { testid: "entry", entry: entry.id, staff: person.id, start: entry.start, client: entry.client } },
        h("b", {}, entry.name || "·"), h("span", {}, `${entry.start} ${name}`), entry.confirmed ? h("span", { class: "sr" }, t("confirmed")) : null, entry.confirmed ? icon("ticks", "sure") : null);
      if (was && was.staff === entry.staff && was.from !== entry.from) {
        node.style.setProperty("top", px(y(was.from) + 1));
        requestAnimationFrame(() => requestAnimationFrame(() => node.style.setProperty("top", px(y(entry.from) + 1))));
      }
      lane.append(node);
      old.delete(entry.id);
    }
    for (const gone of [...old.values()].filter((entry) => entry.staff === person.id && !day.entries.some((now) => now.id === entry.id))) {
      const node = h("div", { class: "entry gone", "aria-hidden": "true", css: { top: px(y(gone.from) + 1), height: px(y(gone.to) - y(gone.from) - 2) } }, h("b", {}, gone.name));
      node.addEventListener("animationend", () => node.remove());
      lane.append(node);
    }
    if (day.date === localDate(new Date())) {
      const [hour, minute] = format(new Date(), { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, app.zone).split(":").map(Number);
      const now = hour * 60 + minute;
      if (now >= from * 60 && now <= to * 60) lane.append(h("div", { class: "now", css: { top: px(y(now)) } }));
    }
    columns.append(lane);
  });
  fill(scroller, columns, hours.length ? null : h("p", { class: "empty" }, t("closed")));
  if (before) { scroller.scrollTop = kept.top; scroller.scrollLeft = kept.left; }
  else {
    const first = Math.min(...day.entries.map((entry) => entry.from), 24 * 60);
    scroller.scrollTop = Math.max(0, y(first) - 70);
  }
  // A booking that came in while nobody looked at its hour is brought into view.
  const fresh = columns.querySelector(".entry.own.fresh");
  if (fresh) fresh.scrollIntoView({ block: "center", inline: "nearest", behavior: "smooth" });
}

function goDay(date) {
  app.date = date;
  loadDay().catch(() => {});
}
function shiftDay(days) {
  const date = new Date(app.date + "T12:00:00Z");
  date.setUTCDate(date.getUTCDate() + days);
  goDay(date.toISOString().slice(0, 10));
}
