package journal

import (
	"context"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/measure"
)

// FollowSlack is how far behind a follower may seem without being it: one that cares for few
// kinds writes its place down every so many entries.
const FollowSlack = followSkip

// Measures are the figures of the log and of those who follow it.
func (j *Journal) Measures() []measure.Group {
	return []measure.Group{{
		Name: "journal", Every: 10 * time.Second,
		Figures: []measure.Figure{
			{Name: "khue_journal_entries", Help: "Entries in the log, numbered."},
			{Name: "khue_journal_unnumbered", Help: "Entries that wait for their number."},
			{Name: "khue_journal_unsigned", Help: "Entries after the last signed checkpoint."},
			{Name: "khue_journal_checkpoint_age_seconds", Help: "How long entries have waited for a signed checkpoint; 0 where all are signed."},
			{Name: "khue_journal_follower_behind", Help: "Entries that a follower has yet to read.", Labels: []string{"follower"}},
		},
		Read: func(ctx context.Context, put measure.Put) error {
			s, err := j.Status(ctx)
			if err != nil {
				return err
			}
			put("khue_journal_entries", float64(s.Size))
			put("khue_journal_unnumbered", float64(s.Unnumbered))
			put("khue_journal_unsigned", float64(s.Unsigned))
			put("khue_journal_checkpoint_age_seconds", s.SignedAgo.Seconds())
			for name, n := range s.Behind {
				// A follower that reads few kinds writes its place down every so many entries.
				put("khue_journal_follower_behind", float64(max(0, n-followSkip)), name)
			}
			return nil
		},
	}}
}

// signedAgo is how long the log has been ahead of its last checkpoint; 0 where it is not.
func signedAgo(q db.Querier, unsigned int64) (time.Duration, error) {
	if unsigned <= 0 {
		return 0, nil
	}
	at, err := lastSigned(q)
	if err != nil || at == 0 {
		return 0, err
	}
	return max(0, q.Now().Sub(db.Time(at))), nil
}
