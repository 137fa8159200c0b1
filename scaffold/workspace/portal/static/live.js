// While a run is under way, shows the page's newer state without a reload that would lose one's place.
"use strict";
async function refresh() {
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const log = document.querySelector("pre.log");
      const atEnd = !log || log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
      const place = log ? log.scrollTop : 0;
      const opened = document.querySelector("details")?.open;
      document.querySelector("main").replaceWith(page.querySelector("main"));
      const renewed = document.querySelector("pre.log");
      if (renewed) renewed.scrollTop = atEnd ? renewed.scrollHeight : place;
      const details = document.querySelector("details");
      if (details && opened) details.open = true;
      if (!page.querySelector("script")) return;
    }
  } catch { /* the service is away for the moment */ }
  setTimeout(refresh, 1000);
}
setTimeout(refresh, 1000);
