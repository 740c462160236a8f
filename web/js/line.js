// A waiting page asks how the line stands, when the server said to, and draws only what changed.
// Without scripts the page reloads itself by the same clock.
export function waitInLine(root) {
  const box = root.querySelector('[data-kh-line]')
  if (!box) return
  setTimeout(async () => {
    let html = ''
    try {
      const answer = await fetch(box.dataset.khLine, { headers: { 'X-Khue-Background': '1' } })
      if (answer.ok) html = await answer.text()
    } catch {
      // Offline: asked again by the same clock.
    }
    if (html) {
      const fresh = new DOMParser().parseFromString(html, 'text/html').getElementById('line')
      for (const name of ['khLine', 'khNext']) {
        if (fresh.dataset[name]) box.dataset[name] = fresh.dataset[name]
        else delete box.dataset[name]
      }
      // What has not changed is not announced again.
      if (box.innerHTML !== fresh.innerHTML) box.replaceChildren(...fresh.childNodes)
    }
    waitInLine(root)
  }, Number(box.dataset.khNext) * 1000)
}
