package dbbench

import (
	"embed"
	"errors"
	"fmt"
	"strings"

	"khue/internal/kernel/db"
)

//go:embed migrations/*.sql
var migrations embed.FS

var errMissed = errors.New("dbbench: a guarded write changed nothing")

// Migrations are the tables of Lifecycle36.
func Migrations() db.Migrations { return db.Embedded("bench", migrations) }

// Lifecycle36 is the life of a dossier in 36 writes: a submission with a form of
// 2 KB and three papers' metadata, then six transitions.
func Lifecycle36() [][]Statement {
	form := `{"child":{"name":"` + strings.Repeat("Nguyễn Thị Minh Khuê ", 90) + `"}}`
	papers := `[{"name":"giấy chứng sinh","size":182044,"sha256":"` + strings.Repeat("ab", 32) + `"},{"name":"căn cước","size":99120,"sha256":"` +
		strings.Repeat("cd", 32) + `"},{"name":"đăng ký kết hôn","size":120777,"sha256":"` + strings.Repeat("ef", 32) + `"}]`
	payload := []byte(strings.Repeat("x", 160))
	row := func(n, k int64) int64 { return n*16 + k }
	journal := func(k int64) Statement {
		return Statement{
			SQL:  `INSERT INTO bench_journal (id, subject, kind, payload) VALUES ($1, $2, $3, $4)`,
			Args: func(n int64) []any { return []any{row(n, k), n, "dossier.step", payload} },
		}
	}
	task := func(k int64) Statement {
		return Statement{
			SQL: `INSERT INTO bench_task (id, dossier, code, applicant, unit, role, state, due, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			Args: func(n int64) []any {
				return []any{row(n, k), n, code(n), "Trần Văn An", "H26.16.07", "clerk", "open", 1766000000000 + n, 1}
			},
		}
	}
	history := func(k int64) Statement {
		return Statement{
			SQL:  `INSERT INTO bench_history (id, dossier, actor, act, at) VALUES ($1, $2, $3, $4, $5)`,
			Args: func(n int64) []any { return []any{row(n, k), n, 77, "verify", 1766000000000} },
		}
	}
	submit := []Statement{
		{SQL: `INSERT INTO bench_request (actor, key, body, result, at) VALUES ($1, $2, $3, $4, $5)`, Args: func(n int64) []any {
			return []any{n % 500, fmt.Sprintf("k-%d", n), payload[:32], n, 1766000000000}
		}},
		{SQL: `INSERT INTO bench_dossier (id, code, procedure, unit, state, due, applicant, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, Args: func(n int64) []any {
			return []any{n, code(n), "1.001193", "H26.16.07", "submitted", nil, "Trần Văn An", 1}
		}},
		{SQL: `INSERT INTO bench_form (dossier, answers) VALUES ($1, $2)`, Args: func(n int64) []any { return []any{n, form} }},
		{SQL: `INSERT INTO bench_paper (dossier, list) VALUES ($1, $2)`, Args: func(n int64) []any { return []any{n, papers} }},
		{SQL: `INSERT INTO bench_instance (id, state, version) VALUES ($1, $2, $3)`, Args: func(n int64) []any { return []any{n, `{"at":"reception"}`, 1} }},
		task(0), history(0), journal(0), journal(1),
	}
	units := [][]Statement{submit}
	for k := range int64(6) {
		step := []Statement{
			{Guard: true, SQL: `UPDATE bench_task SET state = 'done', version = version + 1 WHERE id = $1 AND version = $2`, Args: func(n int64) []any { return []any{row(n, k), 1} }},
			{Guard: true, SQL: `UPDATE bench_instance SET state = $1, version = version + 1 WHERE id = $2 AND version = $3`, Args: func(n int64) []any {
				return []any{`{"at":"verification"}`, n, k + 1}
			}},
			task(k + 1), journal(k + 2),
		}
		if k%2 == 0 { // every other transition moves the dossier: 36 writes in all
			step = append(step, Statement{SQL: `UPDATE bench_dossier SET state = $1, version = version + 1 WHERE id = $2`, Args: func(n int64) []any { return []any{"processing", n} }})
		}
		units = append(units, step)
	}
	return units
}

func code(n int64) string { return fmt.Sprintf("H26.16.07-250623-%06d", n) }
