package dossier

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/onestop/process"
	"khue/internal/register/orgunit"
)

// Rating is what an applicant says of how a finished dossier was dealt with.
type Rating struct {
	Score   int      // 1 very bad to 5 very good
	Reasons []string // of RatingReasons
	Comment string
	At      time.Time
}

// Bounds of a rating, and the fewest of which a unit's figures are shown: from fewer, one
// could tell who said what.
const (
	maxRatingComment = 1000 // runes
	LeastRatings     = 5
)

// RatingReasons are what a rating may be about: those of the nine criteria of Circular
// 01/2018 art. 13 on which the law wants the applicant asked.
func RatingReasons() []string { return []string{"time", "visits", "guidance", "attitude", "online"} }

// mayBeRated reports whether a dossier ended with an answer of the agency, not too long ago.
func mayBeRated(d Dossier, now time.Time, within time.Duration) bool {
	switch d.State {
	case process.Returned, process.NotAccepted, process.Stopped:
		return d.Parent == 0 && !d.ClosedAt.IsZero() && now.Sub(d.ClosedAt) < within
	}
	return false
}

// RatingOf returns the rating of a dossier. May reports whether one is open to be given.
func (s *Service) RatingOf(ctx context.Context, d Dossier) (r Rating, rated, may bool, err error) {
	if !mayBeRated(d, s.Clock.Now(), mayRate) {
		if !d.State.Ended() {
			return r, false, false, nil
		}
	} else {
		may = true
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		r, err = findRating(v, d.ID)
		return err
	})
	if errs.Is(err, errs.NotFound) {
		return Rating{}, false, may, nil
	}
	return r, err == nil, false, err
}

// ratingType is the journal's subject of a rating: not the dossier's, whose timeline its
// officers read.
const ratingType = "dossier.rating"

// Rate takes what the applicant says of a finished dossier, once. Only its owner, who follows
// it, or the bearer of its key or phone may. Errors: NotFound, Invalid with fields score,
// reasons and comment, Conflict where it is not finished or was rated.
func (s *Service) Rate(ctx context.Context, code string, r Rating, key string, viewer Viewer) (err error) {
	defer errs.Op(&err, "dossier.Rate")
	sub := auth.From(ctx)
	r.Comment = strings.TrimSpace(r.Comment)
	if err := r.check(); err != nil {
		return err
	}
	d, _, err := s.Find(ctx, code, viewer)
	if err != nil {
		return err
	}
	if err := s.Policies.Can(ctx, actRate, resourceOf(d)); err != nil {
		return err
	}
	r.At = s.Clock.Now()
	hash := once.Hash([]any{"rate", d.Code, r.Score, r.Reasons, r.Comment})
	payload, err := json.Marshal(map[string]any{"score": r.Score, "reasons": r.Reasons, "comment": r.Comment})
	if err != nil {
		return err
	}
	if !mayBeRated(d, r.At, mayRate) {
		return errs.E(errs.Conflict, "dossier.rate.notFinished")
	}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := insertRating(tx, d, r); err != nil {
			return err
		}
		// No actor: what is said of an agency is counted, not traced.
		entry := journal.Entry{Kind: "dossier.rated", Subject: journal.Subject{Type: ratingType, ID: int64(d.ID)}, Unit: d.Competent.String(), Payload: payload}
		if _, err := s.Journal.Append(tx, entry); err != nil {
			return err
		}
		return once.Record(tx, sub.Account, key, hash, int64(d.ID))
	})
	if !db.IsUnique(err) {
		return err
	}
	if _, again, onceErr := s.replay(ctx, sub.Account, key, hash); onceErr != nil || again {
		return onceErr
	}
	return errs.E(errs.Conflict, "dossier.rate.already", errs.Cause(err))
}

func (r Rating) check() error {
	var bad []errs.Field
	if r.Score < 1 || r.Score > 5 {
		bad = append(bad, errs.Field{Path: "score", Key: "dossier.rate.score"})
	}
	if slices.ContainsFunc(r.Reasons, func(k string) bool { return !slices.Contains(RatingReasons(), k) }) || len(r.Reasons) > len(RatingReasons()) {
		bad = append(bad, errs.Field{Path: "reasons", Key: "dossier.rate.reasons"})
	}
	if utf8.RuneCountInString(r.Comment) > maxRatingComment {
		bad = append(bad, errs.Field{Path: "comment", Key: "dossier.rate.long", Params: errs.Params{"max": maxRatingComment}})
	}
	if len(bad) == 0 {
		return nil
	}
	return errs.E(errs.Invalid, "form.invalid", errs.P("n", len(bad)), errs.WithFields(bad...))
}

// Scores are the ratings of an agency in a period, counted.
type Scores struct {
	Unit  orgunit.UnitID
	N     int
	By    [5]int // by score, 1 first
	About map[string]int
}

// Shown reports whether there are enough ratings to be shown without naming anybody.
func (s Scores) Shown() bool { return s.N >= LeastRatings }

// Mean is the mean score.
func (s Scores) Mean() float64 {
	sum := 0
	for i, n := range s.By {
		sum += (i + 1) * n
	}
	return float64(sum) / float64(max(s.N, 1))
}

// Plus adds two counts.
func (s Scores) Plus(o Scores) Scores {
	out := Scores{Unit: s.Unit, N: s.N + o.N, About: map[string]int{}}
	for i := range s.By {
		out.By[i] = s.By[i] + o.By[i]
	}
	for _, m := range []map[string]int{s.About, o.About} {
		for k, n := range m {
			out.About[k] += n
		}
	}
	return out
}

// ScoresOf counts the ratings given in a period to the dossiers that a unit decided; of unit
// 0, of every agency that the reader has a post in or above. Errors as ReportOf.
func (s *Service) ScoresOf(ctx context.Context, unit orgunit.UnitID, p Period) (out Scores, err error) {
	defer errs.Op(&err, "dossier.ScoresOf")
	sub := auth.From(ctx)
	if err := s.canReport(ctx, unit); err != nil {
		return out, err
	}
	if err := p.check(maxReportDays); err != nil {
		return out, err
	}
	from, to := p.instants()
	var all []Scores
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		all, err = scoresIn(v, unit, from, to)
		return err
	})
	for _, x := range all {
		if unit != 0 || s.hasPost(ctx, sub, x.Unit) {
			out = out.Plus(x)
		}
	}
	return out, err
}
