package dossier

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/v1"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/form"
)

const dossierColumns = `d.id, d.code, d.service, d.package, d.procedure, d.variant, d.state, d.channel,
 d.reception_unit, d.receiving_unit, d.competent_unit, d.submitter, d.applicant, d.phone, d.mail,
 d.submitted_at, d.receive_by, d.accepted_at, d.due_at, d.closed_at, d.paused_at, d.process, d.version, d.parent, d.parent_token, d.heritage, d.did, d.unpaid_at`

const taskColumns = `t.id, t.dossier_id, t.token, t.step, t.role, t.unit, t.assignee, t.open, t.due_at, t.opened_at,
 t.code, t.package, t.procedure, t.applicant, t.state, t.promised, t.version, t.last_by, t.last_at, t.owner, t.warn_at, t.did`

// dossierRow takes the columns of dossierColumns; finish makes them a Dossier.
type dossierRow struct {
	d                             Dossier
	submitted, receiveBy          int64
	accepted, due, closed, paused *int64
	unpaid                        *int64
	process, heritage             string
}

func (r *dossierRow) dest() []any {
	d := &r.d
	return []any{
		&d.ID, &d.Code, &d.Service, &d.Package, &d.Procedure, &d.Case, &d.State, &d.Channel,
		&d.Reception, &d.Receiving, &d.Competent, &d.Submitter, &d.Applicant, &d.Phone, &d.Mail,
		&r.submitted, &r.receiveBy, &r.accepted, &r.due, &r.closed, &r.paused, &r.process, &d.Version, &d.Parent, &d.ParentToken, &r.heritage, &d.Did, &r.unpaid,
	}
}

func (r *dossierRow) finish() (Dossier, error) {
	d := r.d
	d.SubmittedAt, d.ReceiveBy = db.Time(r.submitted), db.Time(r.receiveBy)
	d.AcceptedAt, d.DueAt, d.ClosedAt, d.PausedAt = timeOf(r.accepted), timeOf(r.due), timeOf(r.closed), timeOf(r.paused)
	d.UnpaidAt = timeOf(r.unpaid)
	if r.heritage != "" {
		d.Heritage = &Heritage{}
		if err := json.Unmarshal([]byte(r.heritage), d.Heritage); err != nil {
			return d, err
		}
	}
	return d, json.Unmarshal([]byte(r.process), &d.Instance)
}

type taskRow struct {
	t                 Task
	due, opened, last int64
	promised, warn    *int64
}

func (r *taskRow) dest() []any {
	t := &r.t
	return []any{
		&t.ID, &t.Dossier, &t.Token, &t.Step, &t.Role, &t.Unit, &t.Assignee, &t.Open, &r.due, &r.opened,
		&t.Code, &t.Package, &t.Procedure, &t.Applicant, &t.State, &r.promised, &t.Version, &t.LastBy, &r.last, &t.Owner, &r.warn, &t.Did,
	}
}

func (r *taskRow) finish() Task {
	t := r.t
	t.DueAt, t.OpenedAt, t.LastAt, t.Promised = db.Time(r.due), db.Time(r.opened), db.Time(r.last), timeOf(r.promised)
	t.WarnAt = timeOf(r.warn)
	return t
}

func scanDossier(s db.Scanner) (Dossier, error) {
	var r dossierRow
	if err := s.Scan(r.dest()...); err != nil {
		return Dossier{}, err
	}
	return r.finish()
}

func scanTask(s db.Scanner) (Task, error) {
	var r taskRow
	if err := s.Scan(r.dest()...); err != nil {
		return Task{}, err
	}
	return r.finish(), nil
}

func timeOf(ms *int64) time.Time {
	if ms == nil {
		return time.Time{}
	}
	return db.Time(*ms)
}

func msOf(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return db.Millis(t)
}

// notFound gives a missing row its sentence.
func notFound(err error, key string) error {
	if errs.Is(err, errs.NotFound) {
		return errs.E(errs.NotFound, key, errs.Cause(err))
	}
	return err
}

func findByCode(q db.Querier, code string) (Dossier, error) {
	d, err := db.One(q, scanDossier, `SELECT `+dossierColumns+` FROM dossier_dossier d WHERE d.code = $1`, code)
	return d, notFound(err, "dossier.notFound")
}

