// The review page: a queue, two synchronised pictures, boxes, a decision. No library, nothing from elsewhere.

const $ = (id) => document.getElementById(id);
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const TILE = 1024;

const S = {
  facts: null,
  items: [],
  sample: null,
  drop: null,
  id: null,        // the file in view
  detail: null,
  details: new Map(),
  edits: new Map(),
  frame: 0,
  look: { number: 0, low: null, high: null },
  view: null,      // {scale, x, y}: screen = (picture - (x, y)) * scale
  chosen: -1,
  drawing: null,   // an own box that waits to be drawn with the mouse
  drag: null,
  blink: false,
  hidden: false,
  playing: 0,
  keysOn: true,
};

// ------------------------------------------------------------------ talking to the server

async function ask(path, sent) {
  const options = sent === undefined
    ? {}
    : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(sent) };
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    stopped();
    throw new Error("The page’s server has stopped.");
  }
  const type = answer.headers.get("content-type") || "";
  const body = type.startsWith("application/json") ? await answer.json() : {};
  if (!answer.ok) throw new Error(body.error || `The server refused this (${answer.status}).`);
  return body;
}

function stopped() {
  S.stopped = true;
  tell("The page’s server has stopped. Every confirmed decision is kept: run deid review again to go on.");
}

function tell(text) {
  $("notice").textContent = text;
  $("notice").hidden = !text;
}

function say(text) {
  $("status").textContent = "";
  requestAnimationFrame(() => { $("status").textContent = text; });
}

const plural = (number, one, many = one + "s") => `${number} ${number === 1 ? one : many}`;

// ------------------------------------------------------------------ the queue

const OPEN = new Set(["waiting", "back"]);
const STATES = {
  waiting: ["○", "waits"], back: ["!", "came back"], queued: ["…", "confirmed"], working: ["…", "being written"],
  released: ["✓", "released"], rejected: ["✕", "rejected"], failed: ["!", "failed"],
};

function takeState(state) {
  const before = new Map(S.items.map((item) => [item.id, item.state]));
  S.items = state.items;
  S.sample = state.sample;
  S.drop = state.drop;
  if (state.broken) tell(`Releases have stopped: ${state.broken} Confirmed decisions are kept; restart deid review.`);
  for (const item of S.items) {
    const was = before.get(item.id);
    if (was === undefined || was === item.state) continue;
    if (item.state !== "queued" && item.state !== "working") S.details.delete(item.id);
    if (item.state === "back") say(`${item.name} came back: ${item.reasons.map((reason) => reason.sentence).join(" ")}`);
    if (item.state === "failed") say(`${item.name} failed: ${item.reasons.map((reason) => reason.sentence).join(" ")}`);
  }
  drawQueue();
  drawDrop();
}

function drawQueue() {
  const open = S.items.filter((item) => OPEN.has(item.state)).length;
  const done = S.items.length - open;
  $("progress").max = Math.max(1, S.items.length);
  $("progress").value = done;
  $("progress-text").textContent = S.items.length ? `${done} of ${S.items.length} decided` : "Nothing waits";
  const nav = $("queue");
  const here = Math.max(0, S.items.findIndex((item) => item.id === S.id));
  const from = Math.max(0, here - 150), past = Math.min(S.items.length, here + 250);
  const parts = [];
  let list = null, group = null;
  const cases = [...new Set(S.items.map((item) => item.group))];
  if (from > 0) parts.push(element("p", { text: `… ${plural(from, "file")} before` }));
  for (const item of S.items.slice(from, past)) {
    const name = `${cases.length > 1 ? `Case ${cases.indexOf(item.group) + 1} · ` : ""}${item.folder || "dropped files"}`;
    if (group !== item.group + name) {
      group = item.group + name;
      const id = `group-${parts.length}`;
      parts.push(element("h2", { text: name, id, title: name }));
      list = element("ul", { "aria-labelledby": id });
      parts.push(list);
    }
    const [mark, word] = STATES[item.state];
    const button = element("button", { type: "button", class: `file ${item.state}`, title: `${item.name}: ${word}` });
    button.append(
      element("span", { class: "mark", text: mark, "aria-hidden": "true" }),
      element("span", { class: "name", text: item.name }),
      element("span", { class: "word", text: item.sample ? `${word}, sample` : word }),
    );
    if (item.id === S.id) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => show(item.id));
    const entry = element("li", {});
    entry.append(button);
    list.append(entry);
  }
  if (past < S.items.length) parts.push(element("p", { text: `… ${plural(S.items.length - past, "file")} more` }));
  const focused = nav.contains(document.activeElement);
  nav.replaceChildren(...parts);
  const current = nav.querySelector("[aria-current]");
  if (current) {
    current.scrollIntoView({ block: "nearest" });
    if (focused) current.focus();
  }
}

function element(tag, { text, ...attributes }) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function neighbour(step, wanted) {
  const count = S.items.length, found = S.items.findIndex((item) => item.id === S.id);
  const here = found < 0 && step < 0 ? count : found;
  for (let away = 1; away <= count; away += 1) {
    const item = S.items[(((here + step * away) % count) + count) % count];
    if (item.id !== S.id && wanted(item)) return item;
  }
  return null;
}

const isOpen = (item) => OPEN.has(item.state);

// ------------------------------------------------------------------ one file

async function load(id) {
  if (!S.details.has(id)) S.details.set(id, ask(`/api/items/${id}`).catch((error) => { S.details.delete(id); throw error; }));
  return S.details.get(id);
}

// The file in view, its boxes and its picture change together: nobody may decide about one file while looking at another.
async function show(id) {
  stopPlaying();
  S.wanted = id;
  let detail;
  try {
    detail = await load(id);
  } catch (error) {
    if (S.wanted === id) unreadable(id, error);
    return;
  }
  if (S.wanted !== id) return;
  S.id = id;
  S.detail = detail;
  document.body.dataset.shown = "";
  if (!S.edits.has(id)) S.edits.set(id, freshEdit(detail));
  const first = [...detail.leaks, ...detail.boxes].sort((a, b) => a.frames[0] - b.frames[0])[0];
  S.frame = first ? Math.min(first.frames[0], detail.frames - 1) : 0;
  S.look = { number: 0, low: null, high: null };
  S.chosen = -1;
  S.drawing = null;
  S.view = null;
  $("panes").hidden = $("tools").hidden = false;
  $("empty").hidden = true;
  document.body.classList.remove("nothing");
  describe();
  drawQueue();
  drawBoxes();
  draw();
  say(`${detail.name}. ${$("reasons").textContent} ${plural(boxes().length, "box", "boxes")}.`);
  const next = neighbour(1, isOpen);
  if (next) load(next.id).then((ahead) => picture(next.id, ahead, firstFrame(ahead), S.look)).catch(() => {});
}

