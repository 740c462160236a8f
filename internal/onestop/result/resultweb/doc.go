// Package resultweb shows results: to whoever scans a paper, whether it holds; to the desk of
// the agency that gave it, what stands, failed, was replaced or revoked.
package resultweb
