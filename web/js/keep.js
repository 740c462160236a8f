// Keeps what is typed into the forms of a task until the act is done: it survives a
// conflict, a session that ran out, a tab closed by accident and opened again. It stays in
// this tab's storage under account and task (data-kh-keep="account:task:form"), and goes
// with the act, with signing out in any tab, and when somebody else signs in.
const prefix = 'kh-draft:'
const channel = 'BroadcastChannel' in window ? new BroadcastChannel('kh-keep') : null

export function keepTyped(root) {
  let store
  try {
    store = window.sessionStorage
  } catch {
    return // the browser keeps nothing: what is typed lives as long as the page
  }
  const parts = [...root.querySelectorAll('[data-kh-keep]')]
  forgetOthers(store, parts)
  const done = new URLSearchParams(location.search).get('done')
  for (const part of parts) {
    const key = prefix + part.dataset.khKeep
    const form = part.querySelector('form')
    if (!form) continue
    if (done && (done !== 'note' || key.endsWith(':note'))) store.removeItem(key)
    else bringBack(store, key, part, form)
    let timer
    form.addEventListener('input', () => {
      clearTimeout(timer)
      timer = setTimeout(() => write(store, key, form), 250)
    })
    form.addEventListener('change', () => write(store, key, form))
    form.addEventListener('submit', () => write(store, key, form))
  }
  root.addEventListener('submit', (event) => {
    const action = event.target.getAttribute && event.target.getAttribute('action')
    if (action !== '/sign-out') return
    forget(store)
    if (channel) channel.postMessage('forget')
  })
  if (channel) channel.addEventListener('message', () => forget(store))
}

const boxes = (form) => [...form.elements].filter((e) => e.name && e.type !== 'hidden' && e.type !== 'file' && e.type !== 'submit' && e.name !== 'phrase' && e.type !== 'password' && !e.multiple) // what a list of several holds follows the text

function write(store, key, form) {
  const kept = []
  for (const e of boxes(form)) {
    const choice = e.type === 'checkbox' || e.type === 'radio'
    if (choice ? e.checked !== e.defaultChecked : e.nodeName === 'SELECT' ? e.value !== first(e) : e.value !== e.defaultValue) {
      kept.push([e.name, choice ? e.value : '', choice ? e.checked : e.value])
    }
  }
  try {
    if (kept.length) store.setItem(key, JSON.stringify(kept))
    else if (!restoredByServer(form)) store.removeItem(key)
  } catch {
    // Full: the page itself still holds it.
  }
}

// After a refusal the server has put in what was typed: it is the box's own value then.
const restoredByServer = (form) => boxes(form).some((e) => e.nodeName === 'TEXTAREA' && e.defaultValue)

function first(select) {
  const chosen = [...select.options].find((o) => o.defaultSelected) || select.options[0]
  return chosen ? chosen.value : ''
}

function bringBack(store, key, part, form) {
  let kept
  try {
    kept = JSON.parse(store.getItem(key) || '[]')
  } catch {
    return
  }
  let any = false
  for (const [name, value, state] of kept) {
    const e = boxes(form).find((x) => x.name === name && (!value || x.value === value))
    if (!e) continue
    if (e.type === 'checkbox' || e.type === 'radio') {
      if (e.checked === state) continue
      e.checked = state
    } else {
      if (e.value === state || (e.nodeName !== 'SELECT' && e.defaultValue)) continue // the server's word is younger
      e.value = state
    }
    any = true
    e.dispatchEvent(new Event('change', { bubbles: true }))
  }
  if (!any) return
  const details = part.closest('details')
  if (details) details.open = true
  tell(store, key, part, form)
}

function tell(store, key, part, form) {
  const line = document.createElement('p')
  line.className = 'kh-keep'
  line.setAttribute('role', 'status')
  line.setAttribute('data-kh-own', '')
  line.textContent = part.dataset.khRestored + ' '
  const drop = document.createElement('button')
  drop.type = 'button'
  drop.className = 'kh-button kh-button--secondary kh-button--small'
  drop.textContent = part.dataset.khDiscard
  drop.addEventListener('click', () => {
    form.reset()
    store.removeItem(key)
    line.remove()
    const box = boxes(form)[0]
    if (box) box.focus()
  })
  line.append(drop)
  part.prepend(line)
}

function forget(store) {
  for (const key of Object.keys(store)) if (key.startsWith(prefix)) store.removeItem(key)
}

function forgetOthers(store, parts) {
  if (!parts.length) return
  const account = parts[0].dataset.khKeep.split(':')[0] + ':'
  for (const key of Object.keys(store)) {
    if (key.startsWith(prefix) && !key.startsWith(prefix + account)) store.removeItem(key)
  }
}
