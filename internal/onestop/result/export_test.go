package result

import (
	"context"

	"khue/internal/kernel/db"
	"khue/internal/register/orgunit"
)

// All reads every result.
func All(d *db.DB) (out []Result, err error) {
	err = d.View(context.Background(), func(_ context.Context, v *db.View) error {
		out, err = db.All(v, scan, `SELECT `+columns+handColumns+` FROM result_result ORDER BY number, id`)
		return err
	})
	return out, err
}

// ChooseBatch has the papers of an agency wait for their signers.
func ChooseBatch(d *db.DB, u orgunit.UnitID) error {
	return d.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error { return choose(tx, u, true, "") })
}