function unreadable(id, error) {
  S.id = id;
  S.detail = null;
  document.body.dataset.shown = "";
  for (const name of ["before", "after"]) $(name).getContext("2d").reset();
  const item = S.items.find((one) => one.id === id);
  $("file-name").textContent = item ? item.name : "…";
  $("file-facts").textContent = "";
  $("reasons").replaceChildren(element("li", { text: error.message }));
  $("boxes").replaceChildren();
  $("box-count").textContent = "";
  drawQueue();
  say(error.message);
}

// Whether the picture in view is on the screen; until then it cannot be approved.
const isShown = () => Boolean(S.detail) && S.wanted === S.id && Boolean(picture(S.id, S.detail, S.frame, S.look).bitmap);

const firstFrame = (detail) => Math.min([...detail.leaks, ...detail.boxes].reduce((least, box) => Math.min(least, box.frames[0]), Infinity), detail.frames - 1);

function freshEdit(detail) {
  const removed = new Map(Object.entries(detail.decision ? detail.decision.removed : {}).map(([index, reason]) => [Number(index), reason]));
  return { removed, added: detail.proposed.map((box) => ({ ...box })), past: [] };
}

const edit = () => S.edits.get(S.id);

function describe() {
  const { name, kind, frames, reasons, state, sample, decision } = S.detail;
  const [rows, columns] = sizeOf(S.frame);
  $("file-name").textContent = name;
  $("file-name").title = name;
  $("file-facts").textContent = `${kind.toUpperCase()} · ${columns} × ${rows}${frames > 1 ? ` · ${frames} frames` : ""}`;
  const lines = reasons.map(({ sentence, detail }) => element("li", { text: detail ? `${sentence} (${detail})` : sentence }));
  if (sample) lines.push(element("li", { text: "Part of the sample of released files. Was anything missed?" }));
  if (decision) lines.push(element("li", { text: `${decision.action === "approve" ? "Approved" : "Rejected"} by ${decision.reviewer}, ${new Date(decision.time).toLocaleString()}; now: ${STATES[state][1]}.` }));
  $("reasons").replaceChildren(...lines);
  $("film").hidden = frames < 2;
  $("scrubber").max = frames;
  $("all-frames-button").hidden = frames < 2;
  $("look-button").hidden = S.detail.looks < 2 && !S.detail.windowed;
  $("window").hidden = !S.detail.windowed;
  $("low").value = 0;
  $("high").value = 100;
  frameChanged();
}

function sizeOf(frame) {
  let past = 0;
  for (const [rows, columns, count] of S.detail.shapes) {
    past += count;
    if (frame < past) return [rows, columns];
  }
  return [1, 1];
}

// ------------------------------------------------------------------ boxes

// All boxes of the file in view: what still shows, what the plan covers, what the person added.
function boxes() {
  if (!S.detail) return [];
  const { removed, added } = edit();
  const covered = new Set(added.map((box) => JSON.stringify(box.polygon)));
  return [
    ...S.detail.leaks.map((box, index) => ({ ...box, sort: "leak", index })).filter((box) => !covered.has(JSON.stringify(box.polygon))),
    ...S.detail.boxes.map((box, index) => ({ ...box, sort: "proposed", index, gone: removed.has(index) })).sort(asRead),
    ...added.map((box, index) => ({ ...box, sort: "own", index })),
  ];
}

// From the top to the bottom of the first frame that a box is on, as a person reads.
function asRead(a, b) {
  const [ax, ay] = extent(a.polygon), [bx, by] = extent(b.polygon);
  return a.frames[0] - b.frames[0] || ay - by || ax - bx;
}

const onFrame = (box) => box.frames[0] <= S.frame && S.frame < box.frames[1];
const covers = (box) => box.sort !== "leak" && !box.gone;

const EVIDENCE = {
  known: "known value", rule: "rule", model: "trained model", unread: "could not be read", face: "face detector", barcode: "barcode",
  reviewer: "drawn by a person", "not-technical": "not a technical word", closure: "beside an identifier", label: "beside a label",
};

function evidence(box) {
  const [head, ...rest] = box.evidence.split(":");
  const words = EVIDENCE[head] || head.replaceAll("-", " ");
  return rest.length ? `${words}: ${rest.join(":")}` : words;
}

const category = (box) => box.category.replaceAll("_", " ");

function drawBoxes() {
  const list = $("boxes");
  const all = boxes();
  S.chosen = Math.min(S.chosen, all.length - 1);
  list.replaceChildren(...all.map((box, number) => {
    const option = element("li", { role: "option", id: `box-${number}`, class: `${box.sort}${box.gone ? " gone" : ""}`, "aria-selected": String(number === S.chosen) });
    const swatch = element("span", { class: `swatch ${dashName(box)}`, "aria-hidden": "true" });
    const what = element("span", { class: "what", text: category(box) });
    const notes = [evidence(box)];
    if (box.sort !== "own" && box.evidence !== "reviewer") notes.push(`${Math.round(box.score * 100)} %`);
    if (S.detail.frames > 1) notes.push(box.frames[1] - box.frames[0] === S.detail.frames ? "all frames" : `frames ${box.frames[0] + 1}–${Math.min(box.frames[1], S.detail.frames)}`);
    if (box.sort === "leak") notes.push("still visible: press c to cover it");
    if (box.gone) notes.push("removed");
    if (box.locked && !box.gone) notes.push("stays");
    option.append(swatch, what, element("span", { class: "note", text: notes.join(" · ") }));
    option.addEventListener("pointerdown", (event) => { event.preventDefault(); list.focus(); choose(number, true); });
    option.addEventListener("dblclick", zoomToChosen);
    return option;
  }));
  if (S.chosen >= 0) list.setAttribute("aria-activedescendant", `box-${S.chosen}`);
  else list.removeAttribute("aria-activedescendant");
  const covered = all.filter(covers).length;
  $("box-count").textContent = all.length ? `${covered} covered` : "";
  $("no-boxes").hidden = all.length > 0;
  list.hidden = !all.length;
  const box = all[S.chosen];
  $("box-edit").hidden = $("nudge").hidden = !box || box.sort !== "own";
  if (box && box.sort === "own") $("category").value = box.category;
  $("remove-button").lastChild.textContent = box && box.gone ? " Bring back" : " Remove";
  $("remove-button").disabled = !box || box.sort === "leak" || (box.locked && !box.gone);
  $("undo-button").disabled = !edit() || !edit().past.length;
  $("spread-button").disabled = $("all-frames-button").disabled = !box;
  if (box) list.children[S.chosen].scrollIntoView({ block: "nearest" });
}

