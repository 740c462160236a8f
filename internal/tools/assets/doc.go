// Command assets builds web/dist, which package web embeds: it installs npm's packages as
// the lock file pins them, lets web/build/prepare.mjs compile the styles and cut the fonts,
// bundles and minifies with esbuild, compresses, writes the manifest, and refuses a
// first load that is over its budget. It does nothing when no source has changed.
package main
