package dossier

import (
	"context"
	"strings"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/register/access"
)

// OpenNumbers reads a dossier whose personal numbers the officer will see whole, and writes down
// who looked and why. Errors: NotFound, Forbidden for others than officers, Invalid without a
// reason.
func (s *Service) OpenNumbers(ctx context.Context, code, reason string) (d Dossier, c Content, err error) {
	defer errs.Op(&err, "dossier.OpenNumbers")
	sub := auth.From(ctx)
	if sub.Kind != auth.KindOfficer {
		return d, c, errs.E(errs.Forbidden, "person.officers")
	}
	if d, c, _, err = s.Read(ctx, code); err != nil {
		return d, c, err
	}
	reason = i18n.NFC(strings.Join(strings.Fields(reason), " "))
	if n := utf8.RuneCountInString(reason); n < 5 || n > 300 {
		p := errs.Params{"min": 5, "max": 300}
		return d, c, errs.E(errs.Invalid, "person.reason", errs.P("min", 5, "max", 300), errs.WithFields(errs.Field{Path: "reason", Key: "person.reason", Params: p}))
	}
	l := access.Look{What: access.Numbers, Basis: access.ByDossier, Words: reason, Unit: d.Receiving, Type: SubjectType, About: []int64{int64(d.ID)}}
	given, ok, err := s.Looks.Reasoned(ctx, int64(d.ID))
	if err != nil {
		return d, c, err
	}
	if ok && given.Choice != "" { // no post of theirs has it in hand
		l.Basis, l.Why = access.ByReason, given.Choice
	}
	return d, c, s.Looks.Looked(ctx, l)
}
