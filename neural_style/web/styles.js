// The list of styles. props.value: [{ kept, shown, name, weight, mask, source }].

const list = element.querySelector("ul");
const hint = element.querySelector(".hint");
let drawn = "";

function make(name, attributes = {}, ...children) {
  const part = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, value);
  part.append(...children);
  return part;
}

function tell(value) {
  props.value = value;
  draw();
  trigger("change");
  trigger("input");
}

function weigh(index, text) {
  const weight = Math.min(Math.max(Number(text) || 0, 0), 10);
  tell(props.value.map((each, at) => (at === index ? { ...each, weight } : each)));
}

function row(each, index) {
  const number = index + 1;
  const many = { type: "number", min: 0, max: 10, step: 0.05, value: each.weight };
  const slide = { type: "range", min: 0, max: 10, step: 0.05, value: each.weight };
  const box = make("input", { ...many, "aria-label": `number input for Weight of style ${number}` });
  const slider = make("input", { ...slide, "aria-label": `Weight of style ${number}` });
  slider.addEventListener("input", () => (box.value = slider.value));
  for (const part of [box, slider]) part.addEventListener("change", () => weigh(index, part.value));
  const up = make("button", { type: "button", "data-do": "up", "aria-label": `move style ${number} up` }, "↑");
  up.disabled = index === 0;
  const masked = each.mask || each.source ? "Mask ✓" : "Mask";
  return make(
    "li",
    { "data-index": index },
    make("img", { src: each.shown, alt: each.name, title: each.name }),
    make("div", { class: "weight" }, make("span", {}, `Weight of style ${number}`), box, slider),
    up,
    make("button", { type: "button", "data-do": "mask", "aria-label": `${masked} of style ${number}` }, masked),
    make("button", { type: "button", "data-do": "drop", "aria-label": `leave style ${number} out` }, "✕")
  );
}

function draw() {
  const value = props.value ?? [];
  if (JSON.stringify(value) === drawn) return;
  drawn = JSON.stringify(value);
  list.replaceChildren(...value.map(row));
  hint.hidden = value.length > 0;
}

list.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const index = Number(button.closest("li").dataset.index);
  if (button.dataset.do === "mask") return trigger("click", { index });
  const value = [...props.value];
  const [moved] = value.splice(index, 1);
  if (button.dataset.do === "up") value.splice(index - 1, 0, moved);
  trigger("click", { index: null }); // The editor of masks, which knows its style by its place, is closed.
  tell(value);
});

watch("value", draw);
draw();
