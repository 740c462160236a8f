package journal

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// ReceiptCheck is whom the checker trusts; all of it is optional.
type ReceiptCheck struct {
	Key       string // public key of the log; empty: the receipt's own, which is told
	Witnesses []*WitnessVerifier
	Roots     *x509.CertPool
	// Checkpoints are signed notes from elsewhere: kept before, or a witness's.
	Checkpoints []string
	// Consistency proves a receipt's checkpoint to one of Checkpoints, by their sizes; nil: only
	// those of the same size can be compared.
	Consistency func(old, now int64) (tlog.TreeProof, error)
}

// Mark is how a line of a verdict is to be read.
type Mark string

// The marks.
const (
	Good Mark = "good" // shown by arithmetic
	Bad  Mark = "bad"  // contradicted
	Hint Mark = "hint" // to be known; neither
)

// Finding is one sentence of a verdict: "journal.receipt." and Kind is its key.
type Finding struct {
	Mark   Mark
	Kind   string
	Params []any
}

// Key is the finding's message.
func (f Finding) Key() string { return "journal.receipt." + f.Kind }

// Verdict is what a receipt shows.
type Verdict struct {
	Statement  Statement // zero for a bare promise but for ID, At and Leaf
	Promise    bool      // a bare promise
	Number     int64     // of the entry in the log; -1 where the receipt has no proof
	Checkpoint *Checkpoint
	Findings   []Finding
}

// OK reports whether nothing is contradicted.
func (v Verdict) OK() bool {
	for _, f := range v.Findings {
		if f.Mark == Bad {
			return false
		}
	}
	return true
}

func (v *Verdict) say(m Mark, kind string, params ...any) {
	v.Findings = append(v.Findings, Finding{m, kind, params})
}

// CheckReceipt reads a receipt, or a bare promise, and says what it shows, without the city. The
// error is Invalid journal.badReceipt for a text that is neither.
func CheckReceipt(raw []byte, o ReceiptCheck) (v Verdict, err error) {
	v.Number = -1
	text := strings.TrimSpace(strings.TrimPrefix(string(raw), "\ufeff"))
	none := func(cause error) (Verdict, error) {
		return v, errs.E(errs.Invalid, "journal.badReceipt", errs.Cause(cause))
	}
	if len(raw) > MaxReceipt {
		return none(nil)
	}
	if !strings.HasPrefix(text, "{") {
		return checkPromise(text, o, none)
	}
	var f receiptFile
	if err := json.Unmarshal([]byte(text), &f); err != nil || f.Format != receiptFormat {
		return none(err)
	}
	key := o.Key
	if key == "" {
		key = f.Key
		v.say(Hint, "ownKey", "key", f.Key)
	}
	log, err := note.NewVerifier(strings.TrimSpace(key))
	if err != nil {
		return none(err)
	}
	if v.Statement, err = parseStatement(f.Statement, log); err != nil {
		v.say(Bad, "unsigned", "log", log.Name())
		return v, nil
	}
	s := v.Statement
	v.say(Good, "signed", "log", log.Name(), "about", s.About, "at", s.At)
	if f.Proof == nil {
		v.say(Hint, "noProof")
		return v, nil
	}
	c, err := ParseCheckpoint(f.Proof.Checkpoint, log)
	if err != nil {
		v.say(Bad, "checkpointUnsigned", "log", log.Name())
		return v, nil
	}
	v.Number, v.Checkpoint = f.Proof.Number, &c
	if err := tlog.CheckRecord(f.Proof.Path, c.Size, c.Root, f.Proof.Number, s.Leaf); err != nil {
		v.say(Bad, "notIncluded", "number", f.Proof.Number+1, "size", c.Size)
		return v, nil
	}
	v.say(Good, "included", "number", f.Proof.Number+1, "size", c.Size, "at", c.At)
	v.others(f.Proof, c, o)
	v.compare(c, log, o)
	return v, nil
}

// others says what witnesses and authorities for time add.
func (v *Verdict) others(p *receiptProof, c Checkpoint, o ReceiptCheck) {
	for _, w := range Cosignatures(p.Checkpoint, o.Witnesses...) {
		v.say(Good, "witnessed", "witness", w.Witness, "at", w.At)
	}
	if len(o.Witnesses) == 0 {
		for _, name := range cosigners(p.Checkpoint, c.Origin) {
			v.say(Hint, "witnessUnknown", "witness", name)
		}
	}
	if len(p.TimeStamp) == 0 {
		return
	}
	ts, err := ParseTimeStamp(p.TimeStamp, checkpointDigest(p.Checkpoint), o.Roots)
	switch {
	case err != nil:
		v.say(Bad, "stampBad")
	case ts.Trusted:
		v.say(Good, "stamped", "authority", ts.Authority, "at", ts.At)
	default:
		v.say(Hint, "stampUnchecked", "authority", ts.Authority, "at", ts.At)
	}
}

