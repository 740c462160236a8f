// What makes the work of officers faster; the pages of citizens do not load it. Nothing here
// is needed: without it every act is a link, a button or a select.
import { deskKeys } from './keys.js'
import { followLive } from './stream.js'
import { keepTyped } from './keep.js'
import { mentionColleagues } from './mention.js'
import { pickPhrases } from './phrases.js'
import { tickRows } from './tick.js'
import { viewPapers } from './viewer.js'

pickPhrases(document)
tickRows(document)
keepTyped(document)
mentionColleagues(document)
deskKeys(document)
viewPapers(document)
followLive()
