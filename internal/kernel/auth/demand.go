package auth

import (
	"errors"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
)

// Demand says since when the city demands two factors of its officers. The zero value demands
// nothing.
type Demand struct {
	Officers bool
	From     clock.Date // first day; zero: always
}

// On reports whether the demand holds.
func (d Demand) On(now time.Time) bool {
	return d.Officers && (d.From.IsZero() || !clock.DateOf(now).Before(d.From))
}

// Of is the proof without which a subject's session opens nothing but the pages on which a
// second factor is set up or shown. Programs that an operator gave a token prove nothing, and
// do not sign (see Sign).
func (d Demand) Of(s Subject, now time.Time) Proof {
	if s.Kind != KindOfficer || s.Proved.IsZero() || !d.On(now) {
		return NoProof
	}
	return ProveTwo
}

// Sign is the proof that an act wants which signs for the city. A subject without a session came
// through no door: the program itself acts for it, as when it fills a demo.
func (d Demand) Sign(s Subject, now time.Time) Proof {
	if s.Session == 0 || !d.On(now) {
		return NoProof
	}
	return ProveToSign
}

// unproved is the cause of a refusal that a proof lifts.
type unproved struct{ want Proof }

func (u unproved) Error() string { return "auth: wants the proof: " + string(u.want) }

// Hold refuses an act for which the subject's session lacks a proof. The edge asks for it, and
// the act runs then. Forbidden auth.error.prove.
func (p Proof) Hold(s Subject, now time.Time) error {
	if p.Met(s, now) {
		return nil
	}
	return errs.E(errs.Forbidden, "auth.error.prove", errs.Cause(unproved{p}))
}

// Wanted is the proof that would lift a refusal; NoProof where none would.
func Wanted(err error) Proof {
	var u unproved
	if errors.As(err, &u) {
		return u.want
	}
	return NoProof
}
