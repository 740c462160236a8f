// Sends the files of a paper as soon as they are chosen, in pieces, two files at a time.
// A connection that breaks is waited for; a page that was left goes on where it stopped
// when the same file is chosen again. Without this script the form carries the files.
const atOnce = 2
const smallest = 128 << 10
const largest = 4 << 20
const patience = 2000 // ms that one piece should take
const widest = 2400 // pixels of a photograph's longer side: a page of print stays readable
const heavy = 1 << 20 // lighter ones are sent as they are
const queue = []
let sending = 0

const forms = new WeakMap() // form to {going, held}

export function sendFiles(root) {
  for (const box of root.querySelectorAll('[data-kh-upload]')) {
    const inputs = box.querySelectorAll('input[type=file]')
    const input = inputs[0]
    const form = input && input.form
    if (!form || !window.fetch || !window.TextEncoder) continue
    const going = document.createElement('ul')
    going.className = 'kh-files'
    going.hidden = true
    box.append(going)
    const state = stateOf(form)
    for (const by of form.querySelectorAll('[data-kh-add]')) by.hidden = true // nothing is left for it to send
    for (const one of inputs) {
      one.addEventListener('change', async () => {
        const files = [...one.files]
        one.value = '' // the form must not carry them again
        for (const file of files) {
          if (file.type !== 'image/jpeg' || !window.createImageBitmap) add(box, going, state, file)
          else add(box, going, state, await lighter(box, file)) // one after the other: pages keep their order
        }
      })
    }
  }
}

// lighter makes a photograph of a phone small enough for its line, and says where it looks
// too dark or blurred; nothing is refused for that.
async function lighter(box, file) {
  try {
    const img = await createImageBitmap(file)
    const by = Math.min(1, widest / Math.max(img.width, img.height))
    const canvas = document.createElement('canvas')
    canvas.width = Math.round(img.width * by)
    canvas.height = Math.round(img.height * by)
    const pen = canvas.getContext('2d')
    pen.drawImage(img, 0, 0, canvas.width, canvas.height)
    const why = doubt(pen, canvas.width, canvas.height)
    if (why) warn(box, file, why)
    if (file.size < heavy) return file
    const blob = await new Promise((done) => canvas.toBlob(done, 'image/jpeg', 0.85))
    if (!blob || blob.size >= file.size) return file
    return new File([blob], file.name, { type: blob.type, lastModified: file.lastModified })
  } catch (err) {
    return file // an old phone without memory for it: as it is
  }
}

// doubt looks at the middle of a photograph: dark on average, or without any sharp edge.
function doubt(pen, w, h) {
  const side = Math.min(w, h, 600)
  if (side < 50) return ''
  const px = pen.getImageData((w - side) >> 1, (h - side) >> 1, side, side).data
  const luma = new Float32Array(side * side)
  let sum = 0
  for (let i = 0; i < luma.length; i++) {
    luma[i] = 0.3 * px[4 * i] + 0.59 * px[4 * i + 1] + 0.11 * px[4 * i + 2]
    sum += luma[i]
  }
  if (sum / luma.length < 60) return 'dark'
  let edges = 0
  for (let y = 1; y < side - 1; y++) {
    for (let x = 1; x < side - 1; x++) {
      const i = y * side + x
      const d = 4 * luma[i] - luma[i - 1] - luma[i + 1] - luma[i - side] - luma[i + side]
      edges += d * d
    }
  }
  return edges / luma.length < 12 ? 'blurred' : ''
}

function warn(box, file, why) {
  const p = document.createElement('p')
  p.className = 'kh-note-message'
  p.setAttribute('role', 'status')
  p.textContent = JSON.parse(box.dataset.khWords)[why].replace('{name}', file.name)
  box.append(p)
}

