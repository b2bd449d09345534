// Pictures to click. props.value: the name of the one that was clicked last, or null.

function mark() {
  for (const button of element.querySelectorAll("[data-name]")) {
    button.setAttribute("aria-pressed", String(button.dataset.name === props.value));
  }
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-name]");
  if (!button) return;
  props.value = button.dataset.name;
  mark();
  trigger("input");
});

watch("value", mark);
mark();