func findByID(q db.Querier, v ID) (Dossier, error) {
	d, err := db.One(q, scanDossier, `SELECT `+dossierColumns+` FROM dossier_dossier d WHERE d.id = $1`, v)
	return d, notFound(err, "dossier.notFound")
}

// findByIDs reads many dossiers in one query; of one that is not there nothing is said.
func findByIDs(q db.Querier, ids []ID) ([]Dossier, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	marks, args := make([]string, len(ids)), make([]any, len(ids))
	for i, v := range ids {
		marks[i], args[i] = "$"+strconv.Itoa(i+1), v
	}
	return db.All(q, scanDossier, `SELECT `+dossierColumns+` FROM dossier_dossier d WHERE d.id IN (`+strings.Join(marks, ",")+`)`, args...)
}

// findFiling reads a dossier with what was said beside its form, in one query.
func findFiling(q db.Querier, v ID) (Dossier, Filing, error) {
	var r dossierRow
	var filing *string
	err := q.QueryRow(`SELECT `+dossierColumns+`, c.filing FROM dossier_dossier d LEFT JOIN dossier_content c ON c.dossier_id = d.id WHERE d.id = $1`, v).
		Scan(append(r.dest(), &filing)...)
	if err != nil {
		return Dossier{}, Filing{}, notFound(err, "dossier.notFound")
	}
	d, err := r.finish()
	var f Filing
	if err == nil && filing != nil {
		err = json.Unmarshal([]byte(*filing), &f)
	}
	return d, f, err
}

// findContact reads the ways to the owner of a dossier: an account, a telephone, whether they gave an e-mail address.
func findContact(q db.Querier, v ID) (account int64, phone string, mail bool, err error) {
	err = q.QueryRow(`SELECT submitter, phone, mail FROM dossier_dossier WHERE id = $1`, v).Scan(&account, &phone, &mail)
	return account, phone, mail, notFound(err, "dossier.notFound")
}

// findForTask reads a task and its dossier in one query.
func findForTask(q db.Querier, v TaskID) (Task, Dossier, error) {
	var tr taskRow
	var dr dossierRow
	err := q.QueryRow(`SELECT `+taskColumns+`, `+dossierColumns+
		` FROM dossier_task t JOIN dossier_dossier d ON d.id = t.dossier_id WHERE t.id = $1`, v).
		Scan(append(tr.dest(), dr.dest()...)...)
	if err != nil {
		return Task{}, Dossier{}, notFound(err, "dossier.task.notFound")
	}
	d, err := dr.finish()
	return tr.finish(), d, err
}

func findTask(q db.Querier, v TaskID) (Task, error) {
	t, err := db.One(q, scanTask, `SELECT `+taskColumns+` FROM dossier_task t WHERE t.id = $1`, v)
	return t, notFound(err, "dossier.task.notFound")
}

func tasksOf(q db.Querier, v ID) ([]Task, error) {
	return db.All(q, scanTask, `SELECT `+taskColumns+` FROM dossier_task t WHERE t.dossier_id = $1 ORDER BY t.id`, v)
}

func findContent(q db.Querier, v ID) (Content, error) {
	var answers, papers, filing, officer string
	err := q.QueryRow(`SELECT answers, papers, filing, officer FROM dossier_content WHERE dossier_id = $1`, v).
		Scan(&answers, &papers, &filing, &officer)
	if err != nil {
		return Content{}, notFound(err, "dossier.notFound")
	}
	return decodeContent(answers, papers, filing, officer)
}

func decodeContent(answers, papers, filing, officer string) (c Content, err error) {
	err = errors.Join(
		json.Unmarshal([]byte(answers), &c.Answers), json.Unmarshal([]byte(papers), &c.Papers),
		json.Unmarshal([]byte(filing), &c.Filing), json.Unmarshal([]byte(officer), &c.Officer))
	return c, err
}

// contentJSON is a content as it is stored and hashed.
type contentJSON struct{ answers, papers, filing, officer []byte }

func encodeContent(c Content) (out contentJSON, err error) {
	if c.Papers == nil {
		c.Papers = []form.File{}
	}
	if c.Officer == nil {
		c.Officer = form.Answers{}
	}
	for into, v := range map[*[]byte]any{&out.answers: c.Answers, &out.papers: c.Papers, &out.filing: c.Filing, &out.officer: c.Officer} {
		if *into, err = json.Marshal(v); err != nil {
			return out, err
		}
	}
	return out, nil
}

