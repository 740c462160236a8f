package app

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/journal/journalweb"
)

type verifyCmd struct {
	Journal verifyJournalCmd `cmd:"" default:"withargs" help:"Recompute the whole journal and compare it with every checkpoint, and with what you hold."`
	Receipt verifyReceiptCmd `cmd:"" help:"Check a receipt, without the city and without a connection."`
}

// trustFlags are whom a checker trusts beside the log's key.
type trustFlags struct {
	Witness []string `name:"witness-key" help:"Public key of a witness; again for more." placeholder:"KEY"`
	Roots   string   `name:"tsa-roots" help:"PEM file of roots for time stamps." type:"existingfile"`
}

func (f trustFlags) read() (ws []*journal.WitnessVerifier, roots *x509.CertPool, err error) {
	for _, s := range f.Witness {
		v, err := journal.ParseWitnessKey(s)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", errUsage, err)
		}
		ws = append(ws, v)
	}
	if f.Roots == "" {
		return ws, nil, nil
	}
	pem, err := os.ReadFile(f.Roots)
	if err != nil {
		return nil, nil, err
	}
	roots = x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, nil, fmt.Errorf("%w: %s holds no certificate", errUsage, f.Roots)
	}
	return ws, roots, nil
}

type verifyJournalCmd struct {
	storageFlags
	trustFlags
	Key        string   `help:"Public key of the journal, or a file with it; empty: that of the data folder." placeholder:"KEY"`
	Checkpoint []string `help:"File with a checkpoint kept from before; again for more." type:"existingfile"`
	Held       []string `name:"receipt" help:"File with a receipt; again for more." type:"existingfile"`
	JSON       bool     `help:"One JSON object."`
}

// Run recomputes the whole journal.
func (v *verifyJournalCmd) Run(c *command) error {
	var held journal.Held
	var err error
	if held.Witnesses, held.Roots, err = v.read(); err != nil {
		return err
	}
	for _, f := range v.Checkpoint {
		b, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		held.Checkpoints = append(held.Checkpoints, string(b))
	}
	for _, f := range v.Held {
		b, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		held.Receipts = append(held.Receipts, b)
	}
	// Nothing of the city is started: who checks needs its database and a public key.
	cfg, err := v.stored(c)
	if err != nil {
		return err
	}
	signer, err := v.signer(cfg.Data)
	if err != nil {
		return err
	}
	d, err := db.Open(c.ctx, db.Config{URL: cfg.DB, Clock: cfg.Clock, Log: c.log})
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	if pending, err := d.Pending(c.ctx, []db.Migrations{journal.Migrations()}); err != nil {
		return err
	} else if len(pending) > 0 {
		return errs.E(errs.Conflict, "app.verify.older", errs.P("n", len(pending)))
	}
	return verify(c, journal.New(d, nil, signer, c.log), held, v.JSON)
}

// signer is the journal's key: the public one that was given, or that of the data folder.
func (v *verifyJournalCmd) signer(data string) (journal.Signer, error) {
	if v.Key != "" {
		return journal.PublicOnly(textOrFile(v.Key))
	}
	if _, err := os.Stat(journalKey(data)); err != nil {
		return nil, errs.E(errs.NotFound, "app.verify.noKey", errs.P("dir", data))
	}
	return journal.LoadKey(journalKey(data), City)
}

// textOrFile is what a file holds, or the text itself where there is no such file.
func textOrFile(given string) string {
	if raw, err := os.ReadFile(given); err == nil { //nolint:gosec // the operator names the file
		given = string(raw)
	}
	return strings.TrimSpace(given)
}

