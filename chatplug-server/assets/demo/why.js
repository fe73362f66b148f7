// Beside the phone: where the conversation stands, what each turn did and why, and a person's hand in it.
const words = (name) => String(name).replaceAll("_", " ");
const tag = (text, cls, label) => h("span", { class: "tag " + (cls || "") }, label ? h("em", {}, label) : null, text);

// A text of the business in the page's language, or what has none.
function named(value) {
  if (value && typeof value === "object") return value[lang] || value.main || JSON.stringify(value);
  if (value === "any") return FIELDS.any[lang];
  return String(value).replace(/\d{4}-\d\d-\d\d/g, (date) => format(new Date(date + "T12:00:00Z"), { weekday: "short", day: "numeric", month: "short" }, "UTC"));
}

async function loadState() {
  const client = app.client;
  const state = await get("state", { client });
  if (client !== app.client) return;
  // A conversation that leads to another day takes the day view along, once: by a new booking, or by the day asked for.
  const known = new Set((app.state?.bookings || []).map((booking) => booking.id + booking.date));
  const fresh = app.state && state.bookings.find((booking) => !known.has(booking.id + booking.date));
  const lead = fresh?.date || (state.date !== app.state?.date && state.date);
  app.state = state;
  drawState();
  drawTurns();
  if (lead && lead !== app.date) goDay(lead);
}

function drawState() {
  const state = app.state;
  const person = state?.holder === "person";
  $("holder").classList.toggle("person", person);
  $("holder").dataset.holder = state?.holder || "bot";
  fill($("holder"), icon(person ? "person" : "bot"), h("span", {}, t(person ? "heldByPerson" : "heldByBot")));
  drawOperator(person, Boolean(state?.conversation));
  if (!state?.conversation) { fill($("state-body"), h("p", { class: "empty" }, t("nothingYet"))); return; }
  const facts = h("dl", { class: "facts" });
  const row = (label, ...content) => content.flat().length && facts.append(h("dt", {}, t(label)), h("dd", {}, ...content));
  const flow = state.flow || "idle";
  row("flow", h("span", { class: "tag main", data: { testid: "flow", flow } }, (FLOWS[flow] || {})[lang] || words(flow)), state.action ? tag(words(state.action), "warn") : null);
  row("draft", state.draft.map((field) => tag(named(field.value), "", (FIELDS[field.name] || {})[lang] || words(field.name))));
  row("asked", state.asked ? h("span", { class: "tag main", data: { testid: "asked", asked: state.asked } }, (QUESTIONS[state.asked] || {})[lang] || words(state.asked)) : []);
  row("shown", state.options.length ? h("ol", { class: "options" }, state.options.map((option) => h("li", {}, h("b", {}, option.number), option.label))) : []);
  row("bookings", state.bookings.map((booking) => tag(`${format(new Date(booking.date + "T12:00:00Z"), { weekday: "short", day: "numeric", month: "short" }, "UTC")} ${booking.start} · ${named(booking.service)}${booking.staff ? " · " + booking.staff : ""}`, "main")));
  row("speaks", state.language ? tag(state.language.toUpperCase()) : []);
  row("delivery", state.delivery ? h("span", { class: "tag", data: { testid: "delivery", status: state.delivery } }, (STATUSES[state.delivery] || {})[lang] || words(state.delivery)) : []);
  fill($("state-body"), facts);
}

// Kept while nothing about it changes: a half-written answer and the focus must survive the next turn.
let operatorDrawn = "";
function drawOperator(person, any) {
  const shape = `${lang}${person}${any}${app.client}`;
  if (shape === operatorDrawn) return;
  operatorDrawn = shape;
  const operate = (what, text) => post("operator", { client: app.client, do: what, text }).catch(() => {});
  if (!person) {
    fill($("operator"), h("button", { type: "button", class: "solid wide", disabled: !any, data: { testid: "take-over" }, on: { click: () => operate("take_over") } }, icon("person"), t("takeOver")));
    return;
  }
  const field = h("input", { type: "text", maxlength: "4096", placeholder: t("answerAs"), "aria-label": t("answerAs"), data: { testid: "operator-text" } });
  const form = h("form", {}, field,
    h("button", { type: "submit", class: "solid", "aria-label": t("send"), data: { testid: "operator-send" } }, icon("send")),
    h("button", { type: "button", class: "quiet", data: { testid: "hand-back" }, on: { click: () => operate("hand_back") } }, icon("bot"), t("handBack")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!field.value.trim()) return;
    operate("say", field.value);
    field.value = "";
  });
  fill($("operator"), form);
  field.focus();
}