func insertDossier(tx *db.Tx, d Dossier, instance []byte) error {
	return tx.Exec(`INSERT INTO dossier_dossier (id, code, service, package, procedure, variant, state, channel,
 reception_unit, receiving_unit, competent_unit, submitter, applicant, phone, mail,
 submitted_at, receive_by, accepted_at, due_at, closed_at, paused_at, process, version, parent, parent_token, did, unpaid_at)
 VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,$25,$26,$27)`,
		d.ID, d.Code, d.Service, d.Package, d.Procedure, d.Case, int64(d.State), string(d.Channel),
		d.Reception, d.Receiving, d.Competent, d.Submitter, d.Applicant, d.Phone, d.Mail,
		db.Millis(d.SubmittedAt), db.Millis(d.ReceiveBy), msOf(d.AcceptedAt), msOf(d.DueAt), msOf(d.ClosedAt), msOf(d.PausedAt),
		string(instance), d.Version, d.Parent, int64(d.ParentToken), string(d.Did), msOf(d.UnpaidAt))
}

func insertContent(tx *db.Tx, v ID, c contentJSON) error {
	return tx.Exec(`INSERT INTO dossier_content (dossier_id, answers, papers, filing, officer) VALUES ($1,$2,$3,$4,$5)`,
		v, string(c.answers), string(c.papers), string(c.filing), string(c.officer))
}

// updateContent replaces what the applicant or an officer may add to.
func updateContent(tx *db.Tx, v ID, c contentJSON) error {
	return tx.Guard(errMoved, `UPDATE dossier_content SET answers = $2, papers = $3, officer = $4 WHERE dossier_id = $1`,
		v, string(c.answers), string(c.papers), string(c.officer))
}

// updateDossier writes where the dossier stands, if it still stands at version d.Version.
func updateDossier(tx *db.Tx, d Dossier, instance []byte) error {
	return tx.Guard(errMoved, `UPDATE dossier_dossier SET state = $3, receive_by = $4, accepted_at = $5, due_at = $6,
 closed_at = $7, paused_at = $8, process = $9, did = $10, unpaid_at = $11, version = version + 1 WHERE id = $1 AND version = $2`,
		d.ID, d.Version, int64(d.State), db.Millis(d.ReceiveBy), msOf(d.AcceptedAt), msOf(d.DueAt), msOf(d.ClosedAt), msOf(d.PausedAt), string(instance), string(d.Did), msOf(d.UnpaidAt))
}

func insertTask(tx *db.Tx, t Task) error {
	return tx.Exec(`INSERT INTO dossier_task (id, dossier_id, token, step, role, unit, assignee, open, due_at, opened_at,
 code, package, procedure, applicant, state, promised, version, last_by, last_at, owner, warn_at, did)
 VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22)`,
		t.ID, t.Dossier, int64(t.Token), t.Step, t.Role, t.Unit, t.Assignee, t.Open, db.Millis(t.DueAt), db.Millis(t.OpenedAt),
		t.Code, t.Package, t.Procedure, t.Applicant, int64(t.State), msOf(t.Promised), t.Version, t.LastBy, db.Millis(t.LastAt), t.Owner, msOf(t.WarnAt), string(t.Did))
}

// updateTask moves a task, if it still stands at version t.Version; otherwise the
// unit fails with errTaken.
func updateTask(tx *db.Tx, t Task) error {
	return tx.Guard(errTaken, `UPDATE dossier_task SET token = $3, step = $4, role = $5, unit = $6, assignee = $7, open = $8,
 due_at = $9, opened_at = $10, state = $11, promised = $12, version = version + 1, last_by = $13, last_at = $14, owner = $15, warn_at = $16, did = $17
 WHERE id = $1 AND version = $2`,
		t.ID, t.Version, int64(t.Token), t.Step, t.Role, t.Unit, t.Assignee, t.Open,
		db.Millis(t.DueAt), db.Millis(t.OpenedAt), int64(t.State), msOf(t.Promised), t.LastBy, db.Millis(t.LastAt), t.Owner, msOf(t.WarnAt), string(t.Did))
}

