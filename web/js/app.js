// What makes pages nicer. Nothing here is needed: without it every form works, every
// field is in sight, and the server decides.
import { focusNews } from './focus.js'
import { countCharacters } from './count.js'
import { revealChoices, showWhen } from './reveal.js'
import { locateHere } from './locate.js'
import { sendOnce } from './once.js'
import { followAnswers } from './questions.js'
import { sendFiles } from './upload.js'
import { refuseLarge } from './size.js'
import { takeNotices } from './notices.js'
import { focusFirstEmpty } from './first.js'
import { usePasskeys } from './passkey.js'
import { showPasswords } from './password.js'
import { waitInLine } from './line.js'
import { finishAlone } from './kiosk.js'

function enhance(root) {
  focusNews(root)
  countCharacters(root)
  revealChoices(root)
  showWhen(root)
  locateHere(root)
  showPasswords(root)
  followAnswers(root, enhance)
  refuseLarge(root)
}

enhance(document)
sendFiles(document)
takeNotices(document)
focusFirstEmpty(document)
usePasskeys(document)
finishAlone(document)
waitInLine(document)
sendOnce(document)
// Regions that have been brought up to date.
document.addEventListener('kh-refreshed', (event) => {
  if (event.target instanceof Element) enhance(event.target)
})
// Regions that htmx brings in.
document.addEventListener('htmx:after:swap', (event) => {
  if (event.target instanceof Element) enhance(event.target)
})
