// A page of questions that changes with its answers is asked for again, with what was
// typed so far, and takes the place of what stood there; so do the buttons that add or
// take out a row and find a unit. Without this the buttons post the page as usual, and
// questions that come up are asked once it is sent.
import { morph } from './morph.js'

let enhanceAll = () => {}
const followed = new WeakSet()

export function followAnswers(root, enhance) {
  enhanceAll = enhance
  for (const region of regions(root)) {
    if (followed.has(region)) continue
    followed.add(region)
    region.addEventListener('change', (event) => {
      const name = event.target.name || ''
      const live = (region.dataset.khLive || '').split(' ').filter(Boolean)
      if (live.some((path) => name === path || name.startsWith(path + '.'))) draw(region, null)
    })
    region.addEventListener('click', (event) => {
      const button = event.target.closest('button[name="_edit"]')
      if (!button) return
      event.preventDefault()
      draw(region, button)
    })
  }
}

function regions(root) {
  const inside = [...root.querySelectorAll('.kh-questions')]
  return root.matches && root.matches('.kh-questions') ? [root, ...inside] : inside
}

let asked = 0

async function draw(region, button) {
  const form = region.closest('form')
  const data = new FormData(form)
  // Files stay where they are: a page drawn again needs only what was typed.
  for (const box of form.querySelectorAll('input[type=file]')) data.delete(box.name)
  data.set('_refresh', region.id)
  if (button) data.set(button.name, button.value)
  const mine = ++asked
  const sent = new Map([...region.querySelectorAll('input, textarea, select')].map((box) => [box, state(box)]))
  region.setAttribute('aria-busy', 'true')
  let html
  try {
    const response = await fetch(form.action, { method: 'POST', body: new URLSearchParams(data), headers: { Accept: 'text/html' } })
    if (!response.ok || mine !== asked) return
    html = await response.text()
  } catch {
    if (button && form.requestSubmit) form.requestSubmit(button) // let the browser say what is wrong
    return
  } finally {
    region.removeAttribute('aria-busy')
  }
  const fresh = new DOMParser().parseFromString(html, 'text/html').getElementById(region.id)
  if (fresh) put(region, fresh, sent, button)
}

// put brings the region up to date and leaves the reader where they were: what was typed
// since the question was sent wins over what came back.
function put(region, fresh, sent, button) {
  const names = () => new Set([...region.querySelectorAll('[name]')].map((e) => e.name))
  const had = names()
  morph(region, fresh, (box) => !button && sent.has(box) && sent.get(box) !== state(box))
  enhanceAll(region.parentElement)
  region.dispatchEvent(new Event('kh-drawn', { bubbles: true }))
  const goal = button && after(region, button)
  if (goal) goal.focus()
  if (button || [...names()].some((name) => !had.has(name))) tell(region.dataset.khChanged)
}

const state = (box) => (box.type === 'radio' || box.type === 'checkbox' ? String(box.checked) : box.value)

// after is where a reader goes on once a button has changed the page.
function after(region, button) {
  const words = button.value.split(' ')
  const what = words[0]
  const path = words[1]
  if (what === 'find') {
    return region.querySelector(`input[name="${CSS.escape(path)}"]`) || region.querySelector(`[name="${CSS.escape(path)}.find"]`)
  }
  const rows = [...region.querySelectorAll(`[data-kh-row="${CSS.escape(path)}"]`)]
  if (what === 'add') {
    const row = rows[rows.length - 1]
    return row && (row.querySelector('input:not([type=hidden]), select, textarea') || row)
  }
  return rows[Math.min(Number(words[2]), rows.length - 1)] || region.querySelector(`button[value="add ${CSS.escape(path)}"]`)
}

let voice

function tell(text) {
  if (!text) return
  if (!voice) {
    voice = document.createElement('div')
    voice.className = 'kh-visually-hidden'
    voice.setAttribute('role', 'status')
    document.body.append(voice)
  }
  voice.textContent = ''
  setTimeout(() => (voice.textContent = text), 100)
}
