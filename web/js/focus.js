// The summary of errors, or the news about the last act, takes the focus when the page
// opens. A link of the summary leads to the field itself and to its label in sight.
export function focusNews(root) {
  const news = root.querySelector('[data-kh-focus]')
  if (!news) return
  news.focus()
  news.addEventListener('click', (event) => {
    const link = event.target.closest('a[href^="#"]')
    const field = link && document.getElementById(decodeURIComponent(link.hash.slice(1)))
    if (!field) return
    event.preventDefault()
    const seen = field.closest('fieldset, .kh-form-group') || field
    seen.scrollIntoView({ block: 'start' })
    field.focus({ preventScroll: true })
  })
}
