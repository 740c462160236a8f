package dossier

import (
	"context"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
)

// Receipt is the file by which whoever filed a dossier shows, without the city, that it was
// recorded and when. It holds codes, times and hashes, no name. NotFound where the reader may see
// nothing of the dossier, or where it came from an old system without a filing of its own.
func (s *Service) Receipt(ctx context.Context, code string, viewer Viewer) (raw []byte, d Dossier, err error) {
	defer errs.Op(&err, "dossier.Receipt")
	if d, _, err = s.find(ctx, code, viewer); err != nil {
		return nil, d, err
	}
	records, err := s.Journal.BySubject(ctx, journal.Subject{Type: SubjectType, ID: int64(d.ID)}, 0, 10)
	if err != nil {
		return nil, d, err
	}
	for _, r := range records {
		if r.Kind == KindSubmitted {
			raw, err = s.Journal.ReceiptOf(ctx, r.ID, d.Code)
			return raw, d, err
		}
	}
	return nil, d, errs.E(errs.NotFound, "dossier.noReceipt")
}
