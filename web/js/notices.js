// A button by which this browser takes pushed notices. It comes into sight only where the
// browser can. What the browser says goes into the form, and the form is sent.
export function takeNotices(root) {
  const form = root.querySelector('form[data-kh-push]')
  if (!form || !('serviceWorker' in navigator) || !('PushManager' in window)) return
  form.hidden = false
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
  let ready = false
  form.addEventListener('submit', async (event) => {
    if (ready) return
    event.preventDefault()
    event.stopImmediatePropagation()
    const line = form.querySelector('[role=status]')
    try {
      if ((await Notification.requestPermission()) !== 'granted') throw new Error('denied')
      const worker = await navigator.serviceWorker.register('/push.js')
      const key = Uint8Array.from(atob(form.dataset.khPush.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0))
      const sub = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })
      form.elements.endpoint.value = sub.endpoint
      form.elements.p256dh.value = text(sub.getKey('p256dh'))
      form.elements.auth.value = text(sub.getKey('auth'))
      form.elements.label.value = (navigator.userAgentData && navigator.userAgentData.platform) || navigator.platform || 'Web'
      ready = true
      form.submit()
    } catch {
      line.textContent = line.dataset.khDenied
    }
  })
}
