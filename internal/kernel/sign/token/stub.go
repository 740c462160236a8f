//go:build !cgo

package token

import (
	"context"
	"crypto"
)

// Token is none in this build.
type Token struct{}

// Open returns ErrNoCgo.
func Open(Config) (*Token, error) { return nil, ErrNoCgo }

// Close does nothing.
func (*Token) Close() {}

// Public returns ErrNoCgo.
func (*Token) Public(context.Context, string) (crypto.PublicKey, error) { return nil, ErrNoCgo }

// Sign returns ErrNoCgo.
func (*Token) Sign(context.Context, string, []byte) ([]byte, error) { return nil, ErrNoCgo }
