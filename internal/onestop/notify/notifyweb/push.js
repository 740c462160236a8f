// The worker that shows pushed notices. It keeps nothing and sees no page.
self.addEventListener('push', (event) => {
  let news = {}
  try {
    news = event.data ? event.data.json() : {}
  } catch {
    // Something else than ours: say that there is news.
  }
  event.waitUntil(
    self.registration.showNotification('Khuê', {
      body: news.text || '',
      tag: news.tag || 'khue',
      data: { path: typeof news.path === 'string' && news.path.startsWith('/') ? news.path : '/inbox' }
    })
  )
})

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(
    self.clients.matchAll({ type: 'window' }).then((open) => {
      const path = event.notification.data.path
      for (const c of open) {
        if (new URL(c.url).pathname === path) return c.focus()
      }
      return self.clients.openWindow(path)
    })
  )
})
