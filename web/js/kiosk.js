// A public computer finishes by itself two minutes after the last touch, and says so half a
// minute before. While somebody types the server hears of it once a minute.
const idle = 120
const warn = 30

export function finishAlone(root) {
  const stay = root.body && root.body.dataset.khKiosk
  const form = root.querySelector('form[data-kh-finish]')
  if (!stay || !form) return
  const line = form.querySelector('[role=status]')
  let last = Date.now()
  let told = Date.now()
  const touch = () => {
    last = Date.now()
    line.textContent = ''
    if (last - told < 60000) return
    told = last
    fetch(stay, { method: 'POST' }).catch(() => {})
  }
  for (const kind of ['pointerdown', 'keydown', 'input', 'scroll']) addEventListener(kind, touch, { passive: true, capture: true })
  if (!root.querySelector('.kh-user')) return // nobody has signed in: nothing to end
  setInterval(() => {
    const left = Math.ceil(idle - (Date.now() - last) / 1000)
    if (left <= 0) form.submit()
    else if (left <= warn) line.textContent = form.dataset.khFinish.replace('%d', left)
  }, 1000)
  // A page that the back button brings is asked for anew.
  addEventListener('pageshow', (event) => { if (event.persisted) location.reload() })
}