function choose(number, jump) {
  S.chosen = number;
  const box = boxes()[number];
  if (box && jump && !onFrame(box)) goTo(box.frames[0]);
  drawBoxes();
  draw();
  if (box && jump) say(`Box ${number + 1} of ${boxes().length}: ${category(box)}, ${evidence(box)}${box.gone ? ", removed" : ""}.`);
}

function remember() {
  const { removed, added, past } = edit();
  past.push({ removed: new Map(removed), added: added.map((box) => ({ ...box })) });
}

function undo() {
  const last = edit() && edit().past.pop();
  if (!last) return;
  edit().removed = last.removed;
  edit().added = last.added;
  changed("Undone.");
}

function changed(text) {
  drawBoxes();
  draw();
  if (text) say(text);
}

function newBox() {
  if (!S.detail) return;
  const [rows, columns] = sizeOf(S.frame);
  const { width, height } = paneSize();
  const { scale, x, y } = S.view;
  const wide = Math.max(8, Math.round(Math.min(columns / 5, width / scale / 4)));
  const high = Math.max(6, Math.round(wide / 4));
  const middle = [clamp(x + width / scale / 2, wide / 2, columns - wide / 2), clamp(y + height / scale / 2, high / 2, rows - high / 2)];
  const box = { polygon: rectangle(middle[0] - wide / 2, middle[1] - high / 2, middle[0] + wide / 2, middle[1] + high / 2), frames: [0, S.detail.frames], category: "other", score: 1, evidence: "reviewer", locked: false };
  add(box);
  S.drawing = edit().added.at(-1);
  $("before").focus();
  say("New box. Draw it with the mouse, or move it with the arrow keys and size it with Shift and the arrow keys.");
}

function add(box) {
  remember();
  edit().added.push(box);
  S.chosen = boxes().length - 1;
  changed();
}

const rectangle = (x0, y0, x1, y1) => {
  const [left, top, right, bottom] = [Math.floor(x0), Math.floor(y0), Math.ceil(x1), Math.ceil(y1)];
  return [[left, top], [right, top], [right, bottom], [left, bottom]];
};
const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

async function removeChosen() {
  const box = boxes()[S.chosen];
  if (!box || box.sort === "leak") return;
  if (box.gone) {
    remember();
    edit().removed.delete(box.index);
    changed(`${category(box)} is covered again.`);
  } else if (box.sort === "own") {
    remember();
    edit().added.splice(box.index, 1);
    S.drawing = null;
    changed("Your box is gone.");
  } else if (box.locked) {
    say("This box covers a known identifier of the patient and stays.");
  } else {
    const reason = box.evidence === "reviewer" ? "own" : await why();
    if (!reason) return;
    remember();
    edit().removed.set(box.index, reason);
    changed(`${category(box)} will be visible.`);
  }
}

// Ask why a proposed box goes; resolve with a code, or with nothing where it stays.
function why() {
  return new Promise((resolve) => {
    const dialog = $("why");
    // Resolved with the key itself, not when the dialog is gone: the next key may follow at once.
    dialog.querySelector("form").addEventListener("submit", (event) => resolve(event.submitter.value), { once: true });
    dialog.addEventListener("close", () => resolve(""), { once: true });
    dialog.showModal();
    dialog.querySelector("ol button").focus();
  });
}

function coverLeak() {
  const all = boxes();
  const box = all[S.chosen] && all[S.chosen].sort === "leak" ? all[S.chosen] : all.find((one) => one.sort === "leak");
  if (!box) return;
  add({ polygon: box.polygon, frames: box.frames, category: box.category, score: 1, evidence: "reviewer", locked: false });
  say(`${category(box)} is covered.`);
}

// A proposed box cannot change in place: the person's own box takes its place, and the proposed one goes with a reason.
async function own(box) {
  if (box.sort === "own") {
    remember();
    return edit().added[box.index];
  }
  if (box.sort === "proposed" && box.locked) {
    say("This box covers a known identifier and stays; draw another one beside it.");
    return null;
  }
  const copy = { polygon: box.polygon.map((point) => [...point]), frames: [...box.frames], category: box.category, score: 1, evidence: "reviewer", locked: false };
  if (box.sort === "leak") {
    add(copy);
    return edit().added.at(-1);
  }
  const reason = box.evidence === "reviewer" ? "own" : await why();
  if (!reason) return null;
  add(copy);
  edit().removed.set(box.index, reason);
  changed();
  return copy;
}

async function changeChosen(change) {
  const box = boxes()[S.chosen];
  if (!box || box.gone) return;
  const mine = await own(box);
  if (!mine) return;
  S.drawing = null;
  mine.polygon = change(mine.polygon);
  changed();
}

