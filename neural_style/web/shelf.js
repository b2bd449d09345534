// Lists the runs while the list is in sight; a click on one shows it on the easel.

const search = element.querySelector("input");
const found = element.querySelector(".found");

let page = 0;
let sent = "";
let turn = 0;
let shown = "";

async function list() {
  if (!element.offsetParent) return;
  const mine = ++turn;
  const answer = await fetch(`runs/shelf?page=${page}&words=${encodeURIComponent(search.value)}`);
  const html = answer.ok ? await answer.text() : sent;
  if (mine !== turn) return;
  if (html !== sent) put((sent = html));
  mark();
}

// Leaves the entries in place where they are the same runs: one may be about to be clicked, or have the focus.
function put(html) {
  const fresh = document.createElement("div");
  fresh.innerHTML = html;
  const [before, after] = [found, fresh].map((list) => [...list.querySelectorAll("[data-run]")]);
  const runs = (entries) => entries.map((entry) => entry.dataset.run).join("\n");
  const beside = (list) => [...list.children].filter((part) => !part.matches(".entries")).map((part) => part.outerHTML).join("");
  if (runs(before) !== runs(after) || beside(found) !== beside(fresh)) return found.replaceChildren(...fresh.childNodes);
  before.forEach((entry, at) => {
    if (entry.innerHTML !== after[at].innerHTML) entry.innerHTML = after[at].innerHTML;
  });
}

function mark() {
  for (const button of found.querySelectorAll("[data-run]")) {
    button.setAttribute("aria-pressed", String(button.dataset.run === shown));
  }
}

found.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.run) window.dispatchEvent(new CustomEvent("run", { detail: { run: button.dataset.run } }));
  if (button?.dataset.page) {
    page = Number(button.dataset.page);
    list();
  }
});

search.addEventListener("input", () => {
  page = 0;
  list();
});

window.addEventListener("runs", (event) => {
  shown = event.detail.run;
  list();
});
new IntersectionObserver(list).observe(element);
