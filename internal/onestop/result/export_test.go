package result

import (
	"context"

	"khue/internal/kernel/db"
)

// All reads every result.
func All(d *db.DB) (out []Result, err error) {
	err = d.View(context.Background(), func(_ context.Context, v *db.View) error {
		out, err = db.All(v, scan, `SELECT `+columns+` FROM result_result ORDER BY number, id`)
		return err
	})
	return out, err
}
