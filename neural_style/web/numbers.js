// Numbers beyond the limits of a slider become these limits: Gradio would tell of an error of its own, and of no field.

const within = (field) => {
  const value = Number(field.value);
  return field.value !== "" && value >= Number(field.min) && value <= Number(field.max);
};
const isLimited = (field) => field.matches?.('input[type="number"][min][max]') && element.ownerDocument.contains(field);

document.addEventListener("input", (event) => isLimited(event.target) && !within(event.target) && event.stopImmediatePropagation(), true);
document.addEventListener(
  "focusout",
  ({ target: field }) => {
    if (!isLimited(field) || within(field)) return;
    field.value = field.value === "" ? field.dataset.before : Math.min(Math.max(Number(field.value), field.min), field.max);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  },
  true
);
document.addEventListener("focusin", ({ target: field }) => isLimited(field) && (field.dataset.before = field.value), true);
