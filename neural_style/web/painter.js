// Paints labels over a picture without smoothing, so that every pixel has exactly one of the colours, or none.
// props.value: { serial, ground, strokes, colours, names, can_be_undone, height, width }; a new serial from the
// server begins anew. What is painted is told in strokes, and that it was in changed.

const MOST_UNDO = 20;
const canvas = element.querySelector("canvas");
const context = canvas.getContext("2d", { willReadFrequently: true });
const ground = element.querySelector("img");
const swatches = element.querySelector(".swatches");
const size = element.querySelector("input[type=range]");
const ring = element.querySelector(".ring");

let serial = null;
let colours = [];
let labels = new Uint8Array(0); // 0: nothing, k: the colour k − 1
let chosen = 1;
let past = [];
let last = null;

function rgb(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}

function show(left, top, right, bottom) {
  left = Math.max(0, left);
  top = Math.max(0, top);
  const width = Math.min(canvas.width, right) - left;
  const height = Math.min(canvas.height, bottom) - top;
  if (width <= 0 || height <= 0) return;
  const part = context.createImageData(width, height);
  const table = colours.map(rgb);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const label = labels[(top + y) * canvas.width + left + x];
      if (!label) continue;
      const at = 4 * (y * width + x);
      part.data.set(table[label - 1], at);
      part.data[at + 3] = 255;
    }
  }
  context.putImageData(part, left, top);
}

function showAll() {
  context.clearRect(0, 0, canvas.width, canvas.height);
  show(0, 0, canvas.width, canvas.height);
}

function radius() {
  return Math.max(0.5, (Number(size.value) / 200) * Math.min(canvas.width, canvas.height));
}

// All pixels whose distance from the segment is at most the radius.
function stroke(from, to) {
  const r = radius();
  const box = [
    Math.floor(Math.min(from.x, to.x) - r),
    Math.floor(Math.min(from.y, to.y) - r),
    Math.ceil(Math.max(from.x, to.x) + r) + 1,
    Math.ceil(Math.max(from.y, to.y) + r) + 1,
  ];
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  for (let y = Math.max(0, box[1]); y < Math.min(canvas.height, box[3]); y++) {
    for (let x = Math.max(0, box[0]); x < Math.min(canvas.width, box[2]); x++) {
      const t = length ? Math.min(1, Math.max(0, ((x - from.x) * dx + (y - from.y) * dy) / length)) : 0;
      const [ex, ey] = [x - from.x - t * dx, y - from.y - t * dy];
      if (ex * ex + ey * ey <= r * r) labels[y * canvas.width + x] = chosen;
    }
  }
  show(...box);
}

function place(event) {
  const box = canvas.getBoundingClientRect();
  return {
    x: ((event.clientX - box.left) / box.width) * canvas.width - 0.5,
    y: ((event.clientY - box.top) / box.height) * canvas.height - 0.5,
  };
}

function moveRing(event) {
  const box = canvas.getBoundingClientRect();
  const wide = (2 * radius() * box.width) / canvas.width;
  ring.style.width = ring.style.height = `${wide}px`;
  ring.style.left = `${event.clientX - box.left - wide / 2}px`;
  ring.style.top = `${event.clientY - box.top - wide / 2}px`;
}

function tell() {
  props.value = { ...props.value, changed: true, strokes: labels.some((label) => label) ? canvas.toDataURL("image/png") : null };
  trigger("input");
}

function remember() {
  past.push(labels.slice());
  if (past.length > MOST_UNDO) past.shift();
}

function choose(label) {
  chosen = label;
  for (const button of element.querySelectorAll("[data-label]")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.label) === label));
  }
}

function begin() {
  const value = props.value;
  if (!value || value.serial === serial) return;
  serial = value.serial;
  const same = value.can_be_undone && labels.length === value.width * value.height;
  past = same ? [...past, labels] : [];
  colours = value.colours;
  canvas.width = value.width;
  canvas.height = value.height;
  labels = new Uint8Array(value.width * value.height);
  ground.src = value.ground;
  swatches.replaceChildren(
    ...colours.map((colour, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.label = index + 1;
      button.title = `${value.names[index]} ${colour}`;
      button.setAttribute("aria-label", `paint ${colour}, ${value.names[index]}`);
      button.style.background = colour;
      return button;
    })
  );
  choose(1);
  showAll();
  if (value.strokes) take(value.strokes);
}

// Takes up strokes that were painted before: each pixel that is there gets its nearest colour.
function take(address) {
  const mine = serial;
  const image = new Image();
  image.onload = () => {
    if (serial !== mine) return;
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const table = colours.map(rgb);
    for (let i = 0; i < labels.length; i++) {
      if (data[4 * i + 3] < 128) continue;
      const far = table.map(([r, g, b]) => (data[4 * i] - r) ** 2 + (data[4 * i + 1] - g) ** 2 + (data[4 * i + 2] - b) ** 2);
      labels[i] = far.indexOf(Math.min(...far)) + 1;
    }
    showAll();
  };
  image.src = address;
}

canvas.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  event.preventDefault();
  canvas.setPointerCapture(event.pointerId);
  remember();
  last = place(event);
  stroke(last, last);
});
canvas.addEventListener("pointermove", (event) => {
  moveRing(event);
  if (!last) return;
  for (const step of event.getCoalescedEvents?.() ?? [event]) {
    const to = place(step);
    stroke(last, to);
    last = to;
  }
});
for (const kind of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(kind, () => {
    if (!last) return;
    last = null;
    tell();
  });
}
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.label !== undefined) return choose(Number(button.dataset.label));
  if (button.dataset.do === "undo" && past.length) labels = past.pop();
  if (button.dataset.do === "clear") {
    remember();
    labels = new Uint8Array(labels.length);
  }
  showAll();
  tell();
});

watch("value", begin);
begin();
