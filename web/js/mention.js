// Typing @ in a note offers the colleagues who may be mentioned; choosing one puts the name
// into the text. Who stands in the text is told: the list beneath, which serves without a
// script, follows it out of sight.
export function mentionColleagues(root) {
  for (const part of root.querySelectorAll('[data-kh-mentions]')) {
    const box = document.getElementById(part.dataset.khMentions)
    const select = part.querySelector('select')
    if (box && select) follow(part, box, select)
  }
}

const fold = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').replace(/đ/gi, 'd').toLowerCase()
const most = 8

function follow(part, box, select) {
  const people = [...select.options].map((option) => ({ option, name: option.textContent.trim() }))
  const picked = new Set(people.filter((p) => p.option.selected))
  for (const e of part.children) e.hidden = true
  const hint = own('p', 'kh-hint')
  hint.textContent = part.dataset.khMentionHint
  const list = own('ul', 'kh-mention__list')
  list.id = box.id + '-people'
  list.setAttribute('role', 'listbox')
  list.setAttribute('aria-label', part.dataset.khMentionList)
  list.hidden = true
  const told = own('p', 'kh-hint')
  told.setAttribute('role', 'status')
  const found = own('p', 'kh-visually-hidden')
  found.setAttribute('role', 'status')
  part.classList.add('kh-mention')
  part.append(list, hint, told, found)
  box.setAttribute('aria-autocomplete', 'list')
  box.setAttribute('aria-haspopup', 'listbox')
  let offered = []
  let at = 0

  // A server that refused the note has kept who was chosen: their names go on standing.
  for (const p of picked) if (!box.value.includes('@' + p.name)) box.value = (box.value.trimEnd() + ' @' + p.name).trimStart()

  function asked() {
    if (box.selectionStart !== box.selectionEnd) return null
    const before = box.value.slice(0, box.selectionStart)
    const start = before.lastIndexOf('@')
    if (start < 0 || (start > 0 && !/[\s(,;]/.test(before[start - 1])) || before.length - start > 40 || before.slice(start).includes('\n')) return null
    return { start, text: fold(before.slice(start + 1)) }
  }

  function offer() {
    const ask = asked()
    offered = ask ? people.filter((p) => (' ' + fold(p.name)).includes(' ' + ask.text) && !(picked.has(p) && fold(p.name) === ask.text.trim())).slice(0, most) : []
    if (ask && offered.some((p) => fold(p.name) + ' ' === ask.text)) offered = []
    at = 0
    draw()
    found.textContent = offered.length ? part.dataset.khMentionFound.replace('%d', offered.length) : ''
  }

  function draw() {
    list.replaceChildren(
      ...offered.map((p, i) => {
        const line = document.createElement('li')
        line.id = list.id + '-' + i
        line.setAttribute('role', 'option')
        line.setAttribute('aria-selected', String(i === at))
        line.textContent = p.name
        line.addEventListener('pointerdown', (event) => {
          event.preventDefault() // the caret stays in the box
          choose(p)
        })
        return line
      }),
    )
    list.hidden = !offered.length
    if (offered.length) {
      box.setAttribute('aria-controls', list.id)
      box.setAttribute('aria-activedescendant', list.id + '-' + at)
    } else {
      box.removeAttribute('aria-controls')
      box.removeAttribute('aria-activedescendant')
    }
  }

  function choose(p) {
    const ask = asked()
    if (!ask) return
    picked.add(p)
    box.setRangeText('@' + p.name + ' ', ask.start, box.selectionStart, 'end')
    box.dispatchEvent(new Event('input', { bubbles: true }))
  }

  // settle chooses in the list who stands in the text: whom the reader picked, or a name that
  // only one colleague bears.
  function settle() {
    for (const p of people) {
      const stands = box.value.includes('@' + p.name)
      if (!stands) picked.delete(p)
      else if (people.every((o) => o === p || (o.name !== p.name && !(o.name.startsWith(p.name) && box.value.includes('@' + o.name))))) picked.add(p)
      p.option.selected = picked.has(p)
    }
    told.textContent = picked.size ? part.dataset.khMentionTold.replace('%s', [...picked].map((p) => p.name).join(', ')) : ''
  }

  box.addEventListener('input', () => {
    settle()
    offer()
  })
  box.addEventListener('change', settle)
  box.addEventListener('blur', () => {
    offered = []
    draw()
  })
  box.addEventListener('keydown', (event) => {
    if (!offered.length || event.isComposing) return
    switch (event.key) {
      case 'ArrowDown':
      case 'ArrowUp':
        at = (at + (event.key === 'ArrowDown' ? 1 : offered.length - 1)) % offered.length
        draw()
        break
      case 'Enter':
      case 'Tab':
        choose(offered[at])
        break
      case 'Escape':
        offered = []
        draw()
        break
      default:
        return
    }
    event.preventDefault()
    event.stopPropagation()
  })
  settle()
}

function own(name, className) {
  const e = document.createElement(name)
  e.className = className
  e.setAttribute('data-kh-own', '')
  return e
}
