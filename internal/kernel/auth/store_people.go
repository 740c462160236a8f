package auth

import (
	"strconv"
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
)

func namesOf(q db.Querier, ids []int64) ([]Holder, error) {
	list, args := listOf(ids)
	return db.All(q, func(s db.Scanner) (h Holder, err error) {
		err = s.Scan(&h.Account, &h.Name)
		return h, err
	}, `SELECT id, name FROM auth_account WHERE id IN `+list, args...)
}

func holdersIn(q db.Querier, scopes []string, day clock.Date) ([]Holder, error) {
	list, args := listOf(scopes)
	n := len(args)
	at := func(i int) string { return "$" + strconv.Itoa(n+i) }
	return db.All(q, func(s db.Scanner) (h Holder, err error) {
		err = s.Scan(&h.Account, &h.Name, &h.Role, &h.Scope)
		return h, err
	}, `SELECT a.id, a.name, g.role, g.scope FROM auth_grant g JOIN auth_account a ON a.id = g.account
 WHERE g.scope IN `+list+` AND g.starts <= `+at(1)+` AND (g.ends = '' OR g.ends >= `+at(1)+`) AND a.kind = 'officer' AND a.disabled = `+at(2)+`
 ORDER BY a.name, a.id, g.role LIMIT `+at(3), append(args, day.String(), false, maxPeople)...)
}

// listOf is the list of a condition: ($1,$2,…), with its arguments.
func listOf[T any](in []T) (string, []any) {
	args := make([]any, len(in))
	marks := make([]string, len(in))
	for i, v := range in {
		args[i], marks[i] = v, "$"+strconv.Itoa(i+1)
	}
	return "(" + strings.Join(marks, ",") + ")", args
}
