// Shows a run: asks once a second whether there is anything new, and only then for what has changed.
// props.value: { run, deed } for the page, { show, serial } from it; a new serial shows another run.

const part = (name) => element.querySelector(`#${name}`);
const said = part("said");
const nameField = part("run-name");
const own = ["load", "continue", "use"]; // What only the page's forms can do.

let compared = ""; // The run that others are compared with, if there is one.
let wanted = ""; // The run that was chosen, if one was.
let known = null; // The version of what is shown.
let silent = false; // Whether the server does not answer.
let answering = null; // Which process of the server.
let sent = {}; // The parts as they came last.
let serial = null;
let turn = 0;

async function ask(path, options) {
  const answer = await fetch(path, options);
  if (answer.status === 401) location.reload();
  if (!answer.ok) throw new Error(await answer.text());
  return answer;
}

function say(text) {
  said.textContent = text;
  said.className = text ? "problem" : "";
}

function put(name, html) {
  if (sent[name] === html) return;
  sent[name] = html;
  if (name === "picture") part(name).style.removeProperty("--before"); // Its slider begins at 0 again.
  const place = name === "settings" ? part(name).querySelector("div") : part(name);
  place.innerHTML = html;
}

async function look() {
  const mine = ++turn;
  const answer = await ask(`runs/easel?run=${encodeURIComponent(wanted)}`);
  const { run, parts } = await answer.json();
  if (mine !== turn) return; // Another run was chosen meanwhile.
  if (run !== (props.value ?? {}).run) {
    sent = {};
    say("");
    props.value = { run };
  }
  element.querySelector(".easel").dataset.run = run;
  for (const name of ["progress", "actions", "picture", "more", "losses", "settings", "queue"]) {
    put(name, parts[name] ?? (name === "picture" ? '<div class="empty">What is painted appears here.</div>' : ""));
  }
  await beside(run);
  part("settings").hidden = nameField.hidden = !run;
  nameField.placeholder = part("picture").dataset.title = parts.title ?? "";
  if (document.activeElement !== nameField) nameField.value = parts.name ?? "";
  window.dispatchEvent(new CustomEvent("runs", { detail: { run } }));
}

// Shows the run that is compared with above the one that is looked at.
async function beside(run) {
  const place = part("other");
  const is = compared && compared !== run;
  place.hidden = !is;
  element.querySelector(".easel").classList.toggle("two", Boolean(is));
  if (!is || place.dataset.run === compared) return;
  const { run: found, parts } = await (await ask(`runs/easel?run=${encodeURIComponent(compared)}`)).json();
  if (found !== compared) return uncompare();
  place.dataset.run = found;
  place.innerHTML = `<p class="label"></p>${parts.picture}<p><button type="button" data-do="uncompare">Compare no more</button></p>`;
  place.querySelector(".label").textContent = parts.title;
  place.querySelector(".tools")?.remove();
}

function uncompare() {
  compared = "";
  delete part("other").dataset.run;
  part("other").hidden = true;
  element.querySelector(".easel").classList.remove("two");
}

async function watchRuns() {
  try {
    const version = await (await ask("runs/version")).text();
    if (silent) say("");
    silent = false;
    if (version === known) return;
    const [now] = version.split(" ");
    // One that was started anew knows nothing of what this page has told; what is filled in is kept (see draft.js).
    if (now !== (answering ??= now)) return location.reload();
    known = version;
    await look();
  } catch (problem) {
    known = null; // The server may be back the next time.
    silent ||= problem instanceof TypeError;
    if (silent) say("The page's server does not answer. What is filled in is kept; the page goes on when it is back.");
  }
}

function show(run) {
  wanted = run;
  known = null;
  // Where the columns are one below the other, the picture would be out of sight.
  if (innerWidth <= 760) element.scrollIntoView();
  return watchRuns();
}

async function act(run, deed) {
  try {
    await ask(`runs/${encodeURIComponent(run)}/${deed}`, { method: "POST" });
    say("");
    if (deed === "delete" && wanted === run) wanted = "";
  } catch (problem) {
    say(problem.message);
  }
  known = null;
  await watchRuns();
}

function sure(run) {
  // The question goes when anything else of the run is shown.
  const question = document.createElement("div");
  question.className = "sure";
  question.innerHTML =
    '<p class="hint">Delete this run and its pictures for good?</p>' +
    '<button type="button" data-do="delete-it">Delete it</button><button type="button" data-do="keep-it">Keep it</button>';
  question.dataset.run = run;
  part("more").querySelector(".sure")?.remove();
  part("more").append(question);
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (!button || button.tagName !== "BUTTON") return;
  const { run } = props.value ?? {};
  const deed = button.dataset.do;
  if (deed === "delete") return sure(run);
  if (deed === "uncompare") return uncompare();
  if (deed === "compare") {
    uncompare();
    compared = run;
    say("");
    said.textContent = "Choose another run: this one is shown above it.";
    said.className = "hint";
    return [...document.querySelectorAll("[role=tab]")].find((tab) => tab.textContent.trim() === "Runs")?.click();
  }
  if (deed === "keep-it") return button.closest(".sure").remove();
  if (deed === "delete-it") return act(button.closest(".sure").dataset.run, "delete");
  if (own.includes(deed)) {
    props.value = { run, deed };
    trigger("input");
    scrollTo({ top: 0 }); // There it is told what has come of it.
    return;
  }
  act(button.dataset.of ?? run, deed);
});

element.addEventListener("input", (event) => {
  const { do: deed, frames, numbers, still, moving } = event.target.dataset;
  if (deed === "animation") part("picture").querySelector(".after").src = event.target.checked ? moving : still;
  if (deed === "compare") part("picture").style.setProperty("--before", `${event.target.value}%`);
  if (deed === "frame") {
    const at = Number(event.target.value) - 1;
    const place = frames.split(" ")[at];
    const number = numbers.split(" ")[at];
    part("picture").querySelector(".after").src = place;
    part("picture").querySelector("a").href = place;
    event.target.parentElement.querySelector("span").textContent = number;
    saves(at + 1 < Number(event.target.max) ? place : null, number);
  }
});

// Has the link that saves the picture save another, of this iteration, or again its own.
function saves(place, iteration) {
  const link = part("actions").querySelector("a.save");
  if (!link) return;
  link.dataset.own ??= JSON.stringify([link.getAttribute("href"), link.download]);
  const [address, name] = JSON.parse(link.dataset.own);
  link.href = place ?? address;
  const ending = place?.match(/\.\w+(?=$|\?)/)?.[0] ?? "";
  link.download = place ? name.replace(/(\.[^.]*)?$/, `-iteration-${iteration}${ending}`) : name;
}

nameField.addEventListener("change", () => act(props.value.run, `name?to=${encodeURIComponent(nameField.value)}`));

watch("value", () => {
  const value = props.value ?? {};
  if (!value.serial || value.serial === serial) return;
  serial = value.serial;
  uncompare();
  show(value.show);
});

window.addEventListener("run", (event) => show(event.detail.run));
// One after the other: a server that takes longer than a second would be asked anew before its answer is there.
let watching = null;
setInterval(() => (watching ??= watchRuns().finally(() => (watching = null))), 1000);
watchRuns();
