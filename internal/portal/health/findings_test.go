package health

import (
	"testing"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/measure"
)

// A key of the certificate authority that does not answer is urgent; a certificate near its end is told
// while there is time for a ceremony; an authority that is well is told nothing about.
func TestTheAuthorityIsAFinding(t *testing.T) {
	t.Parallel()
	state := func(failed, days float64) State {
		at := clock.MustDate("2026-11-02").At(9, 0)
		return State{At: at, Free: 1 << 40, Size: 1 << 40, Figures: []measure.Reading{{At: at.Add(-time.Minute), Values: []measure.Value{
			{Name: "khue_authority_key_failed", Labels: []string{"issuing"}, N: failed}, {Name: "khue_authority_key_failed", Labels: []string{"stamp"}},
			{Name: "khue_authority_days", Labels: []string{"stamp"}, N: days}, {Name: "khue_authority_days", Labels: []string{"root"}, N: 7000},
		}}}}
	}
	if got := state(0, 3000).Findings(); len(got) != 0 {
		t.Errorf("a well authority: %+v", got)
	}
	if got := state(1, 3000).Findings(); len(got) != 1 || got[0].Key != "authorityKey" || !got[0].Urgent || got[0].Params[1] != "ca-issuing" {
		t.Errorf("a silent key: %+v", got)
	}
	if got := state(0, 100).Findings(); len(got) != 1 || got[0].Key != "authority" || got[0].Params[1] != "ca-stamp" || got[0].Params[3] != int64(100) {
		t.Errorf("a certificate near its end: %+v", got)
	}
}
