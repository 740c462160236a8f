// Says how many characters are left in a long answer, politely: a screen reader hears it
// a second after the last key, not at each.
const counted = new WeakSet()

export function countCharacters(root) {
  for (const box of root.querySelectorAll('[data-kh-count]')) {
    const line = document.getElementById(box.id + '-count')
    if (!line || counted.has(box)) continue
    counted.add(box)
    const max = Number(box.dataset.khCount)
    const spoken = line.cloneNode(false)
    spoken.removeAttribute('id')
    spoken.setAttribute('data-kh-own', '')
    spoken.className = 'kh-visually-hidden'
    spoken.setAttribute('aria-live', 'polite')
    line.after(spoken)
    let timer
    const tell = () => {
      // Counted as the server counts: code points of the composed form.
      const left = max - [...box.value.normalize('NFC')].length
      const text = left < 0 ? box.dataset.khCountOver : box.dataset.khCountLeft
      line.textContent = text.replace('%d', Math.abs(left))
      line.classList.toggle('kh-error-message', left < 0)
      line.classList.toggle('kh-hint', left >= 0)
      clearTimeout(timer)
      timer = setTimeout(() => (spoken.textContent = line.textContent), 1000)
    }
    box.addEventListener('input', tell)
    if (box.value) tell()
  }
}
