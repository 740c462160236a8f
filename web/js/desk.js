// What makes the work of officers faster; the pages of citizens do not load it. Nothing here
// is needed: without it every act is a link, a button or a select.
import { followLive } from './stream.js'
import { pickPhrases } from './phrases.js'

pickPhrases(document)
followLive()
