// A page whose answer takes longer: the server does another slice each time it is asked, so this goes on asking.
// When the page is left nobody asks, and nothing is done any more.

const PAUSE_MS = 150;
const bar = document.getElementById("run");

async function askAgain() {
  const answer = await fetch(location.href);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = answer.ok ? page.getElementById("run") : null;
  // No bar any more: the answer is there, or the reason why there is none.
  if (!fresh) return location.reload();
  if (fresh.hasAttribute("value")) bar.value = fresh.value;
  setTimeout(askAgain, PAUSE_MS);
}

// Whoever lost the network for a moment finds the run where it was.
setTimeout(() => askAgain().catch(() => setTimeout(() => location.reload(), 2000)), PAUSE_MS);
