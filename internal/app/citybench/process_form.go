package citybench

import (
	"context"

	"khue/internal/onestop/form/formweb/formbench"
)

// processForm measures the check of a form of 60 fields and its page.
func processForm(ctx context.Context, _ Options) ([]Row, error) {
	found, err := formbench.Run(ctx)
	rows := make([]Row, len(found))
	for i, r := range found {
		rows[i] = Row(r)
	}
	return rows, err
}
