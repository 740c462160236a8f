// Says at once that a file is too large to be sent, instead of after it was: on a phone's line
// that is minutes. The server says the same.
const known = new WeakSet()

export function refuseLarge(root) {
  for (const input of root.querySelectorAll('input[type=file][data-kh-bytes]')) {
    if (known.has(input)) continue
    known.add(input)
    const max = Number(input.dataset.khBytes)
    let line = null
    input.addEventListener('change', () => {
      if (line) line.remove()
      line = null
      const large = [...input.files].find((file) => file.size > max)
      input.classList.toggle('kh-file-upload--error', Boolean(large))
      if (!large) return
      line = document.createElement('p')
      line.className = 'kh-error-message'
      line.setAttribute('role', 'alert')
      line.textContent = input.dataset.khLarge.replace('%s', large.name)
      input.before(line)
      input.value = ''
    })
  }
}
