// Passkeys. Buttons that need them come into sight only where the browser has them and the
// page stands at the host that they are bound to; without this script the page says what else works.
export function usePasskeys(root) {
  const forms = [...root.querySelectorAll('form[data-kh-passkey]')]
  const here = forms.filter((f) => f.dataset.khHost === location.hostname)
  if (!here.length || !window.PublicKeyCredential || !PublicKeyCredential.parseRequestOptionsFromJSON) return
  for (const line of root.querySelectorAll('[data-kh-no-passkey]')) line.hidden = true
  let waiting = null // the offer in the login's list of suggestions
  for (const form of here) {
    form.hidden = false
    let ready = false
    form.addEventListener('submit', async (event) => {
      if (ready) return
      event.preventDefault()
      event.stopImmediatePropagation()
      if (waiting) waiting.abort()
      try {
        await answer(form)
        ready = true
        form.submit()
      } catch (e) {
        say(form, e && e.said ? e.said : form.dataset.khFailed)
      }
    })
  }
  const offer = here.find((f) => f.hasAttribute('data-kh-autofill'))
  if (!offer || !PublicKeyCredential.isConditionalMediationAvailable) return
  PublicKeyCredential.isConditionalMediationAvailable().then(async (can) => {
    if (!can) return
    waiting = new AbortController()
    try {
      await answer(offer, waiting)
      offer.submit()
    } catch {
      // Nobody chose one: the form is there.
    }
  })
}

function say(form, text) {
  const line = form.querySelector('[role=status]')
  if (line) line.textContent = text
}

// answer asks the server for the options, the authenticator for the answer, and writes both
// into the form.
async function answer(form, mediated) {
  const body = new URLSearchParams(new FormData(form))
  const res = await fetch(form.dataset.khOptions, { method: 'POST', body, headers: { Accept: 'application/json' } })
  const told = await res.json()
  if (!res.ok) throw Object.assign(new Error('refused'), { said: told.detail || told.title })
  const create = form.dataset.khPasskey === 'create'
  const publicKey = create
    ? PublicKeyCredential.parseCreationOptionsFromJSON(told.options)
    : PublicKeyCredential.parseRequestOptionsFromJSON(told.options)
  const wish = { publicKey }
  if (mediated) Object.assign(wish, { mediation: 'conditional', signal: mediated.signal })
  const credential = await (create ? navigator.credentials.create(wish) : navigator.credentials.get(wish))
  form.elements.key.value = told.step
  form.elements.answer.value = JSON.stringify(credential.toJSON())
}
