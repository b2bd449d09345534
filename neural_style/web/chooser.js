// A picture to choose. props.value: null, or { kept: [the paths that the server has], shown: an address, name }.
// The last picture that was chosen counts, however long those before it take to arrive.

const root = element.querySelector(".chooser");
const input = root.querySelector("input");
const image = root.querySelector("img");
const problem = root.querySelector(".problem");
const name = root.querySelector(".name");
const reading = (window.reading ??= new Set()); // All uploads of the page that are not over.

let sending = null;

function show(given, state) {
  const value = given?.kept ? given : null;
  root.dataset.state = state ?? (value ? "chosen" : "empty");
  image.hidden = !value;
  if (value && image.getAttribute("src") !== value.shown) image.src = value.shown;
  if (!value) image.removeAttribute("src");
  const count = value?.kept.length ?? 0;
  name.textContent = count > 1 ? `${count} pictures: ${value.name}, …` : (value?.name ?? "");
}

function set(value) {
  props.value = value;
  show(value);
  trigger("change");
  trigger("input");
}

// A file of the visitor's own, or the name of a sample.
async function send(file, signal) {
  const own = typeof file !== "string";
  const upload = `uploads?name=${encodeURIComponent(file.name || "pasted.png")}&kind=${root.dataset.kind}`;
  const address = own ? upload : `samples/${file}`;
  const answer = await fetch(address, { method: "POST", body: own ? file : null, signal });
  if (answer.status === 401) location.reload();
  if (!answer.ok) throw new Error((await answer.text()) || "the picture did not arrive: try it again");
  return answer.json();
}

async function take(files) {
  files = [...files];
  if (!files.length) return;
  sending?.abort();
  const mine = (sending = new AbortController());
  problem.textContent = "";
  show(null, "reading");
  const chosen = [];
  const refused = [];
  for (const file of input.multiple ? files : files.slice(0, 1)) {
    try {
      chosen.push(await send(file, mine.signal));
    } catch (error) {
      if (mine.signal.aborted) return;
      // What a browser says of a server that is gone differs from one to the next.
      refused.push(error instanceof TypeError ? "the page's server does not answer" : error.message);
    }
  }
  if (mine !== sending) return;
  sending = null;
  problem.textContent = refused.join("; ");
  // What cannot be read takes away nothing that is there.
  if (!chosen.length) return show(props.value);
  set({ ...chosen[0], kept: chosen.flatMap((each) => each.kept) });
}

function begin(files) {
  const done = take(files).finally(() => reading.delete(done));
  reading.add(done);
}

element.addEventListener("click", (event) => {
  const sample = event.target.closest("[data-sample]");
  if (sample) return begin([sample.dataset.sample]);
  if (event.target.closest(".choose, .another")) input.click();
  if (event.target.closest(".remove")) {
    sending?.abort();
    sending = null;
    problem.textContent = "";
    set(null);
  }
});
input.addEventListener("change", () => {
  begin(input.files);
  input.value = ""; // So that the same file can be chosen again.
});
for (const kind of ["dragover", "dragenter"]) {
  element.addEventListener(kind, (event) => {
    event.preventDefault();
    root.classList.add("above");
  });
}
element.addEventListener("dragleave", () => root.classList.remove("above"));
element.addEventListener("drop", (event) => {
  event.preventDefault();
  root.classList.remove("above");
  begin(event.dataTransfer.files);
});
element.addEventListener("paste", (event) => begin(event.clipboardData.files));

watch("value", () => {
  // What comes from the server counts unless something else is being read.
  if (!sending) show(props.value);
});
show(props.value);
