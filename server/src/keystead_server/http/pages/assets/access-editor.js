// The editor of a Conditional Access policy: long lists can be searched, and what "Check" answers is put into
// the page while somebody types. Without a script the same is a button away.

const QUIET_MS = 700;
const form = document.querySelector("form[data-check]");

for (const search of document.querySelectorAll("[data-find]")) {
  const boxes = document.getElementById(search.dataset.find);
  search.addEventListener("input", () => {
    const wanted = search.value.toLocaleLowerCase();
    for (const box of boxes.querySelectorAll(".check")) {
      // What is ticked stays in sight, so that nothing is chosen unseen.
      box.hidden = !box.textContent.toLocaleLowerCase().includes(wanted) && !box.querySelector("input").checked;
    }
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
}

function renewed(answer) {
  for (const mine of document.querySelectorAll("[data-live]")) {
    mine.replaceChildren(...(answer.getElementById(mine.id)?.childNodes ?? []));
  }
  for (const control of form.elements) {
    const theirs = control.id && answer.getElementById(control.id);
    if (!theirs) continue;
    for (const name of ["aria-invalid", "aria-describedby"]) {
      if (theirs.hasAttribute(name)) control.setAttribute(name, theirs.getAttribute(name));
      else control.removeAttribute(name);
    }
    document.getElementById(`${control.id}-error`)?.remove();
    const error = answer.getElementById(`${control.id}-error`);
    if (error) control.closest(".field")?.append(error);
  }
}

let asked = 0;

async function check() {
  const mine = ++asked;
  const body = new URLSearchParams(new FormData(form));
  body.set("action", "check");
  // A button is called "action", and would be what `form.action` is.
  const answer = await fetch(form.getAttribute("action"), { method: "POST", body }).catch(() => null);
  // Whatever went wrong is said when it is saved; an answer to what has been typed over since is none.
  if (!answer?.ok || mine !== asked) return;
  const text = await answer.text();
  if (mine === asked) renewed(new DOMParser().parseFromString(text, "text/html"));
}

let waiting;
form?.addEventListener("input", (event) => {
  if (event.target.matches("[data-find]")) return;
  clearTimeout(waiting);
  waiting = setTimeout(check, QUIET_MS);
});
