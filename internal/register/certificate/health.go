package certificate

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/measure"
	"khue/internal/kernel/sign"
)

// Part is one certificate of the authority, and whether its key answers.
type Part struct {
	Name  string // root, issuing, stamp
	Until time.Time
	Err   error // of the key; the root's is not asked: it signs nothing here
}

// Condition is how the authority is.
type Condition struct {
	Parts   []Part
	Waiting int64 // requests
	Ending  int64 // cards and seals in force that run out soon
}

// partEnds is when the end of a certificate of the authority is near: a new one takes a ceremony, and
// cards never outlive the one that issued them.
const partEnds = 180 * 24 * time.Hour

// Near reports whether the certificate of a part ends soon, or has.
func (p Part) Near(now time.Time) bool { return p.Until.Sub(now) < partEnds }

// askTime bounds the question to a key.
const askTime = 2 * time.Second

// Condition asks both keys to sign, and counts what waits. Who reads it may be any officer: it
// names nobody.
func (s *Service) Condition(ctx context.Context) (c Condition, err error) {
	defer errs.Op(&err, "certificate.Condition")
	c.Parts = []Part{{Name: "root", Until: s.d.Keys.Root.NotAfter}, s.asked(ctx, "issuing", s.d.Keys.Issuing), s.asked(ctx, "stamp", s.d.Keys.Stamp)}
	now := s.d.Clock.Now()
	err = s.d.DB.View(ctx, func(_ context.Context, q *db.View) error {
		c.Waiting, c.Ending, err = figures(q, now, now.Add(endsSoon))
		return err
	})
	return c, err
}

func (s *Service) asked(ctx context.Context, name string, key sign.Signer) (p Part) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	p.Name = name
	var chain []*x509.Certificate
	if chain, p.Err = key.Certificate(ctx); p.Err != nil {
		return p
	}
	p.Until = chain[0].NotAfter
	digest := sha256.Sum256([]byte("khue: does this key answer?"))
	_, p.Err = key.Sign(ctx, digest[:], crypto.SHA256)
	return p
}

// measures are the figures for those who watch the program.
func (s *Service) measures() []measure.Group {
	return []measure.Group{{
		Name: "authority", Every: 5 * time.Minute,
		Figures: []measure.Figure{
			{Name: "khue_authority_days", Help: "Days until a certificate of the city's authority ends.", Labels: []string{"part"}},
			{Name: "khue_authority_key_failed", Help: "1 where a key of the authority does not answer.", Labels: []string{"part"}},
			{Name: "khue_cards_waiting", Help: "Requests for cards and seals that wait for a decision."},
			{Name: "khue_cards_ending", Help: "Cards and seals in force that run out within 60 days."},
		},
		Read: func(ctx context.Context, put measure.Put) error {
			c, err := s.Condition(ctx)
			if err != nil {
				return err
			}
			for _, p := range c.Parts {
				put("khue_authority_days", p.Until.Sub(s.d.Clock.Now()).Hours()/24, p.Name)
				if p.Name == "root" {
					continue
				}
				failed := 0.0
				if p.Err != nil {
					failed = 1
				}
				put("khue_authority_key_failed", failed, p.Name)
			}
			put("khue_cards_waiting", float64(c.Waiting))
			put("khue_cards_ending", float64(c.Ending))
			return nil
		},
	}}
}
