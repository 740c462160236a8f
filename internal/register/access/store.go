package access

import (
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/register/orgunit"
)

const lookColumns = `id, at, actor, unit, post, what, basis, why, words, type, about, n`

func scanLine(s db.Scanner) (Line, error) {
	var l Line
	var at int64
	err := s.Scan(&l.ID, &at, &l.Actor, &l.Unit, &l.Post, &l.What, &l.Basis, &l.Why, &l.Words, &l.Type, &l.About, &l.N)
	l.At = db.Time(at)
	return l, err
}

func insertLook(tx *db.Tx, l Line) error {
	return tx.Exec(`INSERT INTO access_look (`+lookColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)`,
		l.ID, db.Millis(l.At), l.Actor, l.Unit, l.Post, string(l.What), string(l.Basis), l.Why, l.Words, l.Type, l.About, l.N)
}

// spread writes that a list showed a thing.
func spread(tx *db.Tx, l Line, about int64) error {
	return tx.Exec(`INSERT INTO access_shown (about, day, actor, look, last_at, unit, post, what, basis, why, type, n) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,1)
 ON CONFLICT (about, day, actor) DO UPDATE SET n = access_shown.n + 1, last_at = excluded.last_at`,
		about, clock.DateOf(l.At).String(), l.Actor, l.ID, db.Millis(l.At), l.Unit, l.Post, string(l.What), string(l.Basis), l.Why, l.Type)
}

// listOf is the list of a condition, from $first on.
func listOf[T any](in []T, first int) (string, []any) {
	args, marks := make([]any, len(in)), make([]string, len(in))
	for i, v := range in {
		args[i], marks[i] = v, "$"+strconv.Itoa(first+i)
	}
	return "(" + strings.Join(marks, ",") + ")", args
}

// where joins conditions, numbering the ? of each by its place.
type where struct {
	text []string
	args []any
}

func (w *where) add(cond string, args ...any) {
	for _, a := range args {
		w.args = append(w.args, a)
		cond = strings.Replace(cond, "?", "$"+strconv.Itoa(len(w.args)), 1)
	}
	w.text = append(w.text, cond)
}

func (w *where) String() string { return strings.Join(w.text, " AND ") }

func (w *where) next(v any) string {
	w.args = append(w.args, v)
	return "$" + strconv.Itoa(len(w.args))
}

func (w *where) filter(f Filter, at string) {
	if f.What != "" {
		w.add("what = ?", string(f.What))
	}
	if f.Basis != "" {
		w.add("basis = ?", string(f.Basis))
	}
	if !f.From.IsZero() {
		w.add(at+" >= ?", db.Millis(f.From))
	}
	if !f.To.IsZero() {
		w.add(at+" < ?", db.Millis(f.To))
	}
}

// looksAt reads the looks at some things, lists among them, the youngest first.
func looksAt(q db.Querier, things []int64, f Filter, limit int) ([]Line, error) {
	var w where
	list, args := listOf(things, 1)
	w.args = args
	w.text = []string{"about IN " + list}
	w.filter(f, "at")
	if f.Before != 0 {
		w.add("id < ?", f.Before)
	}
	own := `SELECT ` + lookColumns + ` FROM access_look WHERE about <> 0 AND ` + w.String() + ` ORDER BY id DESC LIMIT ` + w.next(limit)
	out, err := db.All(q, scanLine, own, w.args...)
	if err != nil || f.What != "" && !f.What.many() {
		return out, err
	}
	w = where{args: args, text: []string{"about IN " + list}}
	w.filter(f, "last_at")
	if f.Before != 0 {
		w.add("look < ?", f.Before)
	}
	shown, err := db.All(q, scanLine, `SELECT look, last_at, actor, unit, post, what, basis, why, '', type, about, n FROM access_shown WHERE `+w.String()+
		` ORDER BY look DESC LIMIT `+w.next(limit), w.args...)
	return append(out, shown...), err
}

func lookAt(q db.Querier, v LookID, things []int64) (Line, error) {
	list, args := listOf(things, 2)
	args = append([]any{v}, args...)
	l, err := db.One(q, scanLine, `SELECT `+lookColumns+` FROM access_look WHERE id = $1 AND about IN `+list, args...)
	if errs.Is(err, errs.NotFound) {
		l, err = db.One(q, scanLine, `SELECT look, last_at, actor, unit, post, what, basis, why, '', type, about, n FROM access_shown WHERE look = $1 AND about IN `+list, args...)
	}
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "access.notFound", errs.Cause(err))
	}
	return l, err
}

// reasoned reads the looks with a reason of some units; nil: of all.
func reasoned(q db.Querier, units []orgunit.UnitID, before LookID, limit int) ([]Line, error) {
	w := where{text: []string{"basis = 'reason'"}}
	within(&w, units)
	if before != 0 {
		w.add("id < ?", before)
	}
	return db.All(q, scanLine, `SELECT `+lookColumns+` FROM access_look WHERE `+w.String()+` ORDER BY id DESC LIMIT `+w.next(limit), w.args...)
}

func within(w *where, units []orgunit.UnitID) {
	if units == nil {
		return
	}
	list, args := listOf(units, len(w.args)+1)
	w.args = append(w.args, args...)
	w.text = append(w.text, "unit IN "+list)
}

const reasonColumns = `id, actor, about, unit, choice, words, at, until`

func scanReason(s db.Scanner) (Reason, error) {
	var r Reason
	var at, until int64
	err := s.Scan(&r.ID, &r.Actor, &r.About, &r.Unit, &r.Choice, &r.Words, &at, &until)
	r.At, r.Until = db.Time(at), db.Time(until)
	return r, err
}

func insertReason(tx *db.Tx, r Reason, entry journal.EntryID) error {
	return tx.Exec(`INSERT INTO access_reason (`+reasonColumns+`, entry) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)`,
		r.ID, r.Actor, r.About, r.Unit, r.Choice, r.Words, db.Millis(r.At), db.Millis(r.Until), entry)
}

func reasonFor(q db.Querier, actor, about int64, now time.Time) (Reason, bool, error) {
	r, err := db.One(q, scanReason, `SELECT `+reasonColumns+` FROM access_reason WHERE about = $1 AND actor = $2 AND until > $3 ORDER BY until DESC LIMIT 1`,
		about, actor, db.Millis(now))
	if errs.Is(err, errs.NotFound) {
		return r, false, nil
	}
	return r, err == nil, err
}

// lookedSince reports whether an actor looked at a thing on another basis than a reason.
func lookedSince(q db.Querier, actor, about int64, since time.Time) (bool, error) {
	var n int
	err := q.QueryRow(`SELECT count(*) FROM access_look WHERE about = $1 AND about <> 0 AND id > $2 AND actor = $3 AND basis <> 'reason'`,
		about, id.At(since), actor).Scan(&n)
	return n > 0, err
}

const flagColumns = `id, rule, actor, unit, at, look, type, about, n, verdict, note, settler, settler_name, settled_at`

func scanFlag(s db.Scanner) (Flag, error) {
	var f Flag
	var at, settled int64
	err := s.Scan(&f.ID, &f.Rule, &f.Actor, &f.Unit, &at, &f.Look, &f.Type, &f.About, &f.N, &f.Verdict, &f.Note, &f.Settler, &f.SettledBy, &settled)
	f.At = db.Time(at)
	if settled != 0 {
		f.SettledAt = db.Time(settled)
	}
	return f, err
}

// insertFlag reports in marked whether it is new: a rule says a thing once.
func insertFlag(tx *db.Tx, f Flag, mark string) error {
	return tx.Exec(`INSERT INTO access_flag (`+flagColumns+`, mark) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,'','',0,'',0,$10) ON CONFLICT (mark) DO NOTHING`,
		f.ID, f.Rule, f.Actor, f.Unit, db.Millis(f.At), f.Look, f.Type, f.About, f.N, mark)
}

func marked(q db.Querier, mark string) (bool, error) {
	var n int
	err := q.QueryRow(`SELECT count(*) FROM access_flag WHERE mark = $1`, mark).Scan(&n)
	return n > 0, err
}

func flags(q db.Querier, units []orgunit.UnitID, open bool, limit int) ([]Flag, error) {
	w := where{text: []string{"1 = 1"}}
	within(&w, units)
	if open {
		w.text = append(w.text, "verdict = ''")
	}
	return db.All(q, scanFlag, `SELECT `+flagColumns+` FROM access_flag WHERE `+w.String()+` ORDER BY id DESC LIMIT `+w.next(limit), w.args...)
}

func flagByID(q db.Querier, v FlagID) (Flag, error) {
	f, err := db.One(q, scanFlag, `SELECT `+flagColumns+` FROM access_flag WHERE id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "access.flag.notFound", errs.Cause(err))
	}
	return f, err
}

