// Puts a chosen phrase into the box of a reason at once, where the caret stands. Without this
// the button beside the list sends the form and the page comes back with the phrase in it.
export function pickPhrases(root) {
  root.addEventListener('change', (event) => {
    const list = event.target
    if (!(list instanceof HTMLSelectElement) || !list.hasAttribute('data-kh-phrases')) return
    const chosen = list.selectedOptions[0]
    const box = document.getElementById(list.dataset.khPhrases)
    if (!box || !chosen || !chosen.value) return
    insert(box, chosen.dataset.khText || '')
    list.selectedIndex = 0
  })
  for (const button of root.querySelectorAll('[data-kh-phrase-button]')) button.hidden = true
}

function insert(box, text) {
  const at = box.selectionStart
  const before = box.value.slice(0, at)
  const gap = before && !/\s$/.test(before) ? ' ' : ''
  box.setRangeText(gap + text, at, box.selectionEnd, 'end')
  box.focus()
  box.dispatchEvent(new Event('input', { bubbles: true }))
}
