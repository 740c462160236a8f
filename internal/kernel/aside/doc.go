// Package aside does heavy work away from the pages: in a child process that runs only when
// nobody else wants the processor, so that the system takes it back as soon as a page does.
//
// It owns the child's life and the way to it. What must not come here: what the work is
// (passwords: auth/hasher; papers: pdf), and what is done where the child gets no time.
package aside
