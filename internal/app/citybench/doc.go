// Package citybench measures the program from outside: it starts the same binary as
// a process of its own, loads it over HTTP, and reports figures.
//
// Every figure is a Row; names are those of docs/benchmarks.md. Nothing here is a
// test: figures are quoted, never asserted. What must not come here: shortcuts into
// the server's memory.
package citybench
