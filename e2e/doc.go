// Package e2e holds journeys in a real browser (Debian's Chromium) through the whole
// program: with scripts and without, in both languages and themes, at phone and desktop
// width, each page checked by axe.
//
// KHUE_SHOTS=DIR keeps a picture of every page that a journey looks at.
package e2e