func settleFlag(tx *db.Tx, f Flag, miss error) error {
	return tx.Guard(miss, `UPDATE access_flag SET verdict = $2, note = $3, settler = $4, settler_name = $5, settled_at = $6 WHERE id = $1 AND verdict = ''`,
		f.ID, f.Verdict, f.Note, f.Settler, f.SettledBy, db.Millis(f.SettledAt))
}

// The figures that rules compare: all over whole things, not over lists.

func countPeople(q db.Querier, actor int64, since, until time.Time) (n int, err error) {
	err = q.QueryRow(`SELECT count(DISTINCT about) FROM access_look WHERE actor = $1 AND at > $2 AND at <= $3 AND about <> 0`, actor, db.Millis(since), db.Millis(until)).Scan(&n)
	return n, err
}

func countOfficers(q db.Querier, about int64, since, until time.Time) (n int, err error) {
	err = q.QueryRow(`SELECT count(DISTINCT actor) FROM access_look WHERE about = $1 AND about <> 0 AND at > $2 AND at <= $3`, about, db.Millis(since), db.Millis(until)).Scan(&n)
	return n, err
}

func countReasons(q db.Querier, actor int64, since, until time.Time) (n int, err error) {
	err = q.QueryRow(`SELECT count(DISTINCT about) FROM access_look WHERE actor = $1 AND at > $2 AND at <= $3 AND basis = 'reason'`, actor, db.Millis(since), db.Millis(until)).Scan(&n)
	return n, err
}

