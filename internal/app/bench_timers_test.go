package app

import (
	"context"
	"io"
	"os"
	"testing"

	"khue/internal/app/citybench"
)

// TestTimersFireOnce runs the bench of timers in small: one program on SQLite, two over
// one PostgreSQL. It fails where a dossier's timer fired twice or never.
func TestTimersFireOnce(t *testing.T) {
	t.Parallel()
	const n = 300
	for name, server := range map[string]string{"sqlite": "", "postgres": os.Getenv("KHUE_TEST_POSTGRES")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "postgres" && server == "" {
				t.Skip("KHUE_TEST_POSTGRES is not set: no PostgreSQL to test on (scripts/test-postgres start)")
			}
			rows, err := benchTimers(context.Background(), citybench.Options{DB: server, Timers: n, Log: io.Discard})
			if err != nil {
				t.Fatal(err)
			}
			if rows[0].Name != "timers.late_s" || rows[0].N != n || rows[0].Value <= 0 {
				t.Errorf("%+v", rows)
			}
		})
	}
}