const extent = (polygon) => {
  const xs = polygon.map(([x]) => x), ys = polygon.map(([, y]) => y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
};

function move(dx, dy) {
  return changeChosen((polygon) => polygon.map(([x, y]) => [x + dx, y + dy]));
}

function size(dx, dy) {
  return changeChosen((polygon) => {
    const [x0, y0, x1, y1] = extent(polygon);
    const wide = Math.max(4, x1 - x0 + dx) / Math.max(1, x1 - x0), high = Math.max(4, y1 - y0 + dy) / Math.max(1, y1 - y0);
    return polygon.map(([x, y]) => [x0 + (x - x0) * wide, y0 + (y - y0) * high]);
  });
}

function turn(degrees) {
  return changeChosen((polygon) => {
    const [x0, y0, x1, y1] = extent(polygon);
    const [cx, cy] = [(x0 + x1) / 2, (y0 + y1) / 2], angle = degrees * Math.PI / 180;
    return polygon.map(([x, y]) => [cx + (x - cx) * Math.cos(angle) - (y - cy) * Math.sin(angle), cy + (x - cx) * Math.sin(angle) + (y - cy) * Math.cos(angle)]);
  });
}

async function allFrames() {
  const box = boxes()[S.chosen];
  if (!box) return;
  const whole = [0, S.detail.frames];
  if (box.sort === "own") {
    remember();
    const mine = edit().added[box.index];
    const narrow = mine.frames[0] === 0 && mine.frames[1] === S.detail.frames;
    mine.frames = narrow ? [S.frame, S.frame + 1] : whole;
    changed(narrow ? "The box is on this frame only." : "The box is on all frames.");
  } else {
    add({ polygon: box.polygon, frames: whole, category: box.category, score: 1, evidence: "reviewer", locked: false });
    say("The same box was added on all frames.");
  }
}

async function spread() {
  const box = boxes()[S.chosen];
  if (!box || box.gone) return;
  try {
    const { files } = await ask(`/api/items/${S.id}/spread`, sendable(box));
    for (const id of [...S.details.keys()]) {
      if (id !== S.id) {
        S.details.delete(id);
        if (S.edits.has(id) && !S.edits.get(id).past.length) S.edits.delete(id);
      }
    }
    say(files ? `The same box is proposed for ${plural(files, "other file")} of this layout.` : "No other waiting file has this layout.");
  } catch (error) { tell(error.message); }
}

// Corners are kept exactly while a box is turned, and are whole pixels when it leaves the page.
const sendable = ({ polygon, frames, category: name }) => ({ polygon: polygon.map((point) => point.map(Math.round)), frames, category: name });

// ------------------------------------------------------------------ decisions

async function decide(action) {
  if (!S.detail || S.sending || S.wanted !== S.id) return;
  if (action === "approve" && !isShown()) { say("Wait for the picture."); return; }
  if (!S.facts.signature && !(await sign())) return;
  const id = S.id, { removed, added } = edit();
  S.sending = true;
  try {
    const sent = { action, added: added.map(sendable), removed: [...removed].map(([index, reason]) => ({ box: index, reason })) };
    const name = S.detail.name, began = performance.now();
    takeState(await ask(`/api/items/${id}/decide`, sent));
    S.details.delete(id);
    S.edits.delete(id);
    tell("");
    await next(action === "approve" ? `${name}: approved.` : `${name}: rejected.`);
    document.body.dataset.pace = String(Math.round(performance.now() - began));
    poll(true);
  } catch (error) {
    tell(error.message);
  } finally {
    S.sending = false;
  }
}

async function next(text) {
  const item = neighbour(1, isOpen);
  if (item) {
    await show(item.id);
    return;
  }
  S.detail = null;
  S.id = S.wanted = null;
  nothing(text);
}

function nothing(text) {
  $("panes").hidden = $("tools").hidden = $("film").hidden = true;
  $("empty").hidden = false;
  document.body.classList.add("nothing");
  const working = S.items.filter((item) => item.state === "queued" || item.state === "working").length;
  $("empty-title").textContent = S.items.length ? "Everything is decided" : "Nothing waits for you";
  $("empty-text").textContent = working
    ? `${plural(working, "file")} still being written and read again. What cannot be proven clean comes back here.`
    : S.facts.folder ? "What was released lies in the clean folder." : "Drop pictures or DICOM files; the clean ones can be downloaded.";
  $("empty-sample").hidden = !S.facts.folder;
  $("file-name").textContent = "No file in view";
  $("file-facts").textContent = "";
  $("reasons").replaceChildren();
  $("boxes").replaceChildren();
  $("box-count").textContent = "";
  drawQueue();
  say(`${text || ""} ${$("empty-title").textContent}.`);
}

function sign() {
  return new Promise((resolve) => {
    const dialog = $("sign");
    dialog.addEventListener("close", () => resolve(Boolean(S.facts.signature)), { once: true });
    dialog.showModal();
    $("reviewer").focus();
  });
}

$("sign-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await ask("/api/session", { reviewer: $("reviewer").value, consent: $("consent").value, platform: $("platform").value, use: $("use").value });
    S.facts.signature = $("reviewer").value;
    $("sign").close();
  } catch (error) { $("sign-error").textContent = error.message; }
});

// ------------------------------------------------------------------ pictures

const pictures = new Map();

const lookQuery = (look) => look.low === null ? `look=${look.number}` : `low=${look.low}&high=${look.high}`;

function picture(id, detail, frame, look) {
  const key = `${id}/${frame}?${lookQuery(look)}`;
  if (!pictures.has(key)) {
    const entry = { bitmap: null, tiles: new Map() };
    entry.ready = bitmap(`/api/items/${id}/frames/${frame}?${lookQuery(look)}`).then((made) => { entry.bitmap = made; draw(); }).catch((error) => {
      pictures.delete(key);
      if (S.id === id && !S.stopped) tell(error.message);
    });
    pictures.set(key, entry);
    if (pictures.size > 40) {
      const [oldest] = pictures.keys();
      const old = pictures.get(oldest);
      pictures.delete(oldest);
      if (old.bitmap) old.bitmap.close();
    }
  } else {
    const entry = pictures.get(key);
    pictures.delete(key);
    pictures.set(key, entry);
  }
  return pictures.get(key);
}

async function bitmap(path) {
  let answer;
  try {
    answer = await fetch(path);
  } catch {
    stopped();
    throw new Error("The page’s server has stopped.");
  }
  if (!answer.ok) throw new Error("The picture cannot be shown.");
  return createImageBitmap(await answer.blob());
}

function paneSize() {
  const canvas = $("before");
  return { width: canvas.clientWidth, height: canvas.clientHeight };
}

// Side by side or one above the other, whichever shows more of this picture.
function arrange(rows, columns) {
  const { clientWidth: wide, clientHeight: high } = $("panes");
  const beside = Math.min(wide / 2 / columns, high / rows), above = Math.min(wide / columns, high / 2 / rows);
  $("panes").classList.toggle("stacked", above > 1.15 * beside);
}

function fit() {
  const [rows, columns] = sizeOf(S.frame);
  arrange(rows, columns);
  const { width, height } = paneSize();
  const scale = Math.min(width / columns, height / rows, 8);
  S.view = { scale, x: columns / 2 - width / scale / 2, y: rows / 2 - height / scale / 2 };
}

function zoom(factor, at) {
  if (!S.view) return;
  const { width, height } = paneSize();
  const [px, py] = at || [width / 2, height / 2];
  const { scale, x, y } = S.view;
  const wanted = clamp(scale * factor, 0.02, 32);
  S.view = { scale: wanted, x: x + px / scale - px / wanted, y: y + py / scale - py / wanted };
  draw();
}

function pan(dx, dy) {
  S.view.x -= dx / S.view.scale;
  S.view.y -= dy / S.view.scale;
  draw();
}

function fitOrFull() {
  if (!S.detail) return;
  const before = S.view.scale;
  fit();
  if (Math.abs(before - S.view.scale) < 1e-6) zoom(1 / S.view.scale / devicePixelRatio);
  draw();
}

function zoomToChosen() {
  const box = boxes()[S.chosen];
  if (!box) return;
  const [x0, y0, x1, y1] = extent(box.polygon), { width, height } = paneSize();
  const scale = clamp(Math.min(width / (x1 - x0) / 2, height / (y1 - y0) / 3), 0.05, 8);
  S.view = { scale, x: (x0 + x1) / 2 - width / scale / 2, y: (y0 + y1) / 2 - height / scale / 2 };
  draw();
}

