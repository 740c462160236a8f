package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/journal/journalweb"
	"khue/internal/kernel/journal/witness"
)

type witnessCmd struct {
	Log         string        `help:"Address of the city whose journal is confirmed." required:"" placeholder:"URL"`
	Key         string        `help:"File of the witness's signing key; made where there is none." required:"" type:"path"`
	Name        string        `help:"Name of the witness, for a new key: a host and path of its own, such as audit.example.vn/khue."`
	State       string        `help:"File of what was seen last; evidence is kept beside it." required:"" type:"path"`
	LogKey      string        `help:"Public key of the journal, or a file with it; empty: the one that the city shows at the first look." placeholder:"KEY"`
	Listen      string        `help:"Address at which the confirmed checkpoint is served; empty: nowhere."`
	Every       time.Duration `help:"Time between two looks." default:"30s"`
	Once        bool          `help:"Look once and stop; exit 1 where the journal is refused."`
	AcceptEpoch int           `help:"Go on after a restore of this epoch that the city has explained."`
}

// Run looks again and again until it is told to stop. A journal that forks or shrinks ends it with
// exit 1; where it serves, it goes on serving what it had signed and why it refuses.
func (w *witnessCmd) Run(c *command) error {
	if w.Every < time.Second {
		return fmt.Errorf("%w: %s", errUsage, c.say("app.witness.often"))
	}
	if _, err := os.Stat(w.Key); err != nil && w.Name == "" {
		return fmt.Errorf("%w: %s", errUsage, c.say("app.witness.name", "file", w.Key))
	}
	key, err := journal.LoadWitnessKey(w.Key, w.Name)
	if err != nil {
		return err
	}
	remote := journalweb.Remote{Base: w.Log, Client: &http.Client{}}
	of, fetched, err := logKey(c.ctx, w.LogKey, witness.KnownKey(w.State), remote)
	if err != nil {
		return errs.E(errs.Unavailable, "app.witness.away", errs.P("url", w.Log), errs.Cause(err))
	}
	eye, err := witness.Open(w.State, of, key, clock.System())
	if err != nil {
		return err
	}
	fmt.Fprintln(c.out, c.say("app.witness.key", "key", key.PublicKey()))
	if fetched {
		fmt.Fprintln(c.out, c.say("app.witness.fetched", "key", of))
	}
	if w.AcceptEpoch > 0 {
		if err := eye.AcceptEpoch(w.AcceptEpoch); err != nil {
			return err
		}
	}
	if w.Once {
		return w.look(c, eye, remote)
	}
	ctx, stop := context.WithCancel(c.ctx)
	defer stop()
	if w.Listen != "" {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", w.Listen)
		if err != nil {
			return err
		}
		srv := &http.Server{Handler: journalweb.WitnessHandler(eye, key.PublicKey()), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 8 << 10}
		go func() { _ = srv.Serve(l) }()
		defer func() { _ = srv.Close() }()
		fmt.Fprintln(c.out, c.say("app.witness.serving", "url", fmt.Sprintf("http://%s/checkpoint", l.Addr())))
	}
	tick := time.NewTicker(w.Every)
	defer tick.Stop()
	for {
		err := w.look(c, eye, remote)
		var r *witness.Refusal
		if errors.As(err, &r) && w.Listen == "" {
			return err
		}
		if err != nil && ctx.Err() == nil {
			fmt.Fprintf(c.err, "%s %s\n", clock.System().Now().Format(time.RFC3339), c.sentence(err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (w *witnessCmd) look(c *command, eye *witness.Witness, log witness.Log) error {
	cp, grown, err := eye.Look(c.ctx, log)
	var r *witness.Refusal
	switch {
	case err == nil:
		fmt.Fprintln(c.out, clock.System().Now().Format(time.RFC3339), c.say("app.witness.confirmed", "log", cp.Origin, "size", cp.Size, "grown", grown, "root", cp.Root.String()))
	case errors.As(err, &r):
		return errs.E(errs.Conflict, "app.witness."+string(r.Fault), errs.P("evidence", r.Evidence), errs.P("epoch", r.Epoch), errs.Cause(err))
	case errors.Is(err, witness.ErrUnsigned):
		return errs.E(errs.Invalid, "app.witness.unsigned", errs.P("url", w.Log), errs.Cause(err))
	case c.ctx.Err() == nil:
		return errs.E(errs.Unavailable, "app.witness.away", errs.P("url", w.Log), errs.Cause(err))
	}
	return err
}