// touchTask tells an open task what holds of its dossier now. Its version stays: nobody loses the
// task that they have before them.
func touchTask(tx *db.Tx, t Task) error {
	return tx.Exec(`UPDATE dossier_task SET state = $2, promised = $3, due_at = $4, warn_at = $5 WHERE id = $1 AND open`,
		t.ID, int64(t.State), msOf(t.Promised), db.Millis(t.DueAt), msOf(t.WarnAt))
}

// queue reads one page of the open tasks of a unit and one role, or of an account.
func queue(q db.Querier, f TaskFilter, role string) ([]Task, error) {
	var b strings.Builder
	args := make([]any, 0, 7)
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	b.WriteString(`SELECT ` + taskColumns + ` FROM dossier_task t WHERE t.open`)
	if f.Mine != 0 {
		b.WriteString(` AND t.assignee <> 0 AND t.assignee = ` + arg(f.Mine))
	} else {
		b.WriteString(` AND t.unit = ` + arg(f.Unit) + ` AND t.role = ` + arg(role))
	}
	if f.State != 0 {
		b.WriteString(` AND t.state = ` + arg(int64(f.State)))
	}
	if f.Procedure != "" {
		b.WriteString(` AND t.procedure = ` + arg(f.Procedure))
	}
	switch f.Holder {
	case AnyHolder:
	case HeldByNobody:
		b.WriteString(` AND t.assignee = 0`)
	default:
		b.WriteString(` AND t.assignee = ` + arg(int64(f.Holder)))
	}
	from, before := TermsAt(q.Now()).Span(f.Due)
	if !from.IsZero() {
		b.WriteString(` AND t.due_at >= ` + arg(db.Millis(from)))
	}
	if !before.IsZero() {
		b.WriteString(` AND t.due_at < ` + arg(db.Millis(before)))
	}
	if !f.DueBefore.IsZero() {
		b.WriteString(` AND t.due_at < ` + arg(db.Millis(f.DueBefore)))
	}
	if f.After != (TaskCursor{}) {
		b.WriteString(` AND (t.due_at, t.id) > (` + arg(f.After.Due) + `, ` + arg(f.After.ID) + `)`)
	}
	b.WriteString(` ORDER BY t.due_at, t.id LIMIT ` + arg(f.Limit))
	return db.All(q, scanTask, b.String(), args...)
}

// countOpen counts the open tasks of a unit by role, and those past their term.
func countOpen(q db.Querier, unit any, now time.Time) (map[string]Count, error) {
	type row struct {
		role string
		c    Count
	}
	rows, err := db.All(q, func(s db.Scanner) (row, error) {
		var r row
		err := s.Scan(&r.role, &r.c.Open, &r.c.Late)
		return r, err
	}, `SELECT role, COUNT(*), COUNT(*) FILTER (WHERE due_at < $2) FROM dossier_task WHERE open AND unit = $1 GROUP BY role`, unit, db.Millis(now))
	if err != nil {
		return nil, err
	}
	out := make(map[string]Count, len(rows))
	for _, r := range rows {
		out[r.role] = r.c
	}
	return out, nil
}

// leaseBlock takes n numbers of a series and returns the end of the block.
func leaseBlock(ctx context.Context, d *db.DB, series string, n int64) (end int64, err error) {
	err = d.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		return tx.QueryRow(`INSERT INTO dossier_code (series, next) VALUES ($1, 1 + $2)
 ON CONFLICT (series) DO UPDATE SET next = dossier_code.next + $2 RETURNING next`, series, n).Scan(&end)
	})
	return end, err
}

// mergeByDue joins sorted pages of several roles into one of at most limit tasks.
func mergeByDue(pages [][]Task, limit int) []Task {
	all := slices.Concat(pages...)
	slices.SortFunc(all, func(a, b Task) int {
		if c := a.DueAt.Compare(b.DueAt); c != 0 {
			return c
		}
		return int(min(max(int64(a.ID-b.ID), -1), 1))
	})
	return all[:min(limit, len(all))]
}

// openPins are the packages of open tasks, each with how many there are and one dossier's code.
func openPins(q db.Querier) ([]pin, error) {
	return db.All(q, func(s db.Scanner) (p pin, err error) {
		err = s.Scan(&p.digest, &p.n, &p.code)
		return p, err
	}, `SELECT package, COUNT(*), MIN(code) FROM dossier_task WHERE open GROUP BY package ORDER BY package`)
}
