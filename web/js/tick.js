// Ticks all rows of a list without asking the server for the page again; a second press
// clears them. Without this the link leads to the same page with its boxes ticked.
export function tickRows(root) {
  for (const link of root.querySelectorAll('[data-kh-tick]')) {
    link.addEventListener('click', (event) => {
      event.preventDefault()
      const boxes = document.querySelectorAll(`input[type=checkbox][form="${link.dataset.khTick}"]`)
      const all = [...boxes].every((box) => box.checked)
      for (const box of boxes) box.checked = !all
      link.textContent = all ? link.dataset.khOn : link.dataset.khOff
    })
  }
}
