// Package bookweb shows the books of numbers at the desk, and writes them to files.
package bookweb
