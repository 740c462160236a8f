// Package hasher computes argon2id away from the pages, in a child of package aside.
//
// A thread of our own would not do: golang.org/x/crypto/argon2 computes on goroutines that it
// starts itself, which run on any thread, and 19 MiB a password keep the collector busy. What
// waits for its turn, and who is sent away, is package auth's.
package hasher
