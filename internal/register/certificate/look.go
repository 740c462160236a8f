package certificate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"image/png"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// Bounds of the image of a signature or seal: enough for 36 mm at 600 dots an inch.
const (
	maxLook   = 300 << 10
	minPixels = 40
	maxPixels = 2000
)

// readLook refuses what is no PNG of a sensible size.
func readLook(b []byte) error {
	bad := errs.E(errs.Invalid, "certificate.error.look")
	if len(b) > maxLook {
		return bad
	}
	c, err := png.DecodeConfig(bytes.NewReader(b))
	if err != nil || c.Width < minPixels || c.Height < minPixels || c.Width > maxPixels || c.Height > maxPixels {
		return bad
	}
	if _, err := png.Decode(bytes.NewReader(b)); err != nil {
		return bad
	}
	return nil
}

func printOf(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Look is the image that a card shows on paper, PNG; nil where it has none. The caller answers for the
// reader.
func (s *Service) Look(ctx context.Context, v ID) (b []byte, err error) {
	defer errs.Op(&err, "certificate.Look(%s)", v)
	err = s.d.DB.View(ctx, func(_ context.Context, q *db.View) error {
		b, err = look(q, v)
		return err
	})
	return b, err
}

// LookShown is Look for who may look at the card. NotFound also where there is none.
func (s *Service) LookShown(ctx context.Context, v ID) ([]byte, error) {
	c, err := s.Get(ctx, v)
	if err != nil {
		return nil, err
	}
	none := errs.E(errs.NotFound, "certificate.error.none")
	if !s.d.Policies.May(ctx, actSee, s.card(c)) {
		return nil, none
	}
	b, err := s.Look(ctx, v)
	if err == nil && len(b) == 0 {
		err = none
	}
	return b, err
}
