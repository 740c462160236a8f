package errs

import (
	"errors"
	"fmt"
	"strings"
)

// Kind is the class of an error. The set is closed.
type Kind uint8

// The kinds. The zero value is Internal: what nobody classified is our fault.
const (
	Internal        Kind = iota // a fault of the program or its surroundings
	Invalid                     // the input breaks a rule; Fields may say where
	NotFound                    // no such thing, or not for this reader
	Forbidden                   // known, but not allowed
	Unauthenticated             // sign in first
	Conflict                    // somebody else acted first; Params say who and when
	Mismatch                    // an idempotency key came again with another body
	TooLarge                    // more bytes or rows than allowed
	RateLimited                 // too many tries; come back later
	Unavailable                 // cannot be done now; a retry may work
	Gone                        // existed, and does no more
)

var kindNames = [...]string{
	"internal", "invalid", "not-found", "forbidden", "unauthenticated", "conflict",
	"mismatch", "too-large", "rate-limited", "unavailable", "gone",
}

// String returns the kind's name as it stands in logs and problem types.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "internal"
}

// Params fill the placeholders of a message.
type Params map[string]any

// Field is one input that was refused.
type Field struct {
	Path   string // as the sender named it: "child.name", "papers.0.file"
	Key    string // message key
	Params Params
}

// Error is the error of the house.
type Error struct {
	Kind   Kind
	Key    string // message key of the sentence for the person
	Params Params
	Op     string // operations, outermost first
	Err    error  // cause
	Fields []Field
}

// Option completes an error under construction.
type Option func(*Error)

// E makes an error of a kind with its message key.
func E(kind Kind, key string, opts ...Option) *Error {
	e := &Error{Kind: kind, Key: key}
	for _, o := range opts {
		o(e)
	}
	return e
}

// P adds message parameters as name, value pairs. A name without a value is kept with nil.
func P(kv ...any) Option {
	return func(e *Error) {
		if e.Params == nil {
			e.Params = make(Params, len(kv)/2)
		}
		for i := 0; i < len(kv); i += 2 {
			var v any
			if i+1 < len(kv) {
				v = kv[i+1]
			}
			e.Params[fmt.Sprint(kv[i])] = v
		}
	}
}

// Cause keeps the underlying error for the diagnosis.
func Cause(err error) Option { return func(e *Error) { e.Err = err } }

// WithFields names the inputs that were refused.
func WithFields(fields ...Field) Option {
	return func(e *Error) { e.Fields = append(e.Fields, fields...) }
}

// Error is the diagnosis, never shown to a citizen.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Op != "" {
		b.WriteString(e.Op)
		b.WriteString(": ")
	}
	b.WriteString(e.Kind.String())
	if e.Key != "" {
		b.WriteByte(' ')
		b.WriteString(e.Key)
	}
	for _, f := range e.Fields {
		fmt.Fprintf(&b, " [%s %s]", f.Path, f.Key)
	}
	if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Op wraps *err with the operation that failed. Use it by defer at the top of
// exported store and service methods; it does nothing where *err is nil.
func Op(err *error, format string, args ...any) {
	if *err == nil {
		return
	}
	op := format
	if len(args) > 0 {
		op = fmt.Sprintf(format, args...)
	}
	var e *Error
	if !errors.As(*err, &e) {
		*err = &Error{Kind: Internal, Op: op, Err: *err}
		return
	}
	if direct, ok := (*err).(*Error); ok { //nolint:errorlint // only the outermost error takes the operation
		cp := *direct
		cp.Op = op
		if direct.Op != "" {
			cp.Op = op + ": " + direct.Op
		}
		*err = &cp
		return
	}
	*err = &Error{Kind: e.Kind, Key: e.Key, Params: e.Params, Fields: e.Fields, Op: op, Err: *err}
}

// As finds the house's error in a chain.
func As(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// KindOf returns the kind of an error; Internal for a foreign one.
func KindOf(err error) Kind {
	if e, ok := As(err); ok {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is of kind k. A nil error is of no kind.
func Is(err error, k Kind) bool { return err != nil && KindOf(err) == k }
