package dossier

import (
	"encoding/json"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/journal"
)

// numbered are the papers that carry a number of their own: what an agency writes to the
// applicant. The receipt is known by the code of the dossier.
func numbered(paper string) bool {
	switch paper {
	case PaperSupplement, PaperRefusal, PaperExtension, PaperStop:
		return true
	}
	return false
}

// number takes the numbers of the papers that a change makes and writes them into its entry.
// The number stands or falls with the act: none is lost when the act fails.
func (s *Service) number(tx *db.Tx, ch *change, entry *journal.Entry) error {
	var given map[string]int64
	for _, p := range ch.happened.Papers {
		if !numbered(p) {
			continue
		}
		n, err := nextPaperNumber(tx, int64(ch.dossier.Receiving), int64(clock.DateOf(tx.Now()).Year), p)
		if err != nil {
			return err
		}
		if given == nil {
			given = map[string]int64{}
		}
		given[p] = n
	}
	if given == nil {
		return nil
	}
	var h Happening
	if err := json.Unmarshal(entry.Payload, &h); err != nil {
		return err
	}
	h.Numbers = given
	payload, err := json.Marshal(h)
	entry.Payload = payload
	return err
}
