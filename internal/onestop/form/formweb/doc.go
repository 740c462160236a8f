// Package formweb draws a page of a form with the house's components.
//
// It reads no request and decides nothing: form.Render says what to show. What must not
// come here: checks, storage, anything of one service.
package formweb
