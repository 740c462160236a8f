// Keeps regions of the page up to date: <div id data-kh-live="unit:7 account:9"> is asked
// for again when one of its topics changes. One tab of the browser listens (an EventSource)
// and tells the others; where that does not work, the page looks again every half minute.
// A box that somebody has typed into keeps what they typed, their focus and caret; a region
// marked data-kh-guard stays as it is while anything in it has been typed.
import { morph } from './morph.js'

const listenPath = '/live'
const calm = 250 // ms in which changes gather
const pause = 2000 // ms between two looks, so that a busy queue does not draw all the time
const slow = 30000 // ms between looks without a stream
const me = Math.random().toString(36).slice(2)

let source = null
let open = false
let leading = false
let stale = new Set()
let timer = 0
let lastLook = 0
let busy = false
const wanted = new Map() // tab to its topics, known to the tab that listens
const channel = 'BroadcastChannel' in window ? new BroadcastChannel('kh-live') : null

const regions = () => [...document.querySelectorAll('[data-kh-live][id]')]
const topicsOf = (region) => (region.dataset.khLive || '').split(' ').filter(Boolean)
const own = () => [...new Set(regions().flatMap(topicsOf))]

export function followLive() {
  if (!regions().length) return
  if (channel) channel.addEventListener('message', (event) => heard(event.data))
  say({ want: own(), tab: me })
  if (navigator.locks && channel) navigator.locks.request('kh-live', lead).catch(() => lead())
  else lead()
  setInterval(() => {
    if (!open && Date.now() - lastHeard > slow) changed(['all'])
  }, slow)
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && stale.size) soon()
  })
  addEventListener('pagehide', () => {
    say({ gone: me })
    if (source) source.close()
    source = null
  })
  addEventListener('pageshow', (event) => {
    if (!event.persisted) return
    changed(['all'])
    say({ want: own(), tab: me })
    if (leading) connect()
  })
}

let lastHeard = Date.now()

function say(message) {
  if (channel) channel.postMessage(message)
}

function heard(m) {
  if (m.changed) {
    lastHeard = Date.now()
    changed(m.changed)
  }
  if (m.alive) lastHeard = Date.now()
  if (m.who) say({ want: own(), tab: me })
  if (!leading) return
  if (m.want) {
    wanted.set(m.tab, m.want)
    later()
  }
  if (m.gone) wanted.delete(m.gone)
}

// lead makes this tab the one that listens; the lock is held until the tab goes.
function lead() {
  leading = true
  say({ who: true })
  later()
  setInterval(() => open && say({ alive: true }), slow / 2)
  return new Promise(() => {})
}

let reconnect = 0
let listening = ''

function later() {
  clearTimeout(reconnect)
  reconnect = setTimeout(connect, 200)
}

function connect() {
  const topics = [...new Set([...own(), ...[...wanted.values()].flat()])].sort().slice(0, 40)
  const address = listenPath + '?' + topics.map((t) => 't=' + encodeURIComponent(t)).join('&')
  if (source && listening === address) return
  if (source) source.close()
  if (!window.EventSource || !topics.length) return
  listening = address
  source = new EventSource(address)
  source.onopen = () => (open = true)
  source.onmessage = (event) => {
    lastHeard = Date.now()
    const topics = event.data.split(' ')
    say({ changed: topics })
    changed(topics)
  }
  source.onerror = () => {
    open = false
    if (source && source.readyState === EventSource.CLOSED) {
      source = null
      setTimeout(() => leading && !source && connect(), 2 * slow)
    }
  }
  source.addEventListener('bye', () => {
    open = false
    source.close()
    source = null
  })
}

function changed(topics) {
  const all = topics.includes('all')
  for (const region of regions()) {
    if (all || topicsOf(region).some((t) => topics.includes(t))) stale.add(region.id)
  }
  if (stale.size && !document.hidden) soon()
}

function soon() {
  if (timer || busy) return
  timer = setTimeout(look, Math.max(calm, lastLook + pause - Date.now()))
}

// look asks for the page once more and takes the stale regions out of it; a region that
// names another page (data-kh-live-from) comes from there.
async function look() {
  timer = 0
  const ids = stale
  stale = new Set()
  lastLook = Date.now()
  busy = true
  const here = location.pathname + location.search
  for (const [page, held] of grouped(ids)) {
    try {
      const response = await fetch(page || here, { headers: { Accept: 'text/html', 'X-Khue-Background': '1' }, redirect: 'error' })
      if (!response.ok) continue
      const fresh = new DOMParser().parseFromString(await response.text(), 'text/html')
      for (const id of held) put(document.getElementById(id), fresh.getElementById(id))
      if (!page) title(fresh)
    } catch {
      // Away for a while: the next change, or the slow look, tries again.
    }
  }
  busy = false
  if (stale.size) soon()
}

const pageOf = (id) => document.getElementById(id)?.dataset.khLiveFrom || ''

function grouped(ids) {
  const out = new Map()
  for (const id of ids) out.set(pageOf(id), [...(out.get(pageOf(id)) || []), id])
  return out
}

function put(region, fresh) {
  if (!region || !fresh) return
  if (region.hasAttribute('data-kh-guard') && dirty(region)) {
    const note = document.getElementById(region.dataset.khGuard)
    if (note && essence(region) !== essence(fresh)) note.hidden = false
    return
  }
  morph(region, fresh, typed)
  region.dispatchEvent(new CustomEvent('kh-refreshed', { bubbles: true }))
}

// essence is what a region offers, without keys that differ each time.
const essence = (region) => [...region.querySelectorAll('button, input[name=version], [data-kh-essence]')].map((e) => e.value || e.textContent.trim()).join('|')

// typed reports whether a box holds what its reader put in, or has the focus.
export function typed(box) {
  if (box === document.activeElement) return true
  if (box.type === 'hidden') return false
  if (box.type === 'checkbox' || box.type === 'radio') return box.checked !== box.defaultChecked
  if (box.nodeName === 'SELECT') return [...box.options].some((o) => o.selected !== o.defaultSelected && (o.defaultSelected || box.selectedIndex > 0))
  if (box.type === 'file') return box.files.length > 0
  return box.value !== box.defaultValue
}

const dirty = (region) => [...region.querySelectorAll('input, textarea, select')].some(typed)

function title(fresh) {
  if (fresh.title && document.title !== fresh.title) document.title = fresh.title
}
