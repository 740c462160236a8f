// The keys of the desk (listed at /desk/keys). They do nothing while somebody types, with a
// modifier, or where they were turned off in this browser.
const places = { d: '/desk', q: '/desk/queue', m: '/desk/mine', b: '/desk/balance', t: '/desk/phrases', i: '/inbox' }
const listPage = '/desk/keys'
const setting = 'kh-keys'
let going = 0

export function deskKeys(root) {
  toggle(root)
  root.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && typing(event.target)) return event.target.blur()
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.defaultPrevented) return
    if (typing(event.target) || off() || document.querySelector('dialog[open]')) return
    if (press(event.key)) event.preventDefault()
  })
}

function off() {
  try {
    return localStorage.getItem(setting) === 'off'
  } catch {
    return false
  }
}

const typing = (e) => e instanceof HTMLElement && (e.isContentEditable || e.nodeName === 'TEXTAREA' || e.nodeName === 'SELECT' || (e.nodeName === 'INPUT' && !/^(checkbox|radio|button|submit)$/.test(e.type)))

function press(key) {
  if (going && Date.now() - going < 1500) {
    going = 0
    const href = places[key]
    if (href) location.assign(href)
    return Boolean(href)
  }
  going = 0
  switch (key) {
    case 'j':
      return row(1)
    case 'k':
      return row(-1)
    case 'x':
      return tick()
    case '/':
      return focus('[data-kh-search], main input[type=search]')
    case 'a':
      return focus('[data-kh-act] :is(textarea, select, input:not([type=hidden])), [data-kh-act] button')
    case 'c':
      return click('[data-kh-claim]')
    case 'n':
      return focus('[data-kh-note] textarea')
    case 'p':
      return focus('.kh-viewer__pane, [data-kh-viewer]')
    case '[':
      return click('[data-kh-paper-prev]')
    case ']':
      return click('[data-kh-paper-next]')
    case 'g':
      going = Date.now()
      return true
    case '?':
      show()
      return true
  }
  return false
}

function focus(selector) {
  const e = [...document.querySelectorAll(selector)].find((x) => !x.disabled && (x.offsetParent || x === document.activeElement))
  if (!e) return false
  e.scrollIntoView({ block: 'center' })
  e.focus({ preventScroll: true })
  return true
}

function click(selector) {
  const e = document.querySelector(selector)
  if (!e) return false
  e.click()
  return true
}

const rows = () => [...document.querySelectorAll('main tbody tr')].filter((r) => r.querySelector('a[href]') && r.offsetParent)

function row(by) {
  const all = rows()
  if (!all.length) return false
  const here = all.findIndex((r) => r.contains(document.activeElement))
  const next = all[Math.min(Math.max(here + by, 0), all.length - 1)]
  const link = next.querySelector('a[href]')
  link.focus({ preventScroll: true })
  next.scrollIntoView({ block: 'nearest' })
  return true
}

function tick() {
  const here = rows().find((r) => r.contains(document.activeElement))
  const box = here && here.querySelector('input[type=checkbox]')
  if (!box) return false
  box.checked = !box.checked
  box.dispatchEvent(new Event('change', { bubbles: true }))
  return true
}

// show brings the list of keys as a dialog; where that fails, its page.
async function show() {
  let list
  try {
    const response = await fetch(listPage, { headers: { Accept: 'text/html', 'X-Khue-Background': '1' } })
    list = new DOMParser().parseFromString(await response.text(), 'text/html').getElementById('key-list')
  } catch {
    // below
  }
  if (!list || !window.HTMLDialogElement) return location.assign(listPage)
  const before = document.activeElement
  const dialog = document.createElement('dialog')
  dialog.className = 'kh-dialog'
  dialog.setAttribute('aria-labelledby', 'keys-title')
  const title = document.createElement('h2')
  title.className = 'kh-heading-m'
  title.id = 'keys-title'
  title.textContent = list.dataset.khTitle
  const close = document.createElement('button')
  close.type = 'button'
  close.className = 'kh-button kh-button--secondary kh-button--small'
  close.textContent = list.dataset.khClose
  close.addEventListener('click', () => dialog.close())
  for (const h of list.querySelectorAll('h2')) {
    const h3 = document.createElement('h3')
    h3.className = h.className
    h3.textContent = h.textContent
    h.replaceWith(h3)
  }
  list.removeAttribute('id')
  dialog.append(title, document.importNode(list, true), close)
  dialog.addEventListener('close', () => {
    dialog.remove()
    if (before instanceof HTMLElement) before.focus()
  })
  document.body.append(dialog)
  dialog.showModal()
  close.focus()
}

// toggle is the switch on the page of the keys (WCAG 2.1.4).
function toggle(root) {
  const button = root.querySelector('[data-kh-keys-toggle]')
  const state = root.querySelector('[data-kh-keys-state]')
  if (!button || !state) return
  const draw = () => {
    const which = off() ? 'khOff' : 'khOn'
    button.textContent = button.dataset[which]
    state.textContent = state.dataset[which]
  }
  button.addEventListener('click', () => {
    try {
      if (off()) localStorage.removeItem(setting)
      else localStorage.setItem(setting, 'off')
    } catch {
      return
    }
    draw()
  })
  state.setAttribute('role', 'status')
  button.hidden = state.hidden = false
  draw()
}
