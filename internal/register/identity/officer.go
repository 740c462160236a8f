package identity

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/register/orgunit"
)

// Officer is somebody with an account who holds, held or will hold a post. The number names
// the person in papers for good: it says nothing about them and is never given again.
type Officer struct {
	Account int64
	Number  string // "CB0000123-45", see numberOf
	Login   string
	Name    string
	Email   string
	Phone   string // digits
	Since   time.Time
	Left    clock.Date // last day of whoever left the service; zero while they serve
}

// numberOf is the officer's number with its two check digits (ISO 7064, MOD 97-10), so that
// a slip of the pen is no other officer.
func numberOf(n int64) string { return fmt.Sprintf("CB%07d-%02d", n, 98-(n*100)%97) }

// NormalNumber reads an officer's number as people write it; false where the check digits
// do not fit.
func NormalNumber(s string) (string, bool) {
	var n, digits int64
	s = strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s)), "CB")
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			n, digits = n*10+int64(r-'0'), digits+1
		case r == '-' || r == ' ' || r == '.':
		default:
			return "", false
		}
		if digits > 12 {
			return "", false
		}
	}
	if digits < 9 {
		return "", false
	}
	number := numberOf(n / 100)
	return number, fmt.Sprintf("%02d", n%100) == number[len(number)-2:]
}

// Sign is how the holder of a post signs papers.
type Sign string

// The rights to sign. The title line of a paper begins with the letters.
const (
	SignNone Sign = ""
	SignOwn  Sign = "own" // in their own office
	SignKT   Sign = "kt"  // ký thay: for the head of the agency
	SignTL   Sign = "tl"  // thừa lệnh: on their order
	SignTUQ  Sign = "tuq" // thừa ủy quyền: by delegated authority
)

// Signs lists the rights to sign in the order of forms.
func Signs() []Sign { return []Sign{SignNone, SignOwn, SignKT, SignTL, SignTUQ} }

// Line is what the title line begins with: "KT."; empty where nothing does.
func (s Sign) Line() string {
	if s == SignNone || s == SignOwn {
		return ""
	}
	return strings.ToUpper(string(s)) + "."
}

// Post is one grant of an officer with what the register knows of it.
type Post struct {
	Account     int64
	Name, Login string
	Unit        orgunit.UnitID
	Role        orgunit.Role
	From, Until clock.Date // the last day; zero where open
	For         string     // name of the absent person whom the holder stands in for
	Decision    string
	Sign        Sign
	Disabled    bool
}

// On reports whether the post is held on a day.
func (p Post) On(day clock.Date) bool {
	return !p.Disabled && (p.From.IsZero() || !day.Before(p.From)) && (p.Until.IsZero() || !day.After(p.Until))
}

const (
	maxName  = 200
	maxWords = 300
)

var (
	emailShape = regexp.MustCompile(`^[^\s@<>"]{1,64}@[^\s@<>"]{1,190}\.[^\s@<>".]{2,24}$`)
	loginShape = regexp.MustCompile(`^[a-z][a-z0-9]*([._-][a-z0-9]+)*$`)
)

// foldOf is what a search for an officer looks in.
func foldOf(o Officer) string {
	return i18n.Fold(o.Name + " " + o.Login + " " + o.Number + " " + strings.ReplaceAll(o.Number, "-", ""))
}

func tidy(s string) string { return i18n.NFC(strings.Join(strings.Fields(s), " ")) }

func tooLong(s string, n int) bool { return utf8.RuneCountInString(s) > n }

// enrol gives an account its number.
func (s *Service) enrol(tx *db.Tx, o Officer) (Officer, error) {
	n, err := nextNumber(tx)
	if err != nil {
		return o, err
	}
	o.Number, o.Since = numberOf(n), tx.Now()
	return o, insertOfficer(tx, o)
}

