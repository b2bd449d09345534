// What has the focus, by a key, is not behind the button that sticks to the window's lower end.
document.addEventListener("focusin", ({ target }) => {
  const bar = [...document.querySelectorAll(".begin")].find((each) => each.offsetParent);
  if (!bar || bar.contains(target) || !target.matches(":focus-visible")) return;
  const [at, own] = [bar, target.closest("label") ?? target].map((each) => each.getBoundingClientRect());
  if (own.bottom > at.top && own.top < at.bottom) scrollBy({ top: own.bottom - at.top + 12 });
});

// Numbers beyond the limits of a slider become these limits: Gradio would tell of an error of its own, and of no field.

const isLimited = (field) => field.matches?.('input[type="number"][min][max]');
const clamped = (field) => Math.min(Math.max(Number(field.value), field.min), field.max);
const isWithin = (field) => field.value !== "" && clamped(field) === Number(field.value);

function on(kind, handle) {
  document.addEventListener(kind, (event) => isLimited(event.target) && handle(event.target, event), true);
}

let before = ""; // What was in the field when it got the focus.
on("focusin", (field) => (before = field.value));
on("input", (field, event) => isWithin(field) || event.stopImmediatePropagation());
on("focusout", (field) => {
  if (isWithin(field)) return;
  field.value = field.value === "" ? before : clamped(field);
  field.dispatchEvent(new Event("input", { bubbles: true }));
});
