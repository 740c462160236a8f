// What makes the work of officers faster; the pages of citizens do not load it. Nothing here
// is needed: without it every act is a link, a button or a select.
import { pickPhrases } from './phrases.js'
import { tickRows } from './tick.js'

pickPhrases(document)
tickRows(document)
