package dossier

import (
	"context"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/journal"
	"khue/internal/register/person"
)

// KindNumbers is the entry of a look at the personal numbers in a dossier, apart from its
// timeline; the payload is a person.Look.
const (
	KindNumbers = "dossier.numbers"
	lookType    = "dossier.look"
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
	payload, err := json.Marshal(person.Look{Basis: person.BasisDossier, Ref: d.Code, Reason: reason})
	if err != nil {
		return d, c, err
	}
	return d, c, s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		_, err := s.Journal.Append(tx, journal.Entry{
			Kind: KindNumbers, Subject: journal.Subject{Type: lookType, ID: int64(d.ID)}, Actor: sub.Account, Unit: d.Receiving.String(), Payload: payload,
		})
		return err
	})
}
