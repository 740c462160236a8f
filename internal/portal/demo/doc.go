// Package demo is the front door of a demonstration city: who one may be, what each of them
// has to do now, a clock that jumps, and the dossiers of the story with what each shows.
//
// Its routes exist only where the program was opened as a demo. It owns no table; what the
// story's people and dossiers are is told to it by app. What must not come here: the story
// itself (app), anything that a real city would serve.
package demo
