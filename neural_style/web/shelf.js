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
  if (html !== sent) found.innerHTML = sent = html;
  mark();
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