let asked = 0;
function draw() {
  if (!asked) asked = requestAnimationFrame(() => { asked = 0; drawNow(); });
}

function drawNow() {
  if (!S.detail) return;
  if (!S.view) fit();
  const entry = picture(S.id, S.detail, S.frame, S.look);
  paint($("before"), entry, S.blink, !S.blink);
  paint($("after"), entry, true, false);
  $("before-title").textContent = S.blink ? "After" : "Before";
  $("zoom-value").textContent = `${Math.round(S.view.scale * devicePixelRatio * 100)} %`;
}

function paint(canvas, entry, masked, outlined) {
  const ratio = devicePixelRatio, { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  document.body.dataset.shown = entry.bitmap ? S.id : "";
  if (!entry.bitmap) return;
  const [rows, columns] = sizeOf(S.frame), { scale, x, y } = S.view, zoomed = scale * ratio;
  context.setTransform(zoomed, 0, 0, zoomed, -x * zoomed, -y * zoomed);
  context.imageSmoothingEnabled = zoomed < 3;
  context.imageSmoothingQuality = "high";
  context.drawImage(entry.bitmap, 0, 0, columns, rows);
  if (zoomed > 1.15 * entry.bitmap.width / columns && entry.bitmap.width < columns) paintTiles(context, entry, rows, columns, width / scale, height / scale);
  const all = boxes().map((box, number) => ({ ...box, number })).filter(onFrame);
  if (masked) {
    context.fillStyle = "#000";
    for (const box of all.filter(covers)) {
      trace(context, box.polygon);
      context.fill();
    }
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  if (outlined && !S.hidden) for (const box of all) outline(context, box, box.number === S.chosen);
  else if (!outlined) for (const box of all) if (box.number === S.chosen) outline(context, box, true);
}

function paintTiles(context, entry, rows, columns, wide, high) {
  const { x, y } = S.view;
  const last = [Math.ceil(rows / TILE) - 1, Math.ceil(columns / TILE) - 1];
  for (let row = Math.max(0, Math.floor(y / TILE)); row <= Math.min(last[0], Math.floor((y + high) / TILE)); row += 1) {
    for (let column = Math.max(0, Math.floor(x / TILE)); column <= Math.min(last[1], Math.floor((x + wide) / TILE)); column += 1) {
      const key = `${row}/${column}`;
      const tile = entry.tiles.get(key);
      if (tile === undefined) {
        entry.tiles.set(key, null);
        bitmap(`/api/items/${S.id}/frames/${S.frame}/${key}?${lookQuery(S.look)}`).then((made) => { entry.tiles.set(key, made); draw(); }).catch(() => {});
      } else if (tile) {
        context.drawImage(tile, column * TILE, row * TILE);
      }
    }
  }
}

function trace(context, polygon) {
  context.beginPath();
  polygon.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.closePath();
}

const toScreen = ([x, y]) => [(x - S.view.x) * S.view.scale, (y - S.view.y) * S.view.scale];
const toPicture = ([x, y]) => [x / S.view.scale + S.view.x, y / S.view.scale + S.view.y];

// A kind of box has a dash pattern and a colour; neither is needed to know the other, and the list says it in words.
const LOOKS = { own: ["#3fd0ff", []], proposed: ["#ffb000", [7, 4]], unread: ["#ff9ce0", [2, 3]], leak: ["#ff5a4d", [10, 3, 2, 3]], gone: ["#ffffff", [1, 5]] };

function dashName(box) {
  if (box.gone) return "gone";
  if (box.sort !== "proposed") return box.sort;
  if (box.evidence === "reviewer") return "own";
  return box.evidence === "unread" ? "unread" : "proposed";
}

function outline(context, box, chosen) {
  const [colour, dash] = LOOKS[dashName(box)];
  const polygon = box.polygon.map(toScreen);
  trace(context, polygon);
  context.setLineDash([]);
  context.lineWidth = chosen ? 5 : 3.5;
  context.strokeStyle = "rgba(0, 0, 0, 0.75)";
  context.stroke();
  context.setLineDash(dash);
  context.lineWidth = chosen ? 3 : 1.75;
  context.strokeStyle = colour;
  context.stroke();
  context.setLineDash([]);
  const [x0, y0, x1, y1] = extent(polygon);
  if (chosen || (y1 - y0 > 14 && x1 - x0 > 40)) label(context, `${box.number + 1} ${category(box)}${box.gone ? " (visible)" : ""}`, x0, y0, colour);
  if (chosen && !box.gone) for (const [x, y] of handles(box)) {
    context.fillStyle = "#000";
    context.fillRect(x - 5, y - 5, 10, 10);
    context.fillStyle = colour;
    context.fillRect(x - 3.5, y - 3.5, 7, 7);
  }
}

function label(context, text, x, y, colour) {
  context.font = "600 11px system-ui, sans-serif";
  const wide = context.measureText(text).width + 8;
  const top = y > 17 ? y - 17 : y + 2;
  context.fillStyle = "rgba(0, 0, 0, 0.82)";
  context.fillRect(x, top, wide, 15);
  context.fillStyle = colour;
  context.fillText(text, x + 4, top + 11);
}

const handles = (box) => box.polygon.map(toScreen);

// ------------------------------------------------------------------ mouse, pen and touch

function pointAt(event) {
  const { left, top } = event.currentTarget.getBoundingClientRect();
  return [event.clientX - left, event.clientY - top];
}

function inside(polygon, [x, y]) {
  let within = false;
  polygon.forEach(([x0, y0], index) => {
    const [x1, y1] = polygon[(index + 1) % polygon.length];
    if ((y0 > y) !== (y1 > y) && x < x0 + (x1 - x0) * (y - y0) / (y1 - y0)) within = !within;
  });
  return within;
}

function grabbed(at) {
  const all = boxes().map((box, number) => ({ ...box, number })).filter(onFrame);
  const chosen = all.find((box) => box.number === S.chosen);
  if (chosen && !chosen.gone) {
    const corner = handles(chosen).findIndex(([x, y]) => Math.hypot(x - at[0], y - at[1]) < 10);
    if (corner >= 0) return { box: chosen, corner };
  }
  const area = (box) => { const [x0, y0, x1, y1] = extent(box.polygon); return (x1 - x0) * (y1 - y0); };
  const hit = all.filter((box) => inside(box.polygon, toPicture(at))).sort((a, b) => area(a) - area(b))[0];
  return hit && !S.hidden ? { box: hit, corner: -1 } : null;
}

function pointerDown(event) {
  if (!S.detail || event.button > 1) return;
  event.currentTarget.setPointerCapture(event.pointerId);
  const at = pointAt(event);
  if (S.drawing && event.button === 0) {
    S.drag = { sort: "draw", box: S.drawing, from: toPicture(at) };
    return;
  }
  const hit = event.button === 0 ? grabbed(at) : null;
  if (hit) {
    const fresh = hit.box.number !== S.chosen;
    choose(hit.box.number, false);
    S.drag = { sort: fresh ? "pick" : "change", hit, from: toPicture(at), last: at, polygon: null };
  } else {
    S.drag = { sort: "pan", last: at, moved: false };
  }
}

function pointerMove(event) {
  const drag = S.drag;
  if (!drag) return;
  const at = pointAt(event), here = toPicture(at);
  if (drag.sort === "pan") {
    drag.moved = true;
    pan(at[0] - drag.last[0], at[1] - drag.last[1]);
    drag.last = at;
  } else if (drag.sort === "draw") {
    const [rows, columns] = sizeOf(S.frame);
    const keep = ([x, y]) => [clamp(x, 0, columns), clamp(y, 0, rows)];
    const [a, b] = [keep(drag.from), keep(here)];
    drag.box.polygon = rectangle(Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]) + 0.01, Math.max(a[1], b[1]) + 0.01);
    draw();
  } else {
    if (drag.sort === "pick" && Math.hypot(at[0] - drag.last[0], at[1] - drag.last[1]) < 4) return;
    drag.sort = "change";
    drag.polygon = reshaped(drag.hit, drag.from, here);
    if (drag.hit.box.sort === "own") {
      if (!drag.remembered) { remember(); drag.remembered = true; }
      edit().added[drag.hit.box.index].polygon = drag.polygon;
    }
    draw();
  }
}

