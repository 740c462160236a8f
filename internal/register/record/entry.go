package record

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/register/orgunit"
)

// EntryID names an entry of a register.
type EntryID = id.Of[Entry]

// Status is where an entry stands, apart from its validity in days.
type Status string

// The statuses.
const (
	InForce   Status = "inForce"
	Suspended Status = "suspended"
	Revoked   Status = "revoked"
)

// Source is what an entry rests on. Code is what people call it by.
type Source struct {
	Type string `json:"type"`
	ID   int64  `json:"id,string"`
	Code string `json:"code,omitempty"`
}

// Entry is one version of an entry of a register.
type Entry struct {
	ID       EntryID
	Register string
	Unit     orgunit.UnitID // the agency that keeps it
	Key      string         // what people call it by: "12/GPXD"
	Version  int            // from 1
	Status   Status
	Values   Values
	From     clock.Date // first day on which it is valid; zero: always
	Until    clock.Date // last day; zero: without end
	Source   Source     // of this version

	Do        Do
	Effective clock.Date // since when this version counts
	Recorded  time.Time
	Actor     int64
	By        string
	Reason    string
	Authority string // the decision that the version rests on

	stored string // the values as stored
}

// ValidOn reports whether the entry is in force on a day.
func (e Entry) ValidOn(d clock.Date) bool {
	return e.Status == InForce && (e.From.IsZero() || !d.Before(e.From)) && (e.Until.IsZero() || !d.After(e.Until))
}

// Do is what an act does to an entry.
type Do string

// The acts.
const (
	Enter   Do = "entered"
	Correct Do = "corrected"
	Suspend Do = "suspended"
	Resume  Do = "resumed"
	Revoke  Do = "revoked"
)

// Acts are those that an entry may get after it was entered, in the order of a page.
func Acts() []Do { return []Do{Correct, Suspend, Resume, Revoke} }

// Event is the journal kind of an act.
func (d Do) Event() string { return "record." + string(d) }

// Act is what is done to an entry that stands.
type Act struct {
	Entry     EntryID
	Version   int // that the actor saw
	Do        Do
	Values    Values // of Correct: every value anew
	Key       string // of Correct: "" keeps it
	Effective clock.Date
	Reason    string
	Authority string // number and day of the decision; required
	Source    Source // zero keeps that of the entry
	Request   string // key of the request
}

// Actor is in whose name an entry is written. Account 0 is the program.
type Actor struct {
	Account int64
	Name    string
}

// EnterIn writes a new entry in the caller's transaction. Errors: Invalid with fields for
// values that the register does not declare; Conflict where an entry in force has a key that
// must be unique.
func (s *Service) EnterIn(tx *db.Tx, r Register, e Entry, by Actor) (_ Entry, err error) {
	defer errs.Op(&err, "record.EnterIn(%s)", r.ID)
	if e.Values, err = r.check(e.Values); err != nil {
		return e, err
	}
	e.ID, e.Register, e.Version, e.Status, e.Do = id.New[Entry](s.Gen), r.ID, 1, InForce, Enter
	e.Recorded, e.Actor, e.By = tx.Now(), by.Account, by.Name
	if e.Effective.IsZero() {
		e.Effective = clock.DateOf(e.Recorded)
	}
	if e.stored, err = encode(e.Values); err != nil {
		return e, err
	}
	if err = claim(tx, r, e); err != nil {
		return e, err
	}
	if err = insertEntry(tx, e); err != nil {
		return e, err
	}
	if err = insertVersion(tx, e); err != nil {
		return e, err
	}
	if err = insertWords(tx, e, r.words(e)); err != nil {
		return e, err
	}
	return e, s.tell(tx, e)
}

// limits of what is written with an act.
const (
	minReason = 5
	maxReason = 1000
	maxText   = 300
)

