package notify

import (
	"context"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/measure"
)

// measures are the figures of messages.
func (s *Service) measures() []measure.Group {
	return []measure.Group{{
		Name: "notices", Every: time.Minute,
		Figures: []measure.Figure{
			{Name: "khue_notices_waiting", Help: "Messages that are not sent yet, by way.", Labels: []string{"way"}},
			{Name: "khue_notices_oldest_seconds", Help: "How long the oldest of them has waited, by way.", Labels: []string{"way"}},
			{Name: "khue_notices_failed", Help: "Messages of the last week that no try could send, by way.", Labels: []string{"way"}},
		},
		Read: func(ctx context.Context, put measure.Put) error {
			return s.DB.View(ctx, func(_ context.Context, v *db.View) error {
				for _, c := range []Channel{Email, SMS, Push} { // an empty queue is a figure too
					put("khue_notices_waiting", 0, string(c))
					put("khue_notices_oldest_seconds", 0, string(c))
					put("khue_notices_failed", 0, string(c))
				}
				list, err := unsent(v, v.Now().AddDate(0, 0, -7))
				for _, x := range list {
					if x.state == Failed {
						put("khue_notices_failed", float64(x.n), string(x.channel))
						continue
					}
					put("khue_notices_waiting", float64(x.n), string(x.channel))
					put("khue_notices_oldest_seconds", v.Now().Sub(x.oldest).Seconds(), string(x.channel))
				}
				return err
			})
		},
	}}
}