async function pointerUp() {
  const drag = S.drag;
  S.drag = null;
  if (!drag) return;
  if (drag.sort === "pan" && !drag.moved) choose(-1, false);
  if (drag.sort === "draw") {
    S.drawing = null;
    changed("Box drawn.");
  }
  if (drag.sort === "change" && drag.polygon && drag.hit.box.sort !== "own") {
    const mine = await own(drag.hit.box);
    if (mine) mine.polygon = drag.polygon;
  }
  if (drag.polygon) changed();
}

function reshaped({ box, corner }, [fx, fy], [x, y]) {
  const [dx, dy] = [Math.round(x - fx), Math.round(y - fy)];
  if (corner < 0) return box.polygon.map(([px, py]) => [px + dx, py + dy]);
  const upright = box.polygon.length === 4 && new Set(box.polygon.map(([px]) => px)).size === 2 && new Set(box.polygon.map(([, py]) => py)).size === 2;
  if (!upright) return box.polygon.map((point, index) => (index === corner ? [point[0] + dx, point[1] + dy] : point));
  const [held, fixed] = [box.polygon[corner], box.polygon[(corner + 2) % 4]];
  const moved = [held[0] + dx, held[1] + dy];
  return rectangle(Math.min(moved[0], fixed[0]), Math.min(moved[1], fixed[1]), Math.max(moved[0], fixed[0] + 1), Math.max(moved[1], fixed[1] + 1));
}

for (const id of ["before", "after"]) {
  const canvas = $(id);
  canvas.addEventListener("pointerdown", pointerDown);
  canvas.addEventListener("pointermove", pointerMove);
  canvas.addEventListener("pointerup", pointerUp);
  canvas.addEventListener("pointercancel", pointerUp);
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), pointAt(event));
  }, { passive: false });
}
new ResizeObserver(() => { if (S.detail) { fit(); draw(); drawStrip(); } }).observe($("before"));

// ------------------------------------------------------------------ frames, looks, blinking

function goTo(frame) {
  if (!S.detail) return;
  const [rows, columns] = sizeOf(S.frame);
  S.frame = clamp(frame, 0, S.detail.frames - 1);
  const [newRows, newColumns] = sizeOf(S.frame);
  if (rows !== newRows || columns !== newColumns) S.view = null;
  frameChanged();
  draw();
  for (let ahead = 1; ahead <= (S.playing ? 6 : 2); ahead += 1) if (S.frame + ahead < S.detail.frames) picture(S.id, S.detail, S.frame + ahead, S.look);
}

function frameChanged() {
  if (!S.detail) return;
  $("scrubber").value = S.frame + 1;
  $("frame-value").textContent = `${S.frame + 1} of ${S.detail.frames}`;
  drawStrip();
}

// Which frames have boxes, under the scrubber; the list says it in words.
function drawStrip() {
  const canvas = $("strip");
  if ($("film").hidden || !S.detail) return;
  canvas.width = canvas.clientWidth;
  canvas.height = 6;
  const context = canvas.getContext("2d");
  context.fillStyle = "#ffb000";
  for (const box of boxes().filter(covers)) {
    const x = (box.frames[0] / S.detail.frames) * canvas.width;
    context.fillRect(x, 0, Math.max(2, ((Math.min(box.frames[1], S.detail.frames) - box.frames[0]) / S.detail.frames) * canvas.width), 6);
  }
  context.fillStyle = "#3fd0ff";
  context.fillRect((S.frame / Math.max(1, S.detail.frames)) * canvas.width, 0, 2, 6);
}

function play() {
  if (!S.detail || S.detail.frames < 2) return;
  if (S.playing) { stopPlaying(); return; }
  S.playing = setInterval(() => {
    const key = `${S.id}/${(S.frame + 1) % S.detail.frames}?${lookQuery(S.look)}`;
    const ahead = pictures.get(key);
    if (ahead && !ahead.bitmap) return;
    goTo((S.frame + 1) % S.detail.frames);
  }, 1000 / 15);
  $("play-button").setAttribute("aria-pressed", "true");
}

function stopPlaying() {
  clearInterval(S.playing);
  S.playing = 0;
  $("play-button").setAttribute("aria-pressed", "false");
}

function nextLook() {
  if (!S.detail) return;
  const number = S.look.low === null ? (S.look.number + 1) % S.detail.looks : 0;
  S.look = { number, low: null, high: null };
  $("low").value = 0;
  $("high").value = 100;
  $("look-text").textContent = `Look ${number + 1} of ${S.detail.looks}`;
  draw();
}

let windowTimer = 0;
function windowed() {
  const low = Math.min(Number($("low").value), 99), high = Math.max(Number($("high").value), low + 1);
  clearTimeout(windowTimer);
  windowTimer = setTimeout(() => { S.look = { number: 0, low: low / 100, high: high / 100 }; draw(); }, 60);
}
$("low").addEventListener("input", windowed);
$("high").addEventListener("input", windowed);
$("scrubber").addEventListener("input", () => { stopPlaying(); goTo(Number($("scrubber").value) - 1); });