// ActIn writes a further version of an entry in the caller's transaction. Errors: NotFound;
// Invalid with fields; Conflict where somebody was first, where the act does not fit where
// the entry stands, or where a key is taken.
func (s *Service) ActIn(tx *db.Tx, r Register, a Act, by Actor) (e Entry, err error) {
	defer errs.Op(&err, "record.ActIn(%s %s)", a.Entry, a.Do)
	if e, err = findEntry(tx, a.Entry); err != nil {
		return e, err
	}
	if e.Register != r.ID {
		return e, errs.E(errs.NotFound, "record.none")
	}
	if err = a.check(); err != nil {
		return e, err
	}
	if a.Version != e.Version {
		return e, errs.E(errs.Conflict, "record.moved", errs.P("by", e.By, "at", e.Recorded))
	}
	before := e
	if e.Status, err = a.Do.leads(e.Status); err != nil {
		return e, err
	}
	if a.Do == Correct {
		if e.Values, err = r.check(a.Values); err != nil {
			return e, err
		}
		if a.Key != "" {
			e.Key = a.Key
		}
		if e.stored, err = encode(e.Values); err != nil {
			return e, err
		}
	}
	e.Version, e.Do, e.Recorded, e.Actor, e.By = e.Version+1, a.Do, tx.Now(), by.Account, by.Name
	e.Reason, e.Authority = a.Reason, a.Authority
	if e.Effective = a.Effective; e.Effective.IsZero() {
		e.Effective = clock.DateOf(e.Recorded)
	}
	if a.Source.Type != "" {
		e.Source = a.Source
	}
	if err = moveEntry(tx, e, errs.E(errs.Conflict, "record.moved", errs.P("by", before.By, "at", before.Recorded))); err != nil {
		return e, err
	}
	if a.Do == Correct || a.Do == Revoke {
		if err = release(tx, e); err != nil {
			return e, err
		}
	}
	if a.Do == Correct {
		if err = claim(tx, r, e); err != nil {
			return e, err
		}
		if err = deleteWords(tx, e); err != nil {
			return e, err
		}
		if err = insertWords(tx, e, r.words(e)); err != nil {
			return e, err
		}
	}
	if err = insertVersion(tx, e); err != nil {
		return e, err
	}
	return e, s.tell(tx, e)
}

// leads is where an act leaves an entry.
func (d Do) leads(from Status) (Status, error) {
	switch {
	case d == Correct && from != Revoked:
		return from, nil
	case d == Suspend && from == InForce:
		return Suspended, nil
	case d == Resume && from == Suspended:
		return InForce, nil
	case d == Revoke && from != Revoked:
		return Revoked, nil
	}
	return from, errs.E(errs.Conflict, "record.cannot."+string(d))
}

// Fits reports whether an act fits where an entry stands.
func (d Do) Fits(e Entry) bool {
	_, err := d.leads(e.Status)
	return err == nil
}

// check refuses an act without reason or authority.
func (a *Act) check() error {
	a.Reason = i18n.NFC(strings.Join(strings.Fields(a.Reason), " "))
	a.Authority = i18n.NFC(strings.Join(strings.Fields(a.Authority), " "))
	var bad []errs.Field
	if n := utf8.RuneCountInString(a.Reason); n < minReason || n > maxReason {
		bad = append(bad, errs.Field{Path: "reason", Key: "record.reason", Params: errs.Params{"min": minReason, "max": maxReason}})
	}
	if n := utf8.RuneCountInString(a.Authority); n < minReason || n > maxText {
		bad = append(bad, errs.Field{Path: "authority", Key: "record.authority", Params: errs.Params{"min": minReason, "max": maxText}})
	}
	if len(bad) > 0 {
		return errs.E(errs.Invalid, "record.invalid", errs.P("n", len(bad)), errs.WithFields(bad...))
	}
	return nil
}

func encode(v Values) (string, error) {
	raw, err := json.Marshal(v)
	return string(raw), err
}

func decode(text string) (v Values, err error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	return v, d.Decode(&v)
}

func (s *Service) tell(tx *db.Tx, e Entry) error {
	sum := sha256.Sum256([]byte(e.stored))
	payload, err := json.Marshal(Told{
		Register: e.Register, Version: e.Version, Key: e.Key, Status: e.Status, Effective: e.Effective.String(), Values: hex.EncodeToString(sum[:]),
		Source: e.Source, By: e.By, Reason: e.Reason, Authority: e.Authority,
	})
	if err != nil {
		return err
	}
	_, err = s.Journal.Append(tx, journal.Entry{
		Kind: e.Do.Event(), Subject: journal.Subject{Type: SubjectType, ID: int64(e.ID)}, Actor: e.Actor, Unit: e.Unit.String(), Payload: payload,
	})
	return err
}
