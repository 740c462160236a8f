// Brings a part of the page to the state of another without replacing what stays: a box
// that somebody types into keeps its focus, its caret and what an input method is
// composing. Children are matched by the id that they have or hold.
export function morph(old, fresh, keeps) {
  attributes(old, fresh)
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(old.nodeName)) {
    if (old.nodeName === 'SELECT') children(old, fresh, keeps)
    if (!keeps(old)) value(old, fresh)
    return
  }
  if (!old.id.endsWith('-count')) children(old, fresh, keeps)
}

// What scripts have set stays theirs.
const ours = ['hidden', 'aria-controls', 'aria-busy']

function attributes(old, fresh) {
  for (const a of [...fresh.attributes]) {
    if (!ours.includes(a.name) && old.getAttribute(a.name) !== a.value) old.setAttribute(a.name, a.value)
  }
  for (const a of [...old.attributes]) {
    if (!ours.includes(a.name) && a.name !== 'open' && !fresh.hasAttribute(a.name)) old.removeAttribute(a.name)
  }
}

function value(old, fresh) {
  if (old.type === 'file') return
  if (old.type === 'radio' || old.type === 'checkbox') old.checked = fresh.checked
  else if (old.value !== fresh.value) old.value = fresh.value
}

// A question is the same with and without the words that stand before its box: a fault that is
// no longer told must not take the box, and what was typed into it, away.
const told = /-(hint|error|source|note)$/

function key(node) {
  if (node.nodeType !== 1) return ''
  if (node.id) return node.id
  const held = node.querySelector('[id]')
  return held ? '>' + held.id.replace(told, '') : ''
}

function children(old, fresh, keeps) {
  const byKey = new Map()
  for (const node of old.childNodes) if (key(node)) byKey.set(key(node), node)
  const wanted = new Set([...fresh.childNodes].map(key))
  let at = old.firstChild
  for (const node of [...fresh.childNodes]) {
    const k = key(node)
    let match = byKey.get(k)
    // What is here and goes must not part what stays.
    while (at && at !== match && (own(at) || (key(at) && !wanted.has(key(at))))) {
      const next = at.nextSibling
      if (!own(at)) at.remove()
      at = next
    }
    if (!k && at && !key(at) && at.nodeName === node.nodeName) match = at
    if (!match || match.nodeName !== node.nodeName) {
      old.insertBefore(document.importNode(node, true), at)
      continue
    }
    if (match === at) at = at.nextSibling
    else old.insertBefore(match, at)
    if (match.nodeType === 1) morph(match, node, keeps)
    else if (match.nodeValue !== node.nodeValue) match.nodeValue = node.nodeValue
  }
  while (at) {
    const next = at.nextSibling
    if (!own(at)) at.remove()
    at = next
  }
}

// own are elements that a script has put in.
const own = (node) => node.nodeType === 1 && node.hasAttribute('data-kh-own')
