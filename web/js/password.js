// A button that shows a password while it is typed, and a word about how easily it is guessed.
// The word goes by length and variety only; the server knows the well-known ones.
export function showPasswords(root) {
  for (const box of root.querySelectorAll('input[type=password][data-kh-show]')) {
    if (box.dataset.khDone) continue
    box.dataset.khDone = 'yes'
    const wrap = document.createElement('div')
    wrap.className = 'kh-password'
    box.before(wrap)
    const button = document.createElement('input')
    button.type = 'button'
    button.className = 'kh-button kh-button--secondary kh-password__button'
    const draw = () => {
      const hidden = box.type === 'password'
      button.value = hidden ? box.dataset.khShow : box.dataset.khHide
      button.setAttribute('aria-pressed', String(!hidden))
      const label = box.labels && box.labels[0]
      if (label) button.setAttribute('aria-label', button.value + ': ' + label.textContent.trim())
    }
    button.addEventListener('click', () => {
      box.type = box.type === 'password' ? 'text' : 'password'
      draw()
    })
    wrap.append(box, button)
    draw()
    if (box.form) box.form.addEventListener('submit', () => { box.type = 'password' })
    if (box.dataset.khWeak) judge(box, wrap)
  }
}

function judge(box, wrap) {
  const line = document.createElement('p')
  line.className = 'kh-hint kh-password__word'
  line.setAttribute('role', 'status')
  wrap.after(line)
  let timer
  box.addEventListener('input', () => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      const letters = [...box.value]
      const score = letters.length * Math.min(1, (new Set(letters).size + 2) / 10)
      line.textContent = !letters.length ? '' : score < 10 ? box.dataset.khWeak : score < 15 ? box.dataset.khFair : box.dataset.khStrong
    }, 400)
  })
}
