/* The accounts under an input that asks for passkeys (autocomplete="… webauthn").

     keysteadAutofill.offer(id, accounts, choose, notice)   until withdrawn; the latest offer is the one shown
     keysteadAutofill.withdraw(id)

   A listbox in a closed shadow root, in the top layer, built by DOM calls and a
   constructed style sheet: it works under the strictest policy of the page. The
   input is left as it is. The page's scripts cannot reach into the list, so what
   happens in it is a person's doing; what happens outside of it is asked. */
const keysteadAutofill = (() => {
  "use strict";
  const INPUTS = "input[autocomplete~='webauthn' i], textarea[autocomplete~='webauthn' i]";
  const STYLE = `
    :host { all: initial !important; position: fixed !important; inset: auto !important; margin: 0 !important;
      padding: 0 !important; border: 0 !important; background: none !important; overflow: visible !important;
      color-scheme: light dark !important; opacity: 1 !important; visibility: visible !important;
      left: var(--left) !important; top: var(--top) !important; width: var(--width) !important;
      max-width: calc(100vw - var(--left) - 8px) !important; }
    :host(:not(:popover-open)) { display: none !important; }
    .panel { box-sizing: border-box; margin: 4px 0; padding: 4px; max-height: 280px; overflow-y: auto;
      font: 15px/1.4 system-ui, sans-serif; border-radius: 10px; border: 1px solid light-dark(#c9ced6, #4a515c);
      color: light-dark(#16191d, #f1f3f5); background: light-dark(#fff, #22262c);
      box-shadow: 0 8px 24px rgb(0 0 0 / 22%); }
    .notice { margin: 0; padding: 8px 12px; color: light-dark(#9f1239, #fda4af); }
    .notice:empty { display: none; }
    [role=option] { display: block; padding: 8px 12px; border-radius: 7px; cursor: pointer; outline: none; }
    [role=option]:hover { background: light-dark(#eef1f5, #2e343c); }
    [role=option]:focus { background: light-dark(#1d4ed8, #93b4ff); color: light-dark(#fff, #0d1320); }
    .name, .place { display: block; overflow-wrap: anywhere; }
    .name { font-weight: 600; }
    .place { font-size: 13px; opacity: .85; }
    @media (forced-colors: active) { [role=option]:focus { outline: 2px solid Highlight; } }
    [role=status] { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }`;

  const offers = new Map(); // id -> {accounts, choose, notice}
  let host = null;
  let panel = null;
  let notice = null;
  let list = null;
  let announcement = null;
  let input = null;

  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };

  function build() {
    // A plain div: for a name with a dash the page could define an element of its own.
    host = element("div", { popover: "manual" });
    const shadow = host.attachShadow({ mode: "closed" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    shadow.adoptedStyleSheets = [sheet];
    list = element("div", { role: "listbox", "aria-label": "Passkeys on this computer" });
    notice = element("p", { class: "notice", role: "alert" });
    panel = element("div", { class: "panel" }, notice, list);
    announcement = element("div", { role: "status" });
    shadow.append(panel, announcement);
    list.addEventListener("keydown", onListKey);
    list.addEventListener("focusout", ({ relatedTarget }) => list.contains(relatedTarget) || hide());
  }

  function option({ credential, name, display_name: displayName, beware }, choose) {
    const which = displayName && displayName !== name ? `${name} · ` : "";
    const row = element(
      "div",
      { role: "option", tabindex: "-1", "aria-selected": "false" },
      element("span", { class: "name" }, displayName || name),
      element("span", { class: "place" }, `${which}Passkey on this computer`),
      ...(beware ? [element("span", { class: "place" }, beware)] : []),
    );
    const chosen = (event) => {
      event.preventDefault();
      input.focus({ preventScroll: true }); // the list goes, and focus must not go with it
      hide();
      choose(credential);
    };
    // Not at mousedown: a press that began elsewhere, on something the page moved away, is no choice.
    row.addEventListener("click", chosen);
    row.addEventListener("mousedown", (event) => event.preventDefault());
    row.addEventListener("keydown", (event) => event.key === "Enter" && chosen(event));
    return row;
  }

  // -- showing --------------------------------------------------------------

  function place() {
    if (!host?.isConnected || !input) return;
    const { left, top, bottom, width } = input.getBoundingClientRect();
    const height = panel.offsetHeight + 8;
    const above = bottom + height > innerHeight && top > height;
    const at = { "--left": left, "--top": above ? top - height : bottom, "--width": Math.max(width, 240) };
    for (const [name, pixels] of Object.entries(at)) host.style.setProperty(name, `${pixels}px`, "important");
  }

  function show(at) {
    const latest = [...offers.values()].at(-1);
    if (!latest) return;
    if (!host) build();
    input = at;
    notice.textContent = latest.notice;
    list.replaceChildren(...latest.accounts.map((account) => option(account, latest.choose)));
    if (!host.isConnected) document.body.append(host);
    if (!host.matches(":popover-open")) host.showPopover();
    place();
    const count = latest.accounts.length;
    announcement.textContent = `${count} ${count === 1 ? "passkey" : "passkeys"} on this computer. Press the down arrow to choose.`;
  }

  function hide() {
    if (host?.matches(":popover-open")) host.hidePopover();
    host?.remove();
  }

  // -- keyboard and pointer -------------------------------------------------

  const inputOf = (event) => {
    const target = event.composedPath()[0];
    return event.isTrusted && target instanceof Element && target.matches(INPUTS) ? target : null;
  };

  function onListKey(event) {
    const rows = [...list.children];
    const at = rows.findIndex((row) => row.matches(":focus"));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (event.key === "Escape" || to === -1) {
      input.focus();
      if (event.key === "Escape") hide();
    } else if (to !== undefined) focusRow(rows[Math.min(to, rows.length - 1)]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function focusRow(row) {
    for (const other of list.children) other.setAttribute("aria-selected", String(other === row));
    row.focus();
  }

  function onInputKey(event) {
    const at = inputOf(event);
    if (!at || !offers.size) return;
    if (event.key === "ArrowDown") {
      show(at);
      focusRow(list.firstElementChild);
      event.preventDefault();
    } else if (event.key === "Escape") hide();
  }

  document.addEventListener("focusin", (event) => inputOf(event) && show(inputOf(event)), true);
  document.addEventListener("click", (event) => inputOf(event) && show(inputOf(event)), true);
  document.addEventListener("keydown", onInputKey, true);
  document.addEventListener("focusout", (event) => event.relatedTarget === host || hide(), true);
  addEventListener("scroll", place, { capture: true, passive: true });
  addEventListener("resize", place, { passive: true });

  return {
    offer(id, accounts, choose, notice) {
      offers.delete(id); // the latest offer is last
      offers.set(id, { accounts, choose, notice });
      const active = document.activeElement;
      // The page focused the input before it asked.
      if (active?.matches(INPUTS)) show(active);
    },
    withdraw(id) {
      if (offers.delete(id) && !offers.size) hide();
    },
  };
})();
