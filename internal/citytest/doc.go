// Package citytest starts the whole program for a test: the true one, on either
// engine, over HTTP, with a clock that stands still and invented people who can act.
//
//	citytest.Each(t, func(t *testing.T, c *citytest.City) {
//		filed := c.As("clerk").Post("/api/v1/dossiers", body).Want(201)
//		…
//	})
package citytest
