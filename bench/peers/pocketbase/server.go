package main

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	_ "github.com/pocketbase/pocketbase/migrations" // its own tables

	"khue/bench/peers/load"
)

// server is PocketBase with one collection.
type server struct {
	dir  string
	full bool
	logs bool
}

func (s server) run() error {
	cfg := core.BaseAppConfig{DataDir: s.dir}
	if s.full {
		cfg.DBConnect = full
	}
	app := core.NewBaseApp(cfg)
	if err := app.Bootstrap(); err != nil {
		return err
	}
	addr, err := free()
	if err != nil {
		return err
	}
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.InstallerFunc = nil
		if err := s.prepare(e.App); err != nil {
			return err
		}
		return e.Next()
	})
	failed := make(chan error, 1)
	go func() { failed <- apis.Serve(app, apis.ServeConfig{HttpAddr: addr}) }()
	if err := listening(addr, failed); err != nil {
		return err
	}
	load.Serve(addr)
	return nil
}

// full is core.DefaultDBConnect with synchronous=FULL in place of NORMAL.
func full(path string) (*dbx.DB, error) {
	return dbx.Open("sqlite", path+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=journal_size_limit(200000000)&_pragma=synchronous(FULL)&_pragma=foreign_keys(ON)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-32000)")
}

// prepare makes the collection: a field for each column of dossier_dossier, the two of
// dossier_content that a filing fills, the code unique. Anybody may create, which is the
// cheapest: no token is read and no rule is asked.
func (s server) prepare(app core.App) error {
	if !s.logs {
		app.Settings().Logs.MaxDays = 0
		if err := app.Save(app.Settings()); err != nil {
			return err
		}
	}
	c := core.NewBaseCollection("dossiers")
	for _, n := range []string{"code", "service", "package", "procedure", "variant", "channel", "applicant", "phone", "process"} {
		c.Fields.Add(&core.TextField{Name: n})
	}
	for _, n := range []string{
		"state", "reception_unit", "receiving_unit", "competent_unit", "submitter", "submitted_at", "receive_by",
		"accepted_at", "due_at", "closed_at", "paused_at", "version",
	} {
		c.Fields.Add(&core.NumberField{Name: n})
	}
	c.Fields.Add(&core.BoolField{Name: "mail"}, &core.JSONField{Name: "answers"}, &core.JSONField{Name: "papers"})
	c.AddIndex("dossiers_code", true, "code", "")
	open := ""
	c.CreateRule = &open
	return app.Save(c)
}

// listening waits until the server answers.
func listening(addr string, failed <-chan error) error {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case err := <-failed:
			return errors.Join(errors.New("the server ended"), err)
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}
