package outlet

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/nats-io/nats.go"

	"khue/internal/kernel/db"
	"khue/internal/kernel/journal"
)

const (
	prefix      = "khue." // of subjects and of types
	kindHidden  = "entry" // of an entry that is not for others
	contentType = "application/cloudevents+json; charset=UTF-8"
)

// data is the event's content.
type data struct {
	Number   int64    `json:"number"` // of the entry, from 0 on
	Occurred string   `json:"occurred,omitempty"`
	Unit     string   `json:"unit,omitempty"`
	Subject  *subject `json:"subject,omitempty"`
}

type subject struct {
	Type string `json:"type"`
	ID   string `json:"id"`
	Code string `json:"code,omitempty"` // by which people name it
}

const rfc3339 = "2006-01-02T15:04:05.000Z07:00"

// message is entry number n as it goes out; r is nil where the journal lacks it.
func (s *Service) message(n int64, r *journal.Record, codes map[journal.Subject]string) (*nats.Msg, error) {
	e := event.New()
	e.SetID(strconv.FormatInt(n, 10))
	e.SetSource(s.cfg.Source)
	e.SetExtension("sequence", fmt.Sprintf("%019d", n))
	kind, d := kindHidden, data{Number: n}
	if r != nil {
		e.SetTime(db.Time(r.At.UnixMilli()))
		if f, ok := s.cfg.Policy(r.Kind); ok {
			kind, d.Occurred = r.Kind, r.Occurred.Format(rfc3339)
			if f.Unit {
				d.Unit = r.Unit
			}
			if f.Subject {
				id := strconv.FormatInt(r.Subject.ID, 10)
				e.SetSubject(r.Subject.Type + "/" + id)
				d.Subject = &subject{Type: r.Subject.Type, ID: id}
			}
			if f.Subject && f.Code {
				d.Subject.Code = codes[r.Subject]
			}
		}
	}
	e.SetType(prefix + kind)
	if err := e.SetData(event.ApplicationJSON, d); err != nil {
		return nil, err
	}
	body, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("outlet: entry %d: %w", n, err)
	}
	m := nats.NewMsg(prefix + kind)
	m.Header.Set("Content-Type", contentType)
	m.Data = body
	return m, nil
}
