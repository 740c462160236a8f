// A button that writes where the device is into the box before it. It comes into sight
// only where the device can tell.
const heard = new WeakSet()

export function locateHere(root) {
  if (!('geolocation' in navigator) || !isSecureContext) return
  for (const button of root.querySelectorAll('[data-kh-locate]')) {
    const box = document.getElementById(button.dataset.khLocate)
    const line = button.parentElement.querySelector('[role=status]')
    if (!box || !line || heard.has(button)) continue
    heard.add(button)
    button.hidden = false
    button.addEventListener('click', () => {
      line.textContent = button.dataset.khLocating
      navigator.geolocation.getCurrentPosition(
        (place) => {
          const coords = place.coords
          box.value = coords.latitude.toFixed(6) + ', ' + coords.longitude.toFixed(6)
          line.textContent = ''
          box.dispatchEvent(new Event('change', { bubbles: true }))
          box.focus()
        },
        () => (line.textContent = button.dataset.khLocateFailed),
        { enableHighAccuracy: true, timeout: 20000, maximumAge: 60000 }
      )
    })
  }
}