// cosigners are the names that stand under a checkpoint beside the log's.
func cosigners(signed, log string) (out []string) {
	_, sigs, _ := strings.Cut(signed, "\n\n")
	for line := range strings.Lines(sigs) {
		name, _, _ := strings.Cut(strings.TrimPrefix(line, "— "), " ")
		if name != "" && !strings.HasPrefix(log, name) && len(out) < 20 {
			out = append(out, name)
		}
	}
	return out
}

// compare holds the receipt's checkpoint against others.
func (v *Verdict) compare(c Checkpoint, log note.Verifier, o ReceiptCheck) {
	for _, signed := range o.Checkpoints {
		other, err := ParseCheckpoint(signed, log)
		switch {
		case err != nil:
			v.say(Bad, "otherUnsigned", "log", log.Name())
		case other.Epoch > c.Epoch && other.Cut < c.Size, c.Epoch > other.Epoch && c.Cut < other.Size:
			v.say(Bad, "otherEpoch", "size", other.Size, "at", other.At)
		case other.Size == c.Size && other.Root == c.Root:
			v.say(Good, "otherSame", "size", other.Size, "at", other.At)
		case other.Size == c.Size:
			v.say(Bad, "otherForked", "size", other.Size, "at", other.At)
		case o.Consistency == nil:
			v.say(Hint, "otherNoProof", "size", other.Size, "at", other.At)
		default:
			old, now := c, other
			if old.Size > now.Size {
				old, now = now, old
			}
			path, err := o.Consistency(old.Size, now.Size)
			if err == nil {
				err = tlog.CheckTree(path, now.Size, now.Root, old.Size, old.Root)
			}
			if err != nil {
				v.say(Bad, "otherForked", "size", other.Size, "at", other.At)
			} else {
				v.say(Good, "otherSame", "size", other.Size, "at", other.At)
			}
		}
	}
}

// checkPromise checks the short promise that comes with the answer to a filing.
func checkPromise(text string, o ReceiptCheck, none func(error) (Verdict, error)) (v Verdict, err error) {
	v.Number = -1
	if strings.Count(text, ".") != 4 || !strings.HasPrefix(text, "1.") {
		return none(nil)
	}
	if o.Key == "" {
		return v, errs.E(errs.Invalid, "journal.promiseNeedsKey")
	}
	log, err := note.NewVerifier(strings.TrimSpace(o.Key))
	if err != nil {
		return none(err)
	}
	v.Promise = true
	r, err := ParsePromise(text, log)
	if err != nil {
		v.say(Bad, "unsigned", "log", log.Name())
		return v, nil
	}
	v.Statement = Statement{ID: r.ID, At: r.At, Leaf: r.Leaf}
	v.say(Good, "promised", "log", log.Name(), "id", r.ID.String(), "at", r.At)
	v.say(Hint, "noProof")
	return v, nil
}

// Confront adds to a verdict what the log holds today: whether the entry still stands where
// and as the receipt says, and whether its checkpoint is still a beginning of the log.
func (j *Journal) Confront(ctx context.Context, v *Verdict) (err error) {
	defer errs.Op(&err, "journal.Confront")
	if !v.OK() {
		return nil
	}
	s := v.Statement
	var say func()
	err = j.db.View(ctx, func(_ context.Context, view *db.View) error {
		r, err := entryByID(view, int64(s.ID))
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		gone, err := j.givenUp(view, v)
		if err != nil {
			return err
		}
		switch {
		case gone.n > 0 && r == nil:
			say = func() { v.say(Bad, "nowGivenUp", "epoch", gone.n, "cut", gone.cut) }
			return nil
		case r == nil:
			say = func() { v.say(Bad, "nowGone") }
			return nil
		case r.leaf() != s.Leaf:
			say = func() { v.say(Bad, "nowAltered") }
			return nil
		}
		seq, err := place(view, r)
		if err != nil {
			return err
		}
		if seq < 0 {
			say = func() { v.say(Hint, "nowWaits") }
			return nil
		}
		if v.Checkpoint == nil || gone.n > 0 {
			say = func() { v.say(Good, "nowStands", "number", seq+1, "erased", r.erased()) }
			return nil
		}
		last, err := tail(view)
		if err != nil {
			return err
		}
		same := last.end() >= v.Checkpoint.Size && seq == v.Number
		if same {
			root, err := tlog.TreeHash(v.Checkpoint.Size, hashReader(view))
			if err != nil {
				return err
			}
			same = root == v.Checkpoint.Root
		}
		say = func() {
			if same {
				v.say(Good, "nowStands", "number", seq+1, "erased", r.erased())
			} else {
				v.say(Bad, "nowForked")
			}
		}
		return nil
	})
	if err == nil {
		say()
	}
	return err
}

// givenUp is the epoch that gave up what the verdict's checkpoint signs for; zero where none did.
func (j *Journal) givenUp(q db.Querier, v *Verdict) (epoch, error) {
	es, err := epochs(q)
	if err != nil {
		return epoch{}, err
	}
	for _, e := range es {
		if v.Checkpoint != nil && e.n > v.Checkpoint.Epoch && e.cut < v.Checkpoint.Size {
			return e, nil
		}
		if v.Checkpoint == nil && e.at > v.Statement.At.UnixMilli() {
			return e, nil
		}
	}
	return epoch{}, nil
}