// verify recomputes a journal and prints what it found.
func verify(c *command, j *journal.Journal, held journal.Held, asJSON bool) error {
	bar := newProgress(c.err, "journal")
	rep, err := j.Verify(c.ctx, held, func(done, total int64) { bar.show(int(done), int(total)) })
	bar.end()
	if err != nil {
		return err
	}
	if asJSON {
		if err := c.json(map[string]any{
			"ok": rep.OK(), "entries": rep.Entries, "erased": rep.Erased, "pending": rep.Pending, "kinds": rep.Kinds,
			"checkpoints": rep.Checkpoints, "root": rep.Root.String(), "problems": len(rep.Problems),
			"cosigned": rep.Cosigned, "timestamps": rep.Stamps, "trustedTimestamps": rep.Trusted, "restores": rep.Epochs,
		}); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(c.out, c.say("app.verify.counts", "n", rep.Entries, "batches", rep.Batches, "checkpoints", rep.Checkpoints, "root", rep.Root.String()))
		if rep.Cosigned > 0 || rep.Stamps > 0 || rep.Epochs > 0 {
			fmt.Fprintln(c.out, c.say("app.verify.outside", "cosigned", rep.Cosigned, "stamps", rep.Stamps, "trusted", rep.Trusted, "restores", rep.Epochs))
		}
		for _, pr := range rep.Problems {
			fmt.Fprintln(c.out, "-", c.say(pr.Key(), pr.Params()...))
		}
	}
	if !rep.OK() {
		return notWhole(rep)
	}
	if !asJSON {
		fmt.Fprintln(c.out, c.say("app.verify.whole"))
	}
	return nil
}

// notWhole says of how many findings a journal is.
func notWhole(rep journal.Report) error {
	return errs.E(errs.Invalid, "app.verify.notWhole", errs.P("n", int64(len(rep.Problems))+rep.More))
}

type verifyReceiptCmd struct {
	trustFlags
	File       string   `arg:"" help:"The receipt, or a file with a bare promise." type:"existingfile"`
	Key        string   `help:"Public key of the journal, or a file with it; empty: the receipt's own, to be compared." placeholder:"KEY"`
	Checkpoint []string `help:"File with another checkpoint, kept or from a witness; again for more." type:"existingfile"`
	Log        string   `help:"Address of the city, for proofs between checkpoints of different sizes; without it no connection is made." placeholder:"URL"`
}

// Run checks a receipt and says in sentences what it shows. Exit 1 where something is contradicted.
func (v *verifyReceiptCmd) Run(c *command) error {
	b, err := embeddedSentences()
	if err != nil {
		return err
	}
	o := journal.ReceiptCheck{}
	if v.Key != "" {
		o.Key = textOrFile(v.Key)
		if _, err := journal.PublicOnly(o.Key); err != nil {
			return err // the receipt is not to blame
		}
	}
	if o.Witnesses, o.Roots, err = v.read(); err != nil {
		return err
	}
	for _, f := range v.Checkpoint {
		raw, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		o.Checkpoints = append(o.Checkpoints, string(raw))
	}
	if v.Log != "" {
		remote := journalweb.Remote{Base: v.Log, Client: &http.Client{}}
		o.Consistency = func(old, now int64) (tlog.TreeProof, error) { return remote.Consistency(c.ctx, old, now) }
	}
	raw, err := os.ReadFile(v.File)
	if err != nil {
		return err
	}
	verdict, err := journal.CheckReceipt(raw, o)
	if err != nil {
		return err
	}
	for _, f := range verdict.Findings {
		fmt.Fprintf(c.out, "%s: %s\n", b.T(c.lang, "journalweb.mark."+string(f.Mark)), b.T(c.lang, f.Key(), f.Params...))
	}
	if !verdict.OK() {
		return errors.New(b.T(c.lang, "journalweb.page.failsTitle"))
	}
	fmt.Fprintln(c.out, b.T(c.lang, "journalweb.page.holdsTitle")+".")
	return nil
}

// logKey is the public key of a log: given, as text or file, or known from before, or fetched.
func logKey(ctx context.Context, given, known string, remote journalweb.Remote) (key string, fetched bool, err error) {
	if given != "" {
		return textOrFile(given), false, nil
	}
	if known != "" {
		return known, false, nil
	}
	key, err = remote.Key(ctx)
	return key, true, err
}
