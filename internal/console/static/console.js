"use strict";
// Keys, timer, autosave and what follows from a session that has ended. All that a
// page does it does without this too.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const inPage = { "X-In-Page": "1" };

  for (const a of document.querySelectorAll("nav a")) {
    if (location.pathname === a.getAttribute("href")) a.setAttribute("aria-current", "page");
  }

  // Signed in again: what waited goes on its way.
  $("#again")?.submit();

  // signedIn opens the dialog and resolves once somebody has signed in.
  const ended = $("#ended");
  let asking = null;
  const signedIn = () => asking ??= new Promise((resolve) => {
    ended.showModal();
    const [word, code] = ended.querySelectorAll("form");
    const turn = (to) => { word.hidden = to !== word; code.hidden = to !== code; $("input", to).focus(); };
    const done = () => {
      removeEventListener("focus", elsewhere);
      turn(word);
      ended.close();
      asking = null;
      resolve();
    };
    // In another tab, perhaps, where the company's own way in leads.
    const elsewhere = async () => {
      const answer = await fetch("/account", { headers: inPage, redirect: "manual" }).catch(() => null);
      if (answer?.ok && ended.open) done();
    };
    addEventListener("focus", elsewhere);
    for (const form of [word, code]) form.onsubmit = async (event) => {
      event.preventDefault();
      const wrong = $(".notice", form);
      const answer = await fetch(form.action, { method: "POST", headers: inPage, body: new URLSearchParams(new FormData(form)) }).catch(() => null);
      if (answer?.status === 204 || answer?.status === 202) {
        form.reset();
        wrong.hidden = true;
      }
      if (answer?.status === 202) { // a code is asked for as well
        turn(code);
        return;
      }
      if (answer?.status === 204) {
        done();
        return;
      }
      wrong.textContent = answer ? await answer.text() : "…";
      wrong.hidden = false;
    };
    ended.oncancel = (event) => event.preventDefault();
  });

  // A page that looks after itself: its main part is fetched again, unless its
  // reader is in the midst of something or has said that it should not be.
  const live = $("[data-live]");
  if (live) {
    let paused = false;
    const showPause = () => {
      const pause = $("#pause");
      pause.hidden = false;
      pause.setAttribute("aria-pressed", paused);
      pause.onclick = () => { paused = !paused; pause.setAttribute("aria-pressed", paused); };
      return pause;
    };
    showPause();
    const again = async () => {
      if (paused || document.hidden || $("main :focus:not(#pause)") || $("main details[open]")) return;
      const answer = await fetch(location.href, { headers: inPage }).catch(() => null);
      if (!answer?.ok || answer.redirected) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const onPause = document.activeElement?.id === "pause";
      $("main").replaceWith($("main", fresh));
      const pause = showPause();
      if (onPause) pause.focus();
    };
    setInterval(again, 1000 * Number(live.dataset.live));
  }

  const form = $("#result");
  if (!form) return;
  const work = $(".work"), note = $("#note"), kept = $("#kept"), talk = $("#talk");

  // save keeps the form as a draft. It answers the HTTP status, 0 for no line.
  let typed = 0, saved = 0, sending = false;
  const save = async () => {
    const now = typed;
    const answer = await fetch(`/work/${work.dataset.lead}/draft`, { method: "POST", headers: inPage, body: new URLSearchParams(new FormData(form)) }).catch(() => null);
    if (answer?.status === 204) {
      saved = now;
      if (typed === now) kept.textContent = "— " + note.dataset.kept;
      const until = answer.headers.get("X-Lease-Until");
      if (until) work.dataset.lease = Date.parse(until) / 1000;
    } else {
      kept.textContent = "— " + note.dataset.lost;
    }
    return answer?.status ?? 0;
  };
  let timer;
  form.addEventListener("input", () => {
    typed++;
    kept.textContent = "";
    clearTimeout(timer);
    timer = setTimeout(async () => { if (await save() === 401) { await signedIn(); await save(); } }, 700);
  });
  setInterval(() => { if (typed !== saved) save(); }, 15000);

  // Who leaves the page at once leaves what they have just typed as a draft.
  addEventListener("pagehide", () => {
    if (typed !== saved && !sending) fetch(`/work/${work.dataset.lead}/draft`, { method: "POST", headers: inPage, body: new URLSearchParams(new FormData(form)), keepalive: true });
  });

  // A slot and another hour are one or the other: the last one counts.
  form.addEventListener("change", (event) => {
    const { name, value } = event.target, other = $("#meet_at");
    if (name === "slot" && value) other.value = "";
    if (name === "meet_at" && value) for (const slot of form.querySelectorAll("input[name=slot]")) slot.checked = false;
  });

  // A form is sent once it is known that somebody is signed in and that there is a
  // line: until then the page stays as it is.
  const pause = (seconds) => new Promise((resolve) => { setTimeout(resolve, 1000 * seconds); });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (sending) return;
    sending = true;
    clearTimeout(timer);
    const button = event.submitter ?? $("button.main", form);
    for (let status = await save(); status === 401 || status === 0; status = await save()) {
      if (status === 401) { await signedIn(); continue; }
      kept.textContent = "— " + note.dataset.waiting;
      await pause(2);
    }
    if (button.name) {
      const hidden = Object.assign(document.createElement("input"), { type: "hidden", name: button.name, value: button.value });
      if (button.name === "from") $("input[name=from]", form)?.remove();
      form.append(hidden);
    }
    if (button.formAction && button.hasAttribute("formaction")) form.action = button.formAction;
    form.submit();
  });

  // The timer runs from dialling on; the lease counts down.
  // When it began is a part of the form: the page may be shown anew during a call.
  const began = form.elements.since;
  const longest = 2 * 3600 * 1000; // what began earlier was another call
  let since = Date.now() - Number(began.value) < longest ? Number(began.value) : 0;
  const run = (from) => {
    since = from;
    began.value = from || "";
    form.dispatchEvent(new Event("input"));
  };
  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  for (const dial of document.querySelectorAll(".dial")) dial.addEventListener("click", () => { if (!since) run(Date.now()); });
  setInterval(() => {
    if (since) {
      const text = clock(Math.round((Date.now() - since) / 1000));
      $("#timer").textContent = text;
      if (document.activeElement !== talk) talk.value = text;
    }
    if (work.dataset.lease && $("#lease")) {
      const left = Math.max(0, Math.round(Number(work.dataset.lease) - Date.now() / 1000));
      $("#lease").textContent = $("#lease").dataset.left.replace("%s", clock(left));
      $(".timer").classList.toggle("late", left < 120);
    }
  }, 1000);

  // Keys of one character are for those who have not turned them off, and never
  // for who is typing. A digit is the key that it stands on: on a French keyboard
  // it is another character.
  const letters = work.dataset.keys !== "off";
  const isWriting = (event) => event.target.matches("input:not([type=radio]), textarea, select");
  document.addEventListener("keydown", (event) => {
    if (ended.open) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit($("button.main", form));
      return;
    }
    const writing = isWriting(event);
    if (event.key === "Escape" && writing) { event.target.blur(); return; }
    if (!letters || event.ctrlKey || event.metaKey || event.altKey || writing) return;
    const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];
    const key = digit && $(`input[data-key="${digit}"]`, form);
    if (key) {
      event.preventDefault();
      key.checked = true;
      key.dispatchEvent(new Event("input", { bubbles: true }));
      key.focus();
    } else if (event.key === "t") {
      run(since ? 0 : Date.now());
    }
  });
  // On the way up: the letter must not be typed into what it leads to.
  document.addEventListener("keyup", (event) => {
    if (letters && event.key === "n" && !event.altKey && !event.ctrlKey && !event.metaKey && !ended.open && !isWriting(event)) note.focus();
  });
})();
