package counter

import (
	"context"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/onestop/dossier"
	"khue/internal/register/access"
	"khue/internal/register/orgunit"
)

// OriginalID names an original.
type OriginalID = id.Of[Original]

// Where originals are.
const (
	Held      = "held"
	GivenBack = "givenBack"
)

// Original is one paper whose originals were kept, and who answers for them. It changes
// hands by a batch and ends when it is handed back to its owner.
type Original struct {
	ID         OriginalID
	Dossier    dossier.ID
	Code       string
	Applicant  string
	Package    string // names the paper
	Paper      string
	Count      int
	Unit       orgunit.UnitID
	Holder     int64
	HolderName string
	Since      time.Time
	State      string
	Batch      BatchID // open one that it stands in; 0 for none
	Version    int64
	unitWas    orgunit.UnitID // before a reorganisation; 0: not moved
}

// OriginalFilter selects originals that are held: by an account, or in a unit.
type OriginalFilter struct {
	Holder int64
	Unit   orgunit.UnitID
	After  OriginalID
	Limit  int
}

const maxOriginals = 200

// Originals lists what the reader, or a unit of theirs, holds, the longest held first.
// Forbidden for a unit in which the reader has no post.
func (s *Service) Originals(ctx context.Context, f OriginalFilter) (out []Original, err error) {
	defer errs.Op(&err, "counter.Originals")
	sub := auth.From(ctx)
	if f.Unit == 0 {
		f.Holder = sub.Account
	} else if err := s.Policies.Can(ctx, actOriginals, unitResource(f.Unit)); err != nil {
		return nil, err
	}
	if f.Limit <= 0 || f.Limit > maxOriginals {
		f.Limit = maxOriginals
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = originals(v, f)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, s.listed(ctx, out)
}

// listed writes down that a list of originals names dossiers to the reader.
func (s *Service) listed(ctx context.Context, list []Original) error {
	l := access.Look{What: access.List, Basis: access.ByDuty, Why: access.DutyPost, Type: dossier.SubjectType}
	for _, o := range list {
		l.About = append(l.About, int64(o.Dossier))
	}
	return s.Looks.Looked(ctx, l)
}

// OriginalsOf are the originals of a dossier, those that were given back included. The
// caller shows them to whoever may see the dossier.
func (s *Service) OriginalsOf(ctx context.Context, d dossier.ID) (out []Original, err error) {
	defer errs.Op(&err, "counter.OriginalsOf")
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = originalsOf(v, d)
		return err
	})
	return out, err
}
