package result

import (
	"context"

	"khue/internal/kernel/db"
	"khue/internal/kernel/pdf"
	"khue/internal/onestop/dossier"
	"khue/internal/register/orgunit"
)

// Signing signs finished papers. It is called outside any transaction, and again for the same
// paper where the answer was lost.
type Signing interface {
	// Working reports whether a paper of an agency can be signed today as by says (leader, head,
	// unit-seal): its officer has a card in force, and the agency a seal.
	Working(ctx context.Context, officer int64, unit orgunit.UnitID, by []string) bool
	// Own reports whether an officer signs with a key that only they hold: the city can sign
	// nothing with it.
	Own(ctx context.Context, officer int64) bool
	// SignPDF signs as an officer, with the seal of an agency, or both, as by says. Officer 0 signs
	// nothing of a person's. The signature shows at a place of the paper; nowhere where it is zero.
	SignPDF(ctx context.Context, paper []byte, at pdf.Place, officer int64, unit orgunit.UnitID, by []string, reason string) ([]byte, error)
}

// Post takes papers to their owners.
type Post interface {
	// Order asks that a paper be taken to its owner; the same key again is the same order. Invalid
	// where the post takes no such order, with its reason in Note.
	Order(ctx context.Context, o Order) (News, error)
	// Ask returns where a parcel is.
	Ask(ctx context.Context, key string) (News, error)
}

// Order is one paper to be taken to its owner.
type Order struct {
	Key     string
	Name    string
	Phone   string
	Address string
	Number  string
	SHA256  string // of the file to be printed
}

// Dossiers is what is asked of dossiers; dossier.Service answers it.
type Dossiers interface {
	FindIDs(q db.Querier, ids []dossier.ID) (map[dossier.ID]dossier.Dossier, error)
	DrawResult(ctx context.Context, v dossier.ID, r dossier.ResultPaper) (dossier.Drawn, error)
	// TellParcel tells owner and counter of a parcel, as part of the unit tx.
	TellParcel(ctx context.Context, tx *db.Tx, v dossier.ID, n dossier.ParcelNews) error
	GiveOnline(ctx context.Context, v dossier.ID, done func(tx *db.Tx) error) error
}
