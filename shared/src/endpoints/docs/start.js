// Every operation is in the page's list. Who opens one has the renderer fetched, which takes the list's place and has all of them: a megabyte and
// seconds of work, which nobody waits for who only looks what there is. Nothing goes to anybody else: no fonts, no measuring, no proxy, no assistant.
{
  const list = document.getElementById("list");
  const links = [...list.querySelectorAll("li a")];
  // The order of the list is the reference's.
  const places = new Map(links.map((link, at) => [link.querySelector("code").textContent, at]));
  const place = ({ path }) => places.get(path) ?? places.size;

  const told = document.getElementById("told");
  const say = (text) => (told.textContent = text);

  const render = () => {
    list.replaceChildren(told);
    const api = document.getElementById("api");
    new MutationObserver((_, own) => {
      if (!api.querySelector("h1, h2")) return;
      own.disconnect();
      list.remove();
    }).observe(api, { childList: true, subtree: true });
    window.Scalar.createApiReference("#api", {
      url: "/openapi.json",
      servers: [{ url: window.location.origin }],
      withDefaultFonts: false,
      telemetry: false,
      proxyUrl: "",
      agent: { disabled: true },
      mcp: { disabled: true },
      hideClientButton: true,
      showDeveloperTools: "never",
      // What the schemas are for stands where they are used.
      hideModels: true,
      documentDownloadType: "json",
      orderSchemaPropertiesBy: "preserve",
      operationsSorter: (one, other) => place(one) - place(other),
      authentication: { preferredSecurityScheme: "bearer" },
      persistAuth: false,
      defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
    });
  };

  const open = () => {
    if (location.hash.length < 2) return;
    removeEventListener("hashchange", open);
    list.setAttribute("aria-busy", "true");
    say("The reference is on its way…");
    const onerror = () => say("The reference could not be fetched. Reload the page.");
    document.body.append(Object.assign(document.createElement("script"), { src: list.dataset.renderer, onload: render, onerror }));
  };
  addEventListener("hashchange", open);
  open();

  const find = document.getElementById("find");
  find.closest("search").hidden = false;
  find.addEventListener("input", () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const section of list.querySelectorAll("section")) {
      const items = [...section.querySelectorAll("li")];
      for (const item of items) item.hidden = !words.every((word) => item.textContent.toLowerCase().includes(word));
      const shown = items.filter((item) => !item.hidden).length;
      section.hidden = shown === 0;
      found += shown;
    }
    say(words.length > 0 ? `${found} found` : "");
  });
}