function blink(on) {
  if (S.blink === on) return;
  S.blink = on;
  $("blink-button").setAttribute("aria-pressed", String(on));
  draw();
}

function hideBoxes() {
  S.hidden = !S.hidden;
  $("hide-button").setAttribute("aria-pressed", String(S.hidden));
  draw();
}

// ------------------------------------------------------------------ dropped files

async function entriesOf(transfer) {
  const found = [];
  const walk = async (entry) => {
    if (entry.isFile) found.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
    else {
      const reader = entry.createReader();
      for (;;) {
        const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
        if (!some.length) break;
        for (const one of some) await walk(one);
      }
    }
  };
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry()).filter(Boolean);
  for (const entry of entries) await walk(entry);
  return entries.length ? found : [...transfer.files];
}

async function send(files) {
  if (!files.length) return;
  if (!$("drop").open) $("drop").showModal();
  $("drop-progress").hidden = false;
  const refused = [];
  let count = 0;
  for (const file of files) {
    $("drop-text").textContent = `Taking in ${count + 1} of ${files.length} …`;
    $("drop-progress").max = files.length;
    $("drop-progress").value = count;
    try {
      if (file.size > S.facts.most_bytes) throw new Error("it is larger than the policy allows");
      if (!file.size) throw new Error("it is empty");
      const answer = await fetch("/api/drop", { method: "POST", headers: { "X-File-Name": encodeURIComponent(file.name) }, body: file });
      if (!answer.ok) throw new Error((await answer.json()).error);
    } catch (error) { refused.push(`${file.name}: ${error.message}`); }
    count += 1;
  }
  if (refused.length) tell(`Not taken: ${refused.slice(0, 3).join("; ")}${refused.length > 3 ? " …" : ""}`);
  if (refused.length < files.length) {
    try { takeState(await ask("/api/drop/run", {})); } catch (error) { tell(error.message); }
  }
  poll(true);
}

function drawDrop() {
  const drop = S.drop;
  if (!drop || !drop.received) return;
  const phase = { survey: "Reading headers", redact: "De-identifying" }[drop.phase] || "Starting";
  const waits = S.items.filter((item) => isOpen(item)).length;
  $("drop-progress").hidden = !drop.running;
  $("drop-progress").max = Math.max(1, drop.total);
  $("drop-progress").value = drop.done;
  $("drop-text").textContent = drop.error
    ? drop.error
    : drop.running ? `${phase}: ${drop.done} of ${drop.total}` : `${plural(drop.clean, "clean file")}; ${plural(waits, "file waits", "files wait")} for you.`;
  $("drop-list").replaceChildren(...drop.outcomes.map((outcome) => element("li", {
    text: `${outcome.name}: ${outcome.status}${outcome.status === "clean" ? `, ${plural(outcome.findings, "place")} covered` : `. ${outcome.reasons.map((reason) => `${reason.sentence} ${reason.next}`).join(" ")}`}`,
  })));
  $("download").hidden = drop.running || !drop.clean;
  if (!drop.running && S.wasRunning && !S.id && waits) next();
  S.wasRunning = drop.running;
}

document.addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("over"); });
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("over"); });
document.addEventListener("drop", async (event) => {
  event.preventDefault();
  document.body.classList.remove("over");
  send(await entriesOf(event.dataTransfer));
});
$("chooser").addEventListener("change", () => { send([...$("chooser").files]); $("chooser").value = ""; });

// ------------------------------------------------------------------ sampling

function openSampling() {
  if (!S.facts.folder) { openDrop(); return; }
  const { looked_at: seen, missed, low, high } = S.sample;
  const per = (share) => `${(share * 100).toFixed(1)} %`;
  $("sample-text").textContent = seen
    ? `So far ${plural(seen, "file")} looked at, something missed in ${missed}: ${per(missed / seen)}, 95 % confidence ${per(low)} to ${per(high)}.`
    : "None looked at so far.";
  $("sampling").showModal();
}
$("sample-cancel").addEventListener("click", () => $("sampling").close());
$("sample-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  $("sampling").close();
  try {
    const answer = await ask("/api/sample", { share: Number($("share").value) / 100 });
    takeState(answer);
    say(`${plural(answer.files, "released file")} drawn.`);
    if (!S.id && answer.files) next();
  } catch (error) { tell(error.message); }
});

// ------------------------------------------------------------------ keys and buttons

function openDrop() { if (!$("drop").open) $("drop").showModal(); }
$("drop-close").addEventListener("click", () => $("drop").close());

function theme() {
  const dark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  $("theme-name").textContent = dark ? "Dark" : "Light";
}

function toggleQueue() {
  const shown = document.body.classList.toggle("no-queue");
  $("queue-button").setAttribute("aria-expanded", String(!shown));
}

function step(back) {
  const item = neighbour(back ? -1 : 1, back ? () => true : isOpen);
  if (item) show(item.id);
  else say(back ? "There is no other file." : "No other file waits.");
}

const KEYS = [
  ["a", "approve-button", "approve and go to the next", () => decide("approve")],
  ["j", "skip-button", "skip to the next that waits", () => step(false)],
  ["k", "back-button", "back to the one before", () => step(true)],
  ["r", "reject-button", "reject: never release this file", () => decide("reject")],
  ["e", null, "next box (Shift: previous)", (event) => cycle(event.shiftKey ? -1 : 1)],
  ["n", "new-button", "new box: draw it, or move it with the arrow keys (Shift: size, [ and ]: turn)", newBox],
  ["x", "remove-button", "remove the box, or bring it back", removeChosen],
  ["c", null, "cover what still shows", coverLeak],
  ["u", "undo-button", "undo", undo],
  ["f", "all-frames-button", "the box on all frames", allFrames],
  ["l", "spread-button", "the same box for every file of this layout", spread],
  ["b", null, "hold: blink between before and after", null],
  ["h", "hide-button", "hide the boxes", hideBoxes],
  ["z", "fit-button", "whole picture, or one to one", fitOrFull],
  ["+", "zoom-in", "zoom in", () => zoom(1.25)],
  ["-", "zoom-out", "zoom out", () => zoom(0.8)],
  ["Enter", null, "on a box: zoom to it", null],
  [",", "frame-back", "previous frame", () => { stopPlaying(); goTo(S.frame - 1); }],
  [".", "frame-next", "next frame", () => { stopPlaying(); goTo(S.frame + 1); }],
  [" ", "play-button", "play", play],
  ["v", "look-button", "another window of the DICOM file", nextLook],
  ["w", null, "to the window sliders", () => { if (S.detail && S.detail.windowed) $("low").focus(); }],
  ["q", "queue-button", "show or hide the queue", toggleQueue],
  ["g", "sample-button", "look at a sample of the released files", openSampling],
  ["o", "drop-button", "drop files", openDrop],
  ["t", "theme-button", "light or dark", theme],
  ["?", "help-button", "these keys", () => $("help").showModal()],
];
const ACTIONS = new Map(KEYS.filter(([, , , action]) => action).map(([key, , , action]) => [key, action]));
for (const [, button, , action] of KEYS) if (button) $(button).addEventListener("click", (event) => action(event));
$("empty-drop").addEventListener("click", openDrop);
$("empty-sample").addEventListener("click", openSampling);

