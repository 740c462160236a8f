package reorganise

import (
	"khue/internal/kernel/db"
)

func insertPost(tx *db.Tx, a ActID, p Post) error {
	return tx.Exec(`INSERT INTO reorganise_post (act, account, role, from_unit, to_role, to_unit, name) VALUES ($1,$2,$3,$4,$5,$6,$7)
 ON CONFLICT (act, account, role, from_unit, to_unit) DO NOTHING`, a, p.Account, p.Role, p.From, p.ToRole, p.To, p.Name)
}

func postsOf(q db.Querier, a ActID) ([]Post, error) {
	return db.All(q, func(s db.Scanner) (p Post, err error) {
		err = s.Scan(&p.Account, &p.Role, &p.From, &p.ToRole, &p.To, &p.Name)
		return p, err
	}, `SELECT account, role, from_unit, to_role, to_unit, name FROM reorganise_post WHERE act = $1 ORDER BY to_role <> '', name, account, role, to_unit`, a)
}

// countPosts counts the posts that began, and those that nothing follows.
func countPosts(q db.Querier, a ActID) (began, lost int, err error) {
	err = q.QueryRow(`SELECT COUNT(*) FILTER (WHERE to_role <> ''), COUNT(*) FILTER (WHERE to_role = '') FROM reorganise_post WHERE act = $1`, a).Scan(&began, &lost)
	return began, lost, err
}
