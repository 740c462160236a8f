package auth

import (
	"context"
	"iter"
	"slices"
	"time"
)

// Kind says what stands behind an account.
type Kind uint8

// The kinds. The zero value is a visitor who has not signed in.
const (
	KindAnonymous Kind = iota
	KindCitizen        // a person or business who uses services
	KindOfficer        // somebody with a post in an agency
	KindSystem         // a program: another agency's system, a timer
)

var kindNames = [...]string{"anonymous", "citizen", "officer", "system"}

// String is the kind's name in the database and in logs.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return kindNames[KindAnonymous]
}

// ParseKind reads what String writes.
func ParseKind(s string) (Kind, bool) {
	i := slices.Index(kindNames[:], s)
	return Kind(max(i, 0)), i >= 0 //nolint:gosec // the index is under four
}

// Everywhere is the scope of a grant that holds for the whole city.
const Everywhere = "*"

// Grant is one role held within a scope.
type Grant struct {
	Role  string // "clerk", "justice-officer"
	Scope string // "unit:00133", or Everywhere
	For   string // name of the absent person whom the holder stands in for; "" for one's own post
}

// Subject is who acts in a request: a value, fixed when the request begins.
// The zero value is an anonymous visitor.
type Subject struct {
	Account int64  // 0 for an anonymous visitor
	Name    string // as shown to others
	Login   string
	Kind    Kind
	Grants  []Grant // those in force now; never changed after Resolve
	Level   Level   // how sure the city is of the owner
	Session int64   // the session or token that speaks
	Methods []string
	Proved  time.Time // when the owner proved last who they are; zero for a program
	Client  int64     // the program that was let in with this token; 0 where the owner speaks
	Allowed []string  // scopes of that program
	Bound   string    // thumbprint of the key that it must prove; ""
	Second  bool      // the account has a second factor
}

// SignedIn reports whether somebody stands behind the request.
func (s Subject) SignedIn() bool { return s.Account != 0 && s.Kind != KindAnonymous }

// Scopes are the scopes of the grants in force.
func (s Subject) Scopes() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, g := range s.Grants {
			if !yield(g.Scope) {
				return
			}
		}
	}
}

// Has reports whether the subject holds the role in one of the scopes by name, or
// everywhere. Without scopes it asks for the role anywhere. It knows no tree of
// units: use Covers where a grant over a district reaches its wards.
func (s Subject) Has(role string, scope ...string) bool {
	for _, g := range s.Grants {
		if g.Role != role {
			continue
		}
		if len(scope) == 0 || g.Scope == Everywhere || slices.Contains(scope, g.Scope) {
			return true
		}
	}
	return false
}

// ScopesOf returns the scopes in which the subject holds one of the roles, sorted, each once.
func (s Subject) ScopesOf(roles ...string) []string {
	var out []string
	for _, g := range s.Grants {
		if slices.Contains(roles, g.Role) {
			out = append(out, g.Scope)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Roles returns the subject's roles, sorted, each once.
func (s Subject) Roles() []string {
	out := make([]string, 0, len(s.Grants))
	for _, g := range s.Grants {
		out = append(out, g.Role)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Scopes says what a scope means. The register of units implements it.
type Scopes interface {
	// Covers reports whether a grant over scope reaches what, on the day of the request:
	// "unit:001" reaches "unit:00133" when that ward lies in that district.
	Covers(ctx context.Context, scope, what string) bool
}

// Covers reports whether the subject holds the role over what, directly or through
// a wider scope.
func (s Subject) Covers(ctx context.Context, sc Scopes, role, what string) bool {
	for _, g := range s.Grants {
		if g.Role == role && (g.Scope == Everywhere || g.Scope == what || sc.Covers(ctx, g.Scope, what)) {
			return true
		}
	}
	return false
}

type subjectKey struct{}

// With returns a context in which s acts.
func With(ctx context.Context, s Subject) context.Context {
	return context.WithValue(ctx, subjectKey{}, &s)
}

// pointer is From without a copy. Nobody writes through it.
func pointer(ctx context.Context) *Subject {
	if s, ok := ctx.Value(subjectKey{}).(*Subject); ok {
		return s
	}
	return &Subject{}
}

// From returns who acts; the zero Subject where nobody was set.
func From(ctx context.Context) Subject {
	if s, ok := ctx.Value(subjectKey{}).(*Subject); ok {
		return *s
	}
	return Subject{}
}
