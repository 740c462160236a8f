package factor

import (
	"context"
	"strconv"
	"strings"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
)

const (
	leastReason = 5
	mostReason  = 300
)

// Stop ends every session and token of somebody's account, for an officer to whom a theft was
// reported at a counter or by the hotline. It takes nothing but sessions: the owner signs in
// again, and is told who did it and why. Errors: Invalid with the fields login and reason;
// RateLimited.
func (s *Service) Stop(ctx context.Context, login, reason string) (name string, err error) {
	defer errs.Op(&err, "factor.Stop")
	sub, err := s.own(ctx)
	if err != nil {
		return "", err
	}
	if sub.Kind != auth.KindOfficer {
		return "", errs.E(errs.Forbidden, "auth.error.not_allowed")
	}
	reason = i18n.NFC(strings.Join(strings.Fields(reason), " "))
	var bad []errs.Field
	a, err := s.Auth.FindAccount(ctx, login)
	if errs.Is(err, errs.NotFound) || err == nil && a.Kind == auth.KindSystem {
		bad = append(bad, errs.Field{Path: "login", Key: "auth.error.no_account"})
	} else if err != nil {
		return "", err
	}
	if n := utf8.RuneCountInString(reason); n < leastReason || n > mostReason {
		bad = append(bad, errs.Field{Path: "reason", Key: "factor.stop_reason", Params: errs.Params{"min": leastReason, "max": mostReason}})
	}
	if len(bad) > 0 {
		return "", errs.E(errs.Invalid, "auth.error.account", errs.WithFields(bad...))
	}
	if err := s.Auth.Often("stop", strconv.FormatInt(sub.Account, 10), ""); err != nil {
		return "", err
	}
	return a.Name, s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := s.Auth.EndAllIn(tx, a.ID); err != nil {
			return err
		}
		return s.note(tx, KindStopped, a.ID, sub.Account, Told{By: sub.Name, Reason: reason})
	})
}