function stateOf(form) {
  let state = forms.get(form)
  if (state) return state
  state = { going: 0, held: null, line: null }
  forms.set(form, state)
  // Whoever goes on while files are on their way goes on when they are here.
  form.addEventListener('submit', (event) => {
    const by = event.submitter || form.querySelector('[type=submit]:not([name])')
    if (!state.going || (by && (by.name === 'later' || by.name === 'remove'))) return
    event.preventDefault()
    event.stopImmediatePropagation()
    state.held = by
    tell(state, form)
  })
  return state
}

function tell(state, form) {
  if (!state.line) {
    state.line = document.createElement('p')
    state.line.className = 'kh-note'
    state.line.setAttribute('role', 'status')
    form.append(state.line)
  }
  const box = form.querySelector('[data-kh-upload]')
  state.line.textContent = state.held && box ? JSON.parse(box.dataset.khWords).held : ''
}

function add(box, going, state, file) {
  const job = { box, file, state, words: JSON.parse(box.dataset.khWords), stopped: false, abort: null }
  const li = document.createElement('li')
  li.className = 'kh-files__item'
  const text = document.createElement('div')
  text.className = 'kh-files__text'
  const name = document.createElement('span')
  name.className = 'kh-files__name'
  name.textContent = file.name
  job.note = document.createElement('span')
  job.note.className = 'kh-files__note'
  job.bar = document.createElement('progress')
  job.bar.className = 'kh-upload__bar'
  job.bar.max = 100
  job.bar.value = 0
  job.bar.setAttribute('aria-label', file.name)
  job.news = document.createElement('span')
  job.news.className = 'kh-visually-hidden'
  job.news.setAttribute('role', 'status')
  text.append(name, job.note, job.bar, job.news)
  const stop = document.createElement('button')
  stop.type = 'button'
  stop.className = 'kh-button kh-button--secondary kh-button--small'
  stop.textContent = job.words.cancel
  const what = document.createElement('span')
  what.className = 'kh-visually-hidden'
  what.textContent = ' ' + file.name
  stop.append(what)
  stop.addEventListener('click', () => cancel(job))
  li.append(text, stop)
  going.append(li)
  going.hidden = false
  Object.assign(job, { li, going, stop, text })
  state.going++
  say(job, job.words.queued)
  queue.push(job)
  next()
}

function next() {
  while (sending < atOnce && queue.length) {
    const job = queue.shift()
    if (job.stopped) continue
    sending++
    send(job)
      .then((why) => finish(job, why))
      .catch(() => finish(job, job.words.failed))
      .then(() => {
        sending--
        next()
      })
  }
}

const say = (job, text) => (job.note.textContent = job.news.textContent = text)

function show(job, at) {
  const n = Math.floor((at * 100) / job.file.size)
  job.bar.value = n
  job.note.textContent = job.words.sending.replace('{n}', n) // not spoken at each step
}

// send returns why the file was refused, or nothing.
async function send(job) {
  let at = 0
  let url = ''
  let size = smallest * 2
  let wait = 1000
  let tries = 0
  for (;;) {
    if (job.stopped) return
    try {
      if (!url) {
        const res = await announce(job)
        if (!res.ok) {
          if (res.status !== 429 || ++tries > 20) return reason(job, res)
          throw new Error('later')
        }
        url = res.headers.get('Location')
        at = Number(res.headers.get('Upload-Offset'))
        if (at > 0) say(job, job.words.resumed.replace('{n}', Math.floor((at * 100) / job.file.size)))
        job.url = url
      }
      const piece = job.file.slice(at, at + size)
      const last = at + piece.size >= job.file.size
      const began = Date.now()
      if (last) say(job, job.words.checking)
      job.abort = window.AbortController ? new AbortController() : null
      const silence = setTimeout(() => job.abort && job.abort.abort(), 90000)
      const res = await fetch(url, {
        method: 'PATCH',
        body: piece,
        signal: job.abort ? job.abort.signal : undefined,
        headers: {
          'Content-Type': 'application/offset+octet-stream',
          'Upload-Offset': at,
          'Tus-Resumable': '1.0.0',
          Accept: 'application/problem+json',
        },
      }).then(
        (r) => (clearTimeout(silence), r),
        (err) => {
          clearTimeout(silence)
          throw err
        },
      )
      if (res.ok) {
        at += piece.size
        show(job, at)
        tries = 0
        wait = 1000
        if (last) return
        const took = Date.now() - began
        size = Math.min(largest, Math.max(smallest, took > patience ? size / 2 : took < patience / 2 ? size * 2 : size))
        continue
      }
      if (res.status === 404 && ++tries < 3) {
        url = '' // forgotten meanwhile: from the start
        continue
      }
      if (res.status === 422 || res.status === 413 || res.status === 404 || res.status === 403) return reason(job, res)
    } catch (err) {
      if (job.stopped) return
    }
    // Broken off, or too early: ask how far it came, then go on.
    say(job, job.words.lost)
    await pause(wait)
    wait = Math.min(wait * 2, 15000)
    if (!url) continue
    try {
      const res = await fetch(url, { method: 'HEAD' })
      if (res.ok) {
        at = Number(res.headers.get('Upload-Offset'))
        show(job, at)
      } else if (res.status === 404) url = ''
    } catch (err) {
      // still away
    }
  }
}