function drawTurns() {
  const turns = app.state?.turns || [];
  $("turns-count").textContent = turns.length ? t("turnsCount", app.state.turns_total ?? turns.length) : "";
  if (!turns.length) { fill($("turns"), h("p", { class: "empty" }, t("nothingYet"))); return; }
  const open = new Set([...$("turns").querySelectorAll("details[open]")].map((details) => details.dataset.turn));
  fill($("turns"), turns.map((turn) => h("div", { class: "turn", data: { testid: "turn", turn: turn.number } },
    h("div", { class: "turn-head" }, h("b", {}, "#" + turn.number), clockTime(turn.at), h("span", {}, turn.ms + " ms")),
    turn.steps.flatMap(stepNodes),
    h("details", { data: { turn: turn.number }, open: open.has(String(turn.number)) }, h("summary", {}, t("details")), h("pre", {}, JSON.stringify(turn.steps, null, 1))))));
}

function stepNodes(step) {
  const input = inputNodes(step.input || {});
  const effects = (step.effects || []).map(effectNode).filter(Boolean);
  return [...input, effects.length ? h("div", { class: "effects" }, effects) : null].filter(Boolean);
}

function inputNodes(input) {
  switch (input.input) {
    case "said": return (input.said || []).map((said) => {
      const what = said.what || {};
      if (what.what === "words") return h("p", { class: "step" }, h("q", {}, what.text), h("span", { class: "arrow" }, "→"), meaningTags(what.meaning || {}));
      if (what.what === "tap") return h("p", { class: "step" }, h("q", {}, what.title), h("span", { class: "arrow" }, "→"), tag("tap", "main"), tag(what.id));
      return h("p", { class: "step" }, tag(words(what.what || "?"), "main"), what.emoji || "", what.media ? tag(what.media) : null);
    });
    case "slots": return [h("p", { class: "step" }, tag("slots", "main"), resultTag(input.result, (runs) => `${runs.reduce((count, run) => count + 1 + (run.then || []).length, 0)}`))];
    case "bookings": return [h("p", { class: "step" }, tag("bookings", "main"), resultTag(input.result, (list) => `${list.length}`))];
    case "outcome": return [h("p", { class: "step" }, tag("outcome", "main"), tag(words(input.outcome?.outcome || "?"), input.outcome?.outcome === "done" ? "main" : "warn"))];
    case "timer": return [h("p", { class: "step" }, tag("timer", "main"), tag(words(input.timer?.timer || "?")))];
    case "operator": return [h("p", { class: "step" }, tag("operator", "warn"), tag(words(input.operator?.operator || "?")))];
    default: return [h("p", { class: "step" }, tag(words(input.input || "?"), "main"))];
  }
}
const resultTag = (result, show) => { const ok = result?.Ok ?? result?.ok; return ok ? tag(show(ok)) : tag(words(result?.Err ?? result?.err ?? "?"), "warn"); };

function meaningTags(meaning) {
  const tags = [tag(words(meaning.intent || "?"), "main")];
  for (const [key, value] of Object.entries(meaning)) {
    if (["intent", "confidence", "lang"].includes(key) || (key === "party" && value <= 1)) continue;
    for (const text of readings(value)) tags.push(tag(text, "", words(key)));
  }
  if (meaning.confidence !== undefined) tags.push(tag(Number(meaning.confidence).toFixed(2)));
  return tags;
}
// A value of an interpretation in a few words.
function readings(value) {
  if (value === null || value === undefined || value === false || value === "" || value === "none" || (Array.isArray(value) && !value.length)) return [];
  if (Array.isArray(value)) return [value.flatMap(readings).join(" | ")].filter(Boolean);
  if (typeof value === "object") {
    const parts = Object.entries(value).flatMap(([key, part]) => readings(part).map((text) => (typeof part === "object" || ["from", "to", "at"].includes(key) ? text : `${words(key)} ${text}`)));
    return [[...new Set(parts)].join("–")].filter(Boolean);
  }
  return [String(value).replace(/^(\d\d:\d\d):\d\d$/, "$1")];
}

function effectNode(effect) {
  switch (effect.effect) {
    case "say": { const kinds = (effect.reply?.say || []).map((say) => words(typeof say === "string" ? say : say.say || say.kind || Object.keys(say)[0])); return tag(kinds.join(", "), "", "say"); }
    case "commit": return tag(words(effect.action?.do || "?"), "warn", "commit");
    case "hold": return tag(effect.holder, "warn", "hold");
    case "fetch_slots": return tag("slots?", "");
    case "fetch_bookings": return tag("bookings?", "");
    case "set_timer": return tag(words(effect.timer?.timer || ""), "", "timer");
    case "record": return tag(words(effect.outcome), "", "outcome");
    case "update_contact": return tag(words(effect.change?.set || ""), "", "remember");
    case "notify": return tag(words(effect.event?.team || ""), "warn", "team");
    default: return tag(words(effect.effect || "?"));
  }
}
