// Package counterweb is the counter in pages: take-in, originals and hand-overs, the return
// desk; and the same as operations of the API. Everything works without JavaScript and
// with the keyboard alone. A personal number is read from the body of a post only, and is
// masked on every page.
//
// It keeps no state beyond counter.Service.
package counterweb