const announce = (job) =>
  fetch(job.box.dataset.khUpload, {
    method: 'POST',
    headers: {
      'Upload-Length': job.file.size,
      'Upload-Metadata': meta({
        paper: job.box.dataset.khPaper,
        filename: job.file.name,
        filetype: job.file.type,
        mark: [job.file.name, job.file.size, job.file.lastModified].join('/'),
      }),
      'Tus-Resumable': '1.0.0',
      Accept: 'application/problem+json',
    },
  })

const meta = (values) =>
  Object.keys(values)
    .map((k) => k + ' ' + btoa(String.fromCharCode(...new TextEncoder().encode(values[k]))))
    .join(',')

async function reason(job, res) {
  try {
    const problem = await res.json()
    return problem.detail || job.words.failed
  } catch (err) {
    return job.words.failed
  }
}

// pause ends early when the browser says that it is connected again.
const pause = (ms) =>
  new Promise((done) => {
    const timer = setTimeout(end, ms)
    addEventListener('online', end)
    function end() {
      clearTimeout(timer)
      removeEventListener('online', end)
      done()
    }
  })

function cancel(job) {
  job.stopped = true
  if (job.abort) job.abort.abort()
  if (job.url) fetch(job.url, { method: 'DELETE' }).catch(() => {})
  const at = queue.indexOf(job)
  if (at >= 0) {
    queue.splice(at, 1)
    finish(job)
  }
}

async function finish(job, why) {
  if (job.done) return
  job.done = true
  if (!why) {
    await refresh(job)
    job.li.remove()
    job.going.hidden = !job.going.children.length
  } else {
    refuse(job, why.replace('{name}', job.file.name))
  }
  const state = job.state
  state.going--
  if (why) state.held = null // there is something to mend first
  const form = job.box.closest('form')
  tell(state, form)
  if (!state.going && state.held) {
    const by = state.held
    state.held = null
    by.click()
  }
}

function refuse(job, why) {
  job.bar.remove()
  job.stop.remove()
  job.note.textContent = job.news.textContent = ''
  job.li.classList.add('kh-files__item--error')
  const p = document.createElement('p')
  p.className = 'kh-error-message'
  p.setAttribute('role', 'alert')
  const prefix = job.file.name + ': '
  p.textContent = why.startsWith(prefix) ? why.slice(prefix.length) : why
  job.text.append(p)
}

// refresh shows the paper's files as the server lists them now.
async function refresh(job) {
  try {
    const res = await fetch(job.box.dataset.khList, { headers: { Accept: 'text/html' } })
    if (res.ok) job.box.querySelector('[data-kh-upload-files]').innerHTML = await res.text()
  } catch (err) {
    // the file is kept all the same, and stands on the page when it is opened again
  }
}
