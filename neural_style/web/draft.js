// Keeps what is filled in for as long as the window is open.
// props.value: { form, empty } from the page; for it the text of { forms, last }, as an object with a path is a file.

const NAME = "forms";

watch("value", () => {
  const { form, empty } = props.value ?? {};
  if (!form) return;
  const { forms = {} } = JSON.parse(sessionStorage.getItem(NAME)) ?? {};
  const before = forms[form.tab];
  // Gradio tells of changes where nothing changed, in tabs that nobody looks at.
  if (before ? JSON.stringify(before) === JSON.stringify(form) : empty) return;
  sessionStorage.setItem(NAME, JSON.stringify({ forms: { ...forms, [form.tab]: form }, last: form.tab }));
});

document.querySelector("a[href=logout]")?.addEventListener("click", () => sessionStorage.removeItem(NAME));

const kept = sessionStorage.getItem(NAME);
if (kept) {
  props.value = kept;
  trigger("input");
}
