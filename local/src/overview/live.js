// Renews what is going on while the page is looked at, unless somebody is about to use a part of it.
setInterval(async () => {
  const live = document.getElementById("live");
  if (document.hidden || live.contains(document.activeElement) || getSelection().toString()) return;
  const answer = await fetch("/_local", { headers: { accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
  if (fresh && fresh.innerHTML !== live.innerHTML) live.replaceWith(fresh);
}, 2000);
