// A second press within five seconds sends nothing: the first is on its way. (The server
// also knows the key of the form and answers a repeat with the first result.)
export function sendOnce(root) {
  root.addEventListener('submit', (event) => {
    const form = event.target
    if (!(form instanceof HTMLFormElement) || !form.hasAttribute('data-kh-once')) return
    if (form.dataset.khSent) {
      event.preventDefault()
      return
    }
    form.dataset.khSent = 'yes'
    form.setAttribute('aria-busy', 'true')
    setTimeout(() => free(form), 5000)
  })
  // The browser's back button brings the page back as it was left.
  addEventListener('pageshow', () => {
    for (const form of root.querySelectorAll('[data-kh-sent]')) free(form)
  })
}

function free(form) {
  delete form.dataset.khSent
  form.removeAttribute('aria-busy')
}
