// Command gallery shows every component of kernel/ui in every state, for people who
// build pages: as a small server, as screenshots, or under axe.
//
//	go run ./internal/tools/gallery                    serves it on http://127.0.0.1:8090
//	go run ./internal/tools/gallery -shots DIR         a picture of each page, width and theme
//	go run ./internal/tools/gallery -axe               accessibility; fails on a violation
//
// Its words are samples and live here, not in i18n: no reader of the city sees them.
package main
