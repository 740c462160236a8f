// Makes a picture in the pane of papers larger, smaller, and turns it. PDF has the tools of
// the browser's own reader.
export function viewPapers(root) {
  for (const pane of root.querySelectorAll('.kh-viewer')) {
    const tools = pane.querySelector('[data-kh-tools]')
    const image = pane.querySelector('.kh-viewer__image')
    if (!tools || !image) continue
    let scale = 1
    let turn = 0
    tools.hidden = false
    tools.addEventListener('click', (event) => {
      const button = event.target.closest('button')
      if (!button) return
      event.preventDefault()
      if (button.dataset.khZoom) scale = Math.min(6, Math.max(0.4, scale * Number(button.dataset.khZoom)))
      if (button.dataset.khTurn) turn = (turn + Number(button.dataset.khTurn)) % 360
      image.style.width = scale * 100 + '%'
      image.style.maxWidth = 'none'
      image.style.transform = turn ? `rotate(${turn}deg)` : ''
      // A picture on its side takes its width as height.
      const side = turn % 180 !== 0
      const gap = side ? Math.max(0, (image.offsetWidth - image.offsetHeight) / 2) : 0
      image.style.margin = side ? `${gap}px 0` : ''
    })
  }
}
