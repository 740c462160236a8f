// Fields that hang on one choice (data-kh-reveal on the choice), and parts of a form that
// hang on another field (data-kh-when, data-kh-is). What is hidden stays in the form and
// is sent; the server knows what counts.
const done = new WeakSet()

export function revealChoices(root) {
  for (const input of root.querySelectorAll('[data-kh-reveal]')) {
    const part = document.getElementById(input.dataset.khReveal)
    if (!part || done.has(input)) continue
    done.add(input)
    const show = () => (part.hidden = !input.checked)
    input.setAttribute('aria-controls', part.id)
    group(input).addEventListener('change', show)
    show()
  }
}

export function showWhen(root) {
  for (const part of root.querySelectorAll('[data-kh-when]')) {
    const form = part.closest('form')
    if (!form || done.has(part)) continue
    done.add(part)
    const show = () => {
      if (!part.isConnected) return form.removeEventListener('change', show)
      const wanted = part.dataset.khIs.split('\n')
      const given = new FormData(form).getAll(part.dataset.khWhen)
      part.hidden = !given.some((value) => wanted.includes(value))
    }
    form.addEventListener('change', show)
    form.addEventListener('kh-drawn', show)
    show()
  }
}

// A radio tells nobody when a neighbour is chosen, so the listener sits above them all.
const group = (input) => input.form || input.closest('fieldset') || document