function cycle(by) {
  const count = boxes().length;
  if (count) choose(S.chosen < 0 ? (by > 0 ? 0 : count - 1) : (S.chosen + by + count) % count, true);
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function arrow(event) {
  if (!S.detail) return;
  const [dx, dy] = ARROWS[event.key];
  const chosen = boxes()[S.chosen];
  if (!chosen) {
    pan(-dx * 60, -dy * 60);
    return;
  }
  const by = event.ctrlKey ? 1 : Math.max(1, Math.round(4 / S.view.scale));
  if (event.shiftKey) size(dx * by, dy * by);
  else move(dx * by, dy * by);
}

document.addEventListener("keydown", (event) => {
  const target = event.target;
  const dialog = document.querySelector("dialog[open]");
  if (dialog) {
    if (event.key === "Escape") {
      event.preventDefault();
      dialog.close();
    } else if (dialog.id === "why" && /^[1-9]$/.test(event.key)) {
      const button = dialog.querySelectorAll("ol button")[Number(event.key) - 1];
      if (button) button.click();
    }
    return;
  }
  if (event.altKey || event.metaKey || target.matches("input:not([type=range]), select")) return;
  const list = target === $("boxes");
  if (event.key === "Escape") { S.drawing = null; choose(-1, false); return; }
  if (list && ["ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) {
    event.preventDefault();
    const count = boxes().length;
    if (event.key === "Home") choose(0, true);
    else if (event.key === "End") choose(count - 1, true);
    else cycle(event.key === "ArrowDown" ? 1 : -1);
    return;
  }
  if (list && event.key === "Enter") { event.preventDefault(); zoomToChosen(); return; }
  if (event.key in ARROWS && (target === document.body || target.matches("canvas"))) {
    event.preventDefault();
    arrow(event);
    return;
  }
  if (target.matches("button, a, input:not([type=range])") && ["Enter", " "].includes(event.key)) return;
  if (!S.keysOn || (event.ctrlKey && !(event.key in ARROWS))) return;
  if (event.key === "Delete" || event.key === "Backspace") { event.preventDefault(); removeChosen(); return; }
  if (event.key === "[" || event.key === "]") { turn(event.key === "[" ? -2 : 2); return; }
  if (event.key === "b") {
    if (event.repeat) return;
    blink(calm.matches ? !S.blink : true);
    return;
  }
  const action = ACTIONS.get(event.key.length === 1 ? event.key.toLowerCase() : event.key) || ACTIONS.get(event.key);
  if (!action || (event.repeat && !"+-,.".includes(event.key))) return;
  event.preventDefault();
  action(event);
});
document.addEventListener("keyup", (event) => { if (event.key === "b" && !calm.matches) blink(false); });
window.addEventListener("blur", () => { if (!calm.matches) blink(false); });

const blinkButton = $("blink-button");
blinkButton.addEventListener("pointerdown", () => { if (!calm.matches) blink(true); });
for (const end of ["pointerup", "pointerleave"]) blinkButton.addEventListener(end, () => { if (!calm.matches) blink(false); });
blinkButton.addEventListener("click", (event) => { if (calm.matches || event.detail === 0) blink(!S.blink); });
if (calm.matches) $("blink-text").textContent = "Before / after";

for (const button of document.querySelectorAll("#nudge button")) {
  button.addEventListener("click", () => {
    if (button.dataset.key === "[" || button.dataset.key === "]") turn(button.dataset.key === "[" ? -2 : 2);
    else arrow({ key: button.dataset.key, shiftKey: button.dataset.shift === "1" });
  });
}
$("category").addEventListener("change", () => {
  const box = boxes()[S.chosen];
  if (!box || box.sort !== "own") return;
  remember();
  edit().added[box.index].category = $("category").value;
  changed();
});
$("keys-on").addEventListener("change", () => { S.keysOn = $("keys-on").checked; });
$("boxes").addEventListener("focus", () => { if (S.chosen < 0 && boxes().length) choose(0, true); });

// ------------------------------------------------------------------ beginning

let timer = 0;
async function poll(soon) {
  clearTimeout(timer);
  if (S.stopped) return;
  const busy = S.items.some((item) => item.state === "queued" || item.state === "working") || (S.drop && S.drop.running);
  timer = setTimeout(async () => {
    try {
      takeState(await ask("/api/state"));
      if (!S.id && !$("empty").hidden) nothing();
    } catch (error) {
      if (!S.stopped) tell(error.message);
    }
    poll();
  }, soon || busy ? 1000 : 10000);
}

function fill() {
  const { facts } = S;
  $("category").replaceChildren(...facts.categories.map((name) => element("option", { value: name, text: name.replaceAll("_", " ") })));
  $("platform").append(...facts.platforms.map((name) => element("option", { value: name, text: name })));
  $("use").append(...facts.uses.map((name) => element("option", { value: name, text: name })));
  $("consent").required = facts.require_consent;
  if (facts.require_consent) $("consent-need").textContent = "the policy asks for it";
  $("sample-button").hidden = !facts.folder;
  $("why-list").replaceChildren(...facts.removals.map(({ code, sentence }, index) => {
    const line = element("li", {});
    const button = element("button", { type: "submit", value: code });
    button.append(element("kbd", { text: String(index + 1) }), ` ${sentence}`);
    line.append(button);
    return line;
  }));
  $("keys").replaceChildren(...KEYS.flatMap(([key, , text]) => {
    const term = element("dt", {});
    term.append(element("kbd", { text: key === " " ? "Space" : key }));
    return [term, element("dd", { text })];
  }));
}

async function begin() {
  S.facts = await ask("/api/facts");
  fill();
  takeState(await ask("/api/state"));
  const first = S.items.find(isOpen);
  if (first) await show(first.id);
  else nothing();
  document.body.dataset.ready = "true";
  if (first && !S.facts.signature) await sign();
  if (!first && !S.facts.folder && !S.items.length) openDrop();
  poll();
}

begin().catch((error) => tell(error.message));
