// Loads the page again when the package has changed.
const here = document.querySelector("[data-kh-version]")?.dataset.khVersion
const stream = new EventSource("/events")
stream.addEventListener("message", (e) => {
  if (here && e.data !== here) {
    stream.close()
    location.reload()
  }
})
addEventListener("pagehide", () => stream.close())
