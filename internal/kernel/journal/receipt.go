package journal

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// A receipt is a file that whoever filed something keeps: the city's signed statement of one
// entry, and the proof that the entry stands in the log that a checkpoint signs. It is checked
// without the city.
const (
	receiptFormat = "khue-receipt/1"
	receiptHead   = "khue journal receipt 1" // begins the text of a statement; neither a checkpoint nor a promise begins so
	// MaxReceipt bounds a receipt's file.
	MaxReceipt = 256 << 10
)

// receiptFile is the file as it lies on a disk.
type receiptFile struct {
	Format    string        `json:"format"`
	Log       string        `json:"log"`
	Key       string        `json:"key"`       // public key of the log, to be compared with the one that the city publishes
	Statement string        `json:"statement"` // signed note
	Proof     *receiptProof `json:"proof,omitempty"`
}

type receiptProof struct {
	Number     int64            `json:"number"` // of the entry, from 0
	Path       tlog.RecordProof `json:"path"`
	Checkpoint string           `json:"checkpoint"`          // signed by the log and, where there are any, by witnesses
	TimeStamp  []byte           `json:"timestamp,omitempty"` // RFC 3161 token over SHA-256 of the checkpoint's text
}

// Statement is what the city says of one entry. All of it is in the leaf, so that the proof holds
// for each line; only About is by the city's word alone.
type Statement struct {
	ID       EntryID
	Kind     string
	Subject  Subject
	At       time.Time // recorded
	Occurred time.Time // as claimed
	Leaf     tlog.Hash
	About    string // what people call the subject: the code of a dossier

	row row
}

// statementText is what is signed. Empty fields are "-".
func statementText(origin string, r *row, about string) string {
	leaf := r.leaf()
	e := base64.StdEncoding
	or := func(s string) string {
		if s == "" {
			return "-"
		}
		return s
	}
	at := func(ms int64) string { return time.UnixMilli(ms).UTC().Format(checkpointTime) }
	return fmt.Sprintf("%s\n%s\nabout %s\nentry %d\nkind %s\nsubject %s %d\nrecorded %s\noccurred %s\nactor %d\nunit %s\nrequest %s\ndigest %s\nleaf %s\n",
		receiptHead, origin, or(about), r.id, r.kind, r.subjectType, r.subjectID, at(r.at), at(r.occurred), r.actor, or(r.unit), or(r.request),
		e.EncodeToString(r.digest), e.EncodeToString(leaf[:]))
}

// parseStatement reads a signed statement and checks its signature, and that its leaf follows from its lines.
func parseStatement(signed string, v note.Verifier) (s Statement, err error) {
	n, err := note.Open([]byte(signed), note.VerifierList(v))
	if err != nil {
		return s, err
	}
	form := fmt.Errorf("journal: a statement of another form")
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 14 || lines[0] != receiptHead || lines[1] != v.Name() {
		return s, form
	}
	f := map[string]string{}
	for _, l := range lines[2:13] {
		k, val, _ := strings.Cut(l, " ")
		if val == "-" {
			val = ""
		}
		f[k] = val
	}
	r := &s.row
	var subject, leaf string
	num := func(text string, into *int64) {
		if err == nil {
			*into, err = strconv.ParseInt(text, 10, 64)
		}
	}
	when := func(text string, into *int64) {
		if err == nil {
			var t time.Time
			t, err = time.Parse(checkpointTime, text)
			*into = t.UnixMilli()
		}
	}
	r.kind, r.unit, r.request = f["kind"], f["unit"], f["request"]
	r.subjectType, subject, _ = strings.Cut(f["subject"], " ")
	num(f["entry"], &r.id)
	num(subject, &r.subjectID)
	num(f["actor"], &r.actor)
	when(f["recorded"], &r.at)
	when(f["occurred"], &r.occurred)
	if err == nil {
		r.digest, err = base64.StdEncoding.DecodeString(f["digest"])
	}
	if err != nil {
		return s, form
	}
	s.Leaf = r.leaf()
	if leaf = base64.StdEncoding.EncodeToString(s.Leaf[:]); leaf != f["leaf"] || statementText(v.Name(), r, f["about"]) != n.Text {
		return s, form
	}
	s.ID, s.Kind, s.Subject, s.About = EntryID(r.id), r.kind, Subject{r.subjectType, r.subjectID}, f["about"]
	s.At, s.Occurred = db.Time(r.at), db.Time(r.occurred)
	return s, nil
}

// ReceiptOf makes the receipt of an entry. about is what people call its subject, a code without
// line ends. In the second before the entry is signed for the receipt holds the city's statement
// alone, which binds the city as a promise does. Of the checkpoints that cover the entry it takes the first that
// an authority stamped, or a witness signed, or else the newest.
func (j *Journal) ReceiptOf(ctx context.Context, entry EntryID, about string) (out []byte, err error) {
	defer errs.Op(&err, "journal.ReceiptOf(%s)", entry)
	if strings.ContainsAny(about, "\r\n") {
		return nil, errs.E(errs.Internal, "journal.badHeader", errs.P("field", "about"))
	}
	var r *row
	var p *receiptProof
	err = j.db.View(ctx, func(_ context.Context, v *db.View) error {
		p = nil
		if r, err = entryByID(v, int64(entry)); err != nil {
			return err
		}
		var token []byte
		proof, err := proofAt(v, entry, func(seq int64) (storedCheckpoint, error) {
			c, t, err := bestCheckpoint(v, seq+1)
			token = t
			return c, err
		})
		if errs.Is(err, errs.Unavailable) {
			return nil
		}
		if err == nil {
			p = &receiptProof{Number: proof.Seq, Path: proof.Path, Checkpoint: proof.Checkpoint, TimeStamp: token}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	signed, err := note.Sign(&note.Note{Text: statementText(j.signer.Name(), r, about)}, j.signer)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err = enc.Encode(receiptFile{Format: receiptFormat, Log: j.signer.Name(), Key: j.signer.PublicKey(), Statement: string(signed), Proof: p})
	return b.Bytes(), err
}

// bestCheckpoint is the one of at least a size that says most.
func bestCheckpoint(v *db.View, size int64) (c storedCheckpoint, token []byte, err error) {
	t, err := stampFrom(v, size)
	if err != nil {
		return c, nil, err
	}
	if t.size > 0 {
		if c, err = checkpointFrom(v, t.size); err != nil || c.size == t.size {
			return c, t.token, err
		}
	}
	if c, err = cosignedFrom(v, size); err != nil || c.size > 0 {
		return c, nil, err
	}
	c, err = lastCheckpoint(v)
	return c, nil, err
}