// but is a condition that leaves out what is kept beyond its term; nothing where there is none.
func but(args []any, kept []int64, condition string) (string, []any) {
	if len(kept) == 0 {
		return "", args
	}
	marks := make([]string, len(kept))
	for i, v := range kept {
		args = append(args, v)
		marks[i] = "$" + strconv.Itoa(len(args))
	}
	return " AND " + strings.ReplaceAll(condition, "?", "("+strings.Join(marks, ",")+")"), args
}

const (
	looksBut   = `about NOT IN ? AND id NOT IN (SELECT look FROM access_shown WHERE about IN ?)`
	reasonsBut = `about NOT IN ?`
)

// oldLooks are the looks before an instant, for their term.
func oldLooks(q db.Querier, before time.Time, kept []int64, limit int) ([]int64, error) {
	left, args := but([]any{id.At(before), limit}, kept, looksBut)
	return db.All(q, db.Value[int64], `SELECT id FROM access_look WHERE id < $1`+left+` ORDER BY id LIMIT $2`, args...)
}

func countOld(q db.Querier, before time.Time, kept []int64) (n int, err error) {
	looks, args := but([]any{id.At(before)}, kept, looksBut)
	reasons, args := but(args, kept, reasonsBut)
	err = q.QueryRow(`SELECT (SELECT count(*) FROM access_look WHERE id < $1`+looks+`) + (SELECT count(*) FROM access_reason WHERE id < $1`+reasons+`)`, args...).Scan(&n)
	return n, err
}

func removeLook(tx *db.Tx, v int64) error { return tx.Exec(`DELETE FROM access_look WHERE id = $1`, v) }

func removeShown(tx *db.Tx, before clock.Date, kept []int64) error {
	left, args := but([]any{before.String()}, kept, `about NOT IN ?`)
	return tx.Exec(`DELETE FROM access_shown WHERE day < $1`+left, args...)
}

// oldReason is a reason at the end of its term.
type oldReason struct {
	id    int64
	entry journal.EntryID
}

// oldReasons are the reasons whose time is over since before an instant.
func oldReasons(q db.Querier, before time.Time, kept []int64, limit int) ([]oldReason, error) {
	left, args := but([]any{id.At(before), limit}, kept, reasonsBut)
	return db.All(q, func(s db.Scanner) (r oldReason, err error) {
		err = s.Scan(&r.id, &r.entry)
		return r, err
	}, `SELECT id, entry FROM access_reason WHERE id < $1`+left+` ORDER BY id LIMIT $2`, args...)
}

func removeReason(tx *db.Tx, v int64) error {
	return tx.Exec(`DELETE FROM access_reason WHERE id = $1`, v)
}

// anyBefore reports whether a look of before an instant stands here.
func anyBefore(q db.Querier, at time.Time) (bool, error) {
	var n int
	err := q.QueryRow(`SELECT count(*) FROM (SELECT 1 FROM access_look WHERE at <= $1 LIMIT 1) AS any_look`, db.Millis(at)).Scan(&n)
	return n > 0, err
}
