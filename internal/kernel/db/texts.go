package db

import "context"

const textPage = 500

// Texts gives each a text of every row, a page at a time and each page in a View of its own: for jobs
// that look through whole tables while others work. sql returns id and text of the rows above an id,
// $1, ordered by it, at most $2. Rows that are added behind a page that was read are seen where their
// ids grow.
func (d *DB) Texts(ctx context.Context, sql string, each func(text string)) error {
	type row struct {
		id   int64
		text string
	}
	for after := int64(-1 << 63); ; {
		var page []row
		err := d.View(ctx, func(_ context.Context, q *View) (err error) {
			page, err = All(q, func(s Scanner) (r row, err error) { err = s.Scan(&r.id, &r.text); return r, err }, sql, after, textPage)
			return err
		})
		if err != nil {
			return err
		}
		for _, r := range page {
			each(r.text)
			after = r.id
		}
		if len(page) < textPage {
			return nil
		}
	}
}
