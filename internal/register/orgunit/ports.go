package orgunit

import (
	"khue/internal/kernel/db"
	"khue/internal/kernel/journal"
)

// Journal is where an import is made known, in its own transaction.
type Journal interface {
	Append(tx *db.Tx, e journal.Entry) (journal.Receipt, error)
}