// Adopt gives a number to every officer's account that has none: those of a city that is
// older than this register, and those that an operator made.
func (s *Service) Adopt(ctx context.Context) (err error) {
	defer errs.Op(&err, "identity.Adopt")
	const batch = 200
	for after := int64(0); ; {
		accounts, err := s.Auth.AccountsOf(ctx, auth.KindOfficer, after, batch)
		if err != nil || len(accounts) == 0 {
			return err
		}
		var missing []auth.Account
		if err := s.DB.View(ctx, func(_ context.Context, v *db.View) error {
			known, err := knownAccounts(v, accounts[0].ID, accounts[len(accounts)-1].ID)
			for _, a := range accounts {
				if !known[a.ID] {
					missing = append(missing, a)
				}
			}
			return err
		}); err != nil {
			return err
		}
		if len(missing) > 0 {
			if err := s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
				for _, a := range missing {
					o, err := s.enrol(tx, Officer{Account: a.ID, Login: a.Login, Name: a.Name})
					if db.IsUnique(err) {
						continue
					}
					if err != nil {
						return err
					}
					if err := s.append(tx, EventEnrolled, SubjectOfficer, a.ID, 0, 0, Told{Name: o.Name, Number: o.Number}); err != nil {
						return err
					}
				}
				return nil
			}); err != nil && !db.IsUnique(err) {
				return err
			}
		}
		after = accounts[len(accounts)-1].ID
	}
}

// Officer returns an officer that the reader may look at: a colleague of their units, or
// themselves. NotFound otherwise.
func (s *Service) Officer(ctx context.Context, account int64) (o Officer, posts []Post, err error) {
	defer errs.Op(&err, "identity.Officer")
	if posts, err = s.postsOf(ctx, account); err != nil {
		return o, nil, err
	}
	if !s.Policies.May(ctx, actSee, s.account(account, posts, s.Units.Now().Government().ID)) {
		return o, nil, errs.E(errs.NotFound, "identity.officer.none")
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		o, err = findOfficer(v, account)
		return err
	})
	return o, posts, err
}

// postsOf are all posts of an account, past and future too.
func (s *Service) postsOf(ctx context.Context, account int64) (out []Post, err error) {
	var grants []auth.GrantPeriod
	var known map[postKey]postRow
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		if grants, err = s.Auth.GrantsIn(v, account); err != nil {
			return err
		}
		known, err = postRows(v, account, account)
		return err
	})
	for _, g := range grants {
		if u, ok := unitOf(g.Scope); ok {
			out = append(out, postOf(account, u, g, known))
		}
	}
	return out, err
}

func postOf(account int64, u orgunit.UnitID, g auth.GrantPeriod, known map[postKey]postRow) Post {
	p := Post{Account: account, Unit: u, Role: orgunit.Role(g.Role), From: g.From, Until: g.Until, For: g.For}
	if r, ok := known[postKey{account, u, p.Role, dayText(g.From)}]; ok && g.For == "" {
		p.Decision, p.Sign = r.decision, r.sign
	}
	return p
}

// Holders lists the posts that people hold, held or will hold in units, by unit and role.
func (s *Service) Holders(ctx context.Context, units ...orgunit.UnitID) (out []Post, err error) {
	defer errs.Op(&err, "identity.Holders")
	scopes := make([]string, len(units))
	for i, u := range units {
		scopes[i] = scope(u)
	}
	held, err := s.Auth.PostsIn(ctx, scopes...)
	if err != nil {
		return nil, err
	}
	known := map[postKey]postRow{}
	if len(held) > 0 {
		err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
			known, err = postRowsIn(v, units)
			return err
		})
	}
	for _, h := range held {
		if u, ok := unitOf(h.Scope); ok && h.Kind == auth.KindOfficer {
			p := postOf(h.Account, u, h.GrantPeriod, known)
			p.Name, p.Login, p.Disabled = h.Name, h.Login, h.Disabled
			out = append(out, p)
		}
	}
	return out, err
}

// maxFound is how many officers a search shows.
const maxFound = 50

// Search finds officers by name, login or number, a page at a time by account. Only who
// may see the whole city searches it: others look at the units that they may see.
func (s *Service) Search(ctx context.Context, q string, after int64) (out []Officer, more bool, err error) {
	defer errs.Op(&err, "identity.Search")
	if err := s.Policies.Can(ctx, actSee, s.unit(0)); err != nil {
		return nil, false, err
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = selectOfficers(v, i18n.Fold(strings.TrimSpace(q)), after, maxFound+1)
		return err
	})
	if len(out) > maxFound {
		return out[:maxFound], true, err
	}
	return out, false, err
}

// NumberOf is the identification number of an officer; "" for an account that is none's.
func (s *Service) NumberOf(q db.Querier, account int64) (string, error) {
	o, err := findOfficer(q, account)
	if errs.Is(err, errs.NotFound) {
		return "", nil
	}
	return o.Number, err
}
