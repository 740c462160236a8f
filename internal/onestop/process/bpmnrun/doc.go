// Package bpmnrun runs models of strangers through the process engine and holds it to
// what must be true of any of them.
//
// Each file is accepted, or refused with element and reason. What is accepted is run many
// times with random choices: a step may not crash; every token stands inside something
// that is alive and waits for something that can come; what is over holds nothing; an
// instance that is written and read back goes on as before; and the same events give
// the same instance again.
//
// Owns no table and no event. What must not come here: services, dossiers.
package bpmnrun
